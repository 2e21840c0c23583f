/**
 * PullMessageService: pulls all queues of a client, in a worker or inline.
 *
 * Owns: the pull connections and one loop for each queue. Reads: broker addresses it is told. Never does: consume, commit by itself.
 */

import {
  type ActorContext,
  type Behaviour,
  defineRole,
  type Role,
  type SignalName,
  type Start,
} from "../kernel/contract.ts";
import type { Transport } from "../net/transport.ts";
import { FoundRing } from "./found_ring.ts";
import type { RPCHook } from "./hooks.ts";
import { workerLink } from "./net_link.ts";
import type { PullContract, PulledBatch } from "./pull_contract.ts";
import { type PullerParts, QueuePuller } from "./queue_puller.ts";

/** Milliseconds between signs of life. */
const ALIVE_INTERVAL_MS = 10_000;

/** Role of the pull actor. */
export const pullRole: Role<PullContract> = defineRole<PullContract>(
  "PullMessageService",
  new URL("./pull_service_worker.ts", import.meta.url),
);

/**
 * @param given what only an inline actor can be given
 * @returns how the actor is started
 */
export function pullStart(
  given: { transport?: Transport | undefined; rpcHooks?: readonly RPCHook[] } = {},
): Start<PullContract> {
  return (init, context) => behaviour(init, context, given);
}

function behaviour(
  init: PullContract["init"],
  context: ActorContext<PullContract>,
  given: { transport?: Transport | undefined; rpcHooks?: readonly RPCHook[] },
): Behaviour<PullContract> {
  const link = workerLink(init.link, context.clock, given);
  const pullers = new Map<number, QueuePuller>();
  const outlet = new Outlet(context, init.ring);
  let brokers: ReadonlyMap<string, ReadonlyMap<number, string>> = new Map();
  let alive = new Set<number>();
  const signalAlive = (): void => {
    if (alive.size > 0) outlet.signal("alive", [...alive]);
    alive = new Set();
    aliveTimer = context.clock.setTimer(ALIVE_INTERVAL_MS, signalAlive);
  };
  let aliveTimer = context.clock.setTimer(ALIVE_INTERVAL_MS, signalAlive);
  const close = async (ids: readonly number[]): Promise<void> => {
    await Promise.all(ids.map(async (id) => {
      await pullers.get(id)?.close();
      pullers.delete(id);
    }));
  };
  return {
    asks: {
      close: async ({ ids }) => {
        await close(ids);
        return null;
      },
      count: () => pullers.size,
    },
    tells: {
      open: (spec) => {
        if (pullers.has(spec.id)) return;
        pullers.set(
          spec.id,
          new QueuePuller(spec, {
            ...reports(context, outlet),
            link,
            clock: context.clock,
            address: (brokerName, brokerId) => replicaAddress(brokers.get(brokerName), brokerId),
            illegal: (report) => {
              pullers.delete(report.id);
              outlet.signal("illegal", report);
            },
            alive: (id) => alive.add(id),
          }),
        );
      },
      progress: (list) => {
        for (const progress of list) pullers.get(progress.id)?.progress(progress);
      },
      thresholds: ({ id, thresholds }) => pullers.get(id)?.setThresholds(thresholds),
      pause: ({ ids, paused }) => {
        for (const id of ids) pullers.get(id)?.setPaused(paused);
      },
      brokers: (table) => {
        brokers = new Map(table.map(([name, replicas]) => [name, new Map(replicas)]));
      },
    },
    stop: async () => {
      aliveTimer.cancel();
      await close([...pullers.keys()]);
      link.close();
    },
  };
}

/** The wanted replica, any other when it is missing. */
function replicaAddress(
  replicas: ReadonlyMap<number, string> | undefined,
  brokerId: number,
): { address: string; brokerId: number } | undefined {
  const wanted = replicas?.get(brokerId);
  if (wanted !== undefined) return { address: wanted, brokerId };
  for (const [id, other] of replicas ?? []) return { address: other, brokerId: id };
  return undefined;
}

/** What a puller tells the owner without further ado. */
function reports(
  context: ActorContext<PullContract>,
  outlet: Outlet,
): Pick<PullerParts, "breathe" | "found" | "empty" | "trouble"> {
  return {
    // A worker's loop waits for its socket at each pull: that is a turn of its event loop.
    breathe: () => context.ownsThread ? Promise.resolve(context.gate()) : context.breathe(),
    found: (batch) => {
      context.countWork(batch.starts.length);
      outlet.found(batch);
    },
    empty: (report) => outlet.signal("empty", report),
    trouble: (report) => outlet.signal("trouble", report),
  };
}

/** The way to the owner: signals, and for what was found a ring beside them. */
class Outlet {
  readonly #context: ActorContext<PullContract>;
  readonly #ring: FoundRing | undefined;
  #batches: PulledBatch[] = [];
  #signals = 0;

  constructor(context: ActorContext<PullContract>, memory: SharedArrayBuffer | undefined) {
    this.#context = context;
    this.#ring = memory === undefined ? undefined : new FoundRing(memory);
  }

  signal<K extends SignalName<PullContract>>(name: K, payload: PullContract["signals"][K]): void {
    this.#hand();
    if (this.#context.signal(name, payload)) this.#signals++;
  }

  /** A message to another thread costs as much as the records of a pull: what a turn found goes in one. */
  found(batch: PulledBatch): void {
    if (this.#batches.push(batch) === 1) queueMicrotask(() => this.#hand());
  }

  #hand(): void {
    const batches = this.#batches;
    if (batches.length === 0) return;
    this.#batches = [];
    let put = 0;
    while (put < batches.length && this.#ring?.put(batches[put]!, this.#signals) === true) put++;
    this.#ring?.ring();
    if (put === batches.length) return;
    const rest = batches.slice(put);
    const transfer: Transferable[] = [];
    for (const { bytes, starts, bodies } of rest) {
      transfer.push(bytes.buffer, starts.buffer);
      for (const [, body] of bodies) transfer.push(body.buffer);
    }
    if (this.#context.signal("found", rest, { transfer })) this.#signals++;
  }
}
