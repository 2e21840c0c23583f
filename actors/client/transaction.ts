/**
 * Transactions: local work between a half message and its commit or rollback.
 *
 * Owns: the listener's interface and the decision's codes. Never does: IO.
 * Source: apache/rocketmq client/impl/producer/DefaultMQProducerImpl.java sendMessageInTransaction, endTransaction
 */

import type { Message } from "./message.ts";
import type { MessageExt } from "./message_ext.ts";
import type { SendResult } from "./send_result.ts";

/** Decision about a transaction. Source: client/producer/LocalTransactionState.java */
export type LocalTransactionState = "COMMIT_MESSAGE" | "ROLLBACK_MESSAGE" | "UNKNOW";

/** Source: common/sysflag/MessageSysFlag.java TRANSACTION_COMMIT_TYPE, TRANSACTION_ROLLBACK_TYPE, TRANSACTION_NOT_TYPE */
const CODE_OF_STATE: Readonly<Record<LocalTransactionState, number>> = {
  COMMIT_MESSAGE: 8,
  ROLLBACK_MESSAGE: 12,
  UNKNOW: 0,
};

/**
 * @param state decision
 * @returns the number that ends the transaction
 */
export function commitOrRollback(state: LocalTransactionState): number {
  return CODE_OF_STATE[state];
}

/** Decides transactions. */
export interface TransactionListener {
  /**
   * Runs the local work after the half message is stored. What it throws counts as UNKNOW: the broker asks later.
   *
   * @param message the message as sent, with its transaction id
   * @param arg what was given to `sendMessageInTransaction`
   */
  executeLocalTransaction(
    message: Message & { readonly transactionId: string },
    arg: unknown,
  ): LocalTransactionState | Promise<LocalTransactionState>;
  /**
   * Says how a transaction ended whose decision the broker has not got.
   *
   * @param message the half message
   */
  checkLocalTransaction(message: MessageExt): LocalTransactionState | Promise<LocalTransactionState>;
}

/** Result of a transactional send. */
export interface TransactionSendResult extends SendResult {
  /** The decision that was sent to the broker. */
  readonly localTransactionState: LocalTransactionState;
}

/**
 * Log position inside an offset id.
 *
 * @param offsetMsgId 32 or 56 hexadecimal digits
 * @returns the position
 */
export function commitLogOffsetOf(offsetMsgId: string): number {
  return Number.parseInt(offsetMsgId.slice(-16), 16);
}
