/**
 * Errors of the protocol room.
 *
 * Owns the closed list of codes that decoders and encoders refuse with. All of them mean that the bytes, or the value
 * given, break a rule of the protocol: doing the same again fails the same way, so `retryable` is always false.
 * This module never maps a code to a response code; the roles do.
 *
 * @module
 */

/**
 * Why bytes or a value were refused.
 *
 * - `FRAME_LENGTH`: the length word of a frame is too small, negative or above the bound.
 * - `FRAME_HEADER_LENGTH`: the header does not fit into its frame.
 * - `FRAME_SERIALIZE_TYPE`: the type byte is neither 0 (JSON) nor 1 (ROCKETMQ).
 * - `HEADER_MALFORMED`: the header does not parse, or cannot be written.
 * - `FIELD_MISSING`, `FIELD_MALFORMED`: one field of a header or body is absent or has a value of the wrong kind.
 * - `JSON_MALFORMED`, `JSON_TOO_DEEP`: text is not fastjson's dialect, or is nested beyond the bound.
 * - `BODY_MALFORMED`: a binary body breaks its layout.
 * - `RECORD_MALFORMED`, `RECORD_MAGIC`: a stored record breaks its layout, or does not start like one.
 * - `MESSAGE_ID_MALFORMED`, `HOST_MALFORMED`: text is no message id, no host.
 */
export type ProtocolErrorCode =
  | "FRAME_LENGTH"
  | "FRAME_HEADER_LENGTH"
  | "FRAME_SERIALIZE_TYPE"
  | "HEADER_MALFORMED"
  | "FIELD_MISSING"
  | "FIELD_MALFORMED"
  | "JSON_MALFORMED"
  | "JSON_TOO_DEEP"
  | "BODY_MALFORMED"
  | "RECORD_MALFORMED"
  | "RECORD_MAGIC"
  | "MESSAGE_ID_MALFORMED"
  | "HOST_MALFORMED";

/** Where and by how much a rule was broken; what does not apply is left out. */
export interface ProtocolErrorDetail {
  /** Offset of the offending byte or character, counted from the start of what was given to the decoder. */
  readonly position?: number;
  /** How much the rule asks for, in bytes. */
  readonly need?: number;
  /** How much there is, in bytes. */
  readonly have?: number;
  /** The error underneath. */
  readonly cause?: unknown;
}

/** Bytes or a value break a rule of the protocol. */
export class ProtocolError extends Error {
  /** Stable reason. */
  readonly code: ProtocolErrorCode;
  /** Always false: the same input fails the same way. */
  readonly retryable = false;
  /** Offset of the offending byte or character, when there is one. */
  readonly position: number | undefined;
  /** How many bytes the rule asks for, when that is the matter. */
  readonly need: number | undefined;
  /** How many bytes there are, when that is the matter. */
  readonly have: number | undefined;

  /**
   * Names the broken rule.
   *
   * @param code Stable reason
   * @param message One sentence: action, then state
   * @param detail Position and sizes
   */
  constructor(code: ProtocolErrorCode, message: string, detail: ProtocolErrorDetail = {}) {
    super(message, detail.cause === undefined ? undefined : { cause: detail.cause });
    this.name = "ProtocolError";
    this.code = code;
    this.position = detail.position;
    this.need = detail.need;
    this.have = detail.have;
  }
}

/** One field of a header or of a JSON body is missing or has a value of the wrong kind. */
export class HeaderError extends ProtocolError {
  /** Name of the field as it is written on the wire, with its path inside a body. */
  readonly field: string;

  /**
   * Names the field.
   *
   * @param code `FIELD_MISSING` or `FIELD_MALFORMED`
   * @param field Name on the wire
   * @param message One sentence: action, then state
   */
  constructor(code: "FIELD_MISSING" | "FIELD_MALFORMED", field: string, message: string) {
    super(code, message);
    this.name = "HeaderError";
    this.field = field;
  }
}
