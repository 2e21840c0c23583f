import { assert, assertEquals } from "@std/assert";
import * as p from "../../protocol/mod.ts";
import { decodeUtf8, encodeUtf8 } from "../../protocol/utf8.ts";

/** What Apache's codecs made of values that no recording holds, by kind. */
const LINES: ReadonlyMap<string, readonly unknown[]> = Map.groupBy(
  Deno.readTextFileSync(new URL("../golden/java_codecs/golden_codecs.jsonl", import.meta.url)).trim().split("\n")
    .map((line): { kind: string } => JSON.parse(line)),
  (line) => line.kind,
);

function linesOf<T>(kind: string): readonly T[] {
  const lines = LINES.get(kind) ?? [];
  assert(lines.length > 0, kind);
  return lines as readonly T[];
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
}

interface RecordLine {
  readonly bytes: string;
  readonly topic: string;
  readonly queueId: number;
  readonly flag: number;
  readonly queueOffset: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly storeTimestamp: number;
  readonly bornPort: number;
  readonly bornAddress: string;
  readonly storeAddress: string;
  readonly reconsumeTimes: number;
  readonly prepared: number;
  readonly bodyCrc: number;
  readonly body: string;
  readonly msgId: string;
  readonly properties: Readonly<Record<string, string>>;
}

Deno.test("decodeRecord() reads v1 and v2 records with each pair of host sizes as Java does", () => {
  const kinds = new Set<string>();
  for (const line of linesOf<RecordLine>("record")) {
    const record = p.decodeRecord(fromBase64(line.bytes));
    kinds.add(`${record.magic} ${record.bornHost.length} ${record.storeHost.length}`);
    assertEquals([record.topic, record.queueId, record.flag], [line.topic, line.queueId, line.flag]);
    assertEquals([record.queueOffset, record.sysFlag], [line.queueOffset, line.sysFlag]);
    assertEquals([record.bornTimestamp, record.storeTimestamp], [line.bornTimestamp, line.storeTimestamp]);
    assertEquals([record.reconsumeTimes, record.preparedTransactionOffset], [line.reconsumeTimes, line.prepared]);
    assertEquals([record.bodyCrc, record.body], [line.bodyCrc, fromBase64(line.body)]);
    assertEquals(record.bornHost.slice(0, -4), fromBase64(line.bornAddress));
    assertEquals(record.storeHost.slice(0, -4), fromBase64(line.storeAddress));
    assert(p.decodeHost(record.bornHost).endsWith(`:${line.bornPort}`));
    assertEquals(p.encodeOffsetMessageId(record.storeHost, record.physicalOffset), line.msgId);
    assertEquals(Object.fromEntries(p.decodeProperties(record.properties)), line.properties);
  }
  assertEquals(kinds.size, 8);
});

Deno.test("encodeRecord() writes v1 and v2 records with each pair of host sizes as Java does", () => {
  for (const { bytes } of linesOf<RecordLine>("record")) {
    const { magic: _magic, bodyCrc: _crc, ...fields } = p.decodeRecord(fromBase64(bytes));
    assertEquals(p.encodeRecord(fields), fromBase64(bytes));
  }
});

interface HeaderLine {
  readonly bytes: string;
  readonly code: number;
  readonly language: string;
  readonly version: number;
  readonly opaque: number;
  readonly flag: number;
  readonly remark?: string;
  readonly ext: Readonly<Record<string, string>>;
}

Deno.test("encodeFrame() writes frames of both header types with odd text as Java does", () => {
  let binary = 0;
  for (const line of linesOf<HeaderLine>("header")) {
    const bytes = fromBase64(line.bytes);
    const command = p.decodeFrame(bytes);
    assertEquals([command.code, command.version, command.opaque, command.flag], [
      line.code,
      line.version,
      line.opaque,
      line.flag,
    ]);
    assertEquals(p.languageName(command.language), line.language);
    assertEquals([command.remark, { ...command.ext }], [line.remark, line.ext]);
    if (command.serializeType === p.SerializeType.ROCKETMQ) binary++;
    // Java writes an empty object where fields were looked at and there are none.
    if (Object.keys(line.ext).length > 0) assertEquals(p.encodeFrame(command), bytes);
  }
  assertEquals(binary, 20);
});

