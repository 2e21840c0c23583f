/**
 * Offsets of all consumer groups. Owns the answer to request 43 and `config/consumerOffset.json`.
 *
 * @module
 */
import { type DataVersion, dataVersionJson, NO_DATA_VERSION } from "../data_version.ts";
import type { FastDialect } from "../fast_json_writer.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  type JsonCodec,
  list,
  numberTable,
  optional,
  table,
  text,
  whole,
} from "../json_codec.ts";

/** Offsets of all groups. Source: apache/rocketmq remoting/protocol/body/ConsumerOffsetSerializeWrapper.java ConsumerOffsetSerializeWrapper. */
export interface ConsumerOffsetTable {
  /** Version of the table; 4.x has none. */
  readonly dataVersion: DataVersion;
  /** Topics by group. */
  readonly groupTopicMap?: ReadonlyMap<string, readonly string[]> | undefined;
  /** Offset by `topic@group` and queue id. */
  readonly offsetTable: ReadonlyMap<string, ReadonlyMap<number, number>>;
  /** Pulled offset likewise. */
  readonly pullOffsetTable?: ReadonlyMap<string, ReadonlyMap<number, number>> | undefined;
  /** Offset to be reset to likewise. */
  readonly resetOffsetTable?: ReadonlyMap<string, ReadonlyMap<number, number>> | undefined;
}

/** JSON codec of {@linkcode ConsumerOffsetTable}. */
export const consumerOffsetTableJson: JsonCodec<ConsumerOffsetTable> = bean<ConsumerOffsetTable>({
  dataVersion: {
    ...dataVersionJson,
    read: (value, path) => value === undefined || value === null ? NO_DATA_VERSION : dataVersionJson.read(value, path),
  },
  groupTopicMap: optional(table(list(text()))),
  offsetTable: table(numberTable(whole())),
  pullOffsetTable: optional(table(numberTable(whole()))),
  resetOffsetTable: optional(table(numberTable(whole()))),
});

/**
 * Decodes an offset table.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumerOffsetTable(body: BodyInput): ConsumerOffsetTable {
  return decodeBody(consumerOffsetTableJson, body);
}

/**
 * Encodes an offset table.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumerOffsetTable(value: ConsumerOffsetTable, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumerOffsetTableJson, value, dialect);
}
