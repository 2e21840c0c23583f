/**
 * Gives every busy connection its turn when more are ready than one turn of the event loop takes.
 *
 * The platform takes 128 reads a turn. Those for which there was no room it looks at again behind what became ready meanwhile, the last of them first: with a
 * thousand busy connections the two hundred that were just served were served again, and others waited for seconds. So once a turn was full, whoever was
 * served reads again only when nobody is left that was not: after a turn that was not full.
 *
 * Owns: the round. Reads: nothing. Never: holds a connection back while turns have room.
 */
import { setImmediate } from "../../kernel/after_io.ts";

/** Reads of a full turn. Source: tokio's budget of a task. */
const READS_FULL = 128;

/** So many turns without a read say that nothing is ready: a loop that is never at rest looks at its sockets every 61st turn. Source: tokio's event interval. */
const IDLE_TURNS = 64;

/** The rounds of one gateway. */
export class ReadRounds {
  readonly #nextTurn: (call: () => void) => void;
  readonly #look = (): void => this.#endTurn();
  #reads = 0;
  #idleTurns = 0;
  #round: PromiseWithResolvers<void> | undefined;

  /** @param nextTurn calls back after the event loop has looked at what there is once */
  constructor(nextTurn: (call: () => void) => void = setImmediate) {
    this.#nextTurn = nextTurn;
  }

  /**
   * A connection was served.
   *
   * @returns what it waits for before it reads again; undefined when it need not
   */
  served(): Promise<void> | undefined {
    if (++this.#reads >= READS_FULL && this.#round === undefined) {
      this.#round = Promise.withResolvers();
      this.#nextTurn(this.#look);
    }
    return this.#round?.promise;
  }

  /** A turn is over: outside of a round its reads count no more. */
  turnEnded(): void {
    if (this.#round === undefined) this.#reads = 0;
  }

  #endTurn(): void {
    const reads = this.#reads;
    this.#reads = 0;
    this.#idleTurns = reads === 0 ? this.#idleTurns + 1 : 0;
    if (reads >= READS_FULL || reads === 0 && this.#idleTurns < IDLE_TURNS) return this.#nextTurn(this.#look);
    this.#idleTurns = 0;
    this.#round?.resolve();
    this.#round = undefined;
  }
}
