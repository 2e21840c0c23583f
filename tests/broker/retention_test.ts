/** Retention, clean-up requests and the deletion of topics, through the wire. */
import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { RawClient } from "../conformance/raw_client.ts";
import { pull, queueNumber } from "../conformance/broker_requests.ts";
import { until } from "../helpers/until.ts";
import { type BenchOptions, type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, pulled, sendOk } from "./broker_calls.ts";

const LOG_FILE_BYTES = 512 * 1024;
const SMALL_FILES = {
  mappedFileSizeCommitLog: LOG_FILE_BYTES,
  mappedFileSizeConsumeQueue: 200,
  maxHashSlotNum: 10,
  maxIndexNum: 40,
  // Whatever the machine's disk looks like, only requests remove files here.
  deleteWhen: "",
  diskMaxUsedSpaceRatio: 95,
  cleanFileForciblyEnable: false,
  deleteFileBatchMax: 3,
} satisfies BenchOptions["settings"];

const BODY = new Uint8Array(50_000);
const DAY_MS = 86_400_000;

async function fill(bench: BrokerBench, client: RawClient, count: number): Promise<void> {
  await bench.topic("T", { queues: 1 });
  for (let i = 0; i < count; i++) {
    await sendOk(client, "T", BODY, { properties: plainProperties(`KEYS\u0001k${i}\u0002`) });
  }
  await until(async () => await queueNumber(client, RequestCode.GET_MAX_OFFSET, "T", 0) === count, {
    timeoutMs: PATIENCE_MS,
    what: "the dispatch of all messages",
  });
}

function logFiles(bench: BrokerBench): number[] {
  return [...Deno.readDirSync(`${bench.root}/store/commitlog`)].map(({ name }) => Number(name)).sort((a, b) => a - b);
}

/** Makes all but the last two files of the log look old. */
function age(bench: BrokerBench, keptYoung = 2): void {
  const old = new Date(Date.now() - 4 * DAY_MS);
  for (const start of logFiles(bench).slice(0, -keptYoung)) {
    Deno.utimeSync(`${bench.root}/store/commitlog/${String(start).padStart(20, "0")}`, old, old);
  }
}

async function cleanManually(bench: BrokerBench, client: RawClient, logMin: number): Promise<void> {
  assertEquals((await client.call(RequestCode.DELETE_EXPIRED_COMMITLOG)).code, 0);
  await until(() => bench.broker.memory.logStart.load() >= logMin, {
    timeoutMs: PATIENCE_MS,
    what: `a log from ${logMin}`,
  });
}

