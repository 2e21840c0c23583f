/**
 * Whether the process has a file left for one more connection. Clients that open too many must not take those that the broker needs to write.
 *
 * Owns: when it looked last.
 * Never: keeps a file open.
 */
import type { Clock } from "../../../store/clock.ts";
import type { Disk } from "../../../store/file/disk.ts";
import { FILES_OF_OTHERS, hasRoom } from "../../../store/file/open_files.ts";

/** Connections between two looks: half of the files that a look finds. */
const CONNECTIONS_BETWEEN_LOOKS = FILES_OF_OTHERS / 2;

/** Between two looks while there is no room. Milliseconds. */
const LOOK_AGAIN_MS = 100;

/** What a {@link ConnectionRoom} works with. */
export interface ConnectionRoomOptions {
  /** Disk of the store. */
  readonly disk: Disk;
  /** Path of a file that is there. */
  readonly path: string;
  /** For looks while there is no room. */
  readonly clock: Pick<Clock, "monotonicMs">;
  /** Told of each look that found no room. */
  readonly outOfFiles: () => void;
}

/** Looks for room. */
export class ConnectionRoom {
  readonly #options: ConnectionRoomOptions;
  /** With so many connections it looks again. */
  #goodBelow = 0;
  #fullUntilMs = -Infinity;

  /** @param options where and how it looks */
  constructor(options: ConnectionRoomOptions) {
    this.#options = options;
  }

  /** @param connections that are open */
  isLeft(connections: number): boolean {
    this.#goodBelow = Math.min(this.#goodBelow, connections + CONNECTIONS_BETWEEN_LOOKS);
    if (connections < this.#goodBelow) return true;
    const { disk, path, clock, outOfFiles } = this.#options;
    const nowMs = clock.monotonicMs();
    if (nowMs < this.#fullUntilMs) return false;
    if (hasRoom(disk, path)) {
      this.#goodBelow = connections + CONNECTIONS_BETWEEN_LOOKS;
      return true;
    }
    this.#fullUntilMs = nowMs + LOOK_AGAIN_MS;
    outOfFiles();
    return false;
  }
}
