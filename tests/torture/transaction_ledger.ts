/**
 * What a trial of transactions decided, and what consumers may see of it.
 *
 * Owns: the decisions. Reads: bodies that a topic shows. Never: forgives a message that nobody committed.
 *
 * @module
 */
import { Ending, type EndingValue } from "./transaction_producer.ts";

/** One transaction. */
export interface Planned {
  readonly body: string;
  /** Which moment of the protocol it stands for. */
  readonly step: string;
  /** What its local transaction decided; unknown for ever for {@link Ending.Unknown}. */
  readonly ending: EndingValue;
  /** Whether the broker has acknowledged the half message: then a commit must be seen. */
  isStored: boolean;
}

/** What came of the transactions of one step. */
export interface StepReport {
  readonly step: string;
  readonly transactions: number;
  readonly committed: number;
  /** Commits that consumers saw more than once. */
  readonly twice: number;
  /** Commits that consumers did not see, though the half message was acknowledged. */
  readonly missing: number;
  /** Messages that consumers saw and nobody committed. */
  readonly forbidden: number;
}

/** All transactions of a run. */
export class TransactionLedger {
  readonly #planned = new Map<string, Planned>();

  /** Plans transactions of a step, commits and rollbacks in turn. */
  plan(step: string, cycle: number, count: number): Planned[] {
    return Array.from({ length: count }, (_, index) => {
      const ending = index % 2 === 0 ? Ending.Commit : Ending.Rollback;
      return this.#add({ body: `${step} ${cycle}.${index}`, step, ending, isStored: false });
    });
  }

  /** Plans transactions that nobody ever decides. */
  planUndecided(step: string, count: number): Planned[] {
    return Array.from(
      { length: count },
      (_, index) => this.#add({ body: `${step} ${index}`, step, ending: Ending.Unknown, isStored: false }),
    );
  }

  /** What the local transaction of a body decided. */
  endingOf(body: string): EndingValue {
    return this.#planned.get(body)?.ending ?? Ending.Unknown;
  }

  /** Compares with what consumers saw. */
  report(seen: readonly string[]): StepReport[] {
    const counts = new Map<string, number>();
    for (const body of seen) counts.set(body, (counts.get(body) ?? 0) + 1);
    const steps = new Map<string, Planned[]>();
    for (const planned of this.#planned.values()) {
      steps.set(planned.step, [...steps.get(planned.step) ?? [], planned]);
    }
    const strangers = seen.filter((body) => !this.#planned.has(body)).length;
    const rows = [...steps].map(([step, all]) => stepReport(step, all, counts));
    return strangers === 0 ? rows : [...rows, { ...stepReport("of nobody", [], counts), forbidden: strangers }];
  }

  #add(planned: Planned): Planned {
    this.#planned.set(planned.body, planned);
    return planned;
  }
}

function stepReport(step: string, all: readonly Planned[], counts: ReadonlyMap<string, number>): StepReport {
  const commits = all.filter(({ ending }) => ending === Ending.Commit);
  const times = ({ body }: Planned): number => counts.get(body) ?? 0;
  return {
    step,
    transactions: all.length,
    committed: commits.filter((one) => times(one) > 0).length,
    twice: commits.filter((one) => times(one) > 1).length,
    missing: commits.filter((one) => one.isStored && times(one) === 0).length,
    forbidden: all.filter((one) => one.ending !== Ending.Commit && times(one) > 0).length,
  };
}
