/**
 * Correction offsets. Owns the answer to request 308.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, type JsonCodec, numberTable, whole } from "../json_codec.ts";

/** Offset by queue id. Source: apache/rocketmq remoting/protocol/body/QueryCorrectionOffsetBody.java QueryCorrectionOffsetBody. */
export interface CorrectionOffsetBody {
  /** Offset by queue id. */
  readonly correctionOffsets: ReadonlyMap<number, number>;
}

/** JSON codec of {@linkcode CorrectionOffsetBody}. */
export const correctionOffsetBodyJson: JsonCodec<CorrectionOffsetBody> = bean<CorrectionOffsetBody>({
  correctionOffsets: numberTable(whole()),
});

/**
 * Decodes the answer to request 308.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeCorrectionOffsetBody(body: BodyInput): CorrectionOffsetBody {
  return decodeBody(correctionOffsetBodyJson, body);
}

/**
 * Encodes the answer to request 308.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeCorrectionOffsetBody(value: CorrectionOffsetBody, dialect?: FastDialect): Uint8Array {
  return encodeBody(correctionOffsetBodyJson, value, dialect);
}
