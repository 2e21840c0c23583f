/** Batches: the short path stores and answers what the general path does, and leaves to it what has to be refused. */
import { assert, assertEquals } from "@std/assert";
import { type BatchItem, encodeBatchBody } from "../../protocol/batch_body.ts";
import type { RemotingCommand } from "../../protocol/command.ts";
import { decodeOffsetMessageId } from "../../protocol/message_id.ts";
import { isBodyIntact, type StoredRecord } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { sendFields } from "../conformance/broker_requests.ts";
import type { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { SeededRandom } from "../torture/seeded_random.ts";
import { PATIENCE_MS, shortSends, withBroker } from "./broker_bench.ts";
import { pulled } from "./broker_calls.ts";

/** What a Java client gives a batch. */
const WAIT = "WAIT\u0001true\u0002";
/** The same for the broker, but the short path does not know it. */
const UNUSUAL = `WAIT\u0001true\u0002X\u0001y\u0002`;

function itemsOf(random: SeededRandom, count: number): BatchItem[] {
  return Array.from({ length: count }, (_, i) => ({
    flag: random.between(0, 1000),
    body: Uint8Array.from({ length: random.between(0, 300) }, () => random.between(0, 256)),
    properties: i % 3 === 0 ? "" : `UNIQ_KEY\u0001${i}\u0002TAGS\u0001tag${"ü".repeat(random.between(0, 40))}\u0002`,
  }));
}

function sendBatch(
  client: RawClient,
  topic: string,
  body: Uint8Array,
  { properties = WAIT, queueId = 0 }: { properties?: string; queueId?: number } = {},
): Promise<RemotingCommand> {
  const fields = { ...sendFields(topic, { properties, queueId }), m: "true" };
  return client.call(RequestCode.SEND_BATCH_MESSAGE, fields, body, { timeoutMs: PATIENCE_MS });
}

async function recordsOf(client: RawClient, topic: string, queueId: number, count: number): Promise<StoredRecord[]> {
  const records: StoredRecord[] = [];
  await until(async () => {
    records.push(...await pulled(client, topic, { queueId, offset: records.length, max: 32 }));
    return records.length >= count;
  }, { timeoutMs: PATIENCE_MS, what: `${count} records` });
  return records;
}

/** What must be the same of two records that were stored at different places. */
function contentOf(
  { physicalOffset: _p, storeTimestamp: _s, queueId: _q, bornHost: _b, ...content }: StoredRecord,
): unknown {
  return content;
}

for (const flushDiskType of ["ASYNC_FLUSH", "SYNC_FLUSH"] as const) {
  Deno.test(`BatchPath stores and answers what the general path does, ${flushDiskType}`, async () => {
    await withBroker({ settings: { flushDiskType } }, async (bench) => {
      await bench.topic("T", { queues: 2 });
      const client = await bench.client();
      const random = new SeededRandom(31);
      let stored = 0;
      let short = await shortSends(bench);
      for (const count of [1, 2, 3, 32, 100, 300]) {
        const items = itemsOf(random, count);
        const body = encodeBatchBody(items);
        const answers = [
          await sendBatch(client, "T", body, { queueId: 0 }),
          await sendBatch(client, "T", body, { queueId: 1, properties: UNUSUAL }),
        ];
        const now = await shortSends(bench);
        assertEquals(now - short, 1, "one of the two takes the short path");
        short = now;
        const lists = [
          await recordsOf(client, "T", 0, stored + count),
          await recordsOf(client, "T", 1, stored + count),
        ];
        const [ours, general] = lists.map((list) => list.slice(stored));
        assertEquals(ours!.map(contentOf), general!.map(contentOf));
        assertEquals(ours!.map(({ body }) => body), items.map(({ body }) => body));
        assertEquals(ours!.map(({ properties }) => properties), items.map(({ properties }) => properties));
        assert(ours!.every(isBodyIntact));
        answers.forEach((answer, queueId) => {
          const { msgId, queueId: where, ...rest } = answer.ext;
          assertEquals([answer.code, where], [0, String(queueId)], answer.remark);
          const positions = msgId!.split(",").map((id) => Number(decodeOffsetMessageId(id).offset));
          assertEquals(positions, lists[queueId]!.slice(stored).map(({ physicalOffset }) => physicalOffset));
          assertEquals(rest, { TRACE_ON: "true", MSG_REGION: "DefaultRegion", queueOffset: String(stored) });
        });
        stored += count;
      }
    });
  });
}

Deno.test("BatchPath leaves malformed, endless and foreign batches to the general path", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    const random = new SeededRandom(32);
    const good = encodeBatchBody(itemsOf(random, 3));
    const before = await shortSends(bench);
    const spoilt = [good.subarray(0, good.length - 1), new Uint8Array(0), new Uint8Array(22), good.slice()];
    new DataView(spoilt[3]!.buffer).setInt32(16, 1 << 30);
    for (const body of spoilt) {
      const { code } = await sendBatch(client, "T", body);
      assert(code !== 0, `code ${code}`);
    }
    const { code } = await sendBatch(client, "T", good, { queueId: 7 });
    assert(code !== 0, `code ${code}`);
    assertEquals(await shortSends(bench), before);
    const many = Array.from({ length: 1025 }, () => ({ flag: 0, body: Uint8Array.of(1), properties: "" }));
    const answer = await sendBatch(client, "T", encodeBatchBody(many));
    assertEquals(answer.code, 0, answer.remark);
    assertEquals(await shortSends(bench), before);
    assertEquals((await recordsOf(client, "T", 0, 1025)).length, 1025);
  });
});

Deno.test("BatchPath puts a batch that does not fit a file into the next one, and goes round the ring", async () => {
  await withBroker({}, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    const random = new SeededRandom(33);
    const sent: BatchItem[] = [];
    // Three files of the log, and many times the ring.
    for (let bytes = 0; bytes < 9 * 1024 * 1024;) {
      const items = Array.from({ length: 60 }, (_, i) => ({
        flag: i,
        body: new Uint8Array(1 + random.between(0, 2000)).fill(random.between(0, 256)),
        properties: "",
      }));
      const body = encodeBatchBody(items);
      const answer = await sendBatch(client, "T", body);
      assertEquals(answer.code, 0, answer.remark);
      sent.push(...items);
      bytes += body.length;
    }
    const records = await recordsOf(client, "T", 0, sent.length);
    assertEquals(records.length, sent.length);
    records.forEach((record, i) => {
      assertEquals(record.queueOffset, i);
      assertEquals(record.flag, sent[i]!.flag);
      assert(isBodyIntact(record) && record.body.length === sent[i]!.body.length);
    });
  });
});
