/** Two masters under Java clients: a second one joins while a load runs, a topic is extended onto it, and the first is lost and comes back. */
import { existsSync } from "node:fs";
import { assert, assertEquals } from "@std/assert";
import { until } from "../helpers/until.ts";
import { createTopic } from "./broker_requests.ts";
import type { ClientProcess } from "./client_process.ts";
import { Group, type LoadResult } from "./consumers.ts";
import { SecondBroker } from "./second_broker.ts";
import { conformanceSuite } from "./suite.ts";

const test = conformanceSuite({ clients: ["java54"] });

const TOPIC = "TwoMasters";
const PATIENCE_MS = 60_000;
/** How often the clients ask for routes, instead of every half minute. */
const ROUTE_MS = 1000;
/** A send has time for all of its attempts; each of them for itself has less. Milliseconds. */
const SEND_MS = 60_000;
const ATTEMPT_MS = 5_000;
/** Acknowledgements that count as going on. */
const SOME = 200;

/** Acknowledged numbers, each with the port of the broker that has the message; none before the load has begun its log. */
async function acked(client: ClientProcess, log: string): Promise<ReadonlyMap<number, number>> {
  await client.call("produce.acked", { load: TOPIC }); // Writes out what was logged.
  if (!existsSync(log)) return new Map();
  const lines = Deno.readTextFileSync(log).trim().split("\n").filter((line) => line !== "");
  return new Map(lines.map((line) => {
    const [seq, , , offsetMsgId = ""] = line.split(" ");
    return [Number(seq), Number.parseInt(offsetMsgId.slice(8, 16), 16)];
  }));
}

test(
  "Java producers go over to a second master that joins, and to the other one when a master is lost; nothing is lost",
  ["java54"],
  async (context) => {
    const client = await context.client("java54");
    const { target } = context;
    const namesrv = target.nameServer;
    const log = `${target.dir}/two-masters.acked`;
    const untilMoreAt = async (address: string): Promise<void> => {
      const port = Number(address.split(":")[1]);
      const count = async (): Promise<number> =>
        [...(await acked(client, log)).values()].filter((each) => each === port).length;
      const before = await count();
      await until(async () => await count() >= before + SOME, {
        timeoutMs: PATIENCE_MS,
        what: `acknowledgements of ${address}`,
      });
    };

    await createTopic(target, TOPIC);
    const group = new Group(client, target, "cg_two_masters", TOPIC);
    await group.join("c", { routeMs: ROUTE_MS });
    const options = { retries: 3, routeMs: ROUTE_MS, timeoutMs: SEND_MS };
    await client.call("producer.start", { name: "p", group: "pg_two", namesrv, ...options });
    // A thread of Java's client that connects anew before the end of the lost connection was handled leaves the sends of others
    // waiting on that one until their time is out. Source: apache/rocketmq remoting NettyRemotingClient.closeChannel, createChannel
    await client.call("producer.requestTimeout", { producer: "p", timeoutMs: ATTEMPT_MS });
    const shape = { mode: "sync", threads: 4, size: 200, seed: 3, perSecond: 500 };
    const load = { load: TOPIC, producer: "p", topic: TOPIC, log, ...shape };
    const loading = client.call<LoadResult>("produce", load, { timeoutMs: 10 * PATIENCE_MS });
    await untilMoreAt(target.broker);

    await using second = await SecondBroker.up(target);
    const args = ["updateTopic", "-b", second.address, "-t", TOPIC, "-r", "4", "-w", "4", "-n", namesrv];
    const { text } = await client.call<{ text: string }>("mqadmin", { args });
    assert(text.includes("success"), text);
    await untilMoreAt(second.address);
    await untilMoreAt(target.broker);

    await target.kill9Broker();
    await untilMoreAt(second.address);
    await target.startBroker();
    await untilMoreAt(target.broker);

    await client.call("produce.stop", { load: TOPIC });
    const { failed, errors } = await loading;
    assertEquals(failed, 0, errors.join("; "));
    const sent = [...(await acked(client, log)).keys()];
    await until(async () => {
      const seen = new Set((await group.deliveries()).map(({ seq }) => seq));
      return sent.every((seq) => seen.has(seq));
    }, { timeoutMs: PATIENCE_MS, what: `${sent.length} acknowledged messages to be consumed` });
    await group.end();
    await client.call("producer.stop", { name: "p" });
  },
);
