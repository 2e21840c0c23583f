/**
 * Puts index files right after a start that was not clean, or whose log lost its tail.
 *
 * Owns: nothing.
 * Reads: entries, which are the truth of an index file; slots and header follow from them.
 * Never: keeps an entry at or behind the end of the log, or one behind a hole.
 *
 * Apache removes such files and loses the keys of records that it does not dispatch again. Here the slots are made again from
 * the entries: entry n must name as the one before it what the slot held when entries 1 to n − 1 were replayed. A file that is not full although
 * another follows has an old header: what it has more was not on the device. Bytes behind
 * the last entry of the last file become zeros: left there, they could be taken for entries after the next crash.
 */
import type { Disk, DiskFile } from "./file/disk.ts";
import {
  encodeIndexHeader,
  entryAt,
  INDEX_ENTRY_BYTES,
  INDEX_HEADER_BYTES,
  INDEX_SLOT_BYTES,
  indexFileBytes,
  type IndexHeader,
  type IndexShape,
  slotAt,
} from "./index_file.ts";
import { type IndexFileEntry, listIndexFiles } from "./index_file_set.ts";

const HIGH = 0x1_0000_0000;
const BLOCK_ENTRIES = 32768;
const BLOCK_SLOTS = 262144;

/** Options of {@link recoverIndex}. */
export interface IndexRecoveryOptions {
  /** Where the files are. */
  readonly disk: Disk;
  /** Directory of the index files. */
  readonly directory: string;
  /** Slots and entries of a file. */
  readonly shape: IndexShape;
  /** End of the log. */
  readonly logEnd: number;
  /** False after a clean exit: files are then only cut where the log ends. */
  readonly isAbrupt: boolean;
  /** True for a file that cannot be trusted after an abrupt exit; the last one never can. */
  readonly isSuspect: (header: IndexHeader) => boolean;
  /** Store time in ms of the record at a position. */
  readonly storeTimeOf: (position: number) => number;
}

/** What became of the index. */
export interface IndexRecovery {
  /** Files that were made again from their entries. */
  readonly repaired: number;
  /** Files that were removed. */
  readonly removed: number;
  /**
   * Position from which records must be indexed again because entries are missing, or undefined when none are: that of the last
   * record that is indexed, 0 when there is none.
   */
  readonly missingFrom: number | undefined;
}

/**
 * Puts the index files of a store right.
 *
 * @throws {StoreError} when a file has a wrong size
 * @throws {DiskError} when the disk refuses
 */
export function recoverIndex(options: IndexRecoveryOptions): IndexRecovery {
  const { disk, directory, shape, logEnd } = options;
  let repaired = 0;
  let removed = 0;
  let lastPosition = 0;
  let isCut = false;
  let isMissing = false;
  let last: { readonly path: string; readonly count: number } | undefined;
  extendLast(disk, directory, shape);
  const files = listIndexFiles(disk, directory, shape);
  for (const [at, file] of files.entries()) {
    const isLast = at === files.length - 1;
    if (isCut || file.header.count <= 1 || file.header.beginPosition >= logEnd) {
      const isLost: boolean = options.isAbrupt && !isLast && !isCut && file.header.count <= 1;
      isMissing ||= isLost;
      isCut ||= isLost;
      disk.remove(file.path);
      removed += 1;
      continue;
    }
    const isBehind = file.header.endPosition >= logEnd;
    if (isBehind || options.isAbrupt && (isLast || options.isSuspect(file.header))) {
      const end = repairIndexFile(options, file);
      const isShort = options.isAbrupt && !isLast && !isBehind && file.header.count < shape.entries;
      repaired += 1;
      isMissing ||= end.isMissing || isShort;
      isCut = isBehind || end.isMissing || isShort;
      if (end.count <= 1) {
        disk.remove(file.path);
        removed += 1;
        continue;
      }
      lastPosition = end.lastPosition;
      last = { path: file.path, count: end.count };
    } else {
      lastPosition = file.header.endPosition;
      last = undefined;
    }
  }
  if (last !== undefined) clearBehind(disk, last.path, entryAt(shape, last.count), indexFileBytes(shape));
  return { repaired, removed, missingFrom: isMissing ? lastPosition : undefined };
}

interface RepairedEnd {
  readonly count: number;
  readonly lastPosition: number;
  /** True when entries that the header promised are not there, although the log has their records. */
  readonly isMissing: boolean;
}

