/** The contract of the ReplicasManager actor. */
import type { LogMemoryBuffers } from "../../../store/memory/log_memory.ts";
import { defineRole, type Role } from "../../kernel/contract.ts";
import type { BrokerValues } from "../broker_configuration.ts";
import type { ReplicaRole, SyncStateWish } from "./replica_role.ts";

/** What ReplicasManager is started with. */
export interface ReplicasManagerInit {
  /** Effective configuration. */
  readonly values: BrokerValues;
  /** Epoch of the last part of the log; 0 when there is none. */
  readonly logEpoch: number;
}

/** How failover stands, in words and figures. */
export interface FailoverState {
  /** `master`, `follower`, or why there is no master. */
  readonly text: string;
  /** Whether etcd answered lately. */
  readonly isEtcdReachable: boolean;
}

/** Contract of the ReplicasManager actor. */
export type ReplicasManagerContract = {
  init: ReplicasManagerInit;
  asks: Record<never, never>;
  tells: {
    /** The broker's actors were started anew: where their log is. */
    started: { readonly log: LogMemoryBuffers; readonly logEpoch: number };
    /** The master wants another sync-state set. */
    syncStateSetWanted: SyncStateWish & { readonly masterEpoch: number };
  };
  signals: {
    /** The broker is to be this from now on. */
    role: ReplicaRole;
    /** The sync-state set of this broker's mastership is another one now. */
    syncStateSet: {
      readonly masterEpoch: number;
      readonly syncStateSet: readonly number[];
      readonly syncStateSetEpoch: number;
    };
    /** How it stands has changed. */
    state: FailoverState;
    log: { level: "info" | "warn" | "error"; text: string };
    /** It cannot go on: this store does not belong to the set, or its files are damaged. */
    failed: { text: string };
  };
};

/** The role of ReplicasManager. */
export const replicasManagerRole: Role<ReplicasManagerContract> = defineRole(
  "replicas-manager",
  new URL("./replicas_manager_worker.ts", import.meta.url),
);
