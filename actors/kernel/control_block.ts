/**
 * The words that an actor and its owner share.
 *
 * Owns: the layout below. The owner writes `stop` and `pause`; the actor writes the rest.
 * Reads: nothing.
 * Never: carries anything that a message can carry; it is for loops that block and for looking from outside.
 *
 *      byte   0  stop    0, then 1 for good
 *           128  pause   1 while turns are not to be taken
 *           256  turns   turns taken
 *           384  work    work counted by the behaviour
 *           512  cpu     microseconds of CPU time of the thread
 *           640  cpuAsk  1 once somebody wanted to know them; written by both
 *
 * The words lie 128 bytes apart so that a look from outside does not slow the writer.
 *
 * @module
 */

import type { ActorGauges } from "./contract.ts";

const WORD_STRIDE = 32;
const STOP = 0;
const PAUSE = WORD_STRIDE;
const TURNS = 2 * WORD_STRIDE;
const WORK = 3 * WORD_STRIDE;
const CPU = 4 * WORD_STRIDE;
const CPU_ASKED = 5 * WORD_STRIDE;
const BLOCK_BYTES = 6 * WORD_STRIDE * 4;

/** Longest single wait on a shared word, in milliseconds: a stop is seen at least this soon. */
export const WAIT_MS_MAX = 100;

/** View of the words; both sides make one over the same memory. */
export class ControlBlock implements ActorGauges {
  /** The shared memory. */
  readonly memory: SharedArrayBuffer;
  /** The stop word alone, as behaviours see it. */
  readonly stopWord: Int32Array;
  readonly #words: Int32Array;

  /**
   * Makes a ControlBlock.
   *
   * @param memory Memory of another view; new memory when left out.
   */
  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(BLOCK_BYTES)) {
    if (memory.byteLength !== BLOCK_BYTES) {
      throw new RangeError(`Cannot attach control block: it has ${memory.byteLength} bytes, expected ${BLOCK_BYTES}`);
    }
    this.memory = memory;
    this.#words = new Int32Array(memory);
    this.stopWord = new Int32Array(memory, STOP, 1);
  }

  /** True when a stop is asked for. */
  get stopAsked(): boolean {
    return Atomics.load(this.#words, STOP) !== 0;
  }

  /** True while turns are not to be taken. */
  get pauseAsked(): boolean {
    return Atomics.load(this.#words, PAUSE) !== 0;
  }

  /** Turns taken. Wraps at 2^32. */
  get turns(): number {
    return Atomics.load(this.#words, TURNS) >>> 0;
  }

  /** Work counted by the behaviour. Wraps at 2^32. */
  get work(): number {
    return Atomics.load(this.#words, WORK) >>> 0;
  }

  /**
   * CPU time of the thread in microseconds as of its last look, 0 before that. Wraps at 2^32. Asking makes the actor look from then on; before that it saves
   * the 3 MB of memory that looking takes on Deno.
   */
  get cpuUs(): number {
    Atomics.store(this.#words, CPU_ASKED, 1);
    return Atomics.load(this.#words, CPU) >>> 0;
  }

  /** Asks for the stop and wakes whoever waits on the stop word or is paused. */
  askStop(): void {
    Atomics.store(this.#words, STOP, 1);
    Atomics.notify(this.#words, STOP);
    this.askPause(false);
  }

  /** Asks for a pause, or ends it. */
  askPause(paused: boolean): void {
    Atomics.store(this.#words, PAUSE, paused ? 1 : 0);
    Atomics.notify(this.#words, PAUSE);
  }

  /** Blocks the calling thread while a pause is asked for. */
  parkWhilePaused(): void {
    while (this.pauseAsked) Atomics.wait(this.#words, PAUSE, 1, WAIT_MS_MAX);
  }

  /** Counts a turn. */
  countTurn(): void {
    Atomics.add(this.#words, TURNS, 1);
  }

  /** Counts work. */
  countWork(count: number): void {
    Atomics.add(this.#words, WORK, count);
  }

  /** True once somebody wanted to know the CPU time. */
  get cpuAsked(): boolean {
    return Atomics.load(this.#words, CPU_ASKED) !== 0;
  }

  /** Publishes the CPU time of the thread. */
  publishCpu(microseconds: number): void {
    Atomics.store(this.#words, CPU, microseconds | 0);
  }
}
