/**
 * A mastership's lease in shared memory: until when it lasts, readable by every thread before it acknowledges.
 *
 * ```
 *   descriptor | end on the keeper's clock, µs | end on the wall clock, ms | bell | questions | answers | the keeper's clock at each of the last answers, µs
 * ```
 *
 * The monotonic clocks of threads begin at different moments, and what the platform says of those moments moves with the wall clock. So a reader measures: it notes its own time, asks, and takes the time that the
 * keeper answers for that moment. The answer came later, so a reader's idea of the keeper's time is never behind it, and it counts the lease as over too early rather than too late. The end on the wall clock
 * covers what monotonic clocks do not count, the sleep of the machine.
 *
 * One thread keeps a lease, any number read it. A region is for one mastership: once over, it stays over.
 */
import type { Clock } from "../clock.ts";
import { Cursor } from "./cursor.ts";
import { Doorbell } from "./doorbell.ts";
import { attachRegion, createRegion, WORD_STRIDE_BYTES } from "./region.ts";

const MAGIC = 0x4c454153;
const LAYOUT_VERSION = 1;

const END_BYTE = WORD_STRIDE_BYTES;
const WALL_END_BYTE = END_BYTE + 8;
const BELL_BYTE = 2 * WORD_STRIDE_BYTES;
const QUESTIONS_BYTE = 3 * WORD_STRIDE_BYTES;
const ANSWERS_BYTE = 4 * WORD_STRIDE_BYTES;
const ANSWERED_AT_BYTE = 5 * WORD_STRIDE_BYTES;

/** Answers that are kept: a reader may look for its own when others have asked since. */
const ANSWERS_KEPT = 64;
const REGION_BYTES = ANSWERED_AT_BYTE + ANSWERS_KEPT * 8;

const US_PER_MS = 1000;

/** A reader that saw its answer later than this asks again, and keeps the better one. Milliseconds. */
const ANSWER_MS_MAX = 5;

/** How often one reader asks at most, as long as the lease lasts by its measure. */
const QUESTIONS_MAX = 8;

/** A reader by whose measure the lease is over asks again after so long. Milliseconds. */
const DOUBT_MS = 1000;

/** Longest wait of the keeper between two looks at questions. Milliseconds. */
const LOOK_MS = 1000;

/** Creates the region of a mastership; its lease counts as over until it is published. */
export function createLeaseRegion(): SharedArrayBuffer {
  return createRegion({ magic: MAGIC, layoutVersion: LAYOUT_VERSION, capacity: 1 }, REGION_BYTES);
}

/** The side of the thread that keeps the lease. */
export class KeptLease {
  readonly #clock: Clock;
  readonly #end: Cursor;
  readonly #wallEnd: Cursor;
  readonly #bell: Doorbell;
  readonly #questions: Int32Array;
  readonly #answers: Int32Array;
  readonly #answeredAt: readonly Cursor[];
  #isOver = false;

  /** @param buffer what {@linkcode createLeaseRegion} returned; @param clock of this thread. @throws {RegionMismatchError} */
  constructor(buffer: SharedArrayBuffer, clock: Clock) {
    attachRegion(buffer, MAGIC, LAYOUT_VERSION);
    this.#clock = clock;
    this.#end = new Cursor(buffer, END_BYTE);
    this.#wallEnd = new Cursor(buffer, WALL_END_BYTE);
    this.#bell = new Doorbell(buffer, BELL_BYTE);
    this.#questions = new Int32Array(buffer, QUESTIONS_BYTE, 1);
    this.#answers = new Int32Array(buffer, ANSWERS_BYTE, 1);
    this.#answeredAt = answersOf(buffer);
  }

  /** Whether {@link end} was called. */
  get isOver(): boolean {
    return this.#isOver;
  }

