/**
 * Progress of delay levels. Owns the answer to request 45 and `config/delayOffset.json`.
 *
 * @module
 */
import { type DataVersion, dataVersionJson } from "../data_version.ts";
import type { FastDialect } from "../fast_json_writer.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  type JsonCodec,
  numberTable,
  optional,
  whole,
} from "../json_codec.ts";

/** Progress by delay level. Source: apache/rocketmq remoting/protocol/../store/schedule/DelayOffsetSerializeWrapper.java DelayOffsetSerializeWrapper. */
export interface DelayOffsetTable {
  /** Version of the table; 4.x has none. */
  readonly dataVersion?: DataVersion | undefined;
  /** Queue offset by delay level. */
  readonly offsetTable: ReadonlyMap<number, number>;
}

/** JSON codec of {@linkcode DelayOffsetTable}. */
export const delayOffsetTableJson: JsonCodec<DelayOffsetTable> = bean<DelayOffsetTable>({
  dataVersion: optional(dataVersionJson),
  offsetTable: numberTable(whole()),
});

/**
 * Decodes a table of delay offsets.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeDelayOffsetTable(body: BodyInput): DelayOffsetTable {
  return decodeBody(delayOffsetTableJson, body);
}

/**
 * Encodes a table of delay offsets.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeDelayOffsetTable(value: DelayOffsetTable, dialect?: FastDialect): Uint8Array {
  return encodeBody(delayOffsetTableJson, value, dialect);
}