/** Where entries are missing, the last record may have lost some of its keys: all of its entries go, dispatch brings them back. */
function repairIndexFile(options: IndexRecoveryOptions, entry: IndexFileEntry): RepairedEnd {
  const file = options.disk.open(entry.path, "write");
  try {
    const whole = replayEntries(file, options, entry.header);
    const replay = whole.isMissing
      ? { ...replayEntries(file, { ...options, logEnd: whole.lastPosition }, entry.header), isMissing: true }
      : whole;
    if (replay.count > 1) {
      writeSlots(file, replay.slots);
      const header: IndexHeader = {
        ...entry.header,
        usedSlots: replay.usedSlots,
        count: replay.count,
        endPosition: replay.lastPosition,
        endTimestampMs: replay.lastPosition === entry.header.endPosition
          ? entry.header.endTimestampMs
          : Math.max(entry.header.beginTimestampMs, options.storeTimeOf(replay.lastPosition)),
      };
      const bytes = new Uint8Array(INDEX_HEADER_BYTES);
      encodeIndexHeader(header, new DataView(bytes.buffer));
      file.write(bytes, 0, bytes.length, 0);
      file.syncData();
    }
    return { count: replay.count, lastPosition: replay.lastPosition, isMissing: replay.isMissing };
  } finally {
    file.close();
  }
}

interface Replay extends RepairedEnd {
  readonly slots: Int32Array;
  readonly usedSlots: number;
}

function replayEntries(file: DiskFile, options: IndexRecoveryOptions, header: IndexHeader): Replay {
  const { shape, logEnd } = options;
  const slots = new Int32Array(shape.slots);
  const bytes = new Uint8Array(Math.min(BLOCK_ENTRIES, header.count) * INDEX_ENTRY_BYTES);
  const view = new DataView(bytes.buffer);
  let usedSlots = 0;
  let position = 0;
  let entry = 1;
  let isMissing = false;
  let isOver = false;
  while (entry < header.count && !isOver) {
    const block = Math.min(BLOCK_ENTRIES, header.count - entry);
    file.read(bytes, 0, block * INDEX_ENTRY_BYTES, entryAt(shape, entry));
    for (let index = 0; index < block; index++) {
      const at = index * INDEX_ENTRY_BYTES;
      const hash = view.getInt32(at);
      const next = view.getInt32(at + 4) * HIGH + view.getUint32(at + 8);
      const slot = hash % shape.slots;
      const isWhole = hash >= 0 && next >= position && view.getInt32(at + 16) === slots[slot] &&
        (entry > 1 || next === header.beginPosition);
      if (!isWhole || next >= logEnd) {
        isMissing = !isWhole;
        isOver = true;
        break;
      }
      if (slots[slot] === 0) usedSlots += 1;
      slots[slot] = entry;
      position = next;
      entry += 1;
    }
  }
  return { slots, usedSlots, count: entry, lastPosition: position, isMissing };
}

/** Writes the slots where they differ from what is there. */
function writeSlots(file: DiskFile, slots: Int32Array): void {
  const wanted = new Uint8Array(Math.min(BLOCK_SLOTS, slots.length) * INDEX_SLOT_BYTES);
  const wantedView = new DataView(wanted.buffer);
  const there = new Uint8Array(wanted.length);
  const wantedWords = new Int32Array(wanted.buffer);
  const thereWords = new Int32Array(there.buffer);
  for (let first = 0; first < slots.length; first += BLOCK_SLOTS) {
    const count = Math.min(BLOCK_SLOTS, slots.length - first);
    for (let slot = 0; slot < count; slot++) wantedView.setInt32(slot * INDEX_SLOT_BYTES, slots[first + slot]!);
    file.read(there, 0, count * INDEX_SLOT_BYTES, slotAt(first));
    let same = 0;
    while (same < count && wantedWords[same] === thereWords[same]) same += 1;
    if (same < count) file.write(wanted, 0, count * INDEX_SLOT_BYTES, slotAt(first));
  }
}

/** Makes what follows the last entry zeros. A crash on the way leaves the file short, see {@link extendLast}. */
function clearBehind(disk: Disk, path: string, from: number, fileBytes: number): void {
  const file = disk.open(path, "write");
  try {
    file.truncate(from);
    file.truncate(fileBytes);
    file.syncData();
  } finally {
    file.close();
  }
}

/** The last file gets its size back when a cut was interrupted; one whose making was cut short has no byte yet and goes. */
function extendLast(disk: Disk, directory: string, shape: IndexShape): void {
  const name = disk.exists(directory) ? disk.list(directory).at(-1) : undefined;
  if (name === undefined) return;
  const path = `${directory}/${name}`;
  const bytes = disk.stat(path)?.bytes ?? 0;
  if (bytes === 0) disk.remove(path);
  else if (bytes < indexFileBytes(shape)) clearBehind(disk, path, bytes, indexFileBytes(shape));
}
