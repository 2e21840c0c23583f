/**
 * Work on one client connection, one piece after the other.
 *
 * Owns: the last piece of each connection that has any.
 * Reads: nothing.
 * Never: lets a heartbeat that waits for a topic register a client whose connection has closed meanwhile.
 */
import { channelKey, type ClientChannel } from "../../../store/client_channel.ts";

/** Runs pieces of work in the order in which they came, for each connection by itself. */
export class ChannelOrder {
  readonly #tails = new Map<string, Promise<unknown>>();

  /** Runs `work` after everything that came before on this connection, whether that failed or not. */
  run<T>(channel: ClientChannel, work: () => T | Promise<T>): Promise<T> {
    const key = channelKey(channel);
    const before = this.#tails.get(key);
    const done = before === undefined ? Promise.try(work) : before.then(work, work);
    this.#tails.set(key, done);
    const forget = (): void => {
      if (this.#tails.get(key) === done) this.#tails.delete(key);
    };
    done.then(forget, forget);
    return done;
  }
}
