// hot
/**
 * Acknowledgements that wait for more than the write: for the device (SYNC_FLUSH) or for enough slaves (SYNC_MASTER).
 *
 * Records are acknowledged in the order of their positions, so what waits is a queue: a cursor that advances frees its front. Frames lie behind each other in
 * an arena that is compacted when its front is empty. The arena is bounded; when it is full the gateway takes no further sends.
 */
import { copyWords } from "../../../store/memory/word_copy.ts";
import type { GatewayConnection } from "./connection.ts";

/** Bytes of acknowledgements that wait at most: about 200,000 sends. */
export const ACK_HOLD_BYTES_MAX = 64 * 1024 * 1024;

const FIRST_BYTES = 64 * 1024;
const FIRST_ENTRIES = 1024;

/** Called for an acknowledgement whose time is over; gets the connection, the frame's place in the arena and the position that it waited for. */
export type LateAck = (
  connection: GatewayConnection,
  arena: Uint8Array,
  start: number,
  end: number,
  position: number,
) => void;

/** A queue of acknowledgements by position. One for each gateway. */
export class AckQueue {
  #arena = new Uint8Array(FIRST_BYTES);
  #view = new DataView(this.#arena.buffer);
  #arenaEnd = 0;
  #connections: (GatewayConnection | undefined)[] = new Array(FIRST_ENTRIES);
  #ends = new Int32Array(FIRST_ENTRIES);
  #positions = new Float64Array(FIRST_ENTRIES);
  #deadlines = new Float64Array(FIRST_ENTRIES);
  #head = 0;
  #tail = 0;
  /** Milliseconds of the monotonic clock when what is held now is given up. */
  deadlineMs = 0;

  /** Acknowledgements that wait. */
  get length(): number {
    return this.#tail - this.#head;
  }

  /** Whether the arena has reached its bound. */
  get isFull(): boolean {
    return this.#arenaEnd >= ACK_HOLD_BYTES_MAX;
  }

  /** Position that the oldest acknowledgement waits for; infinity when none waits. */
  get nextPosition(): number {
    return this.#head === this.#tail ? Infinity : this.#positions[this.#head]!;
  }

  /** Position that the newest acknowledgement waits for; 0 when none waits. */
  get lastPosition(): number {
    return this.#head === this.#tail ? 0 : this.#positions[this.#tail - 1]!;
  }

  /** Connection that the newest acknowledgement is for; undefined when none waits. */
  get lastConnection(): GatewayConnection | undefined {
    return this.#head === this.#tail ? undefined : this.#connections[this.#tail - 1];
  }

  /** When the oldest acknowledgement is given up; infinity when none waits. */
  get nextDeadlineMs(): number {
    return this.#head === this.#tail ? Infinity : this.#deadlines[this.#head]!;
  }

  /** First free byte of the arena. */
  get start(): number {
    return this.#arenaEnd;
  }

  /** A view of the arena. It may be another one after {@link room}. */
  get view(): DataView {
    return this.#view;
  }

  /** The arena, with room for `bytes` more behind {@link start}, and for one more entry. What waits may move, so `start` is read after this. */
  room(bytes: number): Uint8Array {
    if (this.#tail === this.#ends.length) this.#makeEntries();
    if (this.#arenaEnd + bytes > this.#arena.length) {
      const grown = new Uint8Array(Math.max(this.#arena.length * 2, this.#arenaEnd + bytes));
      grown.set(this.#arena.subarray(0, this.#arenaEnd));
      this.#arena = grown;
      this.#view = new DataView(grown.buffer);
    }
    return this.#arena;
  }

  /** After {@link room}: counts the bytes from {@link start} to `end` as the acknowledgement of the record that ends at `position`. */
  hold(connection: GatewayConnection, end: number, position: number): void {
    const at = this.#tail++;
    this.#connections[at] = connection;
    this.#ends[at] = end;
    this.#positions[at] = position;
    this.#deadlines[at] = this.deadlineMs;
    this.#arenaEnd = end;
  }

  /**
   * Moves every acknowledgement up to `position` into its connection's output.
   *
   * @param touched called for each connection that got output
   */
  releaseUpTo(position: number, touched: (connection: GatewayConnection) => void): void {
    while (this.#head < this.#tail && this.#positions[this.#head]! <= position) {
      const connection = this.#connections[this.#head]!;
      const start = this.#frontStart();
      const end = this.#ends[this.#head]!;
      if (connection.reserve(end - start)) {
        connection.outEnd = copyWords(connection.outView, connection.outEnd, this.#view, start, end - start);
        touched(connection);
      }
      this.#dropFront();
    }
    this.#compact();
  }

  /** Gives every acknowledgement whose deadline has come to `late`. */
  expire(nowMs: number, late: LateAck): void {
    while (this.#head < this.#tail && this.#deadlines[this.#head]! <= nowMs) {
      const at = this.#head;
      late(this.#connections[at]!, this.#arena, this.#frontStart(), this.#ends[at]!, this.#positions[at]!);
      this.#dropFront();
    }
    this.#compact();
  }

  /** Gives every acknowledgement of a record that ends above `position` to `refused`, and forgets it. */
  dropAbove(position: number, refused: LateAck): void {
    let last = this.#tail;
    while (last > this.#head && this.#positions[last - 1]! > position) last--;
    for (let i = last; i < this.#tail; i++) {
      refused(
        this.#connections[i]!,
        this.#arena,
        i === 0 ? 0 : this.#ends[i - 1]!,
        this.#ends[i]!,
        this.#positions[i]!,
      );
      this.#connections[i] = undefined;
    }
    this.#tail = last;
    this.#arenaEnd = last === 0 ? 0 : this.#ends[last - 1]!;
    this.#compact();
  }

  #frontStart(): number {
    return this.#head === 0 ? 0 : this.#ends[this.#head - 1]!;
  }

  #dropFront(): void {
    this.#connections[this.#head] = undefined;
    this.#head++;
  }

  #compact(): void {
    if (this.#head !== this.#tail) return;
    this.#head = 0;
    this.#tail = 0;
    this.#arenaEnd = 0;
  }

  /** Room for more entries: by moving what waits to the front, or by doubling. */
  #makeEntries(): void {
    if (this.#head > this.#ends.length / 2) {
      this.#moveToFront();
      return;
    }
    const size = this.#ends.length * 2;
    const ends = new Int32Array(size);
    ends.set(this.#ends);
    this.#ends = ends;
    const positions = new Float64Array(size);
    positions.set(this.#positions);
    this.#positions = positions;
    const deadlines = new Float64Array(size);
    deadlines.set(this.#deadlines);
    this.#deadlines = deadlines;
    this.#connections.length = size;
  }

  #moveToFront(): void {
    const base = this.#frontStart();
    this.#arena.copyWithin(0, base, this.#arenaEnd);
    this.#arenaEnd -= base;
    const count = this.#tail - this.#head;
    for (let i = 0; i < count; i++) {
      this.#connections[i] = this.#connections[this.#head + i];
      this.#ends[i] = this.#ends[this.#head + i]! - base;
      this.#positions[i] = this.#positions[this.#head + i]!;
      this.#deadlines[i] = this.#deadlines[this.#head + i]!;
    }
    for (let i = count; i < this.#tail; i++) this.#connections[i] = undefined;
    this.#head = 0;
    this.#tail = count;
  }
}
