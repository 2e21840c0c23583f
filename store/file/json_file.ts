/**
 * Configuration files: text that is replaced as a whole, with the text before it kept beside as `.bak`.
 *
 * Owns: the order of writing, so that at every moment one of the two is whole.
 * Reads: the file, or its `.bak` when the file is missing or not readable.
 * Never: knows what the text means; unknown fields are kept by who encodes it.
 *
 * Order of RocketMQ 5: the present text goes to `.bak` and is synced, then the file is overwritten and synced. The first text goes to a file
 * of another name, which is then renamed.
 * Source: apache/rocketmq common MixAll string2File, ConfigManager load
 */
import { freeBytes } from "../../protocol/free_bytes.ts";
import { directoryOf, type Disk } from "./disk.ts";

/** Suffix of the text before. Source: apache/rocketmq common MixAll string2File */
export const BACKUP_SUFFIX = ".bak";

const DRAFT_SUFFIX = ".new";

/**
 * Replaces the text of a file. Blocks until it is on the device.
 *
 * @throws {DiskError} when the disk refuses; the text before is then in the file or in its `.bak`
 */
export function writeTextFile(disk: Disk, path: string, text: string): void {
  const directory = directoryOf(path);
  disk.makeDirectory(directory);
  const backup = `${path}${BACKUP_SUFFIX}`;
  const bytes = new TextEncoder().encode(text);
  if (!disk.exists(path)) {
    // There is no text before to fall back to: the name appears when the text is whole.
    disk.writeFile(`${path}${DRAFT_SUFFIX}`, bytes);
    disk.rename(`${path}${DRAFT_SUFFIX}`, path);
    disk.syncDirectory(directory);
    freeBytes(bytes);
    return;
  }
  const isNew = !disk.exists(backup);
  const before = disk.readFile(path);
  if (before.length > 0) disk.writeFile(backup, before);
  if (isNew) disk.syncDirectory(directory);
  disk.writeFile(path, bytes);
  freeBytes(before);
  freeBytes(bytes);
}

/**
 * As {@link writeTextFile}, but the thread goes on while the device works. Two of these on one file must not overlap.
 *
 * @throws {DiskError} as a rejection, when the disk refuses
 */
export async function writeTextFileLater(disk: Disk, path: string, text: string): Promise<void> {
  if (!disk.exists(path) || !disk.exists(`${path}${BACKUP_SUFFIX}`)) return writeTextFile(disk, path, text);
  const before = disk.readFile(path);
  if (before.length > 0) await overwriteLater(disk, `${path}${BACKUP_SUFFIX}`, before);
  await overwriteLater(disk, path, new TextEncoder().encode(text));
}

async function overwriteLater(disk: Disk, path: string, bytes: Uint8Array): Promise<void> {
  const file = disk.open(path, "create");
  try {
    file.write(bytes, 0, bytes.length, 0);
    file.truncate(bytes.length);
  } finally {
    file.close();
  }
  freeBytes(bytes);
  await disk.syncLater(path);
}

/** Where a text came from. */
export interface ReadText<T> {
  /** What the text says. */
  readonly value: T;
  /** True when the file could not be used and its `.bak` was. */
  readonly isBackup: boolean;
}

/**
 * Reads a file, or its `.bak` when the file is missing, empty, or refused by `decode`.
 *
 * @param decode turns text into what it says; throws when it cannot
 * @returns undefined when neither file is there
 * @throws the error of `decode` on the file when the `.bak` is no better
 */
export function readTextFile<T>(disk: Disk, path: string, decode: (text: string) => T): ReadText<T> | undefined {
  const attempt = (from: string): { readonly value: T } | { readonly error: unknown } | undefined => {
    if (!disk.exists(from)) return undefined;
    const text = new TextDecoder().decode(disk.readFile(from));
    if (text.trim() === "") return undefined;
    try {
      return { value: decode(text) };
    } catch (error) {
      return { error };
    }
  };
  const file = attempt(path);
  if (file !== undefined && "value" in file) return { value: file.value, isBackup: false };
  const backup = attempt(`${path}${BACKUP_SUFFIX}`);
  if (backup !== undefined && "value" in backup) return { value: backup.value, isBackup: true };
  const failed = file ?? backup;
  if (failed !== undefined) throw failed.error;
  return undefined;
}
