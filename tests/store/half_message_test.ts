import { assertEquals } from "@std/assert";
import { encodeHost } from "../../protocol/host.ts";
import { decodeProperties, encodeProperties } from "../../protocol/properties.ts";
import { decodeRecord, encodeRecord, type StoredRecord } from "../../protocol/record.ts";
import {
  encodeForCheck,
  HALF_TOPIC,
  type MessageWithText,
  readOperation,
  toCommitted,
  toDiscarded,
  toHalf,
  toOperation,
  toRenewed,
} from "../../store/half_message.ts";
import { encodeNewMessage, type NewMessage } from "../../store/new_message.ts";

const HOST = encodeHost("127.0.0.1:10911");
const SENT: NewMessage = {
  topic: "Orders",
  queueId: 3,
  body: new TextEncoder().encode("body"),
  flag: 9,
  sysFlag: 0x4 | 0x1,
  properties: new Map([["TRAN_MSG", "true"], ["PGROUP", "pg"], ["UNIQ_KEY", "U1"], ["TAGS", "A"]]),
  bornTimestamp: 1_700_000_000_000,
  bornHost: HOST,
  storeHost: HOST,
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
};

function stored(message: NewMessage, text?: string): StoredRecord {
  const record = decodeRecord(encodeNewMessage(message, text));
  return { ...record, queueOffset: 41, physicalOffset: 4242, storeTimestamp: 1_700_000_000_500 };
}

Deno.test("toHalf() hides a message in the half topic and remembers where it belongs", () => {
  const half = toHalf(SENT);
  assertEquals([half.topic, half.queueId, half.sysFlag], [HALF_TOPIC, 0, 0x1]);
  assertEquals([...half.properties.entries()].slice(4), [
    ["__transactionId__", "U1"],
    ["REAL_TOPIC", "Orders"],
    ["REAL_QID", "3"],
  ]);
});

function committed(half: StoredRecord): MessageWithText | undefined {
  return toCommitted(half, decodeProperties(half.properties), 18);
}

Deno.test("toCommitted() gives the message back to its queue with the properties as they are stored", () => {
  const half = stored(toHalf(SENT));
  const { message, text } = committed(half)!;
  assertEquals([message.topic, message.queueId, message.flag, message.sysFlag], ["Orders", 3, 9, 0x8 | 0x1]);
  assertEquals([message.preparedTransactionOffset, text], [4242, half.properties]);
});

Deno.test("toCommitted() delays a message that has a level, under its real topic", () => {
  const half = stored(toHalf({ ...SENT, properties: new Map([...SENT.properties, ["DELAY", "2"]]) }));
  const { message, text } = committed(half)!;
  assertEquals([message.topic, message.queueId], ["SCHEDULE_TOPIC_XXXX", 1]);
  const properties = decodeProperties(text);
  assertEquals([properties.get("REAL_TOPIC"), properties.get("REAL_QID"), properties.get("TRAN_MSG")], [
    "Orders",
    "3",
    undefined,
  ]);
});

Deno.test("toCommitted() knows no queue for a record that names none", () => {
  for (const properties of [new Map([["REAL_QID", "0"]]), new Map([["REAL_TOPIC", "T"], ["REAL_QID", "-1"]])]) {
    assertEquals(committed(stored({ ...SENT, properties })), undefined);
  }
});

Deno.test("toRenewed() and toDiscarded() keep the message", () => {
  const half = stored(toHalf(SENT));
  const renewed = toRenewed(half, { TRANSACTION_CHECK_TIMES: "2" });
  assertEquals([renewed.message.topic, renewed.message.flag], [HALF_TOPIC, 9]);
  assertEquals(decodeProperties(renewed.text).get("TRANSACTION_CHECK_TIMES"), "2");
  const discarded = toDiscarded(half);
  assertEquals([discarded.message.topic, discarded.text], ["TRANS_CHECK_MAX_TIME_TOPIC", half.properties]);
});

Deno.test("operation records name what is done, in both dialects", () => {
  const { message, text } = toOperation([7, 12], HOST, 1);
  assertEquals(new TextDecoder().decode(message.body), "7,12,");
  assertEquals(readOperation(stored(message, text)), [7, 12]);
  const old = { ...message, body: new TextEncoder().encode("7") };
  assertEquals(readOperation(stored(old, text)), [7]);
  const torn = { ...message, body: new TextEncoder().encode("7,x,-1,,9") };
  assertEquals(readOperation(stored(torn, text)), [7, 9]);
  assertEquals(readOperation(stored(message, encodeProperties(new Map([["TAGS", "e"]])))), []);
});

Deno.test("encodeForCheck() shows the message with its real topic at the place of its copy", () => {
  const renewed = toRenewed(stored(toHalf(SENT)), { TRANSACTION_CHECK_TIMES: "1" });
  const shown = decodeRecord(encodeForCheck(renewed, { queueOffset: 50, position: 5000, storeTimestampMs: 77 }));
  assertEquals([shown.topic, shown.queueId, shown.queueOffset, shown.physicalOffset, shown.storeTimestamp], [
    "Orders",
    3,
    50,
    5000,
    77,
  ]);
  assertEquals(shown.properties, renewed.text);
  assertEquals(encodeRecord(shown), encodeForCheck(renewed, { queueOffset: 50, position: 5000, storeTimestampMs: 77 }));
});
