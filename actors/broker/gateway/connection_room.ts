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

/** Looks for room. */
export class ConnectionRoom {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #clock: Pick<Clock, "monotonicMs">;
  /** With so many connections it looks again. */
  #goodBelow = 0;
  #fullUntilMs = -Infinity;

  /** @param disk of the store; @param path of a file that is there; @param clock for looks while there is no room */
  constructor(disk: Disk, path: string, clock: Pick<Clock, "monotonicMs">) {
    this.#disk = disk;
    this.#path = path;
    this.#clock = clock;
  }

  /** @param connections that are open */
  isLeft(connections: number): boolean {
    this.#goodBelow = Math.min(this.#goodBelow, connections + CONNECTIONS_BETWEEN_LOOKS);
    if (connections < this.#goodBelow) return true;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs < this.#fullUntilMs) return false;
    const isLeft = hasRoom(this.#disk, this.#path);
    if (isLeft) this.#goodBelow = connections + CONNECTIONS_BETWEEN_LOOKS;
    else this.#fullUntilMs = nowMs + LOOK_AGAIN_MS;
    return isLeft;
  }
}
