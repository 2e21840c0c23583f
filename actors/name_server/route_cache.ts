/**
 * Encoded routes that a gateway answers without asking.
 *
 * Owns: frames by topic and dialect, each with the stamp that it holds for. Reads: the shared generations.
 * Never: grows beyond its bound of bytes; the entries that were put first go first.
 */

import type { RouteFrame } from "./route_frame.ts";
import type { RouteGenerations, RouteStamp } from "./route_generations.ts";

/** Bytes counted for an entry beside its frame: key, map slot, objects, array headers. An estimate on the safe side. */
const ENTRY_OVERHEAD_BYTES = 500;

interface Entry {
  readonly topic: string;
  readonly stamp: RouteStamp;
  readonly frame: RouteFrame;
}

/** What the cache did since it was made. */
export interface RouteCacheCounts {
  readonly hits: number;
  readonly misses: number;
  readonly bytes: number;
  readonly entries: number;
}

/** A bounded cache of encoded routes. */
export class RouteCache {
  readonly #generations: RouteGenerations;
  readonly #bytesMax: number;
  readonly #entries = new Map<string, Entry>();
  #bytes = 0;
  #hits = 0;
  #misses = 0;

  /**
   * @param generations Says whether an entry still holds.
   * @param bytesMax Bound in bytes; 0 keeps nothing.
   */
  constructor(generations: RouteGenerations, bytesMax: number) {
    this.#generations = generations;
    this.#bytesMax = bytesMax;
  }

  /** Counts for tests and reports. */
  get counts(): RouteCacheCounts {
    return { hits: this.#hits, misses: this.#misses, bytes: this.#bytes, entries: this.#entries.size };
  }

  /**
   * The frame for a key while it holds.
   *
   * @param key Topic with dialect and zone.
   * @returns The frame or undefined.
   */
  get(key: string): RouteFrame | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      if (this.#generations.holds(entry.topic, entry.stamp)) {
        this.#hits++;
        return entry.frame;
      }
      this.#remove(key, entry);
    }
    this.#misses++;
    return undefined;
  }

  /**
   * Keeps a frame.
   *
   * @param key Topic with dialect and zone.
   * @param topic The topic alone.
   * @param stamp Stamp read before the route was asked for.
   * @param frame The answer.
   */
  put(key: string, topic: string, stamp: RouteStamp, frame: RouteFrame): void {
    const known = this.#entries.get(key);
    if (known !== undefined) this.#remove(key, known);
    const bytes = costOf(key, frame);
    if (bytes > this.#bytesMax) return;
    this.#entries.set(key, { topic, stamp, frame });
    this.#bytes += bytes;
    for (const [oldKey, old] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#remove(oldKey, old);
    }
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= costOf(key, entry.frame);
  }
}

function costOf(key: string, frame: RouteFrame): number {
  return ENTRY_OVERHEAD_BYTES + 2 * key.length + frame.bytes;
}
