/** Hostile bytes at both ports of a broker: it neither ends nor grows, and those who behave notice nothing. */
import { assert, assertEquals } from "@std/assert";
import { RequestCode } from "../../protocol/request_code.ts";
import { topicFields } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { within } from "../helpers/until.ts";
import { joined } from "../protocol/hot/mutations.ts";
import { SeededRandom } from "../torture/seeded_random.ts";
import { type BadCase, BadFrames } from "./bad_frames.ts";
import { PATIENCE_MS } from "./broker_bench.ts";
import { bodiesOf, sendOk } from "./broker_calls.ts";
import { BrokerProcess } from "./broker_process.ts";

const SEED = 20_261_121;
const CASES = 100_000;

/** Cases after which memory is looked at for the first time: by then every code path has been taken. */
const WARM_CASES = 50_000;

/** Memory that the rest may add. The garbage of ten heaps comes and goes; a leak of 1 KB a case would be 50 MB. */
const GROWTH_BYTES_MAX = 40 * 1024 * 1024;

/** After which it is looked at again when it has grown: garbage goes, a leak goes on. */
const MORE_CASES = 5_000;
const MORE_LOOKS = 6;

/** Connections that throw at the same time. */
const LANES = 3;

/** Framed cases that share a connection, as far as the broker leaves it open. */
const CASES_EACH = 40;

/** Connections that announce a frame and then say nothing. */
const SILENT = 100;

const TOPIC = "Bystanders";

/** Bad connections between two rounds of the bystanders, which are there to see and not to load. */
const CONNECTIONS_EACH_ROUND = 20;

/** A client that sends and pulls again and again until it is stopped, and fails when anything is not as it should be. */
class Bystander {
  rounds = 0;
  #stopping = false;
  #next = Promise.withResolvers<void>();
  readonly #done: Promise<void>;

  constructor(broker: BrokerProcess, queueId: number) {
    this.#done = this.#run(broker, queueId);
    // It is awaited at the end; until then a failure must not count as unheard.
    this.#done.catch(() => {});
  }

  /** Lets it go on to its next round. */
  nudge(): void {
    this.#next.resolve();
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    this.nudge();
    await this.#done;
  }

  async #run(broker: BrokerProcess, queueId: number): Promise<void> {
    using sender = await RawClient.connect(broker.address);
    using puller = await RawClient.connect(broker.address);
    while (!this.#stopping) {
      await this.#next.promise;
      this.#next = Promise.withResolvers();
      const body = `round ${this.rounds++} of queue ${queueId}`;
      const offset = await sendOk(sender, TOPIC, body, { queueId });
      assertEquals((await bodiesOf(puller, TOPIC, { queueId, offset, count: 1 }))[0], body);
    }
  }
}

/** What comes back is not looked at. */
const SINK = new Uint8Array(65_536);

/** Throws cases over one connection and waits until the broker is done with it. @returns how many */
async function throwSome(port: number, frames: BadFrames): Promise<number> {
  const cases: BadCase[] = [];
  do cases.push(frames.next()); while (cases.at(-1)!.isFramed && cases.length < CASES_EACH);
  const bytes = joined(...cases.map((each) => each.bytes));
  const socket = await Deno.connect({ hostname: "127.0.0.1", port });
  try {
    const drained = drain(socket);
    try {
      for (let at = 0; at < bytes.length;) at += await socket.write(bytes.subarray(at));
      await socket.closeWrite();
    } catch (error) {
      ignoreLoss(error);
    }
    await within(drained, { timeoutMs: PATIENCE_MS, what: "the end of a bad connection" });
  } finally {
    socket.close();
  }
  return cases.length;
}

/** Reads until the broker closes, so that no answer blocks the broker or us. */
async function drain(socket: Deno.TcpConn): Promise<void> {
  try {
    while (await socket.read(SINK) !== null);
  } catch (error) {
    ignoreLoss(error);
  }
}

