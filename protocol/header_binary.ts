/**
 * The ROCKETMQ binary header of a command. Big-endian throughout.
 *
 * ```
 * i16 code │ u8 language │ i16 version │ i32 opaque │ i32 flag
 * i32 remark length │ remark, UTF-8 (length 0: none)
 * i32 ext length    │ { i16 key length │ key │ i32 value length │ value }…
 * ```
 *
 * The code has 16 bits, so POP_MESSAGE (200050) cannot be asked for in this form.
 *
 * Source: apache/rocketmq remoting/protocol/RocketMQSerializable.java rocketMQProtocolEncode.
 *
 * @module
 */
import { type ExtFields, type RemotingCommand, SerializeType } from "./command.ts";
import { ProtocolError } from "./errors.ts";
import { readInt, readShort, writeInt, writeShort } from "./java_number.ts";
import { EXT_KEY_BYTES_MAX } from "./limits.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** Bytes of the fields that are always there. Source: apache/rocketmq remoting/protocol/RocketMQSerializable.java calTotalLen. */
export const BINARY_HEADER_BYTES_MIN = 21;

const NO_BODY = new Uint8Array(0);

/**
 * Decodes a binary header.
 *
 * @param bytes Bytes that hold the header
 * @param start First byte of the header
 * @param end Byte after the header
 * @returns The command with an empty body
 * @throws {ProtocolError} HEADER_MALFORMED when a length does not fit
 */
export function decodeBinaryHeader(bytes: Uint8Array, start: number, end: number): RemotingCommand {
  if (end - start < BINARY_HEADER_BYTES_MIN) throw tooShort("header", start, BINARY_HEADER_BYTES_MIN, end - start);
  const remarkStart = start + 17;
  const remarkEnd = blockEnd("remark", bytes, start + 13, end);
  if (end - remarkEnd < 4) throw tooShort("ext length", remarkEnd, 4, end - remarkEnd);
  const extEnd = blockEnd("ext", bytes, remarkEnd, end);
  return {
    code: readShort(bytes, start),
    language: bytes[start + 2]!,
    version: readShort(bytes, start + 3),
    opaque: readInt(bytes, start + 5),
    flag: readInt(bytes, start + 9),
    remark: remarkEnd === remarkStart ? undefined : decodeUtf8(bytes, remarkStart, remarkEnd),
    ext: decodeExt(bytes, remarkEnd + 4, extEnd),
    body: NO_BODY,
    serializeType: SerializeType.ROCKETMQ,
  };
}

/** End of the block whose i32 length stands at `position`. */
function blockEnd(block: string, bytes: Uint8Array, position: number, end: number): number {
  const length = readInt(bytes, position);
  const have = end - position - 4;
  if (length < 0 || length > have) throw tooShort(block, position, length, have);
  return position + 4 + length;
}

function decodeExt(bytes: Uint8Array, start: number, end: number): ExtFields {
  const ext: ExtFields = {};
  let position = start;
  while (position < end) {
    if (end - position < 2) throw tooShort("ext key length", position, 2, end - position);
    const keyBytes = readShort(bytes, position);
    const have = end - position - 2;
    if (keyBytes < 0 || keyBytes + 4 > have) throw tooShort("ext key", position, keyBytes, have);
    const keyEnd = position + 2 + keyBytes;
    const valueEnd = blockEnd("ext value", bytes, keyEnd, end);
    putField(ext, decodeUtf8(bytes, position + 2, keyEnd), decodeUtf8(bytes, keyEnd + 4, valueEnd));
    position = valueEnd;
  }
  return ext;
}

/** Plain assignment, except that a key such as `__proto__` must become a field and not the prototype. */
function putField(ext: ExtFields, key: string, value: string): void {
  if (key !== "__proto__") ext[key] = value;
  else Object.defineProperty(ext, key, { value, enumerable: true, configurable: true, writable: true });
}

function tooShort(part: string, position: number, need: number, have: number): ProtocolError {
  return new ProtocolError(
    "HEADER_MALFORMED",
    `Cannot decode header: ${part} at ${position} needs ${need} bytes, there are ${have}`,
    { position, need, have },
  );
}

/**
 * Encodes a binary header.
 *
 * @param command The command; its body is left alone
 * @returns The header
 * @throws {ProtocolError} HEADER_MALFORMED when the code does not fit 16 bits or a key is too long
 */
export function encodeBinaryHeader(command: RemotingCommand): Uint8Array {
  if (command.code !== (command.code << 16) >> 16) {
    throw new ProtocolError("HEADER_MALFORMED", `Cannot encode header: code ${command.code} does not fit 16 bits`);
  }
  const remark = encodeUtf8(command.remark ?? "");
  const fields = encodeFields(command.ext);
  const extBytes = fields.reduce((sum, [key, value]) => sum + 6 + key.length + value.length, 0);
  const header = new Uint8Array(BINARY_HEADER_BYTES_MIN + remark.length + extBytes);
  writeShort(header, 0, command.code);
  header[2] = command.language;
  writeShort(header, 3, command.version);
  writeInt(header, 5, command.opaque);
  writeInt(header, 9, command.flag);
  writeInt(header, 13, remark.length);
  header.set(remark, 17);
  let position = 17 + remark.length;
  writeInt(header, position, extBytes);
  position += 4;
  for (const [key, value] of fields) {
    writeShort(header, position, key.length);
    header.set(key, position + 2);
    position += 2 + key.length;
    writeInt(header, position, value.length);
    header.set(value, position + 4);
    position += 4 + value.length;
  }
  return header;
}

function encodeFields(ext: ExtFields): [key: Uint8Array, value: Uint8Array][] {
  return Object.keys(ext).map((name) => {
    const key = encodeUtf8(name);
    if (key.length > EXT_KEY_BYTES_MAX) {
      throw new ProtocolError("HEADER_MALFORMED", "Cannot encode header: ext key is too long", {
        need: key.length,
        have: EXT_KEY_BYTES_MAX,
      });
    }
    return [key, encodeUtf8(ext[name] ?? "")];
  });
}
