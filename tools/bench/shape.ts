/**
 * What a shape of load is, and the topics that shapes need.
 *
 * Never: measures.
 */
import { RequestCode } from "../../protocol/request_code.ts";
import type { Contender } from "./contender.ts";
import type { JavaCommand } from "./java_load.ts";
import { RawClient } from "./raw_client.ts";

/** What one measurement gave. */
export interface Sample {
  /** Messages a second; absent when only times count. */
  readonly perSecond?: number;
  readonly p50Us: number;
  readonly p99Us: number;
  /** Requests that failed. */
  readonly failed: number;
  /** How fast the log grew, in MiB/s, where that is compared with the disk. */
  readonly logMiBPerSecond?: number;
}

/** Programs and times that all shapes share. */
export interface Tools {
  /** Path of the compiled load.c. */
  readonly load: string;
  /** How a Java program begins; absent when no shape needs one. */
  readonly java?: JavaCommand;
  /** The same for the program that sends transactions. */
  readonly transactions?: JavaCommand;
  /** Seconds of each measurement. */
  readonly seconds: number;
}

/** One shape. */
export interface Shape {
  /** Short name for the command line. */
  readonly id: string;
  readonly title: string;
  readonly flush: "ASYNC_FLUSH" | "SYNC_FLUSH";
  /** Messages a second compared, or times. */
  readonly compares: "rate" | "times";
  /** RingMQ / Apache that must be reached (for times, Apache / RingMQ), and what is wanted. */
  readonly must: number;
  readonly goal: number;
  readonly needsJava?: boolean;
  /** It fills the log; its processor time is that of sends. */
  readonly sends: boolean;
  /** Topic of which messages are read back. */
  readonly topic: string;
  /** What it needs on a broker, once. */
  prepare?(contender: Contender, tools: Tools): Promise<void>;
  /** One measurement. */
  run(contender: Contender, tools: Tools, round: number): Promise<Sample>;
}

/** Queues of each topic. */
export const QUEUES = 4;

/** Makes topics with {@link QUEUES} queues each. */
export async function createTopics(contender: Contender, names: readonly string[]): Promise<void> {
  using client = await RawClient.connect(contender.brokerPort);
  for (const topic of names) {
    const { code, remark } = await client.ask(RequestCode.UPDATE_AND_CREATE_TOPIC, {
      topic,
      defaultTopic: "TBW102",
      readQueueNums: String(QUEUES),
      writeQueueNums: String(QUEUES),
      perm: "6",
      topicFilterType: "SINGLE_TAG",
      topicSysFlag: "0",
      order: "false",
    });
    if (code !== 0) throw new Error(`${contender.name} does not make ${topic}: ${remark}`);
  }
}
