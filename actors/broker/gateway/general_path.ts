/**
 * Everything on a gateway that has no short path: decoded by the general decoder, then answered here or by the actor whose business it is.
 *
 * It owns which request goes where. Requests wait for other actors without holding up the connection; how many may wait is bounded for each connection.
 */
import {
  createResponse,
  type ExtFields,
  isOneway,
  isResponse,
  type RemotingCommand,
} from "../../../protocol/command.ts";
import { decodeFrame, encodeFrame } from "../../../protocol/frame.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { ClientCalls } from "./client_calls.ts";
import type { GatewayConnection } from "./connection.ts";
import type { GeneralSend } from "./general_send.ts";
import { type GeneralPath, SendRefusal, type SendRefusalValue } from "./gateway.ts";
import { readPullFields } from "./pull_fields.ts";
import type { ProgressAnswers } from "./progress_answers.ts";
import type { PullService } from "./pull_service.ts";
import type { PullRefusal } from "./pull_request.ts";
import type { RecallMessage } from "./recall_message.ts";
import type { SendBack } from "./send_back.ts";
import type { SendReply } from "./send_reply.ts";
import { REJECTED } from "./slave_refusals.ts";

/** Requests of one connection that wait for other actors at most. */
export const PENDING_MAX = 8192;

/** What the fast port does not serve: requests that may wait. Source: apache/rocketmq broker BrokerController.registerProcessor */
const PULL_CODES: ReadonlySet<number> = new Set([RequestCode.PULL_MESSAGE, RequestCode.LITE_PULL_MESSAGE]);

/** What the general path works with. */
export interface GeneralParts {
  readonly sends: GeneralSend;
  readonly sendBack: SendBack;
  readonly replies: SendReply;
  readonly recalls: RecallMessage;
  readonly pulls: () => PullService;
  readonly calls: ClientCalls;
  /** Asks BrokerController. */
  readonly control: (command: RemotingCommand, connection: GatewayConnection) => Promise<RemotingCommand | null>;
  /** Asks ColdReadService. */
  readonly query: (command: RemotingCommand) => Promise<RemotingCommand>;
  /** Asks TransactionalMessageService; null when nothing is to be answered. */
  readonly endTransaction: (command: RemotingCommand) => Promise<RemotingCommand | null>;
  /** Asks TimerMessageService for its checkpoint or counts. */
  readonly timerState: (command: RemotingCommand) => Promise<RemotingCommand>;
  /** Holds answers back that say how far deliveries are. */
  readonly progress: ProgressAnswers;
  /** Knows or creates a group, for a pull of one that this gateway does not know. */
  readonly ensureGroup: (group: string) => Promise<unknown>;
  readonly markDirty: (connection: GatewayConnection) => void;
  /** On a slave: the answer to requests that only a master takes. */
  readonly rejects: ((command: RemotingCommand) => RemotingCommand | undefined) | undefined;
  /** A connection is gone. */
  readonly channelClosed: (connection: GatewayConnection) => void;
}

/** The general path of a gateway. */
export class GatewayGeneralPath implements GeneralPath {
  readonly #parts: GeneralParts;
  #unmatched = 0;
  #malformed = 0;

  /** @param parts what it works with */
  constructor(parts: GeneralParts) {
    this.#parts = parts;
  }

