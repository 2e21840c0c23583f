/** Damage below what was on the device, seen by a broker as a user starts it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { decodeRecords } from "../../protocol/record.ts";
import { pull } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { PATIENCE_MS } from "./broker_bench.ts";
import { sendOk } from "./broker_calls.ts";
import { BrokerProcess } from "./broker_process.ts";
import { makeTopic } from "./strace_test_kit.ts";

const COUNT = 50;

Deno.test("a start over damage below the durable position is refused, with the position of the damaged record", async () => {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-broker-" });
  // Dispatch is not known to be on the device, so the log is read from its first record on.
  const settings = { flushDiskType: "SYNC_FLUSH", flushIntervalConsumeQueue: "600000" };
  const log = `${dir}/store/commitlog/${"0".repeat(20)}`;
  try {
    let position = 0;
    await BrokerProcess.with({ dir, settings }, async (broker) => {
      using client = await RawClient.connect(broker.address);
      await makeTopic(client, "T");
      for (let i = 0; i < COUNT; i++) await sendOk(client, "T", `message ${i}`);
      const records = await until(async () => {
        const answer = await pull(client, "T", { offset: 10 });
        return answer.code === 0 ? decodeRecords(answer.body) : undefined;
      }, { timeoutMs: PATIENCE_MS, what: "records" });
      position = records[0]!.physicalOffset;
      // The promise is written down now and then, not with each sync.
      await until(async () => {
        await sendOk(client, "T", "more");
        return flushedOf(dir) > position;
      }, { timeoutMs: PATIENCE_MS, what: "the durable position" });
      broker.signal("SIGKILL");
      await broker.untilEnded();
    });
    const bytes = await Deno.readFile(log);
    const body = new TextEncoder().encode("message 10");
    const at = position + indexOf(bytes.subarray(position), body);
    bytes[at] = bytes[at]! ^ 1;
    await Deno.writeFile(log, bytes);
    const error = await assertRejects(() => BrokerProcess.with({ dir, settings }, () => Promise.resolve()), Error);
    assert(error.message.includes(`no whole record at ${position}`), error.message);
    assertEquals(await Deno.readFile(log), bytes, "nothing is changed");
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

/** The larger of the two positions that the log's blocks promise; −1 before the first promise. */
function flushedOf(dir: string): number {
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(`${dir}/store/ringmq.durable`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return -1;
    throw error;
  }
  const view = new DataView(bytes.buffer);
  return Math.max(...[0, 512].map((block) => block + 24 > bytes.length ? -1 : Number(view.getBigInt64(block + 16))));
}

function indexOf(bytes: Uint8Array, wanted: Uint8Array): number {
  for (let at = 0;; at++) if (wanted.every((byte, index) => bytes[at + index] === byte)) return at;
}
