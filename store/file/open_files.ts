/**
 * How many files the process may still open. The system tells only those who may read everything, so it is found by trying.
 *
 * Owns: the files it opens, for as long as a look takes.
 * Never: leaves one open.
 */
import { type Disk, DiskError, type DiskFile } from "./disk.ts";

/** Files that connections and kept files leave to all else: a log file, a table that is written, a directory that is synced. */
export const FILES_OF_OTHERS = 64;

/**
 * Whether {@link FILES_OF_OTHERS} files could be opened now. Takes about half a millisecond.
 *
 * @param path of a file, to open it; one that is not there leaves no answer but yes
 */
export function hasRoom(disk: Disk, path: string): boolean {
  const files: DiskFile[] = [];
  try {
    while (files.length < FILES_OF_OTHERS) files.push(disk.open(path, "read"));
    return true;
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    return error.code !== "TOO_MANY_FILES";
  } finally {
    for (const file of files) file.close();
  }
}
