/**
 * Answers that say how far deliveries are: consumer offsets, delay offsets, the checkpoint of timers.
 *
 * A follower takes them over, and goes on from there when it becomes master. What was delivered is in the master's log: the message of a delay level, the one that a timer or a pop's revival brought back. A follower
 * whose log ends before it would deliver it never. So in a failover set whose acknowledgements wait for the whole sync-state set, these answers wait for it too.
 *
 * Owns: that wait. Reads: the cursors of the log. Never: waits without an end.
 */
import { createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { Clock } from "../../../store/clock.ts";

/** Longest wait; who asked asks again in the next round. Milliseconds. */
const HELD_MS = 5000;

/** Between two looks meanwhile. Milliseconds. */
const LOOK_MS = 5;

interface Position {
  load(): number;
}

/** What this works with. */
export interface ProgressAnswersParts {
  readonly memory: { readonly appended: Position; readonly replicated: Position };
  readonly clock: Clock;
  /** Whether acknowledgements wait for the whole sync-state set. */
  readonly awaitsSet: boolean;
}

/** Holds answers back. */
export class ProgressAnswers {
  readonly #parts: ProgressAnswersParts;

  /** @param parts cursors and a clock */
  constructor(parts: ProgressAnswersParts) {
    this.#parts = parts;
  }

  /** An answer once the set has all that it rests on; a refusal when that takes too long. */
  async of<T extends RemotingCommand | null>(
    command: RemotingCommand,
    asked: Promise<T>,
  ): Promise<T | RemotingCommand> {
    const answer = await asked;
    if (!this.#parts.awaitsSet || await this.#isHeld()) return answer;
    const remark = "the sync-state set has not yet what this rests on, try again later";
    return createResponse(command, ResponseCode.SYSTEM_ERROR, remark);
  }

  async #isHeld(): Promise<boolean> {
    const { memory: { appended, replicated }, clock } = this.#parts;
    const end = appended.load();
    const deadlineMs = clock.monotonicMs() + HELD_MS;
    while (replicated.load() < end) {
      if (clock.monotonicMs() >= deadlineMs) return false;
      await clock.sleep(LOOK_MS);
    }
    return true;
  }
}
