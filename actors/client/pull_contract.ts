/**
 * Contract of the PullMessageService actor: which queues it pulls, what it hands over.
 *
 * Owns: the types of its messages. Never does: anything.
 */

import type { Contract } from "../kernel/contract.ts";
import type { LinkSettings } from "./link_settings.ts";

/** Bounds on what may be cached of one queue; −1 for none. */
export interface PullThresholds {
  /** Messages. */
  readonly count: number;
  /** Bytes. */
  readonly bytes: number;
  /** Difference between largest and smallest cached offset. */
  readonly span: number;
}

/** One queue to pull. */
export interface PullSpec {
  /** Number of this pull; never used again in a process. */
  readonly id: number;
  /** Consumer group, with the namespace. */
  readonly group: string;
  /** Topic, with the namespace. */
  readonly topic: string;
  /** Broker name. */
  readonly brokerName: string;
  /** Queue number. */
  readonly queueId: number;
  /** Where to begin. */
  readonly offset: number;
  /** Stored offset to send along, 0 for none. */
  readonly commitOffset: number;
  /** "TAG" or "SQL92". */
  readonly expressionType: string;
  /** Expression. */
  readonly subString: string;
  /** Version of the subscription. */
  readonly subVersion: number;
  /** Tags to check; empty for all. */
  readonly tagsSet: readonly string[];
  /** Send the expression with each pull. */
  readonly postSubscription: boolean;
  /** Commit offsets along with pulls. */
  readonly commitOnPull: boolean;
  /** PULL_MESSAGE or LITE_PULL_MESSAGE. */
  readonly lite: boolean;
  /** Messages asked for. */
  readonly batchSize: number;
  /** Bytes asked for. */
  readonly batchBytes: number;
  /** Milliseconds between pulls that found something. */
  readonly intervalMs: number;
  /** Milliseconds the broker may hold a pull. */
  readonly suspendMs: number;
  /** Milliseconds until a pull is given up. */
  readonly timeoutMs: number;
  /** Milliseconds until a pull that failed is tried again. */
  readonly exceptionDelayMs: number;
  /** Bounds. */
  readonly thresholds: PullThresholds;
  /** Milliseconds to wait before the first pull. */
  readonly startDelayMs: number;
}

/** How far the caller is with a queue; counts only grow. */
export interface PullProgress {
  /** Number of the pull. */
  readonly id: number;
  /** Messages finished so far. */
  readonly releasedCount: number;
  /** Bytes finished so far, of bodies as handed over. */
  readonly releasedBytes: number;
  /** Smallest offset still cached, −1 for none. */
  readonly minOffset: number;
  /** Offset to send along, 0 for none. */
  readonly commitOffset: number;
}

/** Messages of one pull. */
export interface PulledBatch {
  /** Number of the pull. */
  readonly id: number;
  /** The answer's body. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where the records that passed begin. */
  readonly starts: Int32Array<ArrayBuffer>;
  /** Decompressed bodies by index in `starts`. */
  readonly bodies: readonly (readonly [number, Uint8Array<ArrayBuffer>])[];
  /** Where the next pull begins. */
  readonly nextOffset: number;
  /** First offset the broker keeps. */
  readonly minOffset: number;
  /** Next offset the broker will write. */
  readonly maxOffset: number;
  /** Milliseconds from request to answer. */
  readonly rtMs: number;
}

/** Asks, tells and signals of the pull actor. */
export interface PullContract extends Contract {
  /** Settings of its connections. */
  init: {
    link: LinkSettings;
    /** Memory of the ring for what was found; undefined where the actor has no thread of its own. */
    ring: SharedArrayBuffer | undefined;
  };
  /** Requests. */
  asks: {
    /** Ends pulls and answers when none of them will hand over anything any more. */
    close: { request: { ids: readonly number[] }; reply: null };
    /** How many queues are pulled. */
    count: { request: null; reply: number };
  };
  /** Messages not answered. */
  tells: {
    /** Begins to pull a queue. */
    open: PullSpec;
    /** Progress of consumption. */
    progress: readonly PullProgress[];
    /** New bounds of a queue. */
    thresholds: { id: number; thresholds: PullThresholds };
    /** A queue is not pulled while paused. */
    pause: { ids: readonly number[]; paused: boolean };
    /** Addresses of brokers: name → replica id → address. */
    brokers: readonly (readonly [string, readonly (readonly [number, string])[]])[];
  };
  /** Messages to the owner. */
  signals: {
    /** Found messages: all that was found in one turn. */
    found: readonly PulledBatch[];
    /** Found nothing that passed; the next pull begins at `nextOffset`. */
    empty: { id: number; nextOffset: number; rtMs: number };
    /** The broker has not got this offset; the pull has ended. */
    illegal: { id: number; nextOffset: number };
    /** A pull failed and will be tried again. */
    trouble: { id: number; code: string; responseCode: number; message: string };
    /** Pulls that were tried or put off since the last time. */
    alive: readonly number[];
  };
}
