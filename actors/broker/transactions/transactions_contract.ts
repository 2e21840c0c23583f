/** The contract of TransactionalMessageService. */
import type { EndTransactionRequestHeader } from "../../../protocol/commands/transaction.ts";
import type {
  BrokerControllerContract,
  GatewayPeerContract,
  TopicSubscriberContract,
} from "../broker_controller_contract.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import type { FlushCommitLogContract } from "../flush/flush_contract.ts";
import { defineRole, type Role } from "../../kernel/contract.ts";

/** What TransactionalMessageService needs of END_TRANSACTION. */
export type TransactionEnd = Pick<
  EndTransactionRequestHeader,
  "producerGroup" | "tranStateTableOffset" | "commitLogOffset" | "commitOrRollback" | "fromTransactionCheck"
>;

/** What a producer is told of the end of a transaction. */
export interface EndAnswer {
  readonly code: number;
  readonly remark: string | undefined;
}

/** Work done since the start. */
export interface TransactionCounters {
  readonly committed: number;
  readonly rolledBack: number;
  /** Ends of transactions that were done already. */
  readonly repeated: number;
  readonly checked: number;
  readonly discarded: number;
  readonly rounds: number;
}

/** Contract of the TransactionalMessageService actor. */
export type TransactionsContract = {
  init: BrokerActorInit;
  asks: TopicSubscriberContract["asks"] & {
    /** END_TRANSACTION, some of them; the answers in their order, null where there is nothing to answer. */
    ends: { request: readonly TransactionEnd[]; reply: readonly (EndAnswer | null)[] };
    /** What it did so far. */
    counters: { request: null; reply: TransactionCounters };
  };
  tells: Record<never, never>;
  signals: {
    /** The log failed for good. */
    failed: { text: string };
    log: { level: "info" | "warn" | "error"; text: string };
  };
  peers: {
    "controller": BrokerControllerContract;
    "flush-log": FlushCommitLogContract;
    [gateway: `gateway-${number}`]: GatewayPeerContract;
  };
};

/** The role of TransactionalMessageService. */
export const transactionsRole: Role<TransactionsContract> = defineRole(
  "transactions",
  new URL("./transactions_worker.ts", import.meta.url),
);
