/** Half messages: the short path stores and answers what the general path does, and leaves to it what has to be refused or changed. */
import { assertEquals } from "@std/assert";
import type { ExtFields, RemotingCommand } from "../../protocol/command.ts";
import type { StoredRecord } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { HALF_TOPIC } from "../../store/half_message.ts";
import { sendFields, type SendOptions } from "../conformance/broker_requests.ts";
import type { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { PATIENCE_MS, shortSends, withBroker } from "./broker_bench.ts";
import { pulled } from "./broker_calls.ts";

const TOPIC = "HalfPathTopic";
const UNIQ = "UNIQ_KEY\u0001C0000202300A4E0E2F2A6915F5C20001\u0002";
const HALF = `TRAN_MSG\u0001true\u0002PGROUP\u0001producers\u0002${UNIQ}`;
/** System flags of a half message: prepared, and compressed besides. */
const PREPARED = 4;
const PREPARED_COMPRESSED = 5;

/** Long names of the fields of request 10, which has no short path. Source: apache/rocketmq remoting SendMessageRequestHeaderV2 */
const LONG_NAMES: Readonly<Record<string, string>> = {
  a: "producerGroup",
  b: "topic",
  c: "defaultTopic",
  d: "defaultTopicQueueNums",
  e: "queueId",
  f: "sysFlag",
  g: "bornTimestamp",
  h: "flag",
  i: "properties",
  j: "reconsumeTimes",
  k: "unitMode",
  m: "batch",
};

function sendShort(client: RawClient, options: SendOptions): Promise<RemotingCommand> {
  return client.call(RequestCode.SEND_MESSAGE_V2, sendFields(TOPIC, options), "half", { timeoutMs: PATIENCE_MS });
}

function sendLong(client: RawClient, options: SendOptions): Promise<RemotingCommand> {
  const fields: ExtFields = Object.fromEntries(
    Object.entries(sendFields(TOPIC, options)).map(([letter, value]) => [LONG_NAMES[letter] ?? letter, value]),
  );
  return client.call(RequestCode.SEND_MESSAGE, fields, "half", { timeoutMs: PATIENCE_MS });
}

/** The half message at an offset, without what differs from place to place. */
async function halfAt(client: RawClient, offset: number): Promise<Partial<StoredRecord>> {
  const found = await until(async () => (await pulled(client, HALF_TOPIC, { queueId: 0, offset, max: 1 }))[0], {
    timeoutMs: PATIENCE_MS,
    what: `half message ${offset}`,
  });
  const { physicalOffset: _p, storeTimestamp: _s, queueOffset, bornHost: _b, ...content } = found;
  assertEquals(queueOffset, offset);
  return content;
}

for (const flushDiskType of ["ASYNC_FLUSH", "SYNC_FLUSH"] as const) {
  Deno.test(`SendPath stores and answers half messages as the general path does, ${flushDiskType}`, async () => {
    await withBroker({ settings: { flushDiskType } }, async (bench) => {
      await bench.topic(TOPIC, { queues: 16 });
      const client = await bench.client();
      const rows: { readonly options: SendOptions; readonly isShort: boolean }[] = [
        { options: { properties: HALF, sysFlag: PREPARED }, isShort: true },
        { options: { properties: HALF, sysFlag: PREPARED_COMPRESSED, queueId: 9 }, isShort: true },
        { options: { properties: HALF, sysFlag: 0, queueId: 10 }, isShort: true },
        { options: { properties: `${UNIQ}TRAN_MSG\u0001TRUE\u0002WAIT\u0001false\u0002`, queueId: 15 }, isShort: true },
        { options: { properties: `${HALF}REAL_TOPIC\u0001Other\u0002`, sysFlag: PREPARED }, isShort: false },
        { options: { properties: `REAL_QID\u00017\u0002${HALF}`, sysFlag: PREPARED }, isShort: false },
        { options: { properties: `${HALF}__transactionId__\u0001mine\u0002`, sysFlag: PREPARED }, isShort: false },
      ];
      let offset = 0;
      for (const { options, isShort } of rows) {
        const before = await shortSends(bench);
        const short = await sendShort(client, options);
        assertEquals([short.code, await shortSends(bench) - before], [0, isShort ? 1 : 0], options.properties);
        const long = await sendLong(client, options);
        const place = { msgId: "", queueOffset: "" };
        assertEquals({ ...short.ext, ...place }, { ...long.ext, ...place });
        assertEquals([short.ext["queueOffset"], long.ext["queueOffset"]], [String(offset), String(offset + 1)]);
        assertEquals(await halfAt(client, offset), await halfAt(client, offset + 1), options.properties);
        offset += 2;
      }
    });
  });
}

Deno.test("Half messages are refused with rejectTransactionMessage, and a message that only carries TRAN_MSG=false is none", async () => {
  await withBroker({ settings: { rejectTransactionMessage: true } }, async (bench) => {
    await bench.topic(TOPIC);
    const client = await bench.client();
    const refused = await sendShort(client, { properties: HALF, sysFlag: PREPARED });
    assertEquals(refused.code, ResponseCode.NO_PERMISSION);
    const plain = await sendShort(client, { properties: `TRAN_MSG\u0001false\u0002${UNIQ}` });
    assertEquals(plain.code, 0, plain.remark);
    const stored = await until(async () => (await pulled(client, TOPIC, { queueId: 0, offset: 0, max: 1 }))[0], {
      timeoutMs: PATIENCE_MS,
      what: "the plain message",
    });
    assertEquals(stored.topic, TOPIC);
  });
});
