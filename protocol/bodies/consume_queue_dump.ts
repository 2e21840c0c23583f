/**
 * Units of a consume queue. Owns the answer to request 321.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  flag,
  type JsonCodec,
  list,
  optional,
  text,
  whole,
} from "../json_codec.ts";
import { type SubscriptionData, subscriptionDataJson } from "../subscription.ts";

/** A unit with what the filter says. Source: apache/rocketmq remoting/protocol/body/ConsumeQueueData.java ConsumeQueueData. */
export interface ConsumeQueueUnit {
  /** Bit map of the extension. */
  readonly bitMap?: string | undefined;
  /** Whether the filter lets it pass. */
  readonly eval: boolean;
  /** The extension as JSON. */
  readonly extendDataJson?: string | undefined;
  /** Error text. */
  readonly msg?: string | undefined;
  /** Position in the commit log. */
  readonly physicOffset: number;
  /** Size of the record, bytes. */
  readonly physicSize: number;
  /** Tags code. */
  readonly tagsCode: number;
}

/** JSON codec of {@linkcode ConsumeQueueUnit}. */
export const consumeQueueUnitJson: JsonCodec<ConsumeQueueUnit> = bean<ConsumeQueueUnit>({
  bitMap: optional(text()),
  eval: flag(),
  extendDataJson: optional(text()),
  msg: optional(text()),
  physicOffset: whole(),
  physicSize: whole(),
  tagsCode: whole(),
});

/** Units. Source: apache/rocketmq remoting/protocol/body/QueryConsumeQueueResponseBody.java QueryConsumeQueueResponseBody. */
export interface ConsumeQueueDump {
  /** Filter of the group as text. */
  readonly filterData?: string | undefined;
  /** Offset behind the last unit. */
  readonly maxQueueIndex: number;
  /** Offset of the first unit. */
  readonly minQueueIndex: number;
  /** Units. */
  readonly queueData?: readonly ConsumeQueueUnit[] | undefined;
  /** Subscription of the group. */
  readonly subscriptionData?: SubscriptionData | undefined;
}

/** JSON codec of {@linkcode ConsumeQueueDump}. */
export const consumeQueueDumpJson: JsonCodec<ConsumeQueueDump> = bean<ConsumeQueueDump>({
  filterData: optional(text()),
  maxQueueIndex: whole(),
  minQueueIndex: whole(),
  queueData: optional(list(consumeQueueUnitJson)),
  subscriptionData: optional(subscriptionDataJson),
});

/**
 * Decodes the answer to request 321.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumeQueueDump(body: BodyInput): ConsumeQueueDump {
  return decodeBody(consumeQueueDumpJson, body);
}

/**
 * Encodes the answer to request 321.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumeQueueDump(value: ConsumeQueueDump, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumeQueueDumpJson, value, dialect);
}
