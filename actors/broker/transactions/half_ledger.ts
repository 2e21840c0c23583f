/**
 * Which half messages are done, which have a newer copy, and how far both queues are worked off.
 *
 * Owns: that state, in memory. Reads: nothing. Never: touches the log; the caller tells what it wrote and read there.
 *
 * A half message is passed when the rounds will not look at it again: it is resolved, discarded, or its copy at the end of the queue stands for it. The end of a
 * transaction may still name an old place; it then counts for the newest copy. RocketMQ forgets that, and asks about the copy again.
 */

/** An operation record that was read. */
interface Operation {
  readonly offset: number;
  /** Largest offset of the half queue that it names, −1 when none. */
  readonly highest: number;
}

/** Discarded half messages that are remembered at most, so that a late commit still finds them open. */
const DISCARDED_MAX = 100_000;

/** The state of half messages. */
export class HalfLedger {
  #halfOffset: number;
  #nextOperation: number;
  readonly #firstKnown: number;
  readonly #resolved = new Set<number>();
  readonly #newer = new Map<number, number>();
  readonly #older = new Map<number, number>();
  readonly #discarded = new Set<number>();
  readonly #operations: Operation[] = [];

  /**
   * @param halfOffset first half message that is not passed
   * @param operationOffset first operation that is not worked off
   */
  constructor(halfOffset: number, operationOffset: number) {
    this.#halfOffset = halfOffset;
    this.#firstKnown = halfOffset;
    this.#nextOperation = operationOffset;
  }

  /** First half message that is not passed. */
  get halfOffset(): number {
    return this.#halfOffset;
  }

  /** First operation record that was not read. */
  get nextOperation(): number {
    return this.#nextOperation;
  }

  /** First operation record that somebody who starts anew has to read. */
  get operationOffset(): number {
    return this.#operations.find(({ highest }) => highest >= this.#halfOffset)?.offset ?? this.#nextOperation;
  }

  /** Newest copy of a half message. */
  newest(offset: number): number {
    let at = offset;
    for (let next = this.#newer.get(at); next !== undefined; next = this.#newer.get(at)) at = next;
    return at;
  }

  /**
   * All places of a half message, the newest first: what an operation record names. A broker that starts anew may begin at an older place and knows nothing of copies.
   */
  placesOf(offset: number): number[] {
    const places = [this.newest(offset)];
    for (let older = this.#older.get(places[0]!); older !== undefined; older = this.#older.get(older)) {
      places.push(older);
    }
    return places.includes(offset) ? places : [...places, offset];
  }

  /** Whether a half message is committed or rolled back, as far as this ledger can know. */
  isDone(offset: number): boolean {
    const at = this.newest(offset);
    if (this.#resolved.has(at)) return true;
    return at < this.#halfOffset && at >= this.#firstKnown && !this.#discarded.has(at);
  }

  /** A broker that starts anew finds that one place of a half message is a copy of another. */
  linked(from: number, to: number): void {
    if (from === to || this.#newer.has(from)) return;
    this.#newer.set(from, to);
    this.#older.set(to, from);
  }

  /** Whether the message at this very place needs no look: it is resolved, or a copy stands for it. */
  isSettled(offset: number): boolean {
    return this.#resolved.has(offset) || this.#newer.has(offset);
  }

  /** Whether the message at this very place is resolved. */
  isResolved(offset: number): boolean {
    return this.#resolved.has(offset);
  }

  /**
   * A half message is committed or rolled back.
   *
   * @returns the places that an operation record has to name
   */
  resolve(offset: number): number[] {
    const at = this.newest(offset);
    if (at >= this.#halfOffset) this.#resolved.add(at);
    this.#discarded.delete(at);
    return [at, ...this.#forgetCopies(at)];
  }

  /** An operation record was read. */
  readOperation(offset: number, halves: readonly number[]): void {
    this.#nextOperation = offset + 1;
    let highest = -1;
    for (const half of halves) {
      const newest = this.newest(half);
      for (const at of newest === half ? [half] : [half, newest]) {
        if (at < this.#halfOffset) continue;
        this.#resolved.add(at);
        highest = Math.max(highest, at);
      }
    }
    if (highest >= 0) this.#operations.push({ offset, highest });
  }

  /** Operations up to here cannot be read any more. */
  skipOperations(offset: number): void {
    this.#nextOperation = Math.max(this.#nextOperation, offset);
  }

  /** The half message at {@link halfOffset} has a copy at the end of the queue. */
  moved(to: number): void {
    this.#newer.set(this.#halfOffset, to);
    this.#older.set(to, this.#halfOffset);
    this.pass();
  }

  /** The half message at {@link halfOffset} was discarded. */
  discarded(): void {
    if (this.#discarded.size < DISCARDED_MAX) this.#discarded.add(this.#halfOffset);
    this.#forgetCopies(this.#halfOffset);
    this.pass();
  }

  /** The half message at {@link halfOffset} needs no further look. */
  pass(): void {
    if (this.#resolved.delete(this.#halfOffset)) this.#forgetCopies(this.#halfOffset);
    this.#halfOffset++;
    while (this.#operations.length > 0 && this.#operations[0]!.highest < this.#halfOffset) this.#operations.shift();
  }

  /**
   * Passes what needs no look. Between two rounds most half messages end in their order: remembered until the next one, 25,000 a second took 10 MB and more.
   * Not while a round is under way, which means the half message at {@link halfOffset} by what it says.
   */
  passSettled(): void {
    while (this.isSettled(this.#halfOffset)) this.pass();
  }

  /** Half messages before this one cannot be read any more. */
  skipHalves(offset: number): void {
    while (this.#halfOffset < offset) this.pass();
  }

  /** @returns the older places of the message */
  #forgetCopies(newest: number): number[] {
    const places: number[] = [];
    let older = this.#older.get(newest);
    this.#older.delete(newest);
    while (older !== undefined) {
      places.push(older);
      this.#newer.delete(older);
      const next = this.#older.get(older);
      this.#older.delete(older);
      older = next;
    }
    return places;
  }
}
