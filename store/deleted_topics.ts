/**
 * Deleted topics: up to which position of the log the records of a topic name belong to a topic that was deleted.
 *
 * Owns: the file `ringmq.deleted` and its `.bak`. It is the one truth beside the log: without it, queues that are made again from the log
 * would hold what was deleted. Apache has no such file and ignores ours.
 * Reads: the file, once.
 * Never: holds a position behind the end of the log: records that are written there later would be taken for deleted ones.
 *
 * ```
 *   {"version":1,"topics":{"TopicA":123456}}
 * ```
 */
import { StoreError } from "./errors.ts";
import type { Disk } from "./file/disk.ts";
import { readTextFile, writeTextFile } from "./file/json_file.ts";

const VERSION = 1;

/** Deletions remembered at most; the oldest go first, since their records are the first to leave the log. */
export const DELETED_TOPICS_MAX = 100_000;

/** The deletions that the log still holds records of. */
export class DeletedTopics {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #positions: Map<string, number>;

  private constructor(disk: Disk, path: string, positions: Map<string, number>) {
    this.#disk = disk;
    this.#path = path;
    this.#positions = positions;
  }

  /**
   * Reads the file; none is an empty one.
   *
   * @throws {StoreError} `FILE_FORMAT` when neither the file nor its backup can be read
   */
  static open(disk: Disk, path: string): DeletedTopics {
    const read = readTextFile(disk, path, (text) => decode(text, path));
    return new DeletedTopics(disk, path, read?.value ?? new Map());
  }

  /** Deletions remembered. */
  get size(): number {
    return this.#positions.size;
  }

  /** Names of the topics that were deleted. */
  names(): string[] {
    return [...this.#positions.keys()];
  }

  /** Records of the topic below this position are deleted; 0 when none are. */
  below(topic: string): number {
    return this.#positions.get(topic) ?? 0;
  }

  /**
   * Remembers that topics are deleted up to a position, and waits until the device knows.
   *
   * @throws {DiskError} when the disk refuses; the deletions are then not remembered
   */
  add(topics: readonly string[], position: number): void {
    const before = topics.map((topic) => [topic, this.#positions.get(topic)] as const);
    for (const topic of topics) {
      this.#positions.delete(topic);
      this.#positions.set(topic, position);
    }
    for (const topic of this.#positions.keys()) {
      if (this.#positions.size <= DELETED_TOPICS_MAX) break;
      this.#positions.delete(topic);
    }
    try {
      this.#write();
    } catch (error) {
      for (const [topic, old] of before) {
        if (old === undefined) this.#positions.delete(topic);
        else this.#positions.set(topic, old);
      }
      throw error;
    }
  }

  /**
   * Fits the positions to a log: those before its start mean nothing any more, none lies behind its end.
   *
   * @returns true when something changed
   * @throws {DiskError} when the disk refuses
   */
  fit(log: { readonly min: number; readonly end: number }): boolean {
    let isChanged = false;
    for (const [topic, position] of this.#positions) {
      if (position > log.min && position <= log.end) continue;
      isChanged = true;
      if (position <= log.min || log.end <= log.min) this.#positions.delete(topic);
      else this.#positions.set(topic, log.end);
    }
    if (isChanged) this.#write();
    return isChanged;
  }

  #write(): void {
    const text = JSON.stringify({ version: VERSION, topics: Object.fromEntries(this.#positions) });
    writeTextFile(this.#disk, this.#path, text);
  }
}

function decode(text: string, path: string): Map<string, number> {
  const value: unknown = parse(text, path);
  if (typeof value !== "object" || value === null || !("topics" in value)) throw malformed(path);
  const { topics } = value;
  if (typeof topics !== "object" || topics === null) throw malformed(path);
  const positions = new Map<string, number>();
  for (const [topic, position] of Object.entries(topics)) {
    if (!Number.isSafeInteger(position) || position < 0) throw malformed(path);
    positions.set(topic, position);
  }
  return positions;
}

function parse(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw malformed(path, cause);
  }
}

function malformed(path: string, cause?: unknown): StoreError {
  return new StoreError("FILE_FORMAT", `Cannot read deleted topics: "${path}" is not what it should be`, {
    path,
    cause,
  });
}
