/**
 * Takes the sync-state set from one value to the next, so that at no moment the agreement holds a member that lacks something acknowledged.
 *
 * Owns: what is in the shared region of the set. Reads: what HAService wants, what the agreement says. Never: writes to the agreement.
 *
 * ```
 *   wanted ─► who is new is required ─► GroupTransferService has seen that, and they have all that was acknowledged ─► the agreement is asked to write ─► written: required is the new set
 *                                       └► not in time: required is what it was
 * ```
 *
 * Source: apache/rocketmq store/ha/autoswitch/AutoSwitchHAService.java markSynchronizingSyncStateSet, setSyncStateSet; RocketMQ does not look again whether a new member has everything
 */
import type { Clock } from "../../../store/clock.ts";
import type { SyncStateWish } from "./replica_role.ts";
import { SYNC_STATE_MEMBERS_MAX, type SyncStateRegion } from "../../../store/memory/sync_state.ts";

/** Silence of the agreement after which it is asked again. Milliseconds. */
const ASK_AGAIN_MS = 5000;

/** What the keeper works with. */
export interface SyncStateKeeperParts {
  readonly region: SyncStateRegion;
  readonly clock: Clock;
  /** Resolves when acknowledgements wait for a member, and it has all that was acknowledged; rejects when that takes too long. */
  readonly join: (brokerId: number) => Promise<void>;
  /** The region has changed. */
  readonly changed: () => void;
  /** Asks the agreement to write a set, as long as the one that it was made from is the set. */
  readonly ask: (wish: SyncStateWish) => void;
  readonly log: (level: "info" | "warn" | "error", text: string) => void;
}

/** Keeps the set of one master. */
export class SyncStateKeeper {
  readonly #parts: SyncStateKeeperParts;
  /** Members that are about to be asked for. */
  #joining: readonly number[] | undefined;
  #askedMs = -Infinity;

  /** @param parts what it works with; @param initial members and number of the set */
  constructor(parts: SyncStateKeeperParts, initial: { readonly members: readonly number[]; readonly epoch: number }) {
    this.#parts = parts;
    parts.region.publish({ epoch: initial.epoch, members: initial.members, required: initial.members });
  }

  /** HAService wants another set. Resolves when the agreement was asked, or the want was passed over. */
  async want(wanted: readonly number[]): Promise<void> {
    const { region, clock, join, ask, log } = this.#parts;
    if (this.#joining !== undefined || clock.monotonicMs() - this.#askedMs < ASK_AGAIN_MS) return;
    const before = region.read();
    const added = wanted.filter((id) => !before.members.includes(id));
    const required = [...new Set([...before.required, ...wanted])];
    if (required.length > SYNC_STATE_MEMBERS_MAX) {
      return log("warn", `The sync-state set cannot be [${wanted}]: limit is ${SYNC_STATE_MEMBERS_MAX} members`);
    }
    this.#joining = added;
    this.#require(required);
    try {
      for (const id of added) await join(id);
    } catch (error) {
      log("warn", `Members [${added}] cannot join the sync-state set yet: ${messageOf(error)}`);
      this.#takeBack(before.required, added);
      return;
    } finally {
      this.#joining = undefined;
    }
    if (region.read().epoch !== before.epoch) return;
    this.#askedMs = clock.monotonicMs();
    ask({ syncStateSet: wanted, after: before.epoch });
  }

  /** The agreement says what the set is. */
  set(members: readonly number[], epoch: number): void {
    const { region, changed, log } = this.#parts;
    const before = region.read();
    if (epoch < before.epoch) return;
    this.#askedMs = -Infinity;
    const joining = epoch === before.epoch ? this.#joining ?? [] : [];
    region.publish({ epoch, members, required: [...new Set([...members, ...joining])] });
    changed();
    if (epoch > before.epoch) log("info", `The sync-state set is [${members}], number ${epoch}`);
  }

  #require(ids: readonly number[]): void {
    const { region, changed } = this.#parts;
    const { epoch, members } = region.read();
    region.publish({ epoch, members, required: [...new Set(ids)].sort((a, b) => a - b) });
    changed();
  }

  /** Who was not asked to be a member is not waited for any more. Who was required before, because of an outcome that is not known, still is. */
  #takeBack(required: readonly number[], added: readonly number[]): void {
    const { region } = this.#parts;
    const now = region.read();
    const stays = (id: number): boolean => now.members.includes(id) || required.includes(id) || !added.includes(id);
    this.#require(now.required.filter(stays));
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