Deno.test("Retention removes old files, moves the bounds, and readers are told as by Apache", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-retention-" });
  try {
    let bounds: number[] = [];
    await withBroker({ root, settings: SMALL_FILES }, async (bench) => {
      const client = await bench.client();
      await fill(bench, client, 60);
      await pull(client, "T", { group: "slow", max: 1 });
      const committed = await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, {
        consumerGroup: "slow",
        topic: "T",
        queueId: "0",
        commitOffset: "5",
      });
      assertEquals(committed.code, 0, committed.remark);
      await until(() => readText(`${root}/store/config/consumerOffset.json`).includes("T@slow"), {
        timeoutMs: PATIENCE_MS,
        what: "the committed offsets in their file",
      });
      const before = logFiles(bench);
      const indexes = [...Deno.readDirSync(`${root}/store/index`)].length;
      age(bench, 3);
      const logMin = before[3]!;
      await cleanManually(bench, client, logMin);
      const min = await until(() => queueNumber(client, RequestCode.GET_MIN_OFFSET, "T", 0), {
        timeoutMs: PATIENCE_MS,
        what: "a min offset above 0",
      });
      const [first] = await pulled(client, "T", { offset: min, max: 1 });
      assert(first!.physicalOffset >= logMin);
      const early = await pull(client, "T", { offset: 0 });
      assertEquals([early.code, early.ext.nextBeginOffset], [ResponseCode.PULL_OFFSET_MOVED, String(min)]);
      const gone = await client.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset: "0" });
      assertEquals([gone.code, gone.remark], [1, "can not find message by the offset, 0"]);
      await until(() => [...Deno.readDirSync(`${root}/store/index`)].length < indexes, {
        timeoutMs: PATIENCE_MS,
        what: "index files to go",
      });
      assertEquals(
        [...Deno.readDirSync(`${root}/store/consumequeue/T/0`)].map(({ name }) => Number(name)).sort((a, b) =>
          a - b
        )[0],
        Math.floor(min / 10) * 200,
      );
      await until(() => bench.logs.some((line) => line.includes("slow (T): ")), {
        timeoutMs: PATIENCE_MS,
        what: "a warning",
      });
      const { maxOffset } = (await pull(client, "T", { offset: min, max: 1 })).ext;
      bounds = [bench.broker.memory.logStart.load(), min, Number(maxOffset)];
    });
    await withBroker({ root, settings: SMALL_FILES }, async (bench) => {
      const client = await bench.client();
      const min = await queueNumber(client, RequestCode.GET_MIN_OFFSET, "T", 0);
      const max = await queueNumber(client, RequestCode.GET_MAX_OFFSET, "T", 0);
      assert(min >= bounds[1]! && max === bounds[2], `${min} ${max} after ${bounds}`);
      assertEquals(await sendOk(client, "T", "more"), max);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("Retention follows a changed fileReservedTime, and keeps the last files of log and queues", async () => {
  await withBroker({ settings: SMALL_FILES }, async (bench) => {
    const client = await bench.client();
    await fill(bench, client, 40);
    const answer = await client.call(RequestCode.UPDATE_BROKER_CONFIG, {}, "fileReservedTime=0\n");
    assertEquals(answer.code, 0, answer.remark);
    const last = Math.floor(bench.broker.memory.written.load() / LOG_FILE_BYTES) * LOG_FILE_BYTES;
    await until(async () => {
      await client.call(RequestCode.DELETE_EXPIRED_COMMITLOG);
      return logFiles(bench)[0] === last;
    }, { timeoutMs: PATIENCE_MS, what: "only the last file to be left" });
    assertEquals(bench.broker.memory.logStart.load(), last);
    const offset = await sendOk(client, "T", "after");
    assertEquals(await bodiesOf(client, "T", { offset, count: 1 }), ["after"]);
    assertEquals((await client.call(RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE)).code, 0);
    assertEquals(await queueNumber(client, RequestCode.GET_MAX_OFFSET, "T", 0), 41);
  });
});

Deno.test("Retention names the groups whose unread messages it removes", async () => {
  await withBroker({ settings: SMALL_FILES }, async (bench) => {
    const client = await bench.client();
    await fill(bench, client, 50);
    const commit = async (group: string, offset: number): Promise<void> => {
      const fields = { consumerGroup: group, topic: "T", queueId: "0", commitOffset: String(offset) };
      assertEquals((await client.call(RequestCode.UPDATE_CONSUMER_OFFSET, fields)).code, 0);
    };
    await commit("TOOLS_CONSUMER", 3);
    await commit("SELF_TEST_C_GROUP", 49);
    // Retention reads the offsets where they are kept.
    const saved = (): boolean => {
      try {
        return Deno.readTextFileSync(`${bench.root}/store/config/consumerOffset.json`).includes("T@SELF_TEST_C_GROUP");
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return false;
        throw error;
      }
    };
    await until(saved, { timeoutMs: PATIENCE_MS, what: "the saved offsets" });
    age(bench);
    await cleanManually(bench, client, LOG_FILE_BYTES);
    const told = (): string | undefined =>
      bench.logs.find((line) => line.includes("Retention: ") && line.includes("TOOLS_CONSUMER"));
    await until(() => told() !== undefined, {
      timeoutMs: PATIENCE_MS,
      what: `the warning, in ${bench.logs.join("; ")}`,
    });
    assert(told()!.startsWith("warn"), told());
    assert(!told()!.includes("SELF_TEST_C_GROUP"), told());
  });
});

Deno.test("A topic that was deleted and made again begins empty, also after a start and a rebuild", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-deletion-" });
  try {
    await withBroker({ root }, async (bench) => {
      const client = await bench.client();
      await bench.topic("T", { queues: 1 });
      for (let i = 0; i < 30; i++) await sendOk(client, "T", `old ${i}`);
      await bodiesOf(client, "T", { count: 30 });
      assertEquals((await client.call(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: "T" })).code, 0);
      assertEquals([...Deno.readDirSync(`${root}/store/consumequeue`)].map(({ name }) => name).includes("T"), false);
      await bench.topic("T", { queues: 1 });
      for (let i = 0; i < 3; i++) assertEquals(await sendOk(client, "T", `new ${i}`), i);
      assertEquals(await bodiesOf(client, "T", { count: 3 }), ["new 0", "new 1", "new 2"]);
    });
    await Deno.remove(`${root}/store/consumequeue`, { recursive: true });
    await Deno.remove(`${root}/store/index`, { recursive: true });
    await withBroker({ root }, async (bench) => {
      const client = await bench.client();
      assertEquals(await bodiesOf(client, "T", { count: 3 }), ["new 0", "new 1", "new 2"]);
      assertEquals(await queueNumber(client, RequestCode.GET_MAX_OFFSET, "T", 0), 3);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("CLEAN_UNUSED_TOPIC removes the queues of topics that the broker does not have", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-unused-" });
  try {
    await withBroker({ root }, async (bench) => {
      const client = await bench.client();
      await bench.topic("Kept", { queues: 1 });
      await bench.topic("Lost", { queues: 1 });
      for (const topic of ["Kept", "Lost"]) await sendOk(client, topic, topic);
      for (const topic of ["Kept", "Lost"]) await bodiesOf(client, topic, { count: 1 });
    });
    for (const name of ["topics.json", "topics.json.bak"]) {
      const path = `${root}/store/config/${name}`;
      const table = JSON.parse(readText(path)) as { topicConfigTable: Record<string, unknown> };
      delete table.topicConfigTable["Lost"];
      Deno.writeTextFileSync(path, JSON.stringify(table));
    }
    await withBroker({ root }, async (bench) => {
      const client = await bench.client();
      const answer = await client.call(RequestCode.CLEAN_UNUSED_TOPIC);
      assertEquals(answer.code, 0, answer.remark);
      const left = [...Deno.readDirSync(`${root}/store/consumequeue`)].map(({ name }) => name);
      assertEquals([left.includes("Kept"), left.includes("Lost")], [true, false]);
      assertStringIncludes(bench.logs.join("\n"), "removed the queues of 1 topics");
      assertEquals(await bodiesOf(client, "Kept", { count: 1 }), ["Kept"]);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

function readText(path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}
