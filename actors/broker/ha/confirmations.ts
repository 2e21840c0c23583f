/**
 * How what a slave has confirmed comes to GroupTransferService.
 *
 * Owns: nothing. Reads: whether that service lends its turn. Never: moves the replicated cursor in a turn that was not lent.
 */
import type { Doorbell } from "../../../store/memory/doorbell.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import type { ReplicationTable } from "../../../store/memory/replication_table.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { WaiterBell } from "../broker_memory.ts";
import { ReplicatedStep } from "./replicated_step.ts";

/** HAService's side. */
export class Confirmations {
  readonly #table: ReplicationTable;
  readonly #bell: Doorbell;
  readonly #take: () => boolean;

  /** @param init shared memory and configuration; @param memory the log; @param table of what slaves have confirmed */
  constructor(init: BrokerActorInit, memory: LogMemory, table: ReplicationTable) {
    const step = new ReplicatedStep(init, memory);
    this.#table = table;
    this.#bell = memory.waiterBell(WaiterBell.GroupTransfer);
    this.#take = (): boolean => step.take();
    // An incarnation before this one may have ended in a turn.
    table.loan.giveBack();
  }

  /** A slave has confirmed a position: the turn that follows from it is taken where it is lent, else GroupTransferService is woken. */
  confirm(place: number, position: number): void {
    this.#bell.willRing();
    let isTaken = false;
    try {
      this.#table.confirm(place, position);
      isTaken = this.#table.loan.use(this.#take);
    } finally {
      if (isTaken) this.#bell.needsNoRing();
      else this.#bell.ringAsSaid();
    }
  }

  /** A slave has come, or is gone. */
  changed(): void {
    this.#bell.ring();
  }
}
