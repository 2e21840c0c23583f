/**
 * How full the disk of a bench is: brokers on a full one remove their oldest messages, and then refuse sends.
 *
 * Never: frees anything.
 */
import { statfsSync } from "node:fs";

/** Brokers remove their oldest files from 85% on, whatever their age. Source: apache/rocketmq store DefaultMessageStore.CleanCommitLogService */
const ROOM_SHARE_MAX = 0.8;

/** Used share of the disk that a folder lies on, as the brokers count it. */
export function usedShareOfDisk(folder: string): number {
  const { blocks, bfree, bavail } = statfsSync(folder);
  return (blocks - bfree) / (blocks - bfree + bavail);
}

/**
 * Says that a disk has no room for what comes next, before the brokers begin to forget what they were sent.
 *
 * @throws {Error} with what to do
 */
export function checkRoom(folder: string): void {
  const share = usedShareOfDisk(folder);
  if (share <= ROOM_SHARE_MAX) return;
  throw new Error(
    `The disk of ${folder} is full to ${(100 * share).toFixed(0)}%, and brokers remove what is old from 85% on: ` +
      "measure with fewer --seconds or --rounds, in parts (--only with --keep), or with TMPDIR on a larger disk",
  );
}
