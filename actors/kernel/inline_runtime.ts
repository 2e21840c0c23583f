/**
 * Turns on the caller's thread: pipes between inline actors, and whoever picks the next turn.
 *
 * Owns: the pipes; the order of messages within one pipe.
 * Reads: nothing.
 * Never: takes a turn inside another turn; a message is delivered by the scheduler, later.
 *
 * @module
 */

import { setImmediate } from "./after_io.ts";
import type { Port } from "./port.ts";

/** One message that can be delivered now. */
export interface Turn {
  /** Who takes it: the name of an actor, or of an actor's owner as `owner of x`. */
  readonly actor: string;
  /** Turns of one channel must be run in the order in which they came. */
  readonly channel: number;
  /** Delivers it. */
  run(): void;
}

/** Picks whose turn is next. */
export interface TurnScheduler {
  /** Takes a turn to be run later, never now. */
  ready(turn: Turn): void;
  /** Settles when others have had a turn; `breathe` waits for it. */
  pass(): Promise<void>;
}

/** Turns run one after the other before the event loop is let through. */
const TURNS_AT_ONCE_MAX = 64;

/** Runs turns in the order in which they come, promises settling between any two. */
class EventLoopScheduler implements TurnScheduler {
  #turns: Turn[] = [];
  #running = false;

  ready(turn: Turn): void {
    this.#turns.push(turn);
    if (this.#running) return;
    this.#running = true;
    setImmediate(() => void this.#run());
  }

  pass(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  async #run(): Promise<void> {
    while (this.#turns.length > 0) {
      const batch = this.#turns.splice(0, TURNS_AT_ONCE_MAX);
      for (const turn of batch) {
        turn.run();
        await undefined;
      }
      if (this.#turns.length > 0) await this.pass();
    }
    this.#running = false;
  }
}

/** The scheduler that is used when none is given. */
export const eventLoopScheduler: TurnScheduler = new EventLoopScheduler();

let channels = 0;

/** One end of a pipe between two actors, or an actor and its owner, on one thread. */
class PipeEnd implements Port {
  readonly #scheduler: TurnScheduler;
  readonly #receiver: string;
  readonly #channel = ++channels;
  readonly #early: unknown[] = [];
  #handler: ((message: unknown) => void) | undefined;
  #other: PipeEnd | undefined;
  #closed = false;

  constructor(scheduler: TurnScheduler, receiver: string) {
    this.#scheduler = scheduler;
    this.#receiver = receiver;
  }

  static pair(scheduler: TurnScheduler, first: string, second: string): [PipeEnd, PipeEnd] {
    const ends: [PipeEnd, PipeEnd] = [new PipeEnd(scheduler, first), new PipeEnd(scheduler, second)];
    ends[0].#other = ends[1];
    ends[1].#other = ends[0];
    return ends;
  }

  post(message: unknown, transfer: Transferable[] = []): void {
    this.postAsIs(structuredClone(message, { transfer }));
  }

  postAsIs(message: unknown): void {
    if (!this.#closed) this.#other?.deliver(message);
  }

  deliver(message: unknown): void {
    if (this.#closed) return;
    if (this.#handler === undefined) {
      this.#early.push(message);
      return;
    }
    const handler = this.#handler;
    this.#scheduler.ready({
      actor: this.#receiver,
      channel: this.#channel,
      run: (): void => {
        if (!this.#closed) handler(message);
      },
    });
  }

  listen(handler: (message: unknown) => void): void {
    this.#handler = handler;
    for (const message of this.#early.splice(0)) this.deliver(message);
  }

  close(): void {
    this.#closed = true;
    this.#early.length = 0;
  }
}

/** A port of a message channel whose messages are turns of an inline actor. */
class ScheduledPort implements Port {
  readonly #inner: Port;
  readonly #scheduler: TurnScheduler;
  readonly #receiver: string;
  readonly #channel = ++channels;

  constructor(inner: Port, scheduler: TurnScheduler, receiver: string) {
    this.#inner = inner;
    this.#scheduler = scheduler;
    this.#receiver = receiver;
  }

  post(message: unknown, transfer?: Transferable[]): void {
    this.#inner.post(message, transfer);
  }

  listen(handler: (message: unknown) => void): void {
    this.#inner.listen((message) => {
      this.#scheduler.ready({
        actor: this.#receiver,
        channel: this.#channel,
        run: (): void => handler(message),
      });
    });
  }

  close(): void {
    this.#inner.close();
  }
}

/** What runs inline actors that share one scheduler. */
export interface InlineRuntime {
  /** Picks whose turn is next. */
  readonly scheduler: TurnScheduler;
}

/** A port that can also hand over a message without copying it; for messages that carry a port of this thread. */
export interface PipePort extends Port {
  /** Sends the message itself. */
  postAsIs(message: unknown): void;
}

/**
 * Makes a pipe.
 *
 * @param scheduler Delivers its messages.
 * @param first Who receives at the first end.
 * @param second Who receives at the second end.
 * @returns Both ends.
 */
export function pipe(scheduler: TurnScheduler, first: string, second: string): [PipePort, PipePort] {
  return PipeEnd.pair(scheduler, first, second);
}

/**
 * Makes the messages of a port turns of an inline actor.
 *
 * @param port The port.
 * @param scheduler Delivers its messages.
 * @param receiver Name of the actor.
 */
export function scheduled(port: Port, scheduler: TurnScheduler, receiver: string): Port {
  return new ScheduledPort(port, scheduler, receiver);
}
