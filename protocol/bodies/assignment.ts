/**
 * Assignment of queues by the broker, and whether a group pulls or pops. Owns the bodies of requests 400, 401 and 402.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import { type MessageModel, messageModelJson } from "../heartbeat.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  type JsonCodec,
  list,
  oneOf,
  optional,
  table,
  text,
  whole,
} from "../json_codec.ts";
import { type MessageQueue, messageQueueJson } from "../message_queue.ts";

/** How messages reach a consumer. Source: apache/rocketmq common/message/MessageRequestMode.java MessageRequestMode. */
export type MessageRequestMode = "PULL" | "POP";

const messageRequestModeJson: JsonCodec<MessageRequestMode> = oneOf(["PULL", "POP"], "PULL");

/** Who asks for queues: body of request 400. Source: apache/rocketmq remoting/protocol/body/QueryAssignmentRequestBody.java QueryAssignmentRequestBody. */
export interface QueryAssignmentRequest {
  /** Client id. */
  readonly clientId: string;
  /** Group. */
  readonly consumerGroup: string;
  /** One member or all. */
  readonly messageModel: MessageModel;
  /** Allocation strategy. */
  readonly strategyName: string;
  /** Topic. */
  readonly topic: string;
}

/** JSON codec of {@linkcode QueryAssignmentRequest}. */
export const queryAssignmentRequestJson: JsonCodec<QueryAssignmentRequest> = bean<QueryAssignmentRequest>({
  clientId: text(),
  consumerGroup: text(),
  messageModel: messageModelJson,
  strategyName: text(),
  topic: text(),
});

/**
 * Decodes the body of request 400.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeQueryAssignmentRequest(body: BodyInput): QueryAssignmentRequest {
  return decodeBody(queryAssignmentRequestJson, body);
}

/**
 * Encodes the body of request 400.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeQueryAssignmentRequest(value: QueryAssignmentRequest, dialect?: FastDialect): Uint8Array {
  return encodeBody(queryAssignmentRequestJson, value, dialect);
}

/** An assigned queue. Source: apache/rocketmq common/message/MessageQueueAssignment.java MessageQueueAssignment. */
export interface MessageQueueAssignment {
  /** Further text. */
  readonly attachments?: ReadonlyMap<string, string> | undefined;
  /** The queue; id −1 stands for all queues of a broker. */
  readonly messageQueue: MessageQueue;
  /** Pull or pop. */
  readonly mode: MessageRequestMode;
}

/** JSON codec of {@linkcode MessageQueueAssignment}. */
export const messageQueueAssignmentJson: JsonCodec<MessageQueueAssignment> = bean<MessageQueueAssignment>({
  attachments: optional(table(text())),
  messageQueue: messageQueueJson,
  mode: messageRequestModeJson,
});

/** Assigned queues: answer to request 400. Source: apache/rocketmq remoting/protocol/body/QueryAssignmentResponseBody.java QueryAssignmentResponseBody. */
export interface QueryAssignmentResponse {
  /** The queues. */
  readonly messageQueueAssignments: readonly MessageQueueAssignment[];
}

/** JSON codec of {@linkcode QueryAssignmentResponse}. */
export const queryAssignmentResponseJson: JsonCodec<QueryAssignmentResponse> = bean<QueryAssignmentResponse>({
  messageQueueAssignments: list(messageQueueAssignmentJson),
});

/**
 * Decodes the answer to request 400.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeQueryAssignmentResponse(body: BodyInput): QueryAssignmentResponse {
  return decodeBody(queryAssignmentResponseJson, body);
}

/**
 * Encodes the answer to request 400.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeQueryAssignmentResponse(value: QueryAssignmentResponse, dialect?: FastDialect): Uint8Array {
  return encodeBody(queryAssignmentResponseJson, value, dialect);
}

/** Pull or pop of a group on a topic: body of request 401. Source: apache/rocketmq remoting/protocol/body/SetMessageRequestModeRequestBody.java SetMessageRequestModeRequestBody. */
export interface SetMessageRequestMode {
  /** Group. */
  readonly consumerGroup: string;
  /** Pull or pop. */
  readonly mode: MessageRequestMode;
  /** How many members share a queue; −1 for all. */
  readonly popShareQueueNum: number;
  /** Topic. */
  readonly topic: string;
}

/** JSON codec of {@linkcode SetMessageRequestMode}. */
export const setMessageRequestModeJson: JsonCodec<SetMessageRequestMode> = bean<SetMessageRequestMode>({
  consumerGroup: text(),
  mode: messageRequestModeJson,
  popShareQueueNum: whole(),
  topic: text(),
});

/**
 * Decodes the body of request 401.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeSetMessageRequestMode(body: BodyInput): SetMessageRequestMode {
  return decodeBody(setMessageRequestModeJson, body);
}

/**
 * Encodes the body of request 401.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeSetMessageRequestMode(value: SetMessageRequestMode, dialect?: FastDialect): Uint8Array {
  return encodeBody(setMessageRequestModeJson, value, dialect);
}

/** All modes of a broker: answer to request 402 and `config/messageRequestMode.json`. Source: apache/rocketmq remoting/protocol/body/MessageRequestModeSerializeWrapper.java MessageRequestModeSerializeWrapper. */
export interface MessageRequestModeTable {
  /** Mode by topic and group. */
  readonly messageRequestModeMap: ReadonlyMap<string, ReadonlyMap<string, SetMessageRequestMode>>;
}

/** JSON codec of {@linkcode MessageRequestModeTable}. */
export const messageRequestModeTableJson: JsonCodec<MessageRequestModeTable> = bean<MessageRequestModeTable>({
  messageRequestModeMap: table(table(setMessageRequestModeJson)),
});

/**
 * Decodes the answer to request 402.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeMessageRequestModeTable(body: BodyInput): MessageRequestModeTable {
  return decodeBody(messageRequestModeTableJson, body);
}

/**
 * Encodes the answer to request 402.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeMessageRequestModeTable(value: MessageRequestModeTable, dialect?: FastDialect): Uint8Array {
  return encodeBody(messageRequestModeTableJson, value, dialect);
}
