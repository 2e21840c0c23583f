/**
 * KV configuration of a name server: headers of PUT_KV_CONFIG (100), GET_KV_CONFIG (101), DELETE_KV_CONFIG (102) and GET_KVLIST_BY_NAMESPACE (219).
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import { type ExtCodec, extCodec, optionalText, textField } from "../ext_codec.ts";

/** Which entry is written. Source: apache/rocketmq remoting/protocol/header/namesrv/PutKVConfigRequestHeader.java PutKVConfigRequestHeader. */
export interface PutKvConfigRequestHeader {
  /** Namespace. */
  readonly namespace: string;
  /** Key. */
  readonly key: string;
  /** Value. */
  readonly value: string;
}

const putKvConfigRequestHeaderCodec: ExtCodec<PutKvConfigRequestHeader> = extCodec<PutKvConfigRequestHeader>({
  namespace: textField(),
  key: textField(),
  value: textField(),
});

/**
 * Decodes a {@linkcode PutKvConfigRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodePutKvConfigRequestHeader(ext: ExtFields): PutKvConfigRequestHeader {
  return putKvConfigRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode PutKvConfigRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodePutKvConfigRequestHeader(header: PutKvConfigRequestHeader): ExtFields {
  return putKvConfigRequestHeaderCodec.encode(header);
}

/** Which entry, in requests 101 and 102. Source: apache/rocketmq remoting/protocol/header/namesrv/GetKVConfigRequestHeader.java GetKVConfigRequestHeader. */
export interface KvConfigRequestHeader {
  /** Namespace. */
  readonly namespace: string;
  /** Key. */
  readonly key: string;
}

const kvConfigRequestHeaderCodec: ExtCodec<KvConfigRequestHeader> = extCodec<KvConfigRequestHeader>({
  namespace: textField(),
  key: textField(),
});

/**
 * Decodes a {@linkcode KvConfigRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeKvConfigRequestHeader(ext: ExtFields): KvConfigRequestHeader {
  return kvConfigRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode KvConfigRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeKvConfigRequestHeader(header: KvConfigRequestHeader): ExtFields {
  return kvConfigRequestHeaderCodec.encode(header);
}

/** Value of an entry. Source: apache/rocketmq remoting/protocol/header/namesrv/GetKVConfigResponseHeader.java GetKVConfigResponseHeader. */
export interface GetKvConfigResponseHeader {
  /** Value. */
  readonly value?: string | undefined;
}

const getKvConfigResponseHeaderCodec: ExtCodec<GetKvConfigResponseHeader> = extCodec<GetKvConfigResponseHeader>({
  value: optionalText(),
});

/**
 * Decodes a {@linkcode GetKvConfigResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetKvConfigResponseHeader(ext: ExtFields): GetKvConfigResponseHeader {
  return getKvConfigResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetKvConfigResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetKvConfigResponseHeader(header: GetKvConfigResponseHeader): ExtFields {
  return getKvConfigResponseHeaderCodec.encode(header);
}

/** Which namespace. Source: apache/rocketmq remoting/protocol/header/namesrv/GetKVListByNamespaceRequestHeader.java GetKVListByNamespaceRequestHeader. */
export interface GetKvListRequestHeader {
  /** Namespace. */
  readonly namespace: string;
}

const getKvListRequestHeaderCodec: ExtCodec<GetKvListRequestHeader> = extCodec<GetKvListRequestHeader>({
  namespace: textField(),
});

/**
 * Decodes a {@linkcode GetKvListRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetKvListRequestHeader(ext: ExtFields): GetKvListRequestHeader {
  return getKvListRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetKvListRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetKvListRequestHeader(header: GetKvListRequestHeader): ExtFields {
  return getKvListRequestHeaderCodec.encode(header);
}
