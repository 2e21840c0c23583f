/**
 * Requests that the broker starts on a client's connection: 39, 40, 220, 221, 307, 309, 326.
 *
 * It owns the table of those that wait for an answer, by connection and opaque. The table is bounded and each entry has a deadline; a connection that closes
 * fails its entries.
 */
import type { RemotingCommand } from "../../../protocol/command.ts";
import { encodeFrame } from "../../../protocol/frame.ts";
import type { Clock } from "../../../store/clock.ts";
import type { GatewayConnection } from "./connection.ts";

/** Requests that wait for a client's answer at most. */
const WAITING_MAX = 10_000;

/** Thrown when a client cannot be asked or does not answer. */
export class ClientCallError extends Error {
  override readonly name = "ClientCallError";
  /** Why. */
  readonly code: "CHANNEL_GONE" | "TIMEOUT" | "TOO_MANY";

  /** @param code why; @param message what was tried */
  constructor(code: ClientCallError["code"], message: string) {
    super(message);
    this.code = code;
  }
}

interface Waiting {
  readonly connection: GatewayConnection;
  readonly settle: (answer: RemotingCommand) => void;
  readonly fail: (error: Error) => void;
  readonly timer: { cancel(): void };
}

/** Broker-initiated requests of one gateway. */
export class ClientCalls {
  readonly #clock: Clock;
  readonly #markDirty: (connection: GatewayConnection) => void;
  readonly #waiting = new Map<string, Waiting>();
  // ali-ons takes opaque 0 for a missing one, so numbers start at 1.
  #nextOpaque = 1;

  /** @param clock for deadlines; @param markDirty told when a connection has output */
  constructor(clock: Clock, markDirty: (connection: GatewayConnection) => void) {
    this.#clock = clock;
    this.#markDirty = markDirty;
  }

  /** Requests that wait for an answer. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Sends a one-way request. */
  push(connection: GatewayConnection, command: RemotingCommand): void {
    connection.push(encodeFrame({ ...command, opaque: this.#opaque(), flag: command.flag | 2 }));
    this.#markDirty(connection);
  }

  /**
   * Sends a request and waits for its answer.
   *
   * @throws {ClientCallError} when too many wait, the time is over or the connection closes
   */
  call(connection: GatewayConnection, command: RemotingCommand, timeoutMs: number): Promise<RemotingCommand> {
    if (this.#waiting.size >= WAITING_MAX) {
      return Promise.reject(new ClientCallError("TOO_MANY", `Cannot ask client: ${WAITING_MAX} requests wait already`));
    }
    if (connection.closed) return Promise.reject(gone(connection));
    const opaque = this.#opaque();
    const key = keyOf(connection, opaque);
    return new Promise((resolve, reject) => {
      const timer = this.#clock.setTimer(timeoutMs, () => {
        this.#waiting.delete(key);
        reject(
          new ClientCallError(
            "TIMEOUT",
            `Client ${connection.remoteAddress} does not answer request ${command.code} in ${timeoutMs} ms`,
          ),
        );
      });
      this.#waiting.set(key, { connection, settle: resolve, fail: reject, timer });
      connection.push(encodeFrame({ ...command, opaque, flag: command.flag & ~3 }));
      this.#markDirty(connection);
    });
  }

  /** Takes a client's answer. @returns false when nothing waits for it */
  answered(connection: GatewayConnection, answer: RemotingCommand): boolean {
    const key = keyOf(connection, answer.opaque);
    const waiting = this.#waiting.get(key);
    if (waiting === undefined) return false;
    this.#waiting.delete(key);
    waiting.timer.cancel();
    waiting.settle(answer);
    return true;
  }

  /** A connection is gone. */
  closed(connection: GatewayConnection): void {
    for (const [key, waiting] of this.#waiting) {
      if (waiting.connection !== connection) continue;
      this.#waiting.delete(key);
      waiting.timer.cancel();
      waiting.fail(gone(connection));
    }
  }

  #opaque(): number {
    const opaque = this.#nextOpaque;
    this.#nextOpaque = opaque === 0x7fffffff ? 1 : opaque + 1;
    return opaque;
  }
}

function gone(connection: GatewayConnection): ClientCallError {
  return new ClientCallError("CHANNEL_GONE", `Client ${connection.remoteAddress} closed its connection`);
}

function keyOf(connection: GatewayConnection, opaque: number): string {
  return `${connection.id}/${opaque}`;
}
