/**
 * PullMessageService: pulls all queues of a client, in a worker or inline.
 *
 * Owns: the pull connections and one loop for each queue. Reads: broker addresses it is told. Never does: consume, commit by itself.
 */

import { type ActorContext, type Behaviour, defineRole, type Role, type Start } from "../kernel/contract.ts";
import type { Transport } from "../net/transport.ts";
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
  let brokers: ReadonlyMap<string, ReadonlyMap<number, string>> = new Map();
  let alive = new Set<number>();
  const signalAlive = (): void => {
    if (alive.size > 0) context.signal("alive", [...alive]);
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
            ...reports(context),
            link,
            clock: context.clock,
            address: (brokerName, brokerId) => replicaAddress(brokers.get(brokerName), brokerId),
            illegal: (report) => {
              pullers.delete(report.id);
              context.signal("illegal", report);
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
): Pick<PullerParts, "breathe" | "found" | "empty" | "trouble"> {
  let batches: PulledBatch[] = [];
  /** A message to another thread costs as much as the records of a pull: what a turn found goes in one. */
  const hand = (): void => {
    const transfer: Transferable[] = [];
    for (const { bytes, starts, bodies } of batches) {
      transfer.push(bytes.buffer, starts.buffer);
      for (const [, body] of bodies) transfer.push(body.buffer);
    }
    context.signal("found", batches, { transfer });
    batches = [];
  };
  return {
    breathe: () => context.breathe(),
    found: (batch) => {
      context.countWork(batch.starts.length);
      if (batches.push(batch) === 1) queueMicrotask(hand);
    },
    empty: (report) => context.signal("empty", report),
    trouble: (report) => context.signal("trouble", report),
  };
}
