/**
 * What the families of requests share: the state they work on and the forms of an answer.
 *
 * Owns: small constructors of answers. Reads: nothing. Never: tables.
 */

import { ResponseCode } from "../../protocol/response_code.ts";
import type { Clock } from "../../store/clock.ts";
import type { Disk } from "../../store/file/disk.ts";
import type { NameServerReply } from "./contracts.ts";
import type { KvConfig } from "./kv_config.ts";
import type { NameServerConfiguration } from "./name_server_configuration.ts";
import type { RouteTables } from "./route_tables.ts";

/** Everything that requests read and change. */
export interface NameServerState {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly tables: RouteTables;
  readonly kvConfig: KvConfig;
  /** The configuration now. */
  configuration(): NameServerConfiguration;
  /** Takes a new configuration. */
  replaceConfiguration(configuration: NameServerConfiguration): void;
  /** True while the tables may lack what was known before a crash. */
  isRecovering(): boolean;
  /** A broker registered or left. */
  heardOf(cluster: string, address: string): void;
  /** The queue order of a topic is another one now. */
  orderChanged(topic: string): void;
}

/** Reads that come before the tables are whole. Source: apache/rocketmq namesrv ClientRequestProcessor. */
export const NOT_READY: NameServerReply = { code: ResponseCode.SYSTEM_ERROR, remark: "name server not ready" };

/**
 * An answer that says that it is done.
 *
 * @param fields Extension fields and body, where there are any.
 * @returns Code 0.
 */
export function done(fields: Pick<NameServerReply, "ext" | "body"> = {}): NameServerReply {
  return { code: ResponseCode.SUCCESS, ...fields };
}

/**
 * An answer that refuses.
 *
 * @param code Why.
 * @param remark Why, for people.
 * @returns The answer.
 */
export function refuse(code: number, remark: string): NameServerReply {
  return { code, remark };
}
