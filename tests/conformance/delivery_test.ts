/** Real clients send in every mode and two push consumers of a group get everything while one of them goes and comes back. */
import { assertEquals } from "@std/assert";
import { until } from "../helpers/until.ts";
import { createTopic } from "./broker_requests.ts";
import type { ClientProcess } from "./client_process.ts";
import { assertDuplicatesBounded, Group, produce } from "./consumers.ts";
import { orderOffences, shardOffences } from "./delivery_log.ts";
import { scaled } from "./scale.ts";
import { type ClientName, conformanceSuite } from "./suite.ts";
import type { Target } from "./target.ts";

const QUEUES = 4;
const SHARDS = 16;
const test = conformanceSuite({ clients: ["java54", "java49", "go", "node"] });

type MemberOptions = Record<string, string | number | boolean>;
type Mode = "sync" | "async" | "oneway" | "batch" | "ordered";

/** One run: a producer, a topic, the groups that consume it while it is written. */
class Run {
  readonly #client: ClientProcess;
  readonly #target: Target;
  readonly #topic: string;
  readonly #groups: { readonly group: Group; readonly options: MemberOptions }[] = [];
  readonly #began = performance.now();
  #sent = 0;

  constructor(client: ClientProcess, target: Target, topic: string) {
    this.#client = client;
    this.#target = target;
    this.#topic = topic;
  }

  /** Messages sent so far. */
  get sent(): number {
    return this.#sent;
  }

  async start(): Promise<void> {
    await createTopic(this.#target, this.#topic, { queues: QUEUES });
    await this.#client.call("producer.start", {
      name: this.#topic,
      group: `pg_${this.#topic}`,
      namesrv: this.#target.nameServer,
    });
  }

  /** Starts members a and b of a group. */
  async join(name: string, options: MemberOptions): Promise<Group> {
    const group = new Group(this.#client, this.#target, name, this.#topic);
    this.#groups.push({ group, options });
    await group.join(`${name}.a`, options);
    await group.join(`${name}.b`, options);
    return group;
  }

  /** Sends a few messages at a time until every member of every group has had one: then the groups are settled. */
  async settle(): Promise<void> {
    await until(async () => {
      await this.produce("sync", 2 * QUEUES);
      for (const { group } of this.#groups) await group.reach(this.#sent, 90_000);
      const members = await Promise.all(
        this.#groups.map(async ({ group }) => new Set((await group.deliveries()).map((d) => d.member)).size),
      );
      return members.every((count) => count === 2);
    }, { timeoutMs: 120_000, what: "both members of each group to have queues" });
  }

  async produce(mode: Mode, count: number): Promise<void> {
    const threads = mode === "sync" ? 16 : 4;
    const window = mode === "batch" ? 50 : 128;
    await produce(this.#client, this.#target, this.#topic, {
      topic: this.#topic,
      mode,
      from: this.#sent,
      count,
      threads,
      window,
      shards: SHARDS,
    });
    this.#sent += count;
  }

  /** Sends `count` messages, an equal part in each mode; the last mode takes the rest. @returns The first number of the last mode. */
  async produceAll(modes: readonly Mode[], count: number): Promise<number> {
    const part = Math.floor(count / modes.length);
    for (const mode of modes.slice(0, -1)) await this.produce(mode, part);
    const from = this.#sent;
    await this.produce(modes.at(-1)!, count - part * (modes.length - 1));
    return from;
  }

  /** In each group b leaves when half of the messages was delivered, and comes back a little later. */
  async restartMembers(count: number, signal: AbortSignal): Promise<void> {
    await Promise.all(this.#groups.map(async ({ group, options }) => {
      await group.reach(count * 0.5, 120_000, signal);
      await group.leave(`${group.name}.b`);
      await group.reach(count * 0.6, 120_000, signal);
      await group.join(`${group.name}.b2`, options);
    }));
  }

  /** Waits until every group has everything, and ends all. */
  async complete(): Promise<void> {
    for (const { group } of this.#groups) {
      const summary = await group.complete(this.#sent, 120_000);
      assertDuplicatesBounded(summary, { queues: QUEUES, seconds: (performance.now() - this.#began) / 1000 });
      await group.end();
    }
    await this.#client.call("producer.stop", { name: this.#topic });
  }
}

interface Plan {
  readonly client: ClientName;
  /** All ways of sending that the client has. */
  readonly count: number;
  readonly modes: readonly Mode[];
  /** Whether a second group consumes in order, with members that come and go. */
  readonly orderly: boolean;
  readonly options: MemberOptions;
}

const ALL_MODES: readonly Mode[] = ["sync", "async", "oneway", "batch", "ordered"];
const plans: readonly Plan[] = [
  { client: "java54", count: 200_000, modes: ALL_MODES, orderly: true, options: { batchMax: 16 } },
  { client: "java49", count: 20_000, modes: ALL_MODES, orderly: true, options: {} },
  // The Go client looks up its queue locks by pointer and never renews one, so its orderly listener stalls after 30 s on any broker.
  { client: "go", count: 20_000, modes: ALL_MODES, orderly: false, options: {} },
  { client: "node", count: 20_000, modes: ["sync"], orderly: false, options: {} },
];

for (const plan of plans) {
  const count = scaled(plan.count);
  test(
    `${plan.client}: ${count} messages (${
      plan.modes.join(", ")
    }) reach both members of each group, one of which goes and comes back`,
    [plan.client],
    async (context) => {
      const client = await context.client(plan.client);
      const run = new Run(client, context.target, `All_${plan.client}`);
      await run.start();
      await run.join(`concurrent_${plan.client}`, plan.options);
      const orderly = plan.orderly
        ? await run.join(`orderly_${plan.client}`, { ...plan.options, listener: "orderly" })
        : undefined;
      await run.settle();
      const failed = new AbortController();
      const restarting = run.restartMembers(count, failed.signal);
      const firstOrdered = await run.produceAll(plan.modes, count).catch(async (error) => {
        failed.abort(error);
        await restarting.catch(() => undefined);
        throw error;
      });
      await restarting;
      await run.complete();
      if (orderly === undefined) return;
      const deliveries = await orderly.deliveries();
      assertEquals(orderOffences(deliveries), []);
      assertEquals(shardOffences(deliveries, { from: firstOrdered, to: run.sent, shards: SHARDS }), []);
    },
  );
}

test("go: an orderly listener is given the messages of each queue in order", ["go"], async (context) => {
  // Few enough to be through before the locks of the Go client lapse.
  const sent = 2_000;
  const { target } = context;
  const client = await context.client("go");
  const topic = "Order_go";
  await createTopic(target, topic, { queues: QUEUES });
  await client.call("producer.start", { name: topic, group: "pg_order_go", namesrv: target.nameServer });
  await produce(client, target, topic, { topic, mode: "ordered", from: 0, count: sent, shards: SHARDS });
  const group = new Group(client, target, "cg_order_go", topic);
  await group.join("order_go", { listener: "orderly" });
  await group.complete(sent, 60_000);
  const deliveries = await group.deliveries();
  assertEquals(orderOffences(deliveries), []);
  assertEquals(shardOffences(deliveries, { from: 0, to: sent, shards: SHARDS }), []);
  await group.end();
  await client.call("producer.stop", { name: topic });
});
