/**
 * Writes the checkpoint of the timers from time to time, beside the deliveries.
 *
 * Owns: the checkpoint that waits for the commit log, and the one on its way. Reads: how far that is on the device, and where no new master cuts it. Never: calls done what a power loss or a new master could take
 * back.
 */
import { DiskError } from "../../../store/file/disk.ts";
import type { TimerSnapshot, TimerStore } from "../../../store/timer/timer_store.ts";

/** What the saver works with. */
export interface TimerSaverParts {
  /** Up to where the commit log is on the device. */
  readonly flushed: () => number;
  /** Up to where no new master cuts it. */
  readonly held: () => number;
  readonly nowMs: () => number;
  /** The disk is full; what is not written now is written later. */
  readonly full: (error: DiskError) => void;
  readonly fail: (error: unknown) => void;
}

/** Writes checkpoints. */
export class TimerSaver {
  readonly #parts: TimerSaverParts;
  /** Records up to here must be kept before what was done may be called done. */
  #gate = 0;
  #isDirty = false;
  #pending: { readonly snapshot: TimerSnapshot; readonly gate: number } | undefined;
  #isSaving = false;
  #saved: Promise<void> = Promise.resolve();

  /** @param parts what it works with */
  constructor(parts: TimerSaverParts) {
    this.#parts = parts;
  }

  /** Something was done that rests on the commit log up to a position. */
  did(gate: number): void {
    this.#isDirty = true;
    this.#gate = Math.max(this.#gate, gate);
  }

  /** Takes a snapshot when there is something new, and writes it when what it rests on is kept. */
  save(store: TimerStore): void {
    if (this.#pending === undefined && this.#isDirty) {
      this.#pending = { snapshot: store.snapshot(), gate: this.#gate };
      this.#isDirty = false;
    }
    const { flushed, held } = this.#parts;
    if (this.#pending === undefined || this.#isSaving || Math.min(flushed(), held()) < this.#pending.gate) return;
    const { snapshot } = this.#pending;
    this.#pending = undefined;
    this.#isSaving = true;
    this.#saved = this.#saveLater(store, snapshot).finally(() => this.#isSaving = false);
  }

  /** Waits for the checkpoint on its way. @returns the last one, and up to where the commit log must be on the device for it */
  async settle(store: TimerStore): Promise<{ readonly snapshot: TimerSnapshot; readonly gate: number }> {
    await this.#saved;
    const held = this.#parts.held();
    if (this.#gate <= held) return { snapshot: store.snapshot(), gate: this.#gate };
    // What was done since is done again by who becomes master.
    if (this.#pending !== undefined && this.#pending.gate <= held) return this.#pending;
    return { snapshot: store.checkpoint, gate: 0 };
  }

  async #saveLater(store: TimerStore, snapshot: TimerSnapshot): Promise<void> {
    try {
      await store.saveLater(snapshot, this.#parts.nowMs());
    } catch (error) {
      // What a sync refused is lost to the next sync: only a start writes it again.
      const canRetry = error instanceof DiskError && error.code === "NO_SPACE" && error.operation !== "sync";
      if (!canRetry) return this.#parts.fail(error);
      this.#isDirty = true;
      this.#parts.full(error);
    }
  }
}
