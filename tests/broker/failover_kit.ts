/**
 * Brokers of one failover set, whose roles a test gives.
 *
 * Owns: what their replication halves wanted. Reads: logs. Never: decides on a set by itself.
 *
 * @module
 */
import type { BrokerValues } from "../../actors/broker/broker_configuration.ts";
import type { ReplicaRole } from "../../actors/broker/failover/replica_role.ts";
import { decodeEpochs } from "../../store/epoch_table.ts";
import { until } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { haAddressOf } from "./replication_kit.ts";

/** A broker of the set. */
export interface Replica extends BrokerBench {
  readonly id: number;
  /** Sets that replication wanted, the newest last. */
  readonly wishes: readonly (readonly number[])[];
  /** Positions that the log was to be cut at. */
  readonly cuts: readonly number[];
}

/** How a broker of the set is started. */
export interface ReplicaOptions {
  readonly id: number;
  readonly epoch: number;
  /** Whom it follows; it is the master when left out. */
  readonly master?: Replica | undefined;
  readonly root?: string;
  readonly truncateTo?: number;
  readonly settings?: Partial<BrokerValues>;
}

/** Every acknowledgement needs the whole set. */
const SET = { allAckInSyncStateSet: true, slaveTimeout: 2 * PATIENCE_MS } as const;

/** Runs a body with a broker of the set. */
export async function withReplica(options: ReplicaOptions, body: (replica: Replica) => Promise<void>): Promise<void> {
  const { id, epoch, master, truncateTo, settings = {}, root } = options;
  const wishes: (readonly number[])[] = [];
  const cuts: number[] = [];
  const replicaRole: ReplicaRole = {
    brokerId: id,
    masterEpoch: epoch,
    isMaster: master === undefined,
    master: master === undefined
      ? undefined
      : { brokerId: master.id, address: master.address, haAddress: haAddressOf(master) },
    syncStateSet: [master?.id ?? id],
    syncStateSetEpoch: 1,
  };
  await withBroker({
    settings: { ...SET, ...settings },
    ...(root === undefined ? {} : { root }),
    replica: {
      replicaRole,
      truncateTo,
      failover: {
        onSyncStateSetWanted: ({ syncStateSet }) => wishes.push(syncStateSet),
        onTruncationWanted: (position) => cuts.push(position),
      },
    },
  }, (bench) => body({ ...bench, id, wishes, cuts }));
}

/** Waits until replication wants a set, and makes it the set. */
export async function untilWanted(master: Replica, members: readonly number[], epoch: number): Promise<void> {
  await until(() => master.wishes.at(-1)?.join() === members.join(), {
    timeoutMs: PATIENCE_MS,
    what: `the set [${members}] wanted`,
  });
  master.broker.setSyncStateSet(members, epoch);
}

/** Epochs and starts of a broker's log. */
export function epochsOf({ root }: BrokerBench): (readonly [number, number])[] {
  const { entries } = decodeEpochs(Deno.readTextFileSync(`${root}/store/epochFileCheckpoint`));
  return entries.map(({ epoch, start }) => [epoch, start] as const);
}

/** A store as a kill of its broker would leave it: what is in the page cache now. */
export async function killedStore(replica: BrokerBench): Promise<string> {
  const root = await Deno.makeTempDir({ prefix: "ringmq-killed-" });
  copy(replica.root, root);
  return root;
}

function copy(from: string, to: string): void {
  for (const { name, isDirectory, isFile } of Deno.readDirSync(from)) {
    if (isDirectory) {
      Deno.mkdirSync(`${to}/${name}`);
      copy(`${from}/${name}`, `${to}/${name}`);
    } else if (isFile) Deno.copyFileSync(`${from}/${name}`, `${to}/${name}`);
  }
}
