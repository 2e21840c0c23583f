import { assert, assertEquals } from "@std/assert";
import { isResponse } from "../../protocol/command.ts";
import { bodyCrc } from "../../protocol/crc32.ts";
import { decodeHost, encodeHost } from "../../protocol/host.ts";
import { javaHashOfUtf8, javaStringHash } from "../../protocol/java_hash.ts";
import { readInt } from "../../protocol/java_number.ts";
import { decodeOffsetMessageId, encodeOffsetMessageId } from "../../protocol/message_id.ts";
import {
  decodeProperties,
  encodeProperties,
  findProperty,
  NAME_VALUE_SEPARATOR,
  PROPERTY_SEPARATOR,
} from "../../protocol/properties.ts";
import {
  BLANK_RECORD_BYTES_MIN,
  decodeRecord,
  decodeRecords,
  encodeRecord,
  isBodyIntact,
  MAGIC_BLANK,
  RecordOffset,
  type StoredRecord,
} from "../../protocol/record.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { SysFlag } from "../../protocol/sys_flag.ts";
import { encodeUtf8 } from "../../protocol/utf8.ts";
import { goldenFrames, manifest, storeFile, storeFolder } from "./golden.ts";

const STORES: ReadonlyMap<string, number> = new Map([["store-clean", 587], ["store-killed", 661], ["store-timer", 11]]);

/** A line of `manifest.jsonl`, which Java wrote. */
interface ManifestLine {
  readonly topic: string;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly commitLogOffset: number;
  readonly storeSize: number;
  readonly sysFlag: number;
  readonly flag: number;
  readonly bodyCRC: number;
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  readonly bornTimestamp: number;
  readonly storeTimestamp: number;
  readonly bornHost: string;
  readonly storeHost: string;
  readonly offsetMsgId: string;
  readonly properties: Readonly<Record<string, string>>;
}

/** Records of a store's log with their bytes; blank records and the empty end are skipped. */
function* logRecords(store: string): Generator<{ record: StoredRecord; bytes: Uint8Array }> {
  for (const file of storeFolder(`${store}/commitlog`)) {
    const log = storeFile(`${store}/commitlog/${file}`);
    for (let position = 0; log.length - position >= BLANK_RECORD_BYTES_MIN;) {
      const totalSize = readInt(log, position);
      if (totalSize === 0 || readInt(log, position + RecordOffset.MAGIC) === MAGIC_BLANK) break;
      yield { record: decodeRecord(log, position), bytes: log.subarray(position, position + totalSize) };
      position += totalSize;
    }
  }
}

function assertSameRecord(record: StoredRecord, bytes: Uint8Array, context: string): void {
  assert(isBodyIntact(record), context);
  assertEquals(encodeRecord(record), bytes, context);
  const { bodyCrc: _crc, ...withoutCrc } = record;
  assertEquals(encodeRecord(withoutCrc), bytes, context);
  assertEquals(encodeHost(decodeHost(record.bornHost)), record.bornHost, context);
}

for (const [store, count] of STORES) {
  Deno.test(`encodeRecord() writes every record of golden ${store} byte for byte`, () => {
    let records = 0;
    for (const { record, bytes } of logRecords(store)) {
      assertSameRecord(record, bytes, `${store} ${record.physicalOffset}`);
      records++;
    }
    assertEquals(records, count);
  });

  Deno.test(`decodeRecord() reads golden ${store} as Java's client did`, () => {
    const lines = manifest<ManifestLine>(`${store}/manifest.jsonl`);
    const records = new Map([...logRecords(store)].map(({ record }) => [record.physicalOffset, record]));
    for (const line of lines) {
      const record = records.get(line.commitLogOffset);
      assert(record !== undefined, `${line.commitLogOffset}`);
      assertEquals(seen(record), expected(line));
    }
  });
}

function seen(record: StoredRecord): Record<string, unknown> {
  return {
    topic: record.topic,
    queueId: record.queueId,
    queueOffset: record.queueOffset,
    size: record.totalSize,
    // The client that wrote the manifest clears the bit once it has decompressed the body.
    sysFlag: record.sysFlag & ~SysFlag.COMPRESSED,
    flag: record.flag,
    bodyCrc: bodyCrc(record.body),
    reconsumeTimes: record.reconsumeTimes,
    prepared: record.preparedTransactionOffset,
    born: record.bornTimestamp,
    stored: record.storeTimestamp,
    // Java prints an address with a slash in front.
    bornHost: `/${decodeHost(record.bornHost)}`,
    storeHost: `/${decodeHost(record.storeHost)}`,
    id: encodeOffsetMessageId(record.storeHost, record.physicalOffset),
    properties: Object.fromEntries(decodeProperties(record.properties)),
  };
}

