/**
 * The body of SEND_BATCH_MESSAGE: messages one behind the other, all of the topic that the header names. Big-endian.
 *
 * ```
 * i32 total size │ i32 magic 0 │ i32 body CRC 0 │ i32 user flag │ i32 body length │ body │ i16 properties length │ properties
 * ```
 *
 * Source: apache/rocketmq common/message/MessageDecoder.java encodeMessage, decodeMessage.
 *
 * @module
 */
import { ProtocolError } from "./errors.ts";
import { readInt, readShort, writeInt, writeShort } from "./java_number.ts";
import { PROPERTIES_BYTES_MAX } from "./limits.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** Bytes of an item without body and properties. Source: apache/rocketmq common/message/MessageDecoder.java encodeMessage. */
export const BATCH_ITEM_BYTES_MIN = 22;

const BODY_LENGTH_OFFSET = 16;

/** One message of a batch. */
export interface BatchItem {
  /** User flag. */
  readonly flag: number;
  /** Body; after decoding a view of the batch. */
  readonly body: Uint8Array;
  /** Properties string. */
  readonly properties: string;
}

/**
 * Decodes a batch.
 *
 * @param bytes The body of the request
 * @returns The messages
 * @throws {ProtocolError} BODY_MALFORMED when a length does not fit
 */
export function decodeBatchBody(bytes: Uint8Array): BatchItem[] {
  const items: BatchItem[] = [];
  for (let position = 0; position < bytes.length;) {
    const totalSize = bytes.length - position < BATCH_ITEM_BYTES_MIN ? BATCH_ITEM_BYTES_MIN : readInt(bytes, position);
    checkRoom("item", position, totalSize, bytes.length - position, BATCH_ITEM_BYTES_MIN);
    items.push(decodeItem(bytes, position, position + totalSize));
    position += totalSize;
  }
  return items;
}

function decodeItem(bytes: Uint8Array, start: number, end: number): BatchItem {
  const bodyStart = start + BODY_LENGTH_OFFSET + 4;
  const bodyBytes = readInt(bytes, bodyStart - 4);
  checkRoom("body", bodyStart, bodyBytes, end - bodyStart - 2);
  const propertiesStart = bodyStart + bodyBytes + 2;
  const propertiesBytes = readShort(bytes, propertiesStart - 2);
  checkRoom("properties", propertiesStart, propertiesBytes, end - propertiesStart);
  if (propertiesStart + propertiesBytes !== end) {
    throw doesNotFit("item content", start, propertiesStart + propertiesBytes - start, end - start);
  }
  return {
    flag: readInt(bytes, start + 12),
    body: bytes.subarray(bodyStart, bodyStart + bodyBytes),
    properties: decodeUtf8(bytes, propertiesStart, end),
  };
}

function checkRoom(part: string, position: number, need: number, have: number, least = 0): void {
  if (need < least || need > have) throw doesNotFit(part, position, need, have);
}

function doesNotFit(part: string, position: number, need: number, have: number): ProtocolError {
  return new ProtocolError(
    "BODY_MALFORMED",
    `Cannot decode batch: ${part} at ${position} needs ${need} bytes, there are ${have}`,
    { position, need, have },
  );
}

/**
 * Encodes a batch.
 *
 * @param items The messages
 * @returns Fresh bytes
 * @throws {ProtocolError} BODY_MALFORMED when properties are too long
 */
export function encodeBatchBody(items: readonly BatchItem[]): Uint8Array {
  const properties = items.map((item) => encodeUtf8(item.properties));
  const sizes = items.map((item, index) => BATCH_ITEM_BYTES_MIN + item.body.length + (properties[index]?.length ?? 0));
  const bytes = new Uint8Array(sizes.reduce((sum, size) => sum + size, 0));
  let position = 0;
  for (const [index, item] of items.entries()) {
    const text = properties[index]!;
    if (text.length > PROPERTIES_BYTES_MAX) {
      throw new ProtocolError("BODY_MALFORMED", `Cannot encode batch: properties have ${text.length} bytes`, {
        need: text.length,
        have: PROPERTIES_BYTES_MAX,
      });
    }
    writeInt(bytes, position, sizes[index]!);
    writeInt(bytes, position + 12, item.flag);
    writeInt(bytes, position + BODY_LENGTH_OFFSET, item.body.length);
    const bodyStart = position + BODY_LENGTH_OFFSET + 4;
    bytes.set(item.body, bodyStart);
    writeShort(bytes, bodyStart + item.body.length, text.length);
    bytes.set(text, bodyStart + item.body.length + 2);
    position += sizes[index]!;
  }
  return bytes;
}
