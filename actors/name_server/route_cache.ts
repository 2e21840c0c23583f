/**
 * Encoded routes that a gateway answers without asking.
 *
 * Owns: body bytes by topic and dialect, each with the stamp that it holds for. Reads: the shared generations.
 * Never: grows beyond its bound of bytes; the entries that were put first go first.
 */

import type { RouteGenerations, RouteStamp } from "./route_generations.ts";

/** Bytes counted for an entry beside its body: key, map slot, objects. Measured on V8 with 10,000 entries. */
const ENTRY_OVERHEAD_BYTES = 300;

interface Entry {
  readonly topic: string;
  readonly stamp: RouteStamp;
  readonly body: Uint8Array;
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
   * The body for a key while it holds.
   *
   * @param key Topic with dialect and zone.
   * @returns The body, not to be changed, or undefined.
   */
  get(key: string): Uint8Array | undefined {
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      if (this.#generations.holds(entry.topic, entry.stamp)) {
        this.#hits++;
        return entry.body;
      }
      this.#remove(key, entry);
    }
    this.#misses++;
    return undefined;
  }

  /**
   * Keeps a body.
   *
   * @param key Topic with dialect and zone.
   * @param topic The topic alone.
   * @param stamp Stamp read before the body was asked for.
   * @param body Encoded route.
   */
  put(key: string, topic: string, stamp: RouteStamp, body: Uint8Array): void {
    const known = this.#entries.get(key);
    if (known !== undefined) this.#remove(key, known);
    const bytes = costOf(key, body);
    if (bytes > this.#bytesMax) return;
    this.#entries.set(key, { topic, stamp, body });
    this.#bytes += bytes;
    for (const [oldKey, old] of this.#entries) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#remove(oldKey, old);
    }
  }

  #remove(key: string, entry: Entry): void {
    this.#entries.delete(key);
    this.#bytes -= costOf(key, entry.body);
  }
}

function costOf(key: string, body: Uint8Array): number {
  return ENTRY_OVERHEAD_BYTES + 2 * key.length + body.byteLength;
}