/** A broker may cut off whoever sends nonsense. */
function ignoreLoss(error: unknown): void {
  const { ConnectionReset, BrokenPipe, ConnectionAborted, NotConnected } = Deno.errors;
  if ([ConnectionReset, BrokenPipe, ConnectionAborted, NotConnected].some((kind) => error instanceof kind)) return;
  throw error;
}

async function throwCases(
  broker: BrokerProcess,
  frames: BadFrames,
  options: { readonly cases: number; readonly bystanders: readonly Bystander[] },
): Promise<void> {
  const { cases, bystanders } = options;
  let thrown = 0;
  let connections = 0;
  await Promise.all(Array.from({ length: LANES }, async (_, lane) => {
    const port = lane % 3 === 2 ? broker.port - 2 : broker.port;
    while (thrown < cases) {
      thrown += await throwSome(port, frames);
      if (++connections % CONNECTIONS_EACH_ROUND === 0) bystanders.forEach((each) => each.nudge());
    }
  }));
}

async function makeTopicAndGroup(client: RawClient): Promise<void> {
  const fields = topicFields(TOPIC, { queues: 4 });
  const topic = await client.call(RequestCode.UPDATE_AND_CREATE_TOPIC, fields, "", { timeoutMs: PATIENCE_MS });
  assertEquals(topic.code, 0, topic.remark);
  const config = JSON.stringify({ groupName: "conformance_raw", consumeEnable: true, consumeFromMinEnable: true });
  const code = RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP;
  const group = await client.call(code, {}, config, { timeoutMs: PATIENCE_MS });
  assertEquals(group.code, 0, group.remark);
}

/** Fills the ring once, so that all of its pages count before memory is looked at. */
async function fillRing(client: RawClient): Promise<void> {
  const body = new Uint8Array(1024 * 1024);
  for (let i = 0; i < 70; i++) await sendOk(client, TOPIC, body, { queueId: 2 });
}

Deno.test(`a broker survives ${CASES} bad inputs at both ports, its memory stays, and nobody else is disturbed`, async () => {
  const settings = { autoCreateTopicEnable: "false", autoCreateSubscriptionGroup: "false" };
  await BrokerProcess.with({ settings }, async (broker) => {
    using client = await RawClient.connect(broker.address);
    await makeTopicAndGroup(client);
    await fillRing(client);
    const frames = new BadFrames(new SeededRandom(SEED));
    assert(frames.recorded > 200, `${frames.recorded} recorded requests`);
    const bystanders = [new Bystander(broker, 0), new Bystander(broker, 1)];
    const silent: Deno.TcpConn[] = [];
    try {
      for (let i = 0; i < SILENT; i++) {
        const socket = await Deno.connect({ hostname: "127.0.0.1", port: i % 2 === 0 ? broker.port : broker.port - 2 });
        silent.push(socket);
        await socket.write(frames.half());
      }
      await throwCases(broker, frames, { cases: WARM_CASES, bystanders });
      const before = broker.residentBytes();
      const roundsBefore = bystanders.map(({ rounds }) => rounds);
      await throwCases(broker, frames, { cases: CASES - WARM_CASES, bystanders });
      let grown = broker.residentBytes() - before;
      for (let look = 0; look < MORE_LOOKS && grown >= GROWTH_BYTES_MAX; look++) {
        await throwCases(broker, frames, { cases: MORE_CASES, bystanders });
        grown = Math.min(grown, broker.residentBytes() - before);
      }
      console.log(`resident ${before} bytes, ${grown} more after ${CASES - WARM_CASES} cases`);
      assert(grown < GROWTH_BYTES_MAX, `${grown} bytes more than ${before}`);
      bystanders.forEach(({ rounds }, i) => assert(rounds > roundsBefore[i]! + 100, `only ${rounds} rounds`));
    } finally {
      for (const socket of silent) socket.close();
      await Promise.all(bystanders.map((each) => each.stop()));
    }
    assert(!broker.ended, broker.output);
    assert(!/crashed|started again|gives up/.test(broker.output), broker.output);
    using later = await RawClient.connect(broker.address);
    assertEquals(await bodiesOf(later, TOPIC, { count: 1, max: 1 }), ["round 0 of queue 0"]);
  });
});
