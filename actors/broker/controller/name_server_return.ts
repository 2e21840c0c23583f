/**
 * A name server whose connection was lost is registered with as soon as it is back.
 *
 * A name server that was started again knows no broker. Until all of them have registered, clients may read a route that lacks some, and keep it for half a minute; RocketMQ's brokers come back with their next round only.
 *
 * Owns: which name servers are waited for. Reads: nothing. Never: tries for longer than a minute; the rounds of registration go on in any case.
 */
import type { Clock } from "../../../store/clock.ts";
import type { Registrar } from "./registrar.ts";

/** Wait between two tries. Milliseconds. */
const RETRY_MS = 500;

/** Tries for one loss: a minute of them. */
const TRIES_MAX = 120;

/** What this works with. */
export interface NameServerReturnParts {
  readonly clock: Clock;
  readonly registrar: Pick<Registrar, "nameServers" | "registerAgain">;
  /** False while the broker must not be registered. */
  readonly mayRegister: () => boolean;
}

/** Waits for name servers that are gone. */
export class NameServerReturn {
  readonly #parts: NameServerReturnParts;
  /** Addresses that are waited for, each with what ends the present wait. */
  readonly #awaited = new Map<string, () => void>();
  #isStopping = false;

  /** @param parts what it works with */
  constructor(parts: NameServerReturnParts) {
    this.#parts = parts;
  }

  /** A connection was lost. Those to others than name servers do not matter here. */
  lost(address: string): void {
    if (this.#isStopping || this.#awaited.has(address)) return;
    if (!this.#parts.registrar.nameServers().includes(address)) return;
    this.#awaited.set(address, () => {});
    void this.#await(address).finally(() => this.#awaited.delete(address));
  }

  /** Waits no more. */
  stop(): void {
    this.#isStopping = true;
    for (const wake of this.#awaited.values()) wake();
  }

  async #await(address: string): Promise<void> {
    const { clock, registrar, mayRegister } = this.#parts;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const rest = Promise.withResolvers<void>();
      const timer = clock.setTimer(RETRY_MS, rest.resolve);
      this.#awaited.set(address, rest.resolve);
      await rest.promise;
      timer.cancel();
      if (this.#isStopping || !mayRegister()) return;
      if (await registrar.registerAgain(address)) return;
    }
  }
}
