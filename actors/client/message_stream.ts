/**
 * Messages as a stream: the meeting point between consumption and `for await` loops.
 *
 * Owns: messages that wait for a loop. Never does: acknowledge by itself.
 *
 * A message is finished when the loop asks for the next one. Leaving the loop releases the message in hand: it is not
 * acknowledged and goes to the next loop, or, when there is none before the consumer stops, to the next run of the group.
 */

import type { MessageExt } from "./message_ext.ts";

/** How a message came back from a loop. */
export type StreamOutcome = "finished" | "abandoned";

interface Offer {
  readonly message: MessageExt;
  settle(outcome: StreamOutcome): void;
}

/** The meeting point. */
export class MessageStream {
  readonly #offers: Offer[] = [];
  readonly #takers: ((offer: Offer | undefined) => void)[] = [];
  #closed = false;

  /**
   * Waits until a loop has taken and finished a message.
   *
   * @param message the message
   * @returns how it came back
   */
  offer(message: MessageExt): Promise<StreamOutcome> {
    if (this.#closed) return Promise.resolve("abandoned");
    return new Promise((settle) => this.#put({ message, settle }, false));
  }

  /** Ends all loops; messages that wait are abandoned. */
  close(): void {
    this.#closed = true;
    for (const offer of this.#offers.splice(0)) offer.settle("abandoned");
    for (const taker of this.#takers.splice(0)) taker(undefined);
  }

  /**
   * The messages, one after the other.
   *
   * @param signal ends the loop
   * @returns an iterator; several may run at a time
   */
  async *messages(signal?: AbortSignal): AsyncGenerator<MessageExt, void, void> {
    let inHand: Offer | undefined;
    try {
      while (true) {
        inHand = await this.#take(signal);
        if (inHand === undefined) return;
        yield inHand.message;
        inHand.settle("finished");
        inHand = undefined;
      }
    } finally {
      if (inHand !== undefined) {
        if (this.#closed) inHand.settle("abandoned");
        else this.#put(inHand, true);
      }
    }
  }

  #put(offer: Offer, first: boolean): void {
    const taker = this.#takers.shift();
    if (taker !== undefined) taker(offer);
    else if (first) this.#offers.unshift(offer);
    else this.#offers.push(offer);
  }

  #take(signal?: AbortSignal): Promise<Offer | undefined> {
    const offer = this.#offers.shift();
    if (offer !== undefined) return Promise.resolve(offer);
    if (this.#closed || signal?.aborted) return Promise.resolve(undefined);
    return new Promise((resolve) => {
      const taker = (taken: Offer | undefined): void => {
        signal?.removeEventListener("abort", abort);
        resolve(taken);
      };
      const abort = (): void => {
        const at = this.#takers.indexOf(taker);
        if (at >= 0) this.#takers.splice(at, 1);
        taker(undefined);
      };
      signal?.addEventListener("abort", abort, { once: true });
      this.#takers.push(taker);
    });
  }
}
