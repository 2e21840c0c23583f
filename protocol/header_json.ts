/**
 * The JSON header of a command.
 *
 * Owns what is accepted and what is written. Real clients differ, so the reader takes ext values that are numbers or
 * booleans (`ali-ons`, C++), and a header without `extFields`, `remark`, `language` or `version`. The writer is strict:
 * every ext value is a JSON string, because Go reads a map of strings and C++ ignores everything else.
 *
 * ```
 * {"code":10,"extFields":{"topic":"T"},"flag":0,"language":"JAVA","opaque":1,"remark":"…","serializeTypeCurrentRPC":"JSON","version":493}
 * ```
 *
 * @module
 */
import { type ExtFields, type RemotingCommand, SerializeType } from "./command.ts";
import { HeaderError, ProtocolError } from "./errors.ts";
import { parseFastJson } from "./fast_json_parser.ts";
import { stringifyFastJson } from "./fast_json_writer.ts";
import type { FastInput } from "./fast_value.ts";
import { languageName, languageOfName } from "./language_code.ts";
import { LanguageCode } from "./language_code.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

const NO_BODY = new Uint8Array(0);

/**
 * Decodes a JSON header.
 *
 * @param bytes Bytes that hold the header
 * @param start First byte of the header
 * @param end Byte after the header
 * @returns The command with an empty body
 * @throws {ProtocolError} HEADER_MALFORMED when the text is no object; {HeaderError} when a field is wrong
 */
export function decodeJsonHeader(bytes: Uint8Array, start: number, end: number): RemotingCommand {
  const header = parseHeader(decodeUtf8(bytes, start, end), start);
  return {
    code: intField(header, "code", undefined),
    language: languageField(header["language"]),
    version: intField(header, "version", 0),
    opaque: intField(header, "opaque", 0),
    flag: intField(header, "flag", 0),
    remark: remarkField(header["remark"]),
    ext: extField(header["extFields"]),
    body: NO_BODY,
    serializeType: SerializeType.JSON,
  };
}

/**
 * Encodes a JSON header.
 *
 * @param command The command; its body is left alone
 * @returns UTF-8
 */
export function encodeJsonHeader(command: RemotingCommand): Uint8Array {
  return encodeUtf8(jsonHeaderText(command));
}

/**
 * The text of a JSON header.
 *
 * @param command The command; its body is left alone
 * @returns JSON without line breaks
 */
export function jsonHeaderText(command: RemotingCommand): string {
  const remark = command.remark === undefined ? "" : `,"remark":${JSON.stringify(command.remark)}`;
  const ext = extText(command.ext);
  const extFields = ext === "{}" ? "" : `,"extFields":${ext}`;
  return `{"code":${command.code}${extFields},"flag":${command.flag},` +
    `"language":"${languageName(command.language)}","opaque":${command.opaque}${remark},` +
    `"serializeTypeCurrentRPC":"JSON","version":${command.version}}`;
}

/** A replacer costs a call for each field: it is left out where all values are text, which is the rule. */
function extText(ext: ExtFields): string {
  for (const key in ext) if (typeof ext[key] !== "string") return JSON.stringify(ext, asText);
  return JSON.stringify(ext);
}

/** A number that slipped past the types is still written as a string. */
function asText(key: string, value: unknown): unknown {
  return key === "" || value === undefined || value === null ? value : String(value);
}

type Header = Readonly<Record<string, unknown>>;

function parseHeader(text: string, position: number): Header {
  let header: unknown;
  try {
    header = JSON.parse(text);
    if (hasInexactNumber(header)) header = parseFastJson(text);
  } catch {
    // Strict JSON is the rule; what only fastjson reads is rare and costs a second look, which reports the failure.
    header = parseFastJson(text);
  }
  if (typeof header === "object" && header !== null && !Array.isArray(header)) return header as Header;
  throw new ProtocolError("HEADER_MALFORMED", "Cannot decode header: JSON is not an object", { position });
}

/** Whether `JSON.parse` rounded an ext value that a client wrote as a number. */
function hasInexactNumber(header: unknown): boolean {
  const ext = (header as { extFields?: unknown } | null)?.extFields;
  if (typeof ext !== "object" || ext === null) return false;
  for (const value of Object.values(ext)) {
    if (typeof value === "number" && Number.isInteger(value) && !Number.isSafeInteger(value)) return true;
  }
  return false;
}

function intField(header: Header, field: string, absent: number | undefined): number {
  const value = header[field];
  if (value === undefined || value === null) {
    if (absent !== undefined) return absent;
    throw new HeaderError("FIELD_MISSING", field, `Cannot decode header: field "${field}" is missing`);
  }
  const number = typeof value === "string" && value !== "" ? Number(value) : value;
  if (typeof number === "number" && (number | 0) === number) return number | 0;
  throw new HeaderError("FIELD_MALFORMED", field, `Cannot decode header: field "${field}" is not a 32-bit number`);
}

/** A missing language is Java's default, JAVA; a number is taken as the code. */
function languageField(value: unknown): number {
  if (typeof value === "string") return languageOfName(value);
  return typeof value === "number" && (value | 0) === value ? value : LanguageCode.JAVA;
}

function remarkField(value: unknown): string | undefined {
  if (value === undefined || value === null) return undefined;
  return typeof value === "string" ? value : String(value);
}

function extField(value: unknown): ExtFields {
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value) || value instanceof Map) {
    throw new HeaderError("FIELD_MALFORMED", "extFields", `Cannot decode header: field "extFields" is not an object`);
  }
  const ext = value as Record<string, unknown>;
  for (const key of Object.keys(ext)) {
    const field = ext[key];
    if (typeof field === "string") continue;
    if (field === null) delete ext[key];
    else ext[key] = typeof field === "object" ? stringifyFastJson(field as FastInput) : String(field);
  }
  return ext as ExtFields;
}