function expected(line: ManifestLine): Record<string, unknown> {
  return {
    topic: line.topic,
    queueId: line.queueId,
    queueOffset: line.queueOffset,
    size: line.storeSize,
    sysFlag: line.sysFlag,
    flag: line.flag,
    bodyCrc: line.bodyCRC,
    reconsumeTimes: line.reconsumeTimes,
    prepared: line.preparedTransactionOffset,
    born: line.bornTimestamp,
    stored: line.storeTimestamp,
    bornHost: line.bornHost,
    storeHost: line.storeHost,
    id: line.offsetMsgId,
    properties: line.properties,
  };
}

const RECORD_ANSWERS = new Set([11, 12, 33, 361, 200050]);

Deno.test("encodeRecord() writes every record of golden answers and requests byte for byte", () => {
  let records = 0;
  for (const { command, request, name } of goldenFrames()) {
    const answers = request !== undefined && RECORD_ANSWERS.has(request.command.code) &&
      command.code === ResponseCode.SUCCESS;
    const asks = !isResponse(command) && (command.code === 39 || command.code === 309);
    if (!answers && !asks) continue;
    let position = 0;
    for (const record of decodeRecords(command.body)) {
      assertSameRecord(record, command.body.subarray(position, position + record.totalSize), name);
      position += record.totalSize;
      records++;
    }
    assertEquals(position, command.body.length, name);
  }
  assert(records > 200, `${records}`);
});

Deno.test("encodeProperties() writes every golden properties string that Apache 5.4.0 stored", () => {
  for (const { record } of logRecords("store-clean")) {
    const properties = decodeProperties(record.properties);
    // A client may send an empty value; no reader of properties returns it.
    if (record.properties.includes(NAME_VALUE_SEPARATOR + PROPERTY_SEPARATOR)) continue;
    assertEquals(encodeProperties(properties), record.properties);
    for (const [key, value] of properties) assertEquals(findProperty(record.properties, key), value);
  }
});

Deno.test("decodeOffsetMessageId() undoes encodeOffsetMessageId() for every golden id", () => {
  for (const { offsetMsgId, commitLogOffset } of manifest<ManifestLine>("store-clean/manifest.jsonl")) {
    const { host, offset } = decodeOffsetMessageId(offsetMsgId);
    assertEquals(offset, commitLogOffset);
    assertEquals(encodeOffsetMessageId(host, offset), offsetMsgId);
  }
});

Deno.test("javaStringHash() equals the tags codes of golden consume queues", () => {
  const queues = storeFolder("store-clean/consumequeue/GoldUnicode-topic_1")
    .map((queue) => storeFile(`store-clean/consumequeue/GoldUnicode-topic_1/${queue}/00000000000000000000`));
  const codes = new Map<number, number>();
  for (const queue of queues) {
    for (let unit = 0; unit + 20 <= queue.length && readInt(queue, unit + 8) > 0; unit += 20) {
      codes.set(readInt(queue, unit + 4), readInt(queue, unit + 16));
    }
  }
  let compared = 0;
  for (const { record } of logRecords("store-clean")) {
    const code = codes.get(record.physicalOffset);
    const tag = findProperty(record.properties, "TAGS");
    if (code === undefined || record.topic !== "GoldUnicode-topic_1" || tag === undefined) continue;
    assertEquals(javaStringHash(tag), code, tag);
    const bytes = encodeUtf8(tag);
    assertEquals(javaHashOfUtf8(bytes, 0, bytes.length), code, tag);
    compared++;
  }
  assert(compared > 0);
});

Deno.test("Golden records hold each kind that the codec distinguishes", () => {
  const flags = new Set([...logRecords("store-clean")].map(({ record }) => record.sysFlag));
  for (const codec of [SysFlag.COMPRESSION_LZ4, SysFlag.COMPRESSION_ZSTD, SysFlag.COMPRESSION_ZLIB]) {
    assert(flags.has(codec | SysFlag.COMPRESSED));
  }
  assert(flags.has(SysFlag.TRANSACTION_COMMIT));
});
