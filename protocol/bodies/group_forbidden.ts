/**
 * Whether a group may read a topic. Owns the answer to request 353.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, flag, type JsonCodec, optional, text } from "../json_codec.ts";

/** Read permission of a group on a topic. Source: apache/rocketmq remoting/protocol/subscription/GroupForbidden.java GroupForbidden. */
export interface GroupForbidden {
  /** Group. */
  readonly group: string;
  /** Whether it may read. */
  readonly readable?: boolean | undefined;
  /** Topic. */
  readonly topic: string;
}

/** JSON codec of {@linkcode GroupForbidden}. */
export const groupForbiddenJson: JsonCodec<GroupForbidden> = bean<GroupForbidden>({
  group: text(),
  readable: optional(flag()),
  topic: text(),
});

/**
 * Decodes the answer to request 353.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeGroupForbidden(body: BodyInput): GroupForbidden {
  return decodeBody(groupForbiddenJson, body);
}

/**
 * Encodes the answer to request 353.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeGroupForbidden(value: GroupForbidden, dialect?: FastDialect): Uint8Array {
  return encodeBody(groupForbiddenJson, value, dialect);
}
