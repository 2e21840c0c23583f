/**
 * Hooks: the places where an application may look on or intervene, named as in Java.
 *
 * Owns: the interfaces. Never does: anything itself.
 */

import type { RemotingCommand } from "../../protocol/command.ts";
import type { MessageExt } from "./message_ext.ts";
import type { MessageQueue } from "./message_queue.ts";
import type { PreparedMessage } from "./message.ts";
import type { SendResult } from "./send_result.ts";

/** Sees every request before it is encoded and every answer. */
export interface RPCHook {
  /** May add fields to `request.ext`. */
  doBeforeRequest?(remoteAddr: string, request: RemotingCommand): void;
  /** Sees the answer. */
  doAfterResponse?(remoteAddr: string, request: RemotingCommand, response: RemotingCommand): void;
}

/** What a send hook sees. */
export interface SendMessageContext {
  /** Producer group, with the namespace. */
  readonly producerGroup: string;
  /** The message, or the batch's carrier. */
  readonly message: PreparedMessage;
  /** Messages of a batch; one otherwise. */
  readonly messages: readonly PreparedMessage[];
  /** Chosen queue. */
  readonly mq: MessageQueue;
  /** Address of the broker. */
  readonly brokerAddr: string;
  /** "Normal_Msg", "Trans_Msg_Half", "Delay_Msg" or "Order_Msg". */
  readonly msgType: string;
  /** `ip:port` of this client or its address, as the trace reports it. */
  readonly bornHost: string;
  /** When the send began, in milliseconds since 1970. */
  readonly startMs: number;
  /** Result, once there is one. */
  sendResult?: SendResult;
  /** Failure, once there is one. */
  exception?: unknown;
  /** Free for hooks to pass something from before to after. */
  mqTraceContext?: unknown;
}

/** Looks on sending. */
export interface SendMessageHook {
  /** Name for logs. */
  readonly hookName: string;
  /** Before the request leaves. */
  sendMessageBefore?(context: SendMessageContext): void;
  /** After the answer or failure. */
  sendMessageAfter?(context: SendMessageContext): void;
}

/** May forbid a send by throwing. */
export interface CheckForbiddenHook {
  /** Name for logs. */
  readonly hookName: string;
  /**
   * Looks at a message before it is sent; what it throws forbids the send.
   *
   * @throws {Error} to forbid it
   */
  checkForbidden(context: Omit<SendMessageContext, "sendResult" | "exception" | "mqTraceContext">): void;
}

/** What an end-transaction hook sees. */
export interface EndTransactionContext {
  /** Producer group, with the namespace. */
  readonly producerGroup: string;
  /** Topic of the message. */
  readonly topic: string;
  /** Tag, if any. */
  readonly tags: string | undefined;
  /** Keys, if any. */
  readonly keys: string | undefined;
  /** Unique id of the half message. */
  readonly msgId: string;
  /** Transaction id. */
  readonly transactionId: string;
  /** Address of the broker. */
  readonly brokerAddr: string;
  /** Decision. */
  readonly transactionState: string;
  /** Whether the broker asked for it. */
  readonly fromTransactionCheck: boolean;
}

/** Looks on the end of transactions. */
export interface EndTransactionHook {
  /** Name for logs. */
  readonly hookName: string;
  /** Just before the decision leaves. */
  endTransaction(context: EndTransactionContext): void;
}

/** What a consume hook sees. */
export interface ConsumeMessageContext {
  /** Consumer group, with the namespace. */
  readonly consumerGroup: string;
  /** Messages handed out together. */
  readonly msgList: readonly MessageExt[];
  /** Their queue. */
  readonly mq: MessageQueue;
  /** Whether the listener accepted them, once known. */
  success: boolean;
  /** Status text, once known. */
  status: string;
  /** "SUCCESS", "TIME_OUT", "EXCEPTION", "RETURNNULL" or "FAILED", once known. */
  returnType: string;
  /** Free for hooks to pass something from before to after. */
  mqTraceContext?: unknown;
}

/** Looks on consumption. */
export interface ConsumeMessageHook {
  /** Name for logs. */
  readonly hookName: string;
  /** Before the listener is called. */
  consumeMessageBefore?(context: ConsumeMessageContext): void;
  /** After the listener came back. */
  consumeMessageAfter?(context: ConsumeMessageContext): void;
}

/** Takes messages away between pull and consumption. */
export interface FilterMessageHook {
  /** Name for logs. */
  readonly hookName: string;
  /**
   * Chooses the messages that are handed to the listener.
   *
   * @returns the messages that stay; those taken away count as consumed
   */
  filterMessage(
    context: { readonly consumerGroup: string; readonly mq: MessageQueue; readonly msgList: MessageExt[] },
  ): MessageExt[];
}
