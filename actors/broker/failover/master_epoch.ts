/**
 * A master's epoch in its log.
 *
 * Owns: when it is written down: after recovery, before anything is appended. Reads: the epochs that are there. Never: changes the log.
 */
import { EpochFile } from "../../../store/epoch_table.ts";
import type { Disk } from "../../../store/file/disk.ts";
import type { RecoveryResult } from "../../../store/recovery.ts";
import type { StorePaths } from "../../../store/store_paths.ts";
import type { ReplicaRole } from "./replica_role.ts";

/**
 * Writes down that a new epoch begins at the end of the log. Blocks until the device has it.
 *
 * @throws {StoreError} `FILE_FORMAT` when the log is of this epoch already, or of a later one
 * @throws {DiskError} when the disk refuses
 *
 * Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAService.java changeToMaster
 */
export function beginEpoch(
  disk: Disk,
  paths: Pick<StorePaths, "epochs">,
  role: Pick<ReplicaRole, "masterEpoch">,
  { logMin, logEnd }: Pick<RecoveryResult, "logMin" | "logEnd">,
): void {
  const file = EpochFile.open(disk, paths.epochs);
  file.replace(file.table.asMaster(role.masterEpoch, { first: logMin, end: logEnd }));
}
