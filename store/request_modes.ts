/**
 * Message request modes: whether a group pulls or pops a topic, as operators set it.
 *
 * Owns: topic → group → mode.
 * Reads: nothing.
 * Never: decides an assignment.
 */

/** How one group gets the messages of one topic. */
export interface RequestMode {
  readonly topic: string;
  readonly consumerGroup: string;
  /** Whether consumers pull or pop. */
  readonly mode: "PULL" | "POP";
  /** Queues that consumers share when they pop; −1 for all. */
  readonly popShareQueueNum: number;
}

/** The modes of one broker. */
export class RequestModes {
  readonly #topics = new Map<string, Map<string, RequestMode>>();

  /** Sets a mode. */
  set(mode: RequestMode): void {
    const groups = this.#topics.get(mode.topic);
    if (groups === undefined) this.#topics.set(mode.topic, new Map([[mode.consumerGroup, mode]]));
    else groups.set(mode.consumerGroup, mode);
  }

  /** Mode of a group for a topic, when one was set. */
  get(topic: string, group: string): RequestMode | undefined {
    return this.#topics.get(topic)?.get(group);
  }

  /** Every mode by topic and group, in the order in which they were set. */
  topics(): ReadonlyMap<string, ReadonlyMap<string, RequestMode>> {
    return this.#topics;
  }

  /** Puts another table in place of this one. */
  replace(modes: Iterable<RequestMode>): void {
    this.#topics.clear();
    for (const mode of modes) this.set(mode);
  }
}
