/**
 * A remoting command: one request or response, header and body, as plain data.
 *
 * Owns the shape and the flag bits. A command crosses workers by structured clone, so it has no methods.
 * This module never encodes; `frame.ts` does.
 *
 * @module
 */
import { LanguageCode } from "./language_code.ts";

/** Custom header fields by name. All values are text, as Java's `String.valueOf` writes them. */
export type ExtFields = Record<string, string>;

/** How a header is written: 0 JSON, 1 ROCKETMQ binary. Source: apache/rocketmq remoting/protocol/SerializeType.java SerializeType. */
export const SerializeType = {
  /** fastjson text. */
  JSON: 0,
  /** RocketMQ's binary header. */
  ROCKETMQ: 1,
} as const;

/** One of the numbers of {@linkcode SerializeType}. */
export type SerializeType = typeof SerializeType[keyof typeof SerializeType];

/** Bits of a command's flag. Source: apache/rocketmq remoting/protocol/RemotingCommand.java RPC_TYPE, RPC_ONEWAY. */
export const CommandFlag = {
  /** The command answers one with the same opaque. */
  RESPONSE: 0x1,
  /** Nobody answers the command, not even with an error. */
  ONEWAY: 0x2,
} as const;

/** The version this project reports: ordinal of V5_4_0. Source: apache/rocketmq common/MQVersion.java Version. */
export const RINGMQ_VERSION = 493;

/** One request or response. */
export interface RemotingCommand {
  /** Request code, or response code when the response bit is set. */
  code: number;
  /** Language code of the sender. */
  language: number;
  /** Version ordinal of the sender. */
  version: number;
  /** Correlation number, unique among the requests that one end has outstanding on a connection. */
  opaque: number;
  /** {@linkcode CommandFlag} bits. */
  flag: number;
  /** Error text of a response. */
  remark: string | undefined;
  /** Custom header fields. */
  ext: ExtFields;
  /** Body; empty when there is none. After decoding it may be a view of the chunk that was read. */
  body: Uint8Array;
  /** How the header was, or is to be, written. */
  serializeType: SerializeType;
}

const NO_BODY = new Uint8Array(0);

/**
 * Builds a request. The session that sends it assigns the opaque.
 *
 * @param code Request code
 * @param ext Custom header fields
 * @param body Body
 * @returns The request, opaque 0
 */
export function createRequest(code: number, ext: ExtFields = {}, body: Uint8Array = NO_BODY): RemotingCommand {
  return {
    code,
    language: LanguageCode.JAVA,
    version: RINGMQ_VERSION,
    opaque: 0,
    flag: 0,
    remark: undefined,
    ext,
    body,
    serializeType: SerializeType.JSON,
  };
}

/**
 * Builds the response to a request. The header is JSON whatever the request used, because not all clients read the
 * other form and all read this one.
 *
 * @param to The request
 * @param code Response code
 * @param remark Error text
 * @param ext Custom header fields
 * @param body Body
 * @returns The response, with the opaque of the request
 */
export function createResponse(
  to: RemotingCommand,
  code: number,
  remark?: string,
  ext: ExtFields = {},
  body: Uint8Array = NO_BODY,
): RemotingCommand {
  return {
    code,
    language: LanguageCode.JAVA,
    version: RINGMQ_VERSION,
    opaque: to.opaque,
    flag: CommandFlag.RESPONSE,
    remark,
    ext,
    body,
    serializeType: SerializeType.JSON,
  };
}

/**
 * Tells responses from requests.
 *
 * @param command The command
 * @returns Whether the response bit is set
 */
export function isResponse(command: RemotingCommand): boolean {
  return (command.flag & CommandFlag.RESPONSE) !== 0;
}

/**
 * Tells requests that nobody answers.
 *
 * @param command The command
 * @returns Whether the one-way bit is set
 */
export function isOneway(command: RemotingCommand): boolean {
  return (command.flag & CommandFlag.ONEWAY) !== 0;
}

/**
 * Sets the one-way bit.
 *
 * @param command A request; it is changed
 * @returns The same object
 */
export function markOneway(command: RemotingCommand): RemotingCommand {
  command.flag |= CommandFlag.ONEWAY;
  return command;
}
