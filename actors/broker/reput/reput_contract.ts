/** The contract of ReputMessageService. */
import type { WakeSignal } from "../awake.ts";
import type { BrokerControllerContract, ReputPeerContract } from "../broker_controller_contract.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { defineRole, type Role } from "../../kernel/contract.ts";

/** What ReputMessageService wrote since it was asked last. */
export interface ReputDirt {
  /** Files to sync. */
  readonly paths: string[];
  /** Directories that got a file. */
  readonly directories: string[];
  /** Everything below this position of the log is derived in those files. */
  readonly position: number;
  /** Store time of the last record below it, milliseconds since 1970. */
  readonly storeTimestampMs: number;
}

/** Contract of the ReputMessageService actor. */
export type ReputContract = {
  init: BrokerActorInit & {
    /** How often the actor was started, from 1. */
    incarnation: number;
  };
  asks: ReputPeerContract["asks"] & {
    /**
     * Files written since the last call, for FlushConsumeQueueService. `isAll` says that an incarnation before this one wrote files too, which it
     * can tell nobody any more.
     */
    takeDirty: { request: null; reply: ReputDirt & { readonly isAll: boolean } };
    /** What it did so far. */
    counters: {
      request: null;
      reply: {
        position: number;
        units: number;
        keys: number;
        refused: number;
        fromRing: number;
        fromFile: number;
        missed: number;
        /** About how many syncs what `takeDirty` tells of will need. */
        dirtySyncs: number;
      };
    };
  };
  tells: {
    /** The process has as many open files as it may: half of the queues' are closed. */
    giveFilesBack: null;
  };
  signals: WakeSignal & { log: { level: "info" | "warn" | "error"; text: string } };
  peers: { "controller": BrokerControllerContract };
};

/** The role of ReputMessageService. */
export const reputRole: Role<ReputContract> = defineRole("reput", new URL("./reput_worker.ts", import.meta.url));