  /** Answers that nothing waited for, and frames that could not be decoded. */
  get counters(): { readonly unmatched: number; readonly malformed: number } {
    return { unmatched: this.#unmatched, malformed: this.#malformed };
  }

  /** Takes one frame. A frame that cannot be decoded closes its connection, as with Apache. */
  take(connection: GatewayConnection, frame: Uint8Array): void {
    let command: RemotingCommand;
    try {
      command = decodeFrame(frame);
    } catch {
      this.#malformed++;
      connection.close();
      return;
    }
    if (isResponse(command)) {
      if (!this.#parts.calls.answered(connection, command)) this.#unmatched++;
      return;
    }
    if (connection.pending >= PENDING_MAX) {
      this.#answer(
        connection,
        command,
        createResponse(command, ResponseCode.SYSTEM_BUSY, "[OVERLOAD]system busy, start flow control for a while"),
      );
      return;
    }
    if (connection.fast && PULL_CODES.has(command.code)) {
      const remark = ` request type ${command.code} not supported`;
      this.#answer(connection, command, createResponse(command, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark));
      return;
    }
    connection.pending++;
    this.#handle(connection, command).then((answer) => {
      connection.pending--;
      if (answer !== null && answer !== undefined) this.#answer(connection, command, answer);
    }, (error) => {
      connection.pending--;
      this.#answer(connection, command, createResponse(command, ResponseCode.SYSTEM_ERROR, describe(error)));
    });
  }

  /** Refuses a send. */
  refuseSend(connection: GatewayConnection, opaque: number, reason: SendRefusalValue): void {
    if (reason === SendRefusal.Follower) return this.refuse(connection, opaque, REJECTED);
    const refusal = reason === SendRefusal.Busy
      ? { code: ResponseCode.SYSTEM_BUSY, remark: "[PC_SYNCHRONIZED]broker busy, start flow control for a while" }
      : {
        code: ResponseCode.SERVICE_NOT_AVAILABLE,
        remark:
          "service not available now. It may be caused by one of the following reasons: the broker's disk is full, messages are put to the slave, message store has been shut down, etc.",
      };
    this.refuse(connection, opaque, { refused: true, ...refusal });
  }

  /** Answers with a code and a remark. */
  refuse(connection: GatewayConnection, opaque: number, refusal: PullRefusal): void {
    const ext: ExtFields = refusal.forbiddenType === undefined ? {} : { forbiddenType: String(refusal.forbiddenType) };
    connection.push(encodeFrame({ ...createResponse(EMPTY, refusal.code, refusal.remark, ext), opaque }));
    this.#parts.markDirty(connection);
  }

  /** A connection is gone. */
  closed(connection: GatewayConnection): void {
    this.#parts.calls.closed(connection);
    this.#parts.channelClosed(connection);
  }

  async #handle(connection: GatewayConnection, command: RemotingCommand): Promise<RemotingCommand | null | undefined> {
    const rejected = this.#parts.rejects?.(command);
    if (rejected !== undefined) return rejected;
    switch (command.code) {
      case RequestCode.SEND_MESSAGE:
      case RequestCode.SEND_MESSAGE_V2:
      case RequestCode.SEND_BATCH_MESSAGE:
        return await this.#parts.sends.take(connection, command);
      case RequestCode.SEND_REPLY_MESSAGE:
      case RequestCode.SEND_REPLY_MESSAGE_V2:
        return await this.#parts.replies.take(connection, command);
      case RequestCode.CONSUMER_SEND_MSG_BACK:
        return await this.#parts.sendBack.take(connection, command);
      case RequestCode.RECALL_MESSAGE:
        return this.#parts.recalls.take(connection, command);
      case RequestCode.GET_ALL_CONSUMER_OFFSET:
      case RequestCode.GET_ALL_DELAY_OFFSET:
        return await this.#parts.progress.of(command, this.#parts.control(command, connection));
      case RequestCode.GET_TIMER_CHECK_POINT:
        return await this.#parts.progress.of(command, this.#parts.timerState(command));
      case RequestCode.GET_TIMER_METRICS:
        return await this.#parts.timerState(command);
      case RequestCode.PULL_MESSAGE:
      case RequestCode.LITE_PULL_MESSAGE:
        return await this.#pull(connection, command);
      case RequestCode.QUERY_MESSAGE:
      case RequestCode.VIEW_MESSAGE_BY_ID:
        return await this.#parts.query(command);
      case RequestCode.END_TRANSACTION:
        return await this.#parts.endTransaction(command);
      default:
        return await this.#parts.control(command, connection);
    }
  }

  async #pull(connection: GatewayConnection, command: RemotingCommand): Promise<undefined> {
    const fields = readPullFields(command);
    await this.#parts.ensureGroup(fields.groupName);
    this.#parts.pulls().takeFields(connection, command.opaque, fields, Number(command.ext.commitOffset ?? 0));
    return undefined;
  }

  #answer(connection: GatewayConnection, command: RemotingCommand, answer: RemotingCommand): void {
    if (isOneway(command) || connection.closed) return;
    connection.push(encodeFrame(answer.opaque === command.opaque ? answer : { ...answer, opaque: command.opaque }));
    this.#parts.markDirty(connection);
  }
}

function describe(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}

const EMPTY: RemotingCommand = {
  code: 0,
  language: 0,
  version: 0,
  opaque: 0,
  flag: 0,
  remark: undefined,
  ext: {},
  body: new Uint8Array(0),
  serializeType: 0,
};
