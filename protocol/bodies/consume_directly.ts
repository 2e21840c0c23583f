/**
 * Outcome of a message that was pushed to one consumer. Owns the answer to request 309.
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
  oneOf,
  optional,
  text,
  whole,
} from "../json_codec.ts";

/** Outcome by name. Source: apache/rocketmq remoting/protocol/body/CMResult.java CMResult. */
export type ConsumeResult =
  | "CR_SUCCESS"
  | "CR_LATER"
  | "CR_ROLLBACK"
  | "CR_COMMIT"
  | "CR_THROW_EXCEPTION"
  | "CR_RETURN_NULL";

const consumeResultJson: JsonCodec<ConsumeResult> = oneOf([
  "CR_SUCCESS",
  "CR_LATER",
  "CR_ROLLBACK",
  "CR_COMMIT",
  "CR_THROW_EXCEPTION",
  "CR_RETURN_NULL",
], "CR_RETURN_NULL");

/** Outcome. Source: apache/rocketmq remoting/protocol/body/ConsumeMessageDirectlyResult.java ConsumeMessageDirectlyResult. */
export interface ConsumeDirectlyResult {
  /** Whether an ordered consumer commits by itself. */
  readonly autoCommit: boolean;
  /** Outcome. */
  readonly consumeResult?: ConsumeResult | undefined;
  /** Whether the consumer is ordered. */
  readonly order: boolean;
  /** Error text. */
  readonly remark?: string | undefined;
  /** Time spent, ms. */
  readonly spentTimeMills: number;
}

/** JSON codec of {@linkcode ConsumeDirectlyResult}. */
export const consumeDirectlyResultJson: JsonCodec<ConsumeDirectlyResult> = bean<ConsumeDirectlyResult>({
  autoCommit: flag(true),
  consumeResult: optional(consumeResultJson),
  order: flag(),
  remark: optional(text()),
  spentTimeMills: whole(),
});

/**
 * Decodes the answer to request 309.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeConsumeDirectlyResult(body: BodyInput): ConsumeDirectlyResult {
  return decodeBody(consumeDirectlyResultJson, body);
}

/**
 * Encodes the answer to request 309.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeConsumeDirectlyResult(value: ConsumeDirectlyResult, dialect?: FastDialect): Uint8Array {
  return encodeBody(consumeDirectlyResultJson, value, dialect);
}
