/**
 * The desk: which handler answers which request code, and what an answer looks like.
 *
 * Owns: the shape of a handler, and the answers that all of them share.
 * Reads: nothing.
 * Never: knows a request; each family of handlers is a table in a `*_requests.ts` module.
 */
import { createResponse, type ExtFields, type RemotingCommand } from "../../../protocol/command.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { ClientChannel } from "../../../store/client_channel.ts";
import type { ClientChanges } from "./client_changes.ts";
import type { ConfigFiles } from "./config_files.ts";
import type { ConfigurationChanges } from "./configuration_changes.ts";
import type { ConfigSaver } from "./config_saver.ts";
import type { GroupChanges } from "./group_changes.ts";
import type { OffsetChanges } from "./offset_changes.ts";
import type { Outputs } from "./outputs.ts";
import type { ControllerState } from "./state.ts";
import type { TopicChanges } from "./topic_changes.ts";

/** A request with the connection that it came on. */
export interface Call {
  readonly command: RemotingCommand;
  readonly channel: ClientChannel;
  /** "ip:port" of the client. */
  readonly remoteAddress: string;
}

/** Answers one kind of request. What it throws becomes code 1. */
export type Handler = (call: Call) => RemotingCommand | Promise<RemotingCommand>;

/** Handlers by request code. */
export type HandlerTable = Readonly<Record<number, Handler>>;

/** What handlers work with. */
export interface Room {
  readonly state: ControllerState;
  readonly topics: TopicChanges;
  readonly groups: GroupChanges;
  readonly clients: ClientChanges;
  readonly offsets: OffsetChanges;
  readonly configuration: ConfigurationChanges;
  readonly files: ConfigFiles;
  readonly saver: ConfigSaver;
  readonly outputs: Outputs;
}

/** Remark of RocketMQ's answers whose handler sets a code and no remark. Source: recorded answers of 5.4.0 to 17, 18, 222, 223, 321 */
export const UNSET_REMARK = "not set any response code";

/** The answer that everything went well. */
export function accept(call: Call, ext?: ExtFields, body?: Uint8Array): RemotingCommand {
  return createResponse(call.command, ResponseCode.SUCCESS, undefined, ext, body);
}

/** As {@linkcode accept}, with the remark that RocketMQ leaves in such answers. */
export function acceptUnset(call: Call, body?: Uint8Array): RemotingCommand {
  return createResponse(call.command, ResponseCode.SUCCESS, UNSET_REMARK, {}, body);
}

/** The answer that the request is refused. */
export function refuse(call: Call, code: number, remark: string): RemotingCommand {
  return createResponse(call.command, code, remark);
}
