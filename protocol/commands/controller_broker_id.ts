/**
 * Broker ids given by the controller: headers of CONTROLLER_GET_NEXT_BROKER_ID (1012) and CONTROLLER_APPLY_BROKER_ID (1013).
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import { type ExtCodec, extCodec, optionalLong, optionalText } from "../ext_codec.ts";

/** Whose next id. Source: apache/rocketmq remoting/protocol/header/controller/register/GetNextBrokerIdRequestHeader.java GetNextBrokerIdRequestHeader. */
export interface GetNextBrokerIdRequestHeader {
  /** Cluster. */
  readonly clusterName?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const getNextBrokerIdRequestHeaderCodec: ExtCodec<GetNextBrokerIdRequestHeader> = extCodec<
  GetNextBrokerIdRequestHeader
>({
  clusterName: optionalText(),
  brokerName: optionalText(),
});

/**
 * Decodes a {@linkcode GetNextBrokerIdRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetNextBrokerIdRequestHeader(ext: ExtFields): GetNextBrokerIdRequestHeader {
  return getNextBrokerIdRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetNextBrokerIdRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetNextBrokerIdRequestHeader(header: GetNextBrokerIdRequestHeader): ExtFields {
  return getNextBrokerIdRequestHeaderCodec.encode(header);
}

/** The next id. Source: apache/rocketmq remoting/protocol/header/controller/register/GetNextBrokerIdResponseHeader.java GetNextBrokerIdResponseHeader. */
export interface GetNextBrokerIdResponseHeader {
  /** Cluster. */
  readonly clusterName?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
  /** Next free broker id. */
  readonly nextBrokerId?: number | undefined;
}

const getNextBrokerIdResponseHeaderCodec: ExtCodec<GetNextBrokerIdResponseHeader> = extCodec<
  GetNextBrokerIdResponseHeader
>({
  clusterName: optionalText(),
  brokerName: optionalText(),
  nextBrokerId: optionalLong(),
});

/**
 * Decodes a {@linkcode GetNextBrokerIdResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetNextBrokerIdResponseHeader(ext: ExtFields): GetNextBrokerIdResponseHeader {
  return getNextBrokerIdResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetNextBrokerIdResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetNextBrokerIdResponseHeader(header: GetNextBrokerIdResponseHeader): ExtFields {
  return getNextBrokerIdResponseHeaderCodec.encode(header);
}

/** Which id is claimed. Source: apache/rocketmq remoting/protocol/header/controller/register/ApplyBrokerIdRequestHeader.java ApplyBrokerIdRequestHeader. */
export interface ApplyBrokerIdRequestHeader {
  /** Cluster. */
  readonly clusterName?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
  /** Broker id that is claimed. */
  readonly appliedBrokerId?: number | undefined;
  /** Code that a repeated claim is known by. */
  readonly registerCheckCode?: string | undefined;
}

const applyBrokerIdRequestHeaderCodec: ExtCodec<ApplyBrokerIdRequestHeader> = extCodec<ApplyBrokerIdRequestHeader>({
  clusterName: optionalText(),
  brokerName: optionalText(),
  appliedBrokerId: optionalLong(),
  registerCheckCode: optionalText(),
});

/**
 * Decodes a {@linkcode ApplyBrokerIdRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeApplyBrokerIdRequestHeader(ext: ExtFields): ApplyBrokerIdRequestHeader {
  return applyBrokerIdRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ApplyBrokerIdRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeApplyBrokerIdRequestHeader(header: ApplyBrokerIdRequestHeader): ExtFields {
  return applyBrokerIdRequestHeaderCodec.encode(header);
}

/** Whose id was claimed. Source: apache/rocketmq remoting/protocol/header/controller/register/ApplyBrokerIdResponseHeader.java ApplyBrokerIdResponseHeader. */
export interface ApplyBrokerIdResponseHeader {
  /** Cluster. */
  readonly clusterName?: string | undefined;
  /** Broker name. */
  readonly brokerName?: string | undefined;
}

const applyBrokerIdResponseHeaderCodec: ExtCodec<ApplyBrokerIdResponseHeader> = extCodec<ApplyBrokerIdResponseHeader>({
  clusterName: optionalText(),
  brokerName: optionalText(),
});

/**
 * Decodes a {@linkcode ApplyBrokerIdResponseHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeApplyBrokerIdResponseHeader(ext: ExtFields): ApplyBrokerIdResponseHeader {
  return applyBrokerIdResponseHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ApplyBrokerIdResponseHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeApplyBrokerIdResponseHeader(header: ApplyBrokerIdResponseHeader): ExtFields {
  return applyBrokerIdResponseHeaderCodec.encode(header);
}
