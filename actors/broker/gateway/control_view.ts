/**
 * What a gateway knows of groups, live subscriptions and offset resets: read-only snapshots that BrokerController publishes.
 *
 * It owns nothing; each update replaces what it names. Pull checks read it without asking anybody.
 */
import type {
  ConfigurationUpdate,
  GroupEntry,
  GroupUpdate,
  LiveGroup,
  ResetUpdate,
  SubscriptionEntry,
  SubscriptionUpdate,
} from "../broker_controller_contract.ts";
import { NameLookup } from "./name_lookup.ts";

/** A live subscription with its tag hashes ready for the queue filter. */
export interface LiveSubscription {
  /** As the newest heartbeat said. */
  readonly entry: SubscriptionEntry;
  /** Hashes of the tags; null when every message matches. */
  readonly codes: ReadonlySet<number> | null;
}

/** A group as the pull path looks at it. */
export interface ServedGroup {
  /** Name of the group. */
  readonly name: string;
  /** Its configuration; undefined while it has none. */
  readonly config: GroupEntry;
  /** What its members subscribed to; undefined while it has no member. */
  readonly live: LiveGroup | undefined;
  /** Subscriptions by topic. */
  readonly subscriptions: ReadonlyMap<string, LiveSubscription>;
}

/** A gateway's snapshots of the control plane. */
export class ControlView {
  readonly #configs = new Map<string, GroupEntry>();
  readonly #live = new Map<string, LiveGroup>();
  readonly #resets = new Map<string, number>();
  readonly #configuration = new Map<string, string>();
  /** Groups by name. */
  readonly groups: NameLookup<ServedGroup> = new NameLookup((name) => this.#serve(name));

  /** Whether any offset reset waits for its pull. */
  get hasResets(): boolean {
    return this.#resets.size > 0;
  }

  /** The offset that the next pull of this queue is answered with, or undefined. */
  resetOf(group: string, topic: string, queueId: number): number | undefined {
    return this.#resets.get(resetKey(group, topic, queueId));
  }

  /** A configuration value changed at run time. */
  configuration(key: string): string | undefined {
    return this.#configuration.get(key);
  }

  /** Applies a step of the group table. */
  applyGroups(update: GroupUpdate): number {
    if (update.whole) this.#configs.clear();
    for (const group of update.removed) this.#configs.delete(group);
    for (const entry of update.changed) this.#configs.set(entry.group, entry);
    if (update.whole) this.groups.clear();
    else this.groups.forget([...update.removed, ...update.changed.map((entry) => entry.group)]);
    return update.version;
  }

  /** Applies a step of the live subscriptions. */
  applySubscriptions(update: SubscriptionUpdate): number {
    if (update.whole) this.#live.clear();
    for (const group of update.removed) this.#live.delete(group);
    for (const live of update.changed) this.#live.set(live.group, live);
    if (update.whole) this.groups.clear();
    else this.groups.forget([...update.removed, ...update.changed.map((live) => live.group)]);
    return update.version;
  }

  /** Applies a step of the pending resets. */
  applyResets(update: ResetUpdate): number {
    if (update.whole) this.#resets.clear();
    for (const { group, topic, queueId } of update.cleared) this.#resets.delete(resetKey(group, topic, queueId));
    for (const { group, topic, queueId, offset } of update.set) {
      this.#resets.set(resetKey(group, topic, queueId), offset);
    }
    return update.version;
  }

  /** Applies changed configuration values. */
  applyConfiguration(update: ConfigurationUpdate): number {
    for (const [key, value] of Object.entries(update.changed)) this.#configuration.set(key, value);
    return update.version;
  }

  /** Forgets one reset that a pull has taken. */
  dropReset(group: string, topic: string, queueId: number): void {
    this.#resets.delete(resetKey(group, topic, queueId));
  }

  #serve(name: string): ServedGroup | undefined {
    const config = this.#configs.get(name);
    if (config === undefined) return undefined;
    const live = this.#live.get(name);
    const subscriptions = new Map<string, LiveSubscription>();
    for (const entry of live?.subscriptions ?? []) subscriptions.set(entry.topic, { entry, codes: tagCodes(entry) });
    return { name, config, live, subscriptions };
  }
}

function tagCodes(entry: SubscriptionEntry): ReadonlySet<number> | null {
  return entry.subString === "*" || entry.codes.length === 0 ? null : new Set(entry.codes);
}

function resetKey(group: string, topic: string, queueId: number): string {
  return `${topic}@${group}@${queueId}`;
}
