/**
 * Message request modes: whether a group pulls or pops a topic, as operators set it.
 *
 * Owns: topic → group → mode.
 * Reads: nothing.
 * Never: decides an assignment.
 */

import { REQUEST_MODES_MAX, TableFullError } from "./table_limit.ts";

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
  readonly #limit: number;
  #count = 0;

  /** @param limit modes at most */
  constructor(limit: number = REQUEST_MODES_MAX) {
    this.#limit = limit;
  }

  /** Sets a mode. @throws {TableFullError} when there is no room for another */
  set(mode: RequestMode): void {
    const groups = this.#topics.get(mode.topic);
    if (groups?.has(mode.consumerGroup) !== true) {
      if (this.#count >= this.#limit) throw new TableFullError("message request modes", this.#limit);
      this.#count++;
    }
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
    this.#count = 0;
    for (const mode of modes) this.set(mode);
  }
}
