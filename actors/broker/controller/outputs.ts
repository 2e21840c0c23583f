/**
 * What BrokerController needs of the rest of the broker, as functions.
 *
 * Owns: the interface between the state of the control plane and the actors around it.
 * Reads: nothing.
 * Never: an actor reference. `peer_outputs.ts` makes these functions from the peers; tests make them by hand.
 */
import type { RemotingCommand } from "../../../protocol/command.ts";
import type { ClientChannel } from "../../../store/client_channel.ts";
import type { DiskUse, QueueUnit } from "../broker_controller_contract.ts";
import type { MasterReport, SlaveReport } from "../ha/ha_contract.ts";
import type { SubscriberLink } from "./subscribers.ts";

/** How long the controller waits for a read of the cold-read service, milliseconds. */
export const COLD_READ_TIMEOUT_MS = 10_000;

/** How long the controller waits for a subscriber to apply an update, milliseconds. */
export const PUBLISH_TIMEOUT_MS = 5_000;

/** One queue offset of one queue. */
export interface QueuePoint {
  readonly topic: string;
  readonly queueId: number;
  readonly offset: number;
}

/** The cold-read service. */
export interface ColdReads {
  /** Queue offset for a store time. */
  offsetByTime(
    request: { topic: string; queueId: number; timestamp: number; boundary: "lower" | "upper" },
  ): Promise<number>;
  /** Store time at each point, milliseconds; −1 where there is no record. */
  storeTimes(points: readonly QueuePoint[]): Promise<readonly number[]>;
  /** The record at a commit-log position. */
  readMessage(position: number): Promise<Uint8Array | null>;
  /** Units of a consume queue. */
  queueUnits(
    request: { topic: string; queueId: number; index: number; count: number },
  ): Promise<{ units: readonly QueueUnit[]; minOffset: number; maxOffset: number }>;
}

/** Whoever deletes files and looks after the disk. */
export interface Housekeeping {
  cleanExpiredConsumeQueues(): Promise<void>;
  cleanUnusedTopics(keep: readonly string[]): Promise<void>;
  deleteExpiredCommitLog(): Promise<void>;
  /** How full the disks are; undefined when nobody can say. */
  diskUse(): Promise<DiskUse | undefined>;
}

/** What the schedule service knows of delay levels. */
export interface DelayOffsets {
  /** Text of delayOffset.json. */
  readonly text: string;
  readonly levels: readonly { level: number; delivered: number }[];
}

/** Who knows how replication stands. */
export interface ReplicationReports {
  /** The slaves that are connected, and where the log ends; undefined when no slave has ever come. */
  slaves(): Promise<{ readonly slaves: readonly SlaveReport[]; readonly end: number } | undefined>;
  /** How this slave stands with its master; undefined when it is none. */
  master(): Promise<MasterReport | undefined>;
}

/** The world around the control plane. */
export interface Outputs {
  readonly coldReads: ColdReads;
  readonly housekeeping: Housekeeping;
  readonly replication: ReplicationReports;
  /** Removes the queues of topics that nobody appends to any more. */
  deleteQueues(topics: readonly string[]): Promise<void>;
  /** Sends a one-way request to a client. */
  push(channel: ClientChannel, command: RemotingCommand): void;
  /** Sends a request to a client and waits. @throws when the channel is gone or the time is over */
  callClient(channel: ClientChannel, command: RemotingCommand, timeoutMs: number): Promise<RemotingCommand>;
  /** Closes a client's connection. */
  closeChannel(channel: ClientChannel): void;
  /** Has every gateway but one tell the offset commits that it holds. */
  flushOffsets(exceptGateway: number): Promise<void>;
  /** Brings everything that is written of the log to the device. @returns false when it is not there now */
  syncLog(): Promise<boolean>;
  /** Delay offsets of the schedule service. */
  delayOffsets(): Promise<DelayOffsets>;
  /** The way to a subscriber by its peer name. */
  subscriberLink(name: string): SubscriberLink;
  /** Writes a line to the broker's log. */
  log(level: "info" | "warn" | "error", text: string): void;
}
