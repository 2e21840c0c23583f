/**
 * Moving a data version: the mark by which name servers and slaves see that a table changed.
 *
 * Owns: how the next version follows from the last one.
 * Reads: the wall clock that the caller hands in.
 * Never: the encoding; that is `protocol/data_version.ts`.
 */
import type { DataVersion } from "../protocol/data_version.ts";

export type { DataVersion };

/** Version of a table that was never changed. */
export function firstDataVersion(nowMs: number): DataVersion {
  return { stateVersion: 0, timestamp: nowMs, counter: 0 };
}

/** Version after one change. Source: apache/rocketmq remoting/protocol/DataVersion.java nextVersion */
export function nextDataVersion(version: DataVersion, nowMs: number): DataVersion {
  return { stateVersion: version.stateVersion, timestamp: nowMs, counter: version.counter + 1 };
}

/** Whether two versions are the same. Source: apache/rocketmq remoting/protocol/DataVersion.java equals */
export function sameDataVersion(left: DataVersion, right: DataVersion): boolean {
  return left.stateVersion === right.stateVersion && left.timestamp === right.timestamp &&
    left.counter === right.counter;
}
