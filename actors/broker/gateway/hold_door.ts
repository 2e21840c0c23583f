/**
 * A gateway's way to PullRequestHoldService: the ring of pulls to park, the bell that tells of them, and who starts the service when it sleeps.
 *
 * Owns: the records of the ring and the numbers of filters. Reads: whether the service is there. Never: keeps a pull; a ring that is full says so, and the
 * caller offers again.
 */
import type { Clock } from "../../../store/clock.ts";
import type { Doorbell } from "../../../store/memory/doorbell.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import { putLong, TokenRing } from "../../../store/memory/token_ring.ts";
import type { ActorContext } from "../../kernel/contract.ts";
import { PARK_GONE, PARK_WORDS, WaiterBell } from "../broker_memory.ts";
import type { GatewayContract } from "./gateway_contract.ts";
import type { PullRequest } from "./pull_request.ts";
import { WakeFilterIds } from "./wake_filter_ids.ts";

/** A service that does not come is asked for again after this long. Milliseconds. */
const ROUSE_EVERY_MS = 1000;

/** What this works with. */
export interface HoldDoorParts {
  readonly parks: TokenRing;
  readonly bell: Doorbell;
  readonly clock: Clock;
  /** Numbers of what parked pulls filter by. */
  readonly filters: WakeFilterIds;
  /** Whether the service runs. */
  readonly isUp: () => boolean;
  /** Has it started. */
  readonly rouse: () => void;
}

/**
 * Opens a gateway's door.
 *
 * @param init of the gateway; @param context of its actor; @param memory the log, with the bell
 */
export function openHoldDoor(
  init: Pick<GatewayContract["init"], "index" | "incarnation" | "memory">,
  context: ActorContext<GatewayContract>,
  memory: LogMemory,
): HoldDoor {
  const { index, incarnation } = init;
  const hold = context.peer("hold");
  return new HoldDoor({
    parks: new TokenRing(init.memory.parks[index]!),
    bell: memory.waiterBell(WaiterBell.Hold),
    clock: context.clock,
    filters: new WakeFilterIds(index, incarnation, (change) => hold.tell("filter", change)),
    isUp: () => hold.connected,
    rouse: () => context.signal("wake", { child: "hold" }),
  });
}

/** The door of one gateway. */
export class HoldDoor {
  readonly #parts: HoldDoorParts;
  readonly #record = new Int32Array(PARK_WORDS);
  #rouseMs = -Infinity;

  /** @param parts what it works with */
  constructor(parts: HoldDoorParts) {
    this.#parts = parts;
  }

  /** Whether the service runs. */
  get isUp(): boolean {
    return this.#parts.isUp();
  }

  /** Parks a pull. @returns false when the ring is full */
  park(token: number, request: PullRequest): boolean {
    this.rouse();
    return this.#offer(token, request, request.deadlineMs, this.#parts.filters.idOf(request));
  }

  /** Takes a parked pull back, because its connection is gone. When the ring is full the service keeps a token that means nothing any more. */
  takeBack(token: number, request: PullRequest): void {
    this.#offer(token, request, PARK_GONE, 0);
  }

  /** Has the service started when it sleeps: the first parked pull wakes it. */
  rouse(): void {
    const { clock, isUp, rouse } = this.#parts;
    if (isUp()) return;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#rouseMs < ROUSE_EVERY_MS) return;
    this.#rouseMs = nowMs;
    rouse();
  }

  /** The service has just started and knows no filter. */
  forgetFilters(): void {
    this.#parts.filters.forgetAll();
  }

  #offer(token: number, request: PullRequest, deadlineMs: number, filterId: number): boolean {
    const { parks, bell } = this.#parts;
    const record = this.#record;
    record[0] = token;
    record[1] = request.slot;
    putLong(record, 2, request.offset);
    putLong(record, 4, deadlineMs);
    record[6] = request.queueId;
    record[7] = filterId;
    bell.willRing();
    const isTaken = parks.offer(record);
    bell.ringAsSaid();
    return isTaken;
  }
}
