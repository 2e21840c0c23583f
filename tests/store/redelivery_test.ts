import { assert, assertEquals } from "@std/assert";
import { encodeHost } from "../../protocol/host.ts";
import { decodeProperties, encodeProperties } from "../../protocol/properties.ts";
import { decodeRecord } from "../../protocol/record.ts";
import { SCHEDULE_TOPIC } from "../../store/dispatch_files.ts";
import { encodeNewMessage, type NewMessage, redirectDelayed } from "../../store/new_message.ts";
import { Redelivery } from "../../store/redelivery.ts";

function waiting(topic: string, more: readonly (readonly [string, string])[] = []): NewMessage {
  return redirectDelayed({
    topic,
    queueId: 12,
    body: new TextEncoder().encode("body of a message"),
    flag: 3,
    sysFlag: 1,
    properties: new Map([["TAGS", "A"], ["DELAY", "2"], ["REAL", "no"], ...more]),
    bornTimestamp: 1_795_000_000_000,
    bornHost: encodeHost("10.0.0.1:5000"),
    storeHost: encodeHost("10.0.0.2:10911"),
    reconsumeTimes: 4,
    preparedTransactionOffset: 77,
  }, 18);
}

/** What decoding and encoding makes of a waiting record. */
function decodedAndEncoded(bytes: Uint8Array): Uint8Array {
  const stored = decodeRecord(bytes);
  const properties = decodeProperties(stored.properties);
  const [topic, queueId] = [properties.get("REAL_TOPIC")!, Number(properties.get("REAL_QID"))];
  return encodeNewMessage({ ...stored, topic, queueId, properties, preparedTransactionOffset: 0 }, stored.properties);
}

Deno.test("Redelivery makes the bytes that decoding and encoding would make", () => {
  const redelivery = new Redelivery();
  for (const topic of ["T", "%RETRY%group", "a".repeat(127), "Thémen"]) {
    for (const body of ["x", "y".repeat(5000)]) {
      const message = { ...waiting(topic), body: new TextEncoder().encode(body) };
      assertEquals(message.topic, SCHEDULE_TOPIC);
      const text = encodeProperties(message.properties);
      // With and without the last separator.
      for (const properties of [text, text.slice(0, -1)]) {
        const bytes = encodeNewMessage(message, properties);
        assert(redelivery.read(bytes));
        assertEquals([redelivery.topic, redelivery.queueId], [topic, 12]);
        assertEquals(redelivery.make(), decodedAndEncoded(bytes));
      }
    }
  }
});

Deno.test("Redelivery leaves what is unusual to others", () => {
  const redelivery = new Redelivery();
  const unusual = [
    encodeNewMessage(waiting("a".repeat(128))),
    encodeNewMessage(waiting("T"), "REAL_TOPIC\u0001T\u0002"),
    encodeNewMessage(waiting("T"), "REAL_QID\u00011\u0002"),
    encodeNewMessage(waiting("T"), "REAL_TOPIC\u0001T\u0002REAL_QID\u0001-1\u0002"),
    encodeNewMessage(waiting("T"), "REAL_TOPIC\u0001T\u0002REAL_TOPIC\u0001U\u0002REAL_QID\u00011\u0002"),
    encodeNewMessage(waiting("T")).subarray(1),
    new Uint8Array(3),
  ];
  assertEquals(unusual.map((bytes) => redelivery.read(bytes)), unusual.map(() => false));
});
