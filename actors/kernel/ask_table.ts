/**
 * Asks that wait for their replies, on one port.
 *
 * Owns: ids, deadlines and the promises of the askers.
 * Reads: the clock.
 * Never: sends; whoever owns the table posts what {@link AskTable.open} returns the id of.
 *
 * @module
 */

import type { Clock } from "../../store/clock.ts";
import { DeadlineTable } from "./deadline_table.ts";
import { AskOverflowError, AskTimeoutError, decodeError } from "./errors.ts";
import type { ReplyMessage } from "./wire.ts";

/** Most asks that may wait on one port. */
export const ASKS_OUTSTANDING_MAX = 65_536;

interface Waiting {
  readonly name: string;
  readonly timeoutMs: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** The table. */
export class AskTable {
  readonly #target: string;
  readonly #waiting: DeadlineTable<Waiting>;
  #nextId = 1;
  #lateReplies = 0;

  /**
   * Makes an AskTable.
   *
   * @param clock Counts the deadlines.
   * @param target Who is asked, for messages.
   */
  constructor(clock: Clock, target: string) {
    this.#target = target;
    this.#waiting = new DeadlineTable(clock, ({ name, timeoutMs, reject }) => {
      reject(new AskTimeoutError(`Cannot ask "${name}" of ${target}: no reply within ${timeoutMs} ms`));
    });
  }

  /** How many asks wait. */
  get size(): number {
    return this.#waiting.size;
  }

  /** Replies that came after their deadline. */
  get lateReplies(): number {
    return this.#lateReplies;
  }

  /**
   * Enters an ask.
   *
   * @param name Name of the ask.
   * @param timeoutMs Milliseconds until it is given up.
   * @param post Sends the ask under the id given; when it throws, the ask is not entered.
   * @returns Settles with the reply.
   */
  open(name: string, timeoutMs: number, post: (id: number) => void): Promise<unknown> {
    if (this.#waiting.size >= ASKS_OUTSTANDING_MAX) {
      return Promise.reject(
        new AskOverflowError(`Cannot ask "${name}" of ${this.#target}: ${ASKS_OUTSTANDING_MAX} asks wait already`),
      );
    }
    const id = this.#nextId++;
    return new Promise((resolve, reject) => {
      post(id);
      this.#waiting.add(id, timeoutMs, { name, timeoutMs, resolve, reject });
    });
  }

  /** Settles the ask that a reply belongs to; a reply that nobody waits for is counted. */
  settle(reply: ReplyMessage): void {
    const waiting = this.#waiting.take(reply.id);
    if (waiting === undefined) this.#lateReplies++;
    else if (reply.error === undefined) waiting.resolve(reply.value);
    else waiting.reject(decodeError(reply.error));
  }

  /** Rejects everything that waits. */
  rejectAll(makeError: (askName: string) => Error): void {
    for (const waiting of this.#waiting.drain()) waiting.reject(makeError(waiting.name));
  }
}
