/** What the broker does to the disk, as the kernel sees it. */
import { assert, assertEquals } from "@std/assert";
import { pull, send } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { PATIENCE_MS } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk } from "./broker_calls.ts";
import { BrokerProcess } from "./broker_process.ts";
import { makeTopic, straceTest } from "./strace_test_kit.ts";

const READS = ["read", "readv", "pread64", "preadv", "preadv2", "sendfile", "copy_file_range", "splice", "mmap"];
const WRITES = ["write", "writev", "pwrite64", "pwritev", "sendto", "sendmsg", "fdatasync", "fsync"];

const onCommitLog = (line: string): boolean => line.includes("/store/commitlog/");

straceTest(
  "a consumer of what is in the ring makes no read of the commit log, one that is far behind does",
  async () => {
    // Nothing but a consumer has a reason to read the log: there is no flush, whose mark reads the last record.
    const settings = {
      flushIntervalCommitLog: "3600000",
      flushIntervalConsumeQueue: "3600000",
      maxMessageSize: "4194304",
    };
    await BrokerProcess.with({ settings, trace: READS }, async (broker) => {
      using client = await RawClient.connect(broker.address);
      await makeTopic(client, "T");
      const bodies = Array.from({ length: 300 }, (_, i) => `message ${i}`);
      for (const body of bodies) await sendOk(client, "T", body);
      assertEquals(await bodiesOf(client, "T", { count: bodies.length }), bodies);
      assertEquals(await bodiesOf(client, "T", { count: bodies.length, expression: "*", max: 1 }), bodies);
      assertEquals(broker.trace().filter(onCommitLog), []);
      assert(broker.trace().some((line) => line.includes("/store/consumequeue/T/0/")), "reads of the queue are seen");

      const megabyte = new Uint8Array(1024 * 1024);
      for (let i = 0; i < 70; i++) await sendOk(client, "T", megabyte);
      assertEquals(broker.trace().filter(onCommitLog), [], "sends read nothing either");
      assertEquals((await pull(client, "T")).code, 0);
      await until(() => broker.trace().some(onCommitLog), { timeoutMs: PATIENCE_MS, what: "a read of the commit log" });
    });
  },
);

/** Where in the trace something is seen first behind a line; −1 when nowhere. */
function indexBehind(lines: readonly string[], from: number, what: (line: string) => boolean): number {
  const at = lines.slice(from + 1).findIndex(what);
  return at < 0 ? -1 : from + 1 + at;
}

/** Index of the line that tells the return of an fdatasync of the commit log which began behind a line. */
function syncReturned(lines: readonly string[], from: number): number {
  const began = indexBehind(lines, from, (line) => /fdatasync\(\d+</.test(line) && onCommitLog(line));
  if (began < 0 || lines[began]!.endsWith("= 0")) return began;
  const thread = lines[began]!.split(" ")[0]!;
  return indexBehind(
    lines,
    began,
    (line) => line.startsWith(`${thread} `) && line.includes("fdatasync resumed") && line.endsWith("= 0"),
  );
}

straceTest("SYNC_FLUSH: each send is written, then synced, then answered", async () => {
  await BrokerProcess.with({ settings: { flushDiskType: "SYNC_FLUSH" }, trace: WRITES }, async (broker) => {
    using client = await RawClient.connect(broker.address);
    await makeTopic(client, "T");
    const marks = Array.from({ length: 8 }, (_, i) => `mark-${i}-of-the-order`);
    const keys: string[] = [];
    for (const mark of marks) {
      const properties = plainProperties();
      keys.push(/UNIQ_KEY.([0-9A-F]{32})/.exec(properties)![1]!);
      assertEquals((await send(client, "T", mark, { properties })).code, 0);
    }
    const isAnswer = (key: string) => (line: string): boolean => line.includes(`transactionId\\":\\"${key}`);
    await until(() => broker.trace().some(isAnswer(keys.at(-1)!)), { timeoutMs: PATIENCE_MS, what: "the whole trace" });
    const lines = broker.trace();
    marks.forEach((mark, i) => {
      const written = indexBehind(lines, -1, (line) => /pwrite/.test(line) && onCommitLog(line) && line.includes(mark));
      assert(written >= 0, `the write of ${mark} is seen`);
      const synced = syncReturned(lines, written);
      assert(synced > written, `the sync of ${mark} is seen`);
      const answered = indexBehind(lines, -1, isAnswer(keys[i]!));
      assert(answered > synced, `${mark}: written ${written}, synced ${synced}, answered ${answered}`);
    });
  });
});
