/**
 * Table of text by text: run-time statistics, KV configuration, order topics. Owns the body of requests 28, 219 and the answer to 103.
 *
 * @module
 */
import type { FastDialect } from "./fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, type JsonCodec, table, text } from "./json_codec.ts";

/** Text by text. Source: apache/rocketmq remoting/protocol/body/KVTable.java KVTable. */
export interface KvTable {
  /** The entries. */
  readonly table: ReadonlyMap<string, string>;
}

/** JSON codec of {@linkcode KvTable}. */
export const kvTableJson: JsonCodec<KvTable> = bean<KvTable>({
  table: table(text()),
});

/**
 * Decodes a KV table.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeKvTable(body: BodyInput): KvTable {
  return decodeBody(kvTableJson, body);
}

/**
 * Encodes a KV table.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeKvTable(value: KvTable, dialect?: FastDialect): Uint8Array {
  return encodeBody(kvTableJson, value, dialect);
}