Deno.test("javaStringHash() and bodyCrc() equal Java's for text of all planes", () => {
  for (const { text, hash, crc } of linesOf<{ text: string; hash: number; crc: number }>("text")) {
    const bytes = encodeUtf8(text);
    assertEquals([p.javaStringHash(text), p.javaHashOfUtf8(bytes, 0, bytes.length), p.bodyCrc(bytes)], [
      hash,
      hash,
      crc,
    ]);
  }
});

interface BatchLine {
  readonly bytes: string;
  readonly items: readonly { flag: number; body: string; properties: Readonly<Record<string, string>> }[];
}

Deno.test("encodeBatchBody() writes batches as Java does", () => {
  for (const { bytes, items } of linesOf<BatchLine>("batch")) {
    const decoded = p.decodeBatchBody(fromBase64(bytes));
    assertEquals(
      decoded.map(({ flag, body }) => [flag, body]),
      items.map(({ flag, body }) => [flag, fromBase64(body)]),
    );
    assertEquals(
      decoded.map(({ properties }) => Object.fromEntries(p.decodeProperties(properties))),
      items.map(({ properties }) => ({ ...properties })),
    );
    assertEquals(p.encodeBatchBody(decoded), fromBase64(bytes));
  }
});

Deno.test("formatTopicConfigLine() writes lines as Java does", () => {
  for (const { line, topic, read } of linesOf<{ line: string; topic: string; read: number }>("topicLine")) {
    const config = p.parseTopicConfigLine(line);
    assertEquals([config.topicName, config.readQueueNums], [topic, read]);
    assertEquals(p.formatTopicConfigLine(config), line);
  }
});

Deno.test("decodeRegisterBrokerBody() reads Java's compressed registration like its JSON", () => {
  for (const { compressed, json } of linesOf<{ compressed: string; json: string }>("registration")) {
    const packed = p.decodeRegisterBrokerBody(fromBase64(compressed));
    const plain = p.decodeRegisterBrokerBody(fromBase64(json));
    assertEquals(decodeUtf8(p.encodeRegisterBrokerBody(plain)), decodeUtf8(fromBase64(json)));
    assertEquals(packed.filterServerList, plain.filterServerList);
    const { topicConfigTable, topicQueueMappingInfoMap, dataVersion } = plain.topicConfigSerializeWrapper;
    assertEquals(packed.topicConfigSerializeWrapper, { dataVersion, topicConfigTable, topicQueueMappingInfoMap });
    assertEquals(p.decodeRegisterBrokerBody(p.encodeRegisterBrokerBodyCompressed(packed)), packed);
  }
});

/** Reads and writes a text again, by the name of the type that Java wrote. */
const AGAIN: Readonly<Record<string, (text: string) => string>> = {
  BrokerStatsItem: (text) => decodeUtf8(p.encodeBody(p.brokerStatsItemJson, p.decodeBody(p.brokerStatsItemJson, text))),
  KvTable: (text) => decodeUtf8(p.encodeKvTable(p.decodeKvTable(text))),
  KvTablePretty: (text) => p.formatConfigFile(p.kvTableJson, p.decodeKvTable(text)),
  TopicRouteData: (text) => decodeUtf8(p.encodeTopicRouteData(p.decodeTopicRouteData(text))),
  TopicRouteDataStandard: (text) => decodeUtf8(p.encodeTopicRouteData(p.decodeTopicRouteData(text), "standard")),
  ConsumeStats: (text) => decodeUtf8(p.encodeConsumeStats(p.decodeConsumeStats(text))),
};

Deno.test("JSON codecs write doubles, odd text, longs and both route dialects as Java does", () => {
  const seen = new Set<string>();
  for (const { type, json } of linesOf<{ type: string; json: string }>("json")) {
    const again = AGAIN[type];
    if (again === undefined) continue;
    assertEquals(again(json), json, type);
    seen.add(type);
  }
  assertEquals([...seen].sort(), Object.keys(AGAIN).sort());
});
