import { assert, assertEquals, assertThrows } from "@std/assert";
import { bodyCrc } from "../../protocol/crc32.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { decodeHost, encodeHost } from "../../protocol/host.ts";
import { writeShort } from "../../protocol/java_number.ts";
import {
  bodyLengthOffset,
  decodeRecord,
  decodeRecords,
  encodeRecord,
  isBodyIntact,
  MAGIC_BLANK,
  MAGIC_V1,
  MAGIC_V2,
  RECORD_BYTES_MIN,
  type RecordFields,
  RecordOffset,
  type StoredRecord,
  storeTimestampOffset,
} from "../../protocol/record.ts";
import { SysFlag } from "../../protocol/sys_flag.ts";
import { encodeUtf8 } from "../../protocol/utf8.ts";
import { assertDecodesOrRefuses, EXTREME_LENGTHS, seededRandom, withBitFlipped, withInt } from "./fuzz.ts";

const V4 = encodeHost("192.0.2.1:10911");
const V6 = encodeHost("[2001:db8::7]:65535");

function sample(changes: Partial<RecordFields> = {}): RecordFields {
  return {
    queueId: 3,
    flag: -7,
    queueOffset: 2 ** 40 + 1,
    physicalOffset: 2 ** 50 + 5,
    sysFlag: SysFlag.TRANSACTION_COMMIT,
    bornTimestamp: 1_795_254_168_879,
    bornHost: V4,
    storeTimestamp: 1_795_254_168_969,
    storeHost: V4,
    reconsumeTimes: 2,
    preparedTransactionOffset: 77,
    body: encodeUtf8("body"),
    topic: "Topic",
    properties: "TAGS\u0001a\u0002",
    ...changes,
  };
}

/** Where the length of the topic stands. */
function topicLengthOffset(record: StoredRecord): number {
  return bodyLengthOffset(record.sysFlag) + 4 + record.body.length;
}

function assertRefused(bytes: Uint8Array, code = "RECORD_MALFORMED"): ProtocolError {
  const error = assertThrows(() => decodeRecord(bytes), ProtocolError);
  assertEquals(error.code, code);
  return error;
}

Deno.test("encodeRecord() undoes decodeRecord() for each pair of host sizes", () => {
  for (const bornHost of [V4, V6]) {
    for (const storeHost of [V4, V6]) {
      const fields = sample({ bornHost, storeHost });
      const record = decodeRecord(encodeRecord(fields));
      const bits = (bornHost === V6 ? SysFlag.BORN_HOST_V6 : 0) | (storeHost === V6 ? SysFlag.STORE_HOST_V6 : 0);
      assertEquals(record, {
        ...fields,
        sysFlag: SysFlag.TRANSACTION_COMMIT | bits,
        magic: MAGIC_V1,
        bodyCrc: bodyCrc(fields.body),
        totalSize: RECORD_BYTES_MIN + (bornHost === V6 ? 12 : 0) + (storeHost === V6 ? 12 : 0) + 4 + 5 + 7,
      });
      assertEquals(decodeHost(record.storeHost), decodeHost(storeHost));
    }
  }
});

Deno.test("encodeRecord() clears IPv6 bits that do not fit the hosts", () => {
  const sysFlag = SysFlag.BORN_HOST_V6 | SysFlag.STORE_HOST_V6 | SysFlag.COMPRESSED;
  assertEquals(decodeRecord(encodeRecord(sample({ sysFlag }))).sysFlag, SysFlag.COMPRESSED);
});

Deno.test("encodeRecord() chooses v2 for a topic above 127 bytes and v1 up to it", () => {
  assertEquals(decodeRecord(encodeRecord(sample({ topic: "t".repeat(127) }))).magic, MAGIC_V1);
  const topic = "%RETRY%" + "g".repeat(248);
  const record = decodeRecord(encodeRecord(sample({ topic })));
  assertEquals([record.magic, record.topic], [MAGIC_V2, topic]);
});

Deno.test("encodeRecord() keeps v2 for a short topic when it is asked to", () => {
  const bytes = encodeRecord(sample({ magic: MAGIC_V2 }));
  assertEquals(encodeRecord(decodeRecord(bytes)), bytes);
  assertEquals(bytes.length, encodeRecord(sample()).length + 1);
});

Deno.test("encodeRecord() refuses what does not fit its field", () => {
  for (
    const changes of [
      { topic: "t".repeat(128), magic: MAGIC_V1 },
      { topic: "t".repeat(32_768) },
      { properties: "p".repeat(32_768) },
      { bornHost: new Uint8Array(4) },
      { storeHost: new Uint8Array(16) },
    ]
  ) {
    assertEquals(assertThrows(() => encodeRecord(sample(changes)), ProtocolError).code, "RECORD_MALFORMED");
  }
  assertEquals(assertThrows(() => encodeRecord(sample({ magic: MAGIC_BLANK })), ProtocolError).code, "RECORD_MAGIC");
});

Deno.test("encodeRecord() writes an empty record of the smallest size", () => {
  const bytes = encodeRecord(sample({ body: new Uint8Array(), topic: "", properties: "" }));
  assertEquals(bytes.length, RECORD_BYTES_MIN);
  assertEquals(decodeRecord(bytes).body.length, 0);
});

