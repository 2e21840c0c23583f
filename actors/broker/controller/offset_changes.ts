/**
 * Changes of consumer offsets that gateways must know: resets by an operator.
 *
 * Owns: the publication of resets.
 * Reads: nothing that is not in the state.
 * Never: saves; offsets are written by a timer.
 */
import type { OffsetReset, ResetUpdate } from "../broker_controller_contract.ts";
import type { ControllerState } from "./state.ts";
import type { Subscribers } from "./subscribers.ts";

/** Changes the consumer offsets of one broker. */
export class OffsetChanges {
  readonly #state: ControllerState;
  readonly #subscribers: Subscribers;

  /**
   * @param state what changes
   * @param subscribers whom resets are told to
   */
  constructor(state: ControllerState, subscribers: Subscribers) {
    this.#state = state;
    this.#subscribers = subscribers;
  }

  /** Every reset that waits, for a subscriber that starts. */
  snapshot(): ResetUpdate {
    return {
      version: this.#subscribers.versionOf("resets"),
      whole: true,
      set: this.#state.offsets.resets(),
      cleared: [],
    };
  }

  /** Takes a commit; it is dropped while a reset of the queue waits for its pull. @returns whether it was taken */
  commit(group: string, topic: string, queueId: number, offset: number): boolean {
    const { offsets, values } = this.#state;
    if (values.useServerSideResetOffset && offsets.hasReset(group, topic, queueId)) return false;
    offsets.commit(group, topic, queueId, offset, this.#state.nowMs());
    return true;
  }

  /** Sets offsets that the next pulls are answered with. */
  async reset(resets: readonly OffsetReset[]): Promise<void> {
    const set = resets.filter(({ group, topic, queueId, offset }) =>
      this.#state.offsets.reset(group, topic, queueId, offset)
    );
    if (set.length > 0) await this.#publish(set, []);
  }

  /** A gateway answered a pull with a reset. */
  async taken({ group, topic, queueId }: Omit<OffsetReset, "offset">): Promise<void> {
    if (this.#state.offsets.takeReset(group, topic, queueId) === undefined) return;
    await this.#publish([], [{ group, topic, queueId }]);
  }

  async #publish(set: readonly OffsetReset[], cleared: readonly Omit<OffsetReset, "offset">[]): Promise<void> {
    await this.#subscribers.publish("resets", (version): ResetUpdate => ({
      version,
      whole: false,
      set: [...set],
      cleared: [...cleared],
    }));
  }
}
