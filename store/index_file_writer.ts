// hot
/**
 * Writes one index file.
 *
 * Owns: the file's slots in the memory that it is given, read in chunks when a key first falls into one; entries gathered since the last
 * write; the header. All of it is written in order of position: entries and header once a batch, slots when few
 * are dirty, when many entries came since, or some time after they were written when the dispatcher has nothing else to do. Three system calls for each key
 * would cost more than everything else that dispatch does.
 * Reads: the slots of a file that was begun before.
 * Never: lets a slot on the disk name an entry that is not there: entries, then header, then slots. Until the slots are written, a
 * reader misses the newest entries; after a crash recovery makes the slots again from the entries.
 */
import type { DiskFile } from "./file/disk.ts";
import {
  decodeIndexHeader,
  encodeIndexHeader,
  entryAt,
  INDEX_ENTRY_BYTES,
  INDEX_HEADER_BYTES,
  INDEX_SLOT_BYTES,
  type IndexHeader,
  type IndexShape,
  slotAt,
} from "./index_file.ts";

const HIGH = 0x1_0000_0000;
const CHUNK_SLOTS = 4096;
const GATHERED_ENTRIES_MAX = 4096;
/** Keys that are put before their slots are looked at. */
const PENDING_MAX = 256;
/** Dirty slots that are written one by one. */
const FEW_SLOTS = 64;
/** Slots that are near enough for one write. */
const NEAR_SLOTS = 256;
/** Entries after which the dirty slots are written although the dispatcher is busy. */
const ENTRIES_BETWEEN_SLOTS = 131_072;
/**
 * Many dirty slots are written this often at most by a dispatcher that has nothing else to do, which it has between any two runs that come apart. Milliseconds.
 * Keys of many topics fall all over the slots: a hundred of them dirty a hundred chunks.
 */
export const SLOTS_EVERY_MS = 1000;

/** Chunks that are written at once at most: half a MiB, so that nobody waits long for the file. */
const CHUNKS_OF_WRITE_MAX = 32;

/** What is known of a chunk of slots. */
const ChunkState = { Absent: 0, Clean: 1, Dirty: 2 } as const;

/** Memory for all slots of one file at a time. Pages of it that no key falls into take none. */
export function slotMemory(shape: IndexShape): Uint8Array {
  return new Uint8Array(shape.slots * INDEX_SLOT_BYTES);
}

/** Writes one index file. */
export class IndexFileWriter {
  /** Where the file is. */
  readonly path: string;
  /** What the header says once everything that has an entry is written. */
  readonly header: IndexHeader;
  /** True from the first write on after the file was last given to be synced. */
  isDirty = false;
  readonly #shape: IndexShape;
  readonly #file: DiskFile;
  readonly #slots: Uint8Array;
  readonly #slotsView: DataView;
  /** Of each chunk: whether its slots are in memory, and whether there are any that the file does not have. */
  readonly #chunks: Uint8Array;
  readonly #fewSlots = new Int32Array(FEW_SLOTS);
  #fewCount = 0;
  readonly #entries = new Uint8Array(GATHERED_ENTRIES_MAX * INDEX_ENTRY_BYTES);
  readonly #entriesView = new DataView(this.#entries.buffer);
  #gathered = 0;
  /** Keys that were put and have no entry yet: hash, position and time of the record, slot. */
  readonly #pendingHashes = new Int32Array(PENDING_MAX);
  readonly #pendingPositions = new Float64Array(PENDING_MAX);
  readonly #pendingTimesMs = new Float64Array(PENDING_MAX);
  readonly #pendingSlots = new Int32Array(PENDING_MAX);
  #pending = 0;
  #seen = 0;
  #entriesSinceSlots = 0;
  #idleWriteMs = -Infinity;
  readonly #headerBytes = new Uint8Array(INDEX_HEADER_BYTES);
  readonly #headerView = new DataView(this.#headerBytes.buffer);