  /** Says until when the lease lasts. @param endMs on the monotonic clock of this thread; @param wallEndMs on the wall clock */
  publish(endMs: number, wallEndMs: number): void {
    if (this.#isOver) return;
    this.#wallEnd.store(Math.floor(wallEndMs));
    this.#end.store(Math.floor(endMs * US_PER_MS));
  }

  /** The mastership is over, whatever time was left. */
  end(): void {
    this.#isOver = true;
    this.#end.store(0);
    this.#bell.ring();
  }

  /** Answers those who ask for the time, until {@link end}. */
  async serve(): Promise<void> {
    const isAsked = (): boolean => this.#isOver || this.#asked() !== Atomics.load(this.#answers, 0);
    while (!this.#isOver) {
      this.answer();
      await this.#bell.sleepAsync(isAsked, LOOK_MS);
    }
  }

  /** Answers what was asked so far. */
  answer(): void {
    const asked = this.#asked();
    const answered = Atomics.load(this.#answers, 0);
    if (asked === answered) return;
    const nowUs = Math.ceil(this.#clock.monotonicMs() * US_PER_MS);
    const first = Math.max(answered + 1, asked - ANSWERS_KEPT + 1);
    for (let question = first; question <= asked; question++) this.#answeredAt[question % ANSWERS_KEPT]!.store(nowUs);
    Atomics.store(this.#answers, 0, asked);
  }

  #asked(): number {
    return Atomics.load(this.#questions, 0);
  }
}

/** The side of a thread that acknowledges. */
export class LeaseView {
  readonly #clock: Clock;
  readonly #end: Cursor;
  readonly #wallEnd: Cursor;
  readonly #bell: Doorbell;
  readonly #questions: Int32Array;
  readonly #answers: Int32Array;
  readonly #answeredAt: readonly Cursor[];
  /** How far the keeper's clock is ahead of this thread's, at most. */
  #aheadMs = Infinity;
  #question = 0;
  #questionsLeft = QUESTIONS_MAX;
  #askedAtMs = 0;
  #isAsking = false;

  /** @param buffer what {@linkcode createLeaseRegion} returned; @param clock of this thread. @throws {RegionMismatchError} */
  constructor(buffer: SharedArrayBuffer, clock: Clock) {
    attachRegion(buffer, MAGIC, LAYOUT_VERSION);
    this.#clock = clock;
    this.#end = new Cursor(buffer, END_BYTE);
    this.#wallEnd = new Cursor(buffer, WALL_END_BYTE);
    this.#bell = new Doorbell(buffer, BELL_BYTE);
    this.#questions = new Int32Array(buffer, QUESTIONS_BYTE, 1);
    this.#answers = new Int32Array(buffer, ANSWERS_BYTE, 1);
    this.#answeredAt = answersOf(buffer);
    this.#ask();
  }

  /** Whether the lease lasts at this moment; false while the clocks are not compared yet. */
  get isHeld(): boolean {
    if (this.#isAsking) this.#compare();
    const nowMs = this.#clock.monotonicMs();
    const isHeld = (nowMs + this.#aheadMs) * US_PER_MS < this.#end.load() && this.#clock.nowMs() < this.#wallEnd.load();
    // A bad measure must not cost the whole mastership.
    if (!isHeld && !this.#isAsking && nowMs - this.#askedAtMs >= DOUBT_MS) this.#ask();
    return isHeld;
  }

  /**
   * Whether the lease is over for certain, by its keeper's word or the wall clock. Between {@link isHeld} and this lies what a thread cannot know; who must not
   * miss something because its clocks are not compared well yet looks here.
   */
  get isOver(): boolean {
    return this.#end.load() === 0 || this.#clock.nowMs() >= this.#wallEnd.load();
  }

  /** Milliseconds that the lease lasts on; below 0 when it is over. */
  get leftMs(): number {
    if (this.#isAsking) this.#compare();
    return this.#end.load() / US_PER_MS - this.#clock.monotonicMs() - this.#aheadMs;
  }

  #ask(): void {
    this.#isAsking = true;
    this.#questionsLeft--;
    this.#askedAtMs = this.#clock.monotonicMs();
    this.#question = Atomics.add(this.#questions, 0, 1) + 1;
    this.#bell.ring();
  }

  #compare(): void {
    if (Atomics.load(this.#answers, 0) < this.#question) return;
    const answeredAtMs = this.#answeredAt[this.#question % ANSWERS_KEPT]!.load() / US_PER_MS;
    // So many others asked since that the place may be another one's by now, which would be later only.
    this.#aheadMs = Math.min(this.#aheadMs, answeredAtMs - this.#askedAtMs);
    const waitedMs = this.#clock.monotonicMs() - this.#askedAtMs;
    this.#isAsking = false;
    if (waitedMs > ANSWER_MS_MAX && this.#questionsLeft > 0) this.#ask();
  }
}

function answersOf(buffer: SharedArrayBuffer): Cursor[] {
  return Array.from({ length: ANSWERS_KEPT }, (_, index) => new Cursor(buffer, ANSWERED_AT_BYTE + index * 8));
}
