/**
 * Topics at a name server: headers of GET_ROUTEINFO_BY_TOPIC (105), DELETE_TOPIC_IN_NAMESRV (216), REGISTER_TOPIC_IN_NAMESRV (217)
 * and GET_TOPICS_BY_CLUSTER (224).
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import { type ExtCodec, extCodec, optionalFlag, optionalText, textField } from "../ext_codec.ts";

/** Whose route is asked for. Source: apache/rocketmq remoting/protocol/header/namesrv/GetRouteInfoRequestHeader.java GetRouteInfoRequestHeader. */
export interface GetRouteInfoRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Whether the answer must be standard JSON. */
  readonly acceptStandardJsonOnly?: boolean | undefined;
}

const getRouteInfoRequestHeaderCodec: ExtCodec<GetRouteInfoRequestHeader> = extCodec<GetRouteInfoRequestHeader>({
  topic: textField(),
  acceptStandardJsonOnly: optionalFlag(),
});

/**
 * Decodes a {@linkcode GetRouteInfoRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetRouteInfoRequestHeader(ext: ExtFields): GetRouteInfoRequestHeader {
  return getRouteInfoRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetRouteInfoRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetRouteInfoRequestHeader(header: GetRouteInfoRequestHeader): ExtFields {
  return getRouteInfoRequestHeaderCodec.encode(header);
}

/** Which topic is deleted. Source: apache/rocketmq remoting/protocol/header/namesrv/DeleteTopicFromNamesrvRequestHeader.java DeleteTopicFromNamesrvRequestHeader. */
export interface DeleteTopicInNamesrvRequestHeader {
  /** Topic. */
  readonly topic: string;
  /** Cluster. */
  readonly clusterName?: string | undefined;
}

const deleteTopicInNamesrvRequestHeaderCodec: ExtCodec<DeleteTopicInNamesrvRequestHeader> = extCodec<
  DeleteTopicInNamesrvRequestHeader
>({
  topic: textField(),
  clusterName: optionalText(),
});

/**
 * Decodes a {@linkcode DeleteTopicInNamesrvRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeDeleteTopicInNamesrvRequestHeader(ext: ExtFields): DeleteTopicInNamesrvRequestHeader {
  return deleteTopicInNamesrvRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode DeleteTopicInNamesrvRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeDeleteTopicInNamesrvRequestHeader(header: DeleteTopicInNamesrvRequestHeader): ExtFields {
  return deleteTopicInNamesrvRequestHeaderCodec.encode(header);
}

/** Which topic is registered. Source: apache/rocketmq remoting/protocol/header/namesrv/RegisterTopicRequestHeader.java RegisterTopicRequestHeader. */
export interface RegisterTopicRequestHeader {
  /** Topic. */
  readonly topic: string;
}

const registerTopicRequestHeaderCodec: ExtCodec<RegisterTopicRequestHeader> = extCodec<RegisterTopicRequestHeader>({
  topic: textField(),
});

/**
 * Decodes a {@linkcode RegisterTopicRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeRegisterTopicRequestHeader(ext: ExtFields): RegisterTopicRequestHeader {
  return registerTopicRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode RegisterTopicRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeRegisterTopicRequestHeader(header: RegisterTopicRequestHeader): ExtFields {
  return registerTopicRequestHeaderCodec.encode(header);
}

/** Which cluster. Source: apache/rocketmq remoting/protocol/header/GetTopicsByClusterRequestHeader.java GetTopicsByClusterRequestHeader. */
export interface GetTopicsByClusterRequestHeader {
  /** Cluster. */
  readonly cluster: string;
}

const getTopicsByClusterRequestHeaderCodec: ExtCodec<GetTopicsByClusterRequestHeader> = extCodec<
  GetTopicsByClusterRequestHeader
>({
  cluster: textField(),
});

/**
 * Decodes a {@linkcode GetTopicsByClusterRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeGetTopicsByClusterRequestHeader(ext: ExtFields): GetTopicsByClusterRequestHeader {
  return getTopicsByClusterRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode GetTopicsByClusterRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeGetTopicsByClusterRequestHeader(header: GetTopicsByClusterRequestHeader): ExtFields {
  return getTopicsByClusterRequestHeaderCodec.encode(header);
}
