/**
 * Subscribers of the control plane: the actors that work with snapshots of topics, groups, subscriptions and resets.
 *
 * Owns: who subscribes, the version of each kind of snapshot.
 * Reads: nothing.
 * Never: decides what changed. It numbers a change, gives it to every subscriber in the same order and waits for them.
 */

/** The kinds of snapshot, each numbered by itself. */
export const SNAPSHOT_KINDS = ["topics", "groups", "subscriptions", "resets", "configuration"] as const;

/** A kind of snapshot. */
export type SnapshotKind = typeof SNAPSHOT_KINDS[number];

/** How a change reaches one subscriber. */
export interface SubscriberLink {
  /** Gives an update; resolves when the subscriber has applied it. */
  give(kind: SnapshotKind, update: { readonly version: number }): Promise<{ version: number }>;
  /** Whether somebody is there. */
  readonly connected: boolean;
}

/** A subscriber did not acknowledge in time. */
export class PublicationError extends Error {
  override readonly name = "PublicationError";
  /** Closed code of this error. */
  readonly code = "PUBLICATION_LATE";
  /** The change stands; whoever asked may look again. */
  readonly retryable = true;
}

interface Subscriber {
  readonly link: SubscriberLink;
  /** Whether it takes control state (gateways) besides topics. */
  readonly control: boolean;
  /** Whether it takes changes of the configuration although it takes no other control state. */
  readonly configuration?: boolean;
}

/** The subscribers of one broker. */
export class Subscribers {
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #versions = new Map<SnapshotKind, number>(SNAPSHOT_KINDS.map((kind) => [kind, 0]));
  readonly #isGone: (error: unknown) => boolean;

  /** @param isGone tells that the other actor ended, which is not a failure of the publication */
  constructor(isGone: (error: unknown) => boolean) {
    this.#isGone = isGone;
  }

  /** Version of the last update of a kind. */
  versionOf(kind: SnapshotKind): number {
    return this.#versions.get(kind)!;
  }

  /** How many subscribe. */
  get size(): number {
    return this.#subscribers.size;
  }

  /** Adds a subscriber, or takes it back after its restart. What it knows is the caller's to give. */
  add(name: string, subscriber: Subscriber): void {
    this.#subscribers.set(name, subscriber);
  }

  /**
   * Numbers an update and gives it to everybody whom it concerns.
   *
   * @param kind what changed
   * @param build makes the update from its number
   * @returns when all have applied it
   * @throws {PublicationError} when one has not in time; it still gets the update when it comes round
   */
  async publish(kind: SnapshotKind, build: (version: number) => { readonly version: number }): Promise<void> {
    const version = this.versionOf(kind) + 1;
    this.#versions.set(kind, version);
    const update = build(version);
    const late: string[] = [];
    const given = [...this.#subscribers].filter(([, { control, configuration }]) =>
      control || kind === "topics" || (kind === "configuration" && configuration === true)
    );
    await Promise.all(given.map(async ([name, subscriber]) => {
      try {
        await subscriber.link.give(kind, update);
      } catch (error) {
        if (!this.#isGone(error)) late.push(name);
        else if (this.#subscribers.get(name) === subscriber) this.#subscribers.delete(name);
      }
    }));
    if (late.length > 0) {
      throw new PublicationError(`Cannot finish ${kind} update ${version}: "${late.join('", "')}" did not acknowledge`);
    }
  }
}