Deno.test("encodeRecord() writes times and offsets over the whole range that a double holds", () => {
  for (const value of [0, -1, 2 ** 53 - 1, -(2 ** 53) + 1, 2 ** 63]) {
    const record = decodeRecord(encodeRecord(sample({ bornTimestamp: value, queueOffset: value })));
    assertEquals([record.bornTimestamp, record.queueOffset], [value, value]);
  }
});

Deno.test("storeTimestampOffset() and bodyLengthOffset() follow the host sizes", () => {
  const v6 = SysFlag.BORN_HOST_V6 | SysFlag.STORE_HOST_V6;
  assertEquals([storeTimestampOffset(0), storeTimestampOffset(v6)], [56, 68]);
  assertEquals([bodyLengthOffset(0), bodyLengthOffset(v6)], [84, 108]);
});

Deno.test("decodeRecords() reads records one behind the other and refuses a rest", () => {
  const one = encodeRecord(sample());
  const two = encodeRecord(sample({ bornHost: V6, topic: "t".repeat(200) }));
  assertEquals(decodeRecords(Uint8Array.of(...one, ...two)).map((record) => record.totalSize), [
    one.length,
    two.length,
  ]);
  assertEquals(decodeRecords(new Uint8Array()), []);
  assertThrows(() => decodeRecords(Uint8Array.of(...one, 0)), ProtocolError);
});

Deno.test("decodeRecord() gives views of the bytes", () => {
  const bytes = encodeRecord(sample());
  const record = decodeRecord(bytes);
  assert(record.body.buffer === bytes.buffer && record.bornHost.buffer === bytes.buffer);
});

Deno.test("decodeRecord() reads from shared memory", () => {
  const bytes = encodeRecord(sample());
  const shared = new Uint8Array(new SharedArrayBuffer(bytes.length + 3));
  shared.set(bytes, 3);
  const record = decodeRecord(shared, 3);
  assertEquals([record.topic, record.properties, isBodyIntact(record)], ["Topic", "TAGS\u0001a\u0002", true]);
});

Deno.test("decodeRecord() refuses a record that is cut off, at every byte", () => {
  const bytes = encodeRecord(sample());
  for (let end = 0; end < bytes.length; end++) assertRefused(bytes.slice(0, end));
});

Deno.test("decodeRecord() refuses other magics, also that of a blank record", () => {
  const bytes = encodeRecord(sample());
  for (const magic of [0, MAGIC_BLANK, -1]) {
    assertEquals(assertRefused(withInt(bytes, RecordOffset.MAGIC, magic), "RECORD_MAGIC").position, 4);
  }
});

Deno.test("decodeRecord() refuses extreme lengths of each field, with need and have", () => {
  for (const fields of [sample(), sample({ magic: MAGIC_V2 }), sample({ bornHost: V6, storeHost: V6 })]) {
    const bytes = encodeRecord(fields);
    const record = decodeRecord(bytes);
    const topic = topicLengthOffset(record);
    const properties = bytes.length - 2 - encodeUtf8(record.properties).length;
    for (const length of EXTREME_LENGTHS) {
      for (const position of [RecordOffset.TOTAL_SIZE, bodyLengthOffset(record.sysFlag)]) {
        const error = assertRefused(withInt(bytes, position, length));
        assert(error.need !== undefined && error.have !== undefined && error.position !== undefined);
      }
    }
    for (const length of [0, -1, 0x7f, 0x7fff]) {
      const damagedProperties = bytes.slice();
      writeShort(damagedProperties, properties, length);
      assertRefused(damagedProperties);
      const damagedTopic = bytes.slice();
      if (record.magic === MAGIC_V2) writeShort(damagedTopic, topic, length);
      else damagedTopic[topic] = length;
      assertRefused(damagedTopic);
    }
  }
});

Deno.test("decodeRecord() decodes or refuses a record with one bit flipped, each bit in turn", () => {
  for (const fields of [sample(), sample({ magic: MAGIC_V2, bornHost: V6, storeHost: V6 })]) {
    const bytes = encodeRecord(fields);
    for (let bit = 0; bit < bytes.length * 8; bit++) {
      assertDecodesOrRefuses(() => decodeRecord(withBitFlipped(bytes, bit)), `bit ${bit}`);
    }
  }
});

Deno.test("decodeRecord() decodes or refuses random bytes behind a good beginning", () => {
  const random = seededRandom(3);
  for (let trial = 0; trial < 500; trial++) {
    const bytes = encodeRecord(sample());
    for (let index = 8; index < bytes.length; index++) {
      if (random() < 0.2) bytes[index] = Math.floor(random() * 256);
    }
    assertDecodesOrRefuses(() => decodeRecord(bytes), `trial ${trial}`);
  }
});

Deno.test("isBodyIntact() returns false when a bit of the body is flipped", () => {
  const bytes = encodeRecord(sample());
  assert(isBodyIntact(decodeRecord(bytes)));
  assert(!isBodyIntact(decodeRecord(withBitFlipped(bytes, (bodyLengthOffset(0) + 4) * 8))));
});
