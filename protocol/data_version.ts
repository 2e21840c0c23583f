/**
 * Data version: which state of a table somebody has.
 *
 * Owns the three numbers and their order. It asks no clock; whoever changes a table tells the time.
 *
 * @module
 */
import type { FastDialect } from "./fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, type JsonCodec, whole } from "./json_codec.ts";

/** Version of a table. Source: apache/rocketmq remoting/protocol/DataVersion.java DataVersion. */
export interface DataVersion {
  /** State machine version of the controller; 0 without one. */
  readonly stateVersion: number;
  /** When the table changed last, ms. */
  readonly timestamp: number;
  /** How often it changed since the process began. */
  readonly counter: number;
}

/** JSON codec of {@linkcode DataVersion}. */
export const dataVersionJson: JsonCodec<DataVersion> = bean<DataVersion>({
  stateVersion: whole(),
  timestamp: whole(),
  counter: whole(),
});

/**
 * Decodes a data version.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeDataVersion(body: BodyInput): DataVersion {
  return decodeBody(dataVersionJson, body);
}

/**
 * Encodes a data version.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeDataVersion(value: DataVersion, dialect?: FastDialect): Uint8Array {
  return encodeBody(dataVersionJson, value, dialect);
}

/**
 * Which of two versions is the newer one.
 *
 * Source: apache/rocketmq remoting/protocol/DataVersion.java compare.
 *
 * @param left One
 * @param right Another
 * @returns Above 0 when `left` is newer, below 0 when `right` is, 0 when they are the same
 */
export function compareDataVersions(left: DataVersion, right: DataVersion): number {
  return left.stateVersion - right.stateVersion || left.counter - right.counter || left.timestamp - right.timestamp;
}

/** The version of a table that nobody has seen. */
export const NO_DATA_VERSION: DataVersion = Object.freeze({ stateVersion: 0, timestamp: 0, counter: 0 });

/**
 * The version after one more change.
 *
 * Source: apache/rocketmq remoting/protocol/DataVersion.java nextVersion.
 *
 * @param version Version before the change
 * @param nowMs Time of the change, ms
 * @param stateVersion State version to take over; unchanged when left out
 * @returns Version after it
 */
export function nextDataVersion(
  version: DataVersion,
  nowMs: number,
  stateVersion: number = version.stateVersion,
): DataVersion {
  return { stateVersion, timestamp: nowMs, counter: version.counter + 1 };
}

/**
 * Compares two versions.
 *
 * @param left One
 * @param right The other
 * @returns Whether all three numbers are equal
 */
export function isSameDataVersion(left: DataVersion, right: DataVersion): boolean {
  return left.stateVersion === right.stateVersion && left.timestamp === right.timestamp &&
    left.counter === right.counter;
}
