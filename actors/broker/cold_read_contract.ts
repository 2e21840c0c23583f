/**
 * What others ask of ColdReadService: every read that may wait for the disk.
 *
 * Owns: the message types. Payloads are plain data; bodies are moved, not copied.
 */
import type { RemotingCommand } from "../../protocol/command.ts";
import type { BrokerControllerContract, ColdReadPeerContract } from "./broker_controller_contract.ts";
import type { BrokerActorInit } from "./broker_init.ts";

/** A pull whose messages are not in the ring. */
export interface ColdPull {
  readonly topic: string;
  readonly queueId: number;
  readonly offset: number;
  /** Largest offset of the queue plus one, as the gateway saw it. */
  readonly maxOffset: number;
  readonly maxMsgNums: number;
  readonly maxBytes: number;
  /** Tag hashes that match; null when every message does. */
  readonly codes: readonly number[] | null;
  /** SQL92 expression that must be true of a message; null when there is none. */
  readonly filter: string | null;
}

/** What a cold pull found. */
export interface ColdPullFound {
  /** Name of the store's status. */
  readonly status: "FOUND" | "NO_MATCHED_MESSAGE" | "MESSAGE_WAS_REMOVING" | "OFFSET_FOUND_NULL";
  readonly nextBeginOffset: number;
  readonly messages: number;
  /** Bytes of the commit log from the last message to the end; 0 when there is none. */
  readonly behindBytes: number;
  /** Concatenated records. */
  readonly body: Uint8Array<ArrayBuffer>;
}

/** Contract of the ColdReadService actor. */
export type ColdReadContract = {
  init: BrokerActorInit;
  asks: ColdReadPeerContract["asks"] & {
    /** Reads messages of a queue that the ring no longer holds. */
    pull: { request: ColdPull; reply: ColdPullFound };
    /** Answers QUERY_MESSAGE (12) or VIEW_MESSAGE_BY_ID (33). */
    query: { request: { command: RemotingCommand }; reply: RemotingCommand };
  };
  tells: Record<never, never>;
  signals: { log: { level: "info" | "warn" | "error"; text: string } };
  peers: { "controller": BrokerControllerContract };
};
