/**
 * One segment: a file of a fixed size whose name is the position of its first byte.
 *
 * Owns: the name rule, the size rule and the making of a segment.
 * Reads: the disk it is given.
 * Never: shrinks a file, so that two threads may make the same segment at once.
 *
 * Name: 20 decimal digits with leading zeros. Size: always the configured one; what is not written yet reads as zeros.
 * Source: apache/rocketmq store/src/main/java/org/apache/rocketmq/store/MappedFileQueue.java doLoad
 */
import { StoreError } from "../errors.ts";
import { directoryOf, type Disk, DiskError } from "./disk.ts";

const NAME_DIGITS = 20;

/** One segment as found on the disk or made. */
export interface SegmentFile {
  /** Position of the first byte, a multiple of the size. */
  readonly start: number;
  /** Where the file is. */
  readonly path: string;
  /** Bytes of the device that it took when it was found; undefined when that is not known. */
  readonly allocatedBytes?: number | undefined;
}

/** The file name of the segment that starts at a position. */
export function segmentName(start: number): string {
  if (!Number.isSafeInteger(start) || start < 0) throw new RangeError(`Cannot name a segment: start is ${start}`);
  return String(start).padStart(NAME_DIGITS, "0");
}

/** The start position that a file name says, or undefined when it is not a number. */
export function parseSegmentName(name: string): number | undefined {
  if (!/^\d+$/.test(name)) return undefined;
  const start = Number(name);
  return Number.isSafeInteger(start) ? start : undefined;
}

/** The path of the segment that starts at a position. */
export function segmentPath(directory: string, start: number): string {
  return `${directory}/${segmentName(start)}`;
}

/**
 * Makes a segment at its full size, sparse. Nothing changes when it is there already.
 *
 * @param syncNames true to sync file and directory, so that name and size survive a crash of the machine
 * @returns true when the file was not there or was empty
 * @throws {DiskError} when the disk refuses
 */
export function createSegment(disk: Disk, path: string, fileBytes: number, syncNames = true): boolean {
  const file = disk.open(path, "create");
  let isNew: boolean;
  try {
    isNew = file.bytes() < fileBytes;
    if (isNew) file.truncate(fileBytes);
    if (isNew && syncNames) file.syncData();
  } finally {
    file.close();
  }
  if (isNew && syncNames) disk.syncDirectory(directoryOf(path));
  return isNew;
}

/** What is done about a last file that is not whole. */
export interface LastFileRule {
  /** True at recovery, when this is the only thread: an empty one is removed. */
  readonly removeEmpty?: boolean;
  /** True where a cut leaves a file short for a moment: a short one gets its size back. */
  readonly extendShort?: boolean;
}

/**
 * The segments of a directory in order. An empty last file is a segment whose making was cut short, or is under way in
 * another thread: it is left out, and removed when the caller says that nobody else works here. A directory that is not there has none.
 *
 * @param fileBytes the size that every segment must have
 * @param rule what is done about a last file that is not whole
 * @throws {StoreError} `SEGMENT_NAME` on a name that is not a number, `SEGMENT_SIZE` on any other size, `SEGMENT_GAP`
 * when a segment is missing or does not start at a multiple of the size
 * @returns undefined when there is no such directory
 */
export function loadSegments(
  disk: Disk,
  directory: string,
  fileBytes: number,
  rule: LastFileRule = {},
): SegmentFile[] | undefined {
  const segments: SegmentFile[] = [];
  const names = namesIn(disk, directory);
  if (names === undefined) return undefined;
  for (const [index, name] of names.entries()) {
    const path = `${directory}/${name}`;
    let stat = disk.stat(path);
    if (stat === undefined || stat.isDirectory) continue;
    const isLast = index === names.length - 1;
    if (stat.bytes === 0 && isLast) {
      if (rule.removeEmpty === true) disk.remove(path);
      continue;
    }
    if (isLast && rule.extendShort === true && stat.bytes < fileBytes) {
      createSegment(disk, path, fileBytes, false);
      stat = { ...stat, bytes: fileBytes, allocatedBytes: undefined };
    }
    const start = parseSegmentName(name);
    if (start === undefined) {
      throw new StoreError("SEGMENT_NAME", `Cannot load segment "${path}": its name is not a number`, { path });
    }
    if (stat.bytes !== fileBytes) {
      const sizes = `its size is ${stat.bytes}, configured is ${fileBytes}`;
      throw new StoreError("SEGMENT_SIZE", `Cannot load segment "${path}": ${sizes}`, { path, position: start });
    }
    requireAdjacent(segments.at(-1), { start, path }, fileBytes);
    segments.push({ start, path, allocatedBytes: stat.allocatedBytes });
  }
  return segments;
}

function namesIn(disk: Disk, directory: string): readonly string[] | undefined {
  try {
    return disk.list(directory);
  } catch (error) {
    if (error instanceof DiskError && error.code === "NOT_FOUND") return undefined;
    throw error;
  }
}

function requireAdjacent(previous: SegmentFile | undefined, next: SegmentFile, fileBytes: number): void {
  const isAligned = next.start % fileBytes === 0;
  if (isAligned && (previous === undefined || previous.start + fileBytes === next.start)) return;
  const after = previous === undefined ? `a multiple of ${fileBytes}` : `${previous.start + fileBytes}`;
  throw new StoreError("SEGMENT_GAP", `Cannot load segment "${next.path}": expected start is ${after}`, {
    path: next.path,
    position: next.start,
  });
}
