/**
 * Shared words that say how often routes have changed, so that a gateway can tell a fresh answer from an old one without
 * asking anybody.
 *
 * Owns: the layout below. Reads: nothing else. Never: holds routes.
 *
 * ```
 * word 0        count of changes that concern every topic
 * words 1..4096 count of changes of the topics whose name hashes there
 * ```
 *
 * RouteInfoManager is the only writer: it changes its tables first and counts afterwards. A gateway reads the stamp of a topic
 * before it asks, and keeps the answer with that stamp; the answer holds while the stamp reads the same. An answer that was
 * made while the stamp moved is thus thrown away at its next use, never served late.
 */

import { assert } from "../../store/assert.ts";

const SLOT_COUNT = 4096;
const WORD_COUNT = 1 + SLOT_COUNT;

/** Two counts that together date the answer for one topic. */
export interface RouteStamp {
  readonly every: number;
  readonly slot: number;
}

/** A view on the shared words. */
export class RouteGenerations {
  readonly #words: Int32Array;

  /**
   * @param memory What `allocate` made.
   */
  constructor(memory: SharedArrayBuffer) {
    assert(memory.byteLength === WORD_COUNT * 4, `Route generations have ${memory.byteLength} bytes`);
    this.#words = new Int32Array(memory);
  }

  /**
   * Makes the shared words.
   *
   * @returns Zeroed memory for both sides.
   */
  static allocate(): SharedArrayBuffer {
    return new SharedArrayBuffer(WORD_COUNT * 4);
  }

  /** Counts a change that concerns every topic. RouteInfoManager only. */
  changeEvery(): void {
    Atomics.add(this.#words, 0, 1);
  }

  /**
   * Counts a change of one topic. RouteInfoManager only.
   *
   * @param topic Its name.
   */
  changeTopic(topic: string): void {
    Atomics.add(this.#words, slotOf(topic), 1);
  }

  /**
   * The stamp of a topic now.
   *
   * @param topic Its name.
   * @returns The counts to keep beside an answer.
   */
  stampOf(topic: string): RouteStamp {
    return { every: Atomics.load(this.#words, 0), slot: Atomics.load(this.#words, slotOf(topic)) };
  }

  /**
   * Whether an answer with a stamp still holds. Allocates nothing.
   *
   * @param topic Its topic.
   * @param stamp Read before the answer was asked for.
   * @returns True when nothing that concerns the topic changed.
   */
  holds(topic: string, stamp: RouteStamp): boolean {
    return Atomics.load(this.#words, 0) === stamp.every && Atomics.load(this.#words, slotOf(topic)) === stamp.slot;
  }
}

/** FNV-1a over the UTF-16 units; every gateway and the manager compute the same one. */
function slotOf(topic: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < topic.length; at++) {
    hash = Math.imul(hash ^ topic.charCodeAt(at), 0x01000193);
  }
  return 1 + ((hash >>> 0) % SLOT_COUNT);
}
