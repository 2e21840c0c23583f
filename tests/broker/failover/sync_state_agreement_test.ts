/**
 * The sync-state set between the master that waits for its members and the etcd that names who may be master: at no moment does etcd name a member that acknowledgements do not wait for,
 * whatever is lost, comes late, or is wished for meanwhile.
 */
import { assert } from "@std/assert";
import { SyncStateKeeper } from "../../../actors/broker/failover/sync_state_keeper.ts";
import type { ReplicasManagerContract } from "../../../actors/broker/failover/replicas_manager_contract.ts";
import { readReplicaSet, ReplicaSetKeys } from "../../../actors/net/etcd/replica_set.ts";
import { createSyncState, SyncStateRegion } from "../../../store/memory/sync_state.ts";
import { Random } from "../../helpers/random.ts";
import { FailoverSet, type Member } from "./manager_kit.ts";

type SetSignal = ReplicasManagerContract["signals"]["syncStateSet"];

const KEYS = new ReplicaSetKeys("DefaultCluster", "b");
const MEMBERS = [1, 2, 3, 4];
const STEP_MS = 50;
const STEPS = 1500;

/** A long lease: what is tried here is not its end. */
const SETTINGS = { allAckInSyncStateSet: true, failoverLeaseSeconds: 60 };

/** Gives the keeper what the manager said, in order, each word with a delay of its own. */
class Words {
  readonly #master: Member;
  #taken = 0;

  constructor(master: Member) {
    this.#master = master;
  }

  /** The next word, if there is one and it is let through. */
  next(isLetThrough: boolean): SetSignal | undefined {
    const said = this.#master.signals.filter(([name]) => name === "syncStateSet");
    return isLetThrough && this.#taken < said.length ? said[this.#taken++]![1] as SetSignal : undefined;
  }
}

async function agree(seed: number): Promise<number> {
  const random = new Random(seed);
  await using set = new FailoverSet();
  const one = set.start(1, SETTINGS);
  await set.run(1000);
  for (const id of MEMBERS.slice(1)) set.start(id, SETTINGS);
  await set.run(1000);
  const { masterEpoch, syncStateSetEpoch } = one.role!;
  assert(one.acknowledges);
  const region = new SyncStateRegion(createSyncState());
  const keeper = new SyncStateKeeper({
    region,
    clock: set.clock,
    join: () => Promise.resolve(),
    changed: () => {},
    ask: (wish) => one.manager.want(masterEpoch, wish),
    log: () => {},
  }, { members: [1], epoch: syncStateSetEpoch });
  const words = new Words(one);
  let number = 0;
  for (let step = 0; step < STEPS; step++) {
    // Times in which writes get no answer, and arrive late or not at all, and times of peace.
    if (Math.floor(step / 250) % 2 === 0 && random.oneIn(4)) one.line.detain = 1;
    if (random.oneIn(100)) await one.line.arrive();
    if (random.oneIn(10)) await keeper.want([1, ...MEMBERS.slice(1).filter(() => random.oneIn(2))]);
    await set.clock.run(STEP_MS);
    const { record, master } = await readReplicaSet(set.etcd, KEYS);
    assert(master?.brokerId === 1 && record!.masterEpoch === masterEpoch, `seed ${seed}: the master is another one`);
    const { required } = region.read();
    const lacking = record!.syncStateSet.filter((id) => !required.includes(id));
    assert(
      lacking.length === 0,
      `seed ${seed}, step ${step}: [${record!.syncStateSet}] agreed, [${required}] waited for`,
    );
    const word = words.next(random.oneIn(3));
    if (word !== undefined) keeper.set(word.syncStateSet, word.syncStateSetEpoch);
    number = record!.syncStateSetEpoch;
  }
  return number;
}

Deno.test("sync-state set: etcd never names a member that acknowledgements do not wait for", async () => {
  let changes = 0;
  for (const seed of [1, 2, 3]) changes += await agree(seed);
  assert(changes > 20, `only ${changes} changes`);
});
