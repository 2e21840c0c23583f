/**
 * Heartbeats: how brokers learn which groups this client is a member of, and on which connection they reach it.
 *
 * Owns: when a broker is told. Reads: the members, the brokers of the routes. Never does: decide about members.
 *
 * A broker is told at every round, as soon as a connection to it was opened by other work, and again and again after a
 * connection to it was lost: a broker that was restarted knows its clients again at once, not at the next round as with Java.
 * Source: apache/rocketmq client/impl/factory/MQClientInstance.java sendHeartbeatToAllBroker
 */

import type { Clock, Timer } from "../../store/clock.ts";
import { sendChannel } from "./diagnostics.ts";
import type { ClientLogger } from "./logger.ts";

/** Milliseconds from the loss of a connection to the first try of a new one. */
const REOPEN_FIRST_MS = 200;
/** Milliseconds between further tries. */
const REOPEN_MS = 1_000;
/** Tries until the broker is left to the rounds: three minutes. */
const REOPEN_TRIES_MAX = 180;

/** What heartbeats work with. */
export interface HeartbeatParts {
  readonly clock: Clock;
  readonly logger: ClientLogger;
  /** What is told; undefined when there is no member. */
  body(): Uint8Array | undefined;
  /** Brokers that are told: masters, and replicas too when there are consumers. */
  addresses(): readonly string[];
  /** Tells one broker. @throws {ClientError} when it does not take it */
  send(address: string, body: Uint8Array): Promise<void>;
}

/** Heartbeats of one client instance. */
export class Heartbeats {
  readonly #parts: HeartbeatParts;
  readonly #running = new Set<string>();
  readonly #reopening = new Map<string, Timer>();
  #stopped = false;

  /** @param parts with what */
  constructor(parts: HeartbeatParts) {
    this.#parts = parts;
  }

  /** Tells all brokers; failures are told to the logger only. */
  async all(): Promise<void> {
    const body = this.#parts.body();
    if (body === undefined) return;
    await Promise.all(this.#parts.addresses().map((address) => this.#tell(address, body)));
  }

  /**
   * A connection was opened. When it is one to a broker, and not opened to tell it, the broker is told.
   *
   * @param address `host:port`
   */
  opened(address: string): void {
    if (this.#stopped || this.#running.has(address) || !this.#parts.addresses().includes(address)) return;
    const body = this.#parts.body();
    if (body !== undefined) void this.#tell(address, body);
  }

  /**
   * A connection was lost: when it was one to a broker, it is opened again.
   *
   * @param address `host:port`
   */
  closed(address: string): void {
    if (!this.#reopening.has(address)) this.#reopen(address, 0);
  }

  /** Tells nobody any more. */
  stop(): void {
    this.#stopped = true;
    for (const timer of this.#reopening.values()) timer.cancel();
    this.#reopening.clear();
  }

  #reopen(address: string, tries: number): void {
    if (this.#stopped || tries >= REOPEN_TRIES_MAX || !this.#parts.addresses().includes(address)) {
      this.#reopening.delete(address);
      return;
    }
    const timer = this.#parts.clock.setTimer(tries === 0 ? REOPEN_FIRST_MS : REOPEN_MS, async () => {
      const body = this.#parts.body();
      if (body === undefined || await this.#tell(address, body)) this.#reopening.delete(address);
      else this.#reopen(address, tries + 1);
    });
    this.#reopening.set(address, timer);
  }

  /** @returns whether the broker took it */
  async #tell(address: string, body: Uint8Array): Promise<boolean> {
    this.#running.add(address);
    try {
      await this.#parts.send(address, body);
      return true;
    } catch (error) {
      if (this.#stopped) return false;
      this.#parts.logger.warn?.("Heartbeat failed", { address, error });
      sendChannel("heartbeat-failed", { address, error });
      return false;
    } finally {
      this.#running.delete(address);
    }
  }
}