  /**
   * @param path where the file is
   * @param file the file, opened to write, at its full size
   * @param shape slots and entries of the file
   * @param slots memory of {@link slotMemory}, which may hold another file's slots; the writer's until it is closed
   */
  constructor(path: string, file: DiskFile, shape: IndexShape, slots: Uint8Array) {
    this.path = path;
    this.#file = file;
    this.#shape = shape;
    this.#slots = slots;
    this.#slotsView = new DataView(slots.buffer);
    this.#chunks = new Uint8Array(Math.ceil(shape.slots / CHUNK_SLOTS));
    file.read(this.#headerBytes, 0, INDEX_HEADER_BYTES, 0);
    this.header = decodeIndexHeader(this.#headerBytes);
  }

  /** True when no entry fits any more. */
  get isFull(): boolean {
    return this.header.count + this.#pending >= this.#shape.entries;
  }

  /** Starts a new file where the one before ended. */
  seed(endPosition: number, endTimestampMs: number): void {
    const header = this.header;
    header.beginPosition = header.endPosition = endPosition;
    header.beginTimestampMs = header.endTimestampMs = endTimestampMs;
  }

  /**
   * Adds a key.
   *
   * @param keyHash hash of the key as stored
   * @param position position of the record
   * @param storeTimestampMs store time of the record
   * @throws {DiskError} when gathered entries had to be written or slots read, and the disk refused
   */
  put(keyHash: number, position: number, storeTimestampMs: number): void {
    if (this.#pending === PENDING_MAX) this.#place();
    const at = this.#pending;
    this.#pendingHashes[at] = keyHash;
    this.#pendingPositions[at] = position;
    this.#pendingTimesMs[at] = storeTimestampMs;
    this.#pending = at + 1;
  }

  /**
   * Writes entries and header, and the slots when few are dirty or many entries came since.
   *
   * @throws {DiskError} when the disk refuses
   */
  write(): void {
    this.#place();
    if (this.#gathered === 0) return;
    this.#writeEntries();
    this.#writeHeader();
    if (this.#fewCount <= FEW_SLOTS) this.#writeFewSlots();
    else if (this.#entriesSinceSlots >= ENTRIES_BETWEEN_SLOTS) this.#writeDirtyChunks();
  }

  /**
   * Writes everything that is not on the disk yet.
   *
   * @throws {DiskError} when the disk refuses
   */
  writeAll(): void {
    this.write();
    if (this.#fewCount > FEW_SLOTS) this.#writeDirtyChunks();
  }

  /**
   * Writes everything that is not on the disk yet; many dirty slots only when the last time is long enough ago.
   *
   * @param nowMs monotonic time, milliseconds
   * @returns whether slots are still kept back
   * @throws {DiskError} when the disk refuses
   */
  idle(nowMs: number): boolean {
    this.write();
    if (this.#fewCount <= FEW_SLOTS) return false;
    if (nowMs - this.#idleWriteMs < SLOTS_EVERY_MS) return true;
    this.#idleWriteMs = nowMs;
    this.#writeDirtyChunks();
    return false;
  }

  /** Writes everything, the header also of a file that got no entry, and closes the file: nothing may be put any more. */
  close(): void {
    this.writeAll();
    this.#writeHeader();
    this.#file.close();
  }

  /** Makes entries of the keys that were put. */
  #place(): void {
    if (this.#gathered + this.#pending > GATHERED_ENTRIES_MAX) this.#writeEntries();
    this.#seekSlots();
    for (let i = 0; i < this.#pending; i++) {
      this.#placeKey(
        this.#pendingHashes[i]!,
        this.#pendingPositions[i]!,
        this.#pendingTimesMs[i]!,
        this.#pendingSlots[i]!,
      );
    }
    this.#pending = 0;
  }

  /** Reads all slots once before any is used: they are in no cache, and the processor fetches several at a time when none of them waits for another. */
  #seekSlots(): void {
    const view = this.#slotsView;
    let seen = 0;
    for (let i = 0; i < this.#pending; i++) {
      const slot = this.#pendingHashes[i]! % this.#shape.slots;
      const chunkIndex = Math.floor(slot / CHUNK_SLOTS);
      if (this.#chunks[chunkIndex] === ChunkState.Absent) this.#load(chunkIndex);
      this.#pendingSlots[i] = slot;
      seen ^= view.getInt32(slot * INDEX_SLOT_BYTES);
    }
    this.#seen = seen;
  }

  #placeKey(keyHash: number, position: number, storeTimestampMs: number, slot: number): void {
    const header = this.header;
    const entry = header.count;
    const slotByte = slot * INDEX_SLOT_BYTES;
    let before = this.#slotsView.getInt32(slotByte);
    if (before <= 0 || before > entry) before = 0;
    this.#encodeEntry(keyHash, position, storeTimestampMs, before);
    this.#slotsView.setInt32(slotByte, entry);
    this.#markSlot(slot, Math.floor(slot / CHUNK_SLOTS));
    if (entry <= 1) {
      header.beginPosition = position;
      header.beginTimestampMs = storeTimestampMs;
    }
    if (before === 0) header.usedSlots += 1;
    header.count = entry + 1;
    header.endPosition = position;
    header.endTimestampMs = storeTimestampMs;
  }

  #encodeEntry(keyHash: number, position: number, storeTimestampMs: number, before: number): void {
    const begin = this.header.beginTimestampMs;
    let seconds = 0;
    if (begin > 0 && storeTimestampMs > begin) {
      seconds = Math.floor((storeTimestampMs - begin) / 1000);
      if (seconds > 0x7fff_ffff) seconds = 0x7fff_ffff;
    }
    const view = this.#entriesView;
    const at = this.#gathered * INDEX_ENTRY_BYTES;
    view.setInt32(at, keyHash);
    view.setInt32(at + 4, Math.floor(position / HIGH));
    view.setInt32(at + 8, position | 0);
    view.setInt32(at + 12, seconds);
    view.setInt32(at + 16, before);
    this.#gathered += 1;
    this.#entriesSinceSlots += 1;
  }

  #markSlot(slot: number, chunkIndex: number): void {
    this.#chunks[chunkIndex] = ChunkState.Dirty;
    if (this.#fewCount < FEW_SLOTS) this.#fewSlots[this.#fewCount] = slot;
    this.#fewCount += 1;
  }

  #load(chunkIndex: number): void {
    const first = chunkIndex * CHUNK_SLOTS;
    const start = first * INDEX_SLOT_BYTES;
    const bytes = this.#chunkBytes(chunkIndex);
    if (this.header.count > 1) this.#file.read(this.#slots, start, bytes, slotAt(first));
    else this.#slots.fill(0, start, start + bytes);
    this.#chunks[chunkIndex] = ChunkState.Clean;
  }

  #chunkBytes(chunkIndex: number): number {
    return Math.min(CHUNK_SLOTS, this.#shape.slots - chunkIndex * CHUNK_SLOTS) * INDEX_SLOT_BYTES;
  }

  #writeEntries(): void {
    const first = this.header.count - this.#gathered;
    this.#file.write(this.#entries, 0, this.#gathered * INDEX_ENTRY_BYTES, entryAt(this.#shape, first));
    this.#gathered = 0;
    this.isDirty = true;
  }

  #writeHeader(): void {
    encodeIndexHeader(this.header, this.#headerView);
    this.#file.write(this.#headerBytes, 0, INDEX_HEADER_BYTES, 0);
    this.isDirty = true;
  }

  /** Neighbours go in one write: keys that count up hash to slots beside each other, and a tag falls into the same one again and again. */
  #writeFewSlots(): void {
    const slots = this.#fewSlots.subarray(0, this.#fewCount).sort();
    for (let from = 0; from < slots.length;) {
      const first = slots[from]!;
      const chunkIndex = Math.floor(first / CHUNK_SLOTS);
      const end = Math.min(first + NEAR_SLOTS, (chunkIndex + 1) * CHUNK_SLOTS);
      let last = first;
      while (from < slots.length && slots[from]! < end) last = slots[from++]!;
      this.#file.write(this.#slots, first * INDEX_SLOT_BYTES, (last - first + 1) * INDEX_SLOT_BYTES, slotAt(first));
    }
    for (const slot of slots) this.#chunks[Math.floor(slot / CHUNK_SLOTS)] = ChunkState.Clean;
    this.#fewCount = 0;
    this.#entriesSinceSlots = 0;
  }

  /** Dirty chunks beside each other go in one write. */
  #writeDirtyChunks(): void {
    const chunks = this.#chunks;
    for (let first = 0; first < chunks.length; first++) {
      if (chunks[first] !== ChunkState.Dirty) continue;
      let bytes = 0;
      let end = first;
      for (; end < first + CHUNKS_OF_WRITE_MAX && chunks[end] === ChunkState.Dirty; end++) {
        bytes += this.#chunkBytes(end);
      }
      this.#file.write(this.#slots, first * CHUNK_SLOTS * INDEX_SLOT_BYTES, bytes, slotAt(first * CHUNK_SLOTS));
      chunks.fill(ChunkState.Clean, first, end);
      first = end - 1;
    }
    this.#fewCount = 0;
    this.#entriesSinceSlots = 0;
  }
}
