/**
 * Finds records by topic and key in the index files, on any thread.
 *
 * Owns: nothing but its open files.
 * Reads: headers, slots and entries from the files as they are now, one pread each.
 * Never: compares keys: two keys with the same hash answer together, and the client compares, as with Apache.
 * Source: apache/rocketmq store IndexService queryOffset, IndexFile selectPhyOffset, DefaultMessageStore queryMessage
 */
import { javaStringHash } from "../protocol/java_hash.ts";
import type { DiskFile } from "./file/disk.ts";
import type { HandleCache } from "./file/handle_cache.ts";
import {
  decodeIndexHeader,
  entryAt,
  INDEX_ENTRY_BYTES,
  INDEX_HEADER_BYTES,
  type IndexHeader,
  indexKeyHash,
  type IndexShape,
  slotAt,
} from "./index_file.ts";

const HIGH = 0x1_0000_0000;

/** Options of {@link IndexFileReader}. */
export interface IndexFileReaderOptions {
  /** Directory of the index files. */
  readonly directory: string;
  /** Slots and entries of a file. */
  readonly shape: IndexShape;
  /** Open files of this thread. */
  readonly handles: HandleCache;
}

/** What is asked for. */
export interface IndexQuery {
  /** Topic of the records. */
  readonly topic: string;
  /** One of their keys, their unique key, or their tags. */
  readonly key: string;
  /** True when `key` is what TAGS says. */
  readonly isTags?: boolean;
  /** Most records in the answer. */
  readonly recordsMax: number;
  /** Earliest store time in ms. */
  readonly beginMs: number;
  /** Latest store time in ms. */
  readonly endMs: number;
}

/** What was found. */
export interface IndexAnswer {
  /** Positions of the newest records that match, in ascending order as Apache answers. */
  readonly positions: number[];
  /** Store time of the last record that is indexed, ms; 0 when there is none. */
  readonly lastTimestampMs: number;
  /** Position of the last record that is indexed; 0 when there is none. */
  readonly lastPosition: number;
}

/** Finds records by topic and key. */
export class IndexFileReader {
  readonly #options: IndexFileReaderOptions;
  readonly #bytes = new Uint8Array(INDEX_HEADER_BYTES);
  readonly #view = new DataView(this.#bytes.buffer);

  /** @param options directory, shape and open files */
  constructor(options: IndexFileReaderOptions) {
    this.#options = options;
  }

  /**
   * Asks all files, newest first.
   *
   * @throws {DiskError} when the disk refuses
   */
  query(query: IndexQuery): IndexAnswer {
    const { directory, handles } = this.#options;
    const positions: number[] = [];
    let lastTimestampMs = 0;
    let lastPosition = 0;
    const names = handles.disk.exists(directory)
      ? handles.disk.list(directory).filter((name) => /^\d+$/.test(name))
      : [];
    for (let index = names.length - 1; index >= 0; index--) {
      const file = handles.find(`${directory}/${names[index]}`);
      if (file === undefined) continue;
      file.read(this.#bytes, 0, INDEX_HEADER_BYTES, 0);
      const header = decodeIndexHeader(this.#bytes);
      if (index === names.length - 1) {
        lastTimestampMs = header.endTimestampMs;
        lastPosition = header.endPosition;
      }
      if (isTimeMatched(header, query)) this.#select(file, header, query, positions);
      if (header.beginTimestampMs < query.beginMs || positions.length >= query.recordsMax) break;
    }
    positions.sort((a, b) => a - b);
    return { positions, lastTimestampMs, lastPosition };
  }

  #select(file: DiskFile, header: IndexHeader, query: IndexQuery, positions: number[]): void {
    const { shape } = this.#options;
    const hash = indexKeyHash(javaStringHash(`${query.topic}${query.isTags === true ? "#T#" : "#"}${query.key}`));
    const view = this.#view;
    file.read(this.#bytes, 0, 4, slotAt(hash % shape.slots));
    let entry = view.getInt32(0);
    if (header.count <= 1) return;
    while (entry > 0 && entry <= header.count && positions.length < query.recordsMax) {
      file.read(this.#bytes, 0, INDEX_ENTRY_BYTES, entryAt(shape, entry));
      const seconds = view.getInt32(12);
      if (seconds < 0) return;
      const timeMs = header.beginTimestampMs + seconds * 1000;
      if (view.getInt32(0) === hash && timeMs >= query.beginMs && timeMs <= query.endMs) {
        positions.push(view.getInt32(4) * HIGH + view.getUint32(8));
      }
      const before = view.getInt32(16);
      if (before >= entry || timeMs < query.beginMs) return;
      entry = before;
    }
  }
}

function isTimeMatched(header: IndexHeader, query: IndexQuery): boolean {
  const { beginTimestampMs: begin, endTimestampMs: end } = header;
  return query.beginMs < begin && query.endMs > end || query.beginMs >= begin && query.beginMs <= end ||
    query.endMs >= begin && query.endMs <= end;
}
