/**
 * PullRequestHoldService: keeps the pulls that found nothing and wakes them.
 *
 * It owns the hold table. Parks come from each gateway through a ring, arrivals from ReputMessageService through another; wakes go back through a ring of each gateway. It
 * reads the queues' largest offsets, and for pulls with a filter the units and records that have come: those sleep on while nothing may match. After a park it looks at the queue
 * again, so an arrival between a gateway's look and its park is never lost.
 *
 * Source: apache/rocketmq broker PullRequestHoldService
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { LaterRing } from "../../../store/memory/doorbell.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { putLong, takeLong, TokenRing } from "../../../store/memory/token_ring.ts";
import { type TopicUpdate, TopicView } from "../../../store/topic_view.ts";
import { ARRIVAL_WORDS, PARK_GONE, PARK_WORDS, WaiterBell, WAKE_WORDS } from "../broker_memory.ts";
import type { BrokerActorInit } from "../broker_init.ts";
import { NearSleep } from "../near_sleep.ts";
import type { HoldContract } from "./hold_contract.ts";
import { HoldTable } from "./hold_table.ts";
import { WakeFilters } from "./wake_filters.ts";

/** Longest sleep while no pull is parked. Milliseconds. */
const IDLE_MS = 5000;

/** How often deadlines are looked at while there are any. Milliseconds. */
const EXPIRE_EVERY_MS = 100;

/** Starts the behaviour. */
export async function startPullRequestHoldService(
  init: BrokerActorInit,
  context: ActorContext<HoldContract>,
): Promise<Behaviour<HoldContract>> {
  const service = new PullRequestHoldService(init, context);
  await service.subscribe();
  const loop = service.run();
  return {
    asks: {
      topics: (update) => ({ version: service.apply(update) }),
      counters: () => service.counters,
    },
    tells: { filter: (change) => service.filters.apply(change) },
    stop: async () => {
      service.stop();
      await loop;
      service.filters.close();
    },
  };
}

/** The behaviour's state and loop. */
export class PullRequestHoldService {
  /** This thread's topics, for its queue table. */
  readonly view: TopicView = new TopicView();
  /** What pulls with a filter are woken for. */
  readonly filters: WakeFilters;
  readonly #context: ActorContext<HoldContract>;
  readonly #memory: LogMemory;
  readonly #table: HoldTable;
  readonly #arrivals: TokenRing;
  readonly #parks: TokenRing[];
  readonly #wakes: TokenRing[];
  readonly #arrival = new Int32Array(ARRIVAL_WORDS);
  readonly #park = new Int32Array(PARK_WORDS);
  readonly #wake = new Int32Array(WAKE_WORDS);
  readonly #rings: readonly LaterRing[];
  #nextExpiryMs = 0;
  #stopping = false;
  #parked = 0;
  #wokenTotal = 0;

  /** @param init shared memory; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<HoldContract>) {
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.filters = new WakeFilters(init, this.#memory, this.view);
    this.#table = new HoldTable(this.filters.firstMatch);
    this.#arrivals = new TokenRing(init.memory.arrivals);
    this.#parks = init.memory.parks.map((ring) => new TokenRing(ring));
    this.#wakes = init.memory.wakes.map((ring) => new TokenRing(ring));
    this.#rings = init.memory.wakes.map((_, gateway) => new LaterRing(this.#memory.waiterBell(gateway)));
  }

  /** Pulls parked now, parked so far and woken so far; wake-ups that were missed; filters known. */
  get counters(): { held: number; parked: number; woken: number; missed: number; filters: number } {
    const missed = this.#memory.waiterBell(WaiterBell.Hold).missed;
    const filters = this.filters.size;
    return { held: this.#table.size, parked: this.#parked, woken: this.#wokenTotal, missed, filters };
  }

  /** Applies a step of the topic table. @returns the version known afterwards */
  apply(update: TopicUpdate): number {
    this.filters.forgetTopics(update.removed);
    return this.view.apply(update);
  }

  /** Gets the topics as they are now; the controller sends what changes from then on. */
  async subscribe(): Promise<void> {
    const snapshot = await this.#context.peer("controller").ask("subscribe", {
      name: this.#context.name,
      control: false,
    }, { timeoutMs: 10_000 });
    this.view.apply(snapshot.topics);
  }

  /** Ends the loop at its next turn. */
  stop(): void {
    this.#stopping = true;
    this.#memory.waiterBell(WaiterBell.Hold).ring();
  }

  /** Takes turns until {@link stop}. */
  async run(): Promise<void> {
    const sleep = new NearSleep(this.#context, this.#memory.waiterBell(WaiterBell.Hold));
    const hasWork = (): boolean => !this.#arrivals.isEmpty || this.#parks.some((ring) => !ring.isEmpty);
    try {
      while (!this.#stopping) {
        if (this.turn() === 0) await sleep.rest(hasWork, this.#table.size === 0 ? IDLE_MS : EXPIRE_EVERY_MS);
        else await sleep.worked();
        if (!this.#context.gate()) break;
      }
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /** Takes what waits in the rings. @returns how much there was */
  turn(): number {
    let work = 0;
    try {
      this.#parks.forEach((ring, gateway) => work += this.#takeParks(ring, gateway));
      work += this.#takeArrivals();
      const nowMs = this.#context.clock.nowMs();
      if (nowMs >= this.#nextExpiryMs) {
        this.#nextExpiryMs = nowMs + EXPIRE_EVERY_MS;
        this.#table.expire(nowMs, this.#wakeOne);
      }
      this.#memory.parkedPulls = this.#table.size;
    } finally {
      for (const ring of this.#rings) ring.endTurn();
    }
    if (work > 0) this.#context.countWork(work);
    return work;
  }

  #takeParks(ring: TokenRing, gateway: number): number {
    const record = this.#park;
    let taken = 0;
    while (ring.accept(record)) {
      taken++;
      const slot = record[1]!;
      const deadlineMs = takeLong(record, 4);
      if (deadlineMs === PARK_GONE) {
        this.#table.forget(slot, gateway, record[0]!);
        continue;
      }
      this.#memory.parkedPulls = this.#table.size + 1;
      this.#table.park(slot, {
        gateway,
        token: record[0]!,
        offset: takeLong(record, 2),
        deadlineMs,
        queueId: record[6]!,
        filterId: record[7]!,
      });
      this.#look(slot);
    }
    ring.takeOverflow();
    this.#parked += taken;
    return taken;
  }

  #takeArrivals(): number {
    let taken = 0;
    while (this.#arrivals.accept(this.#arrival)) {
      taken++;
      this.#look(this.#arrival[0]!);
    }
    if (this.#arrivals.takeOverflow()) { for (const slot of [...this.#table.slots()]) this.#look(slot); }
    return taken;
  }

  #look(slot: number): void {
    this.#table.arrived(slot, this.view.queues.maxOffset(slot), this.#wakeOne);
  }

  readonly #wakeOne = (gateway: number, token: number, reason: number, offset: number): void => {
    this.#wake[0] = token;
    this.#wake[1] = reason;
    putLong(this.#wake, 2, offset);
    this.#rings[gateway]!.publish();
    this.#wakes[gateway]!.offer(this.#wake);
    this.#wokenTotal++;
  };
}
