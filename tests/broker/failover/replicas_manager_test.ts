/** Brokers of a set agree, lose etcd, lose their master, over an etcd in memory and a clock that the test moves. */
import { assert, assertEquals } from "@std/assert";
import { readReplicaSet, ReplicaSetKeys } from "../../../actors/net/etcd/replica_set.ts";
import { FailoverSet } from "./manager_kit.ts";

const KEYS = new ReplicaSetKeys("DefaultCluster", "b");
const ALL_ACK = { allAckInSyncStateSet: true };

Deno.test("ReplicasManager: the first member is master of epoch 1, the second follows it", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  await set.run(1000);
  const two = set.start(2);
  await set.run(1000);
  assert(one.acknowledges);
  assertEquals([one.role!.brokerId, one.role!.masterEpoch, one.role!.isMaster], [1, 1, true]);
  assertEquals(two.role!.isMaster, false);
  assertEquals(two.role!.master, { brokerId: 1, address: "10.0.0.1:1000", haAddress: "10.0.0.1:1001" });
  assertEquals([one.roles.length, two.roles.length], [1, 1]);
});

Deno.test("ReplicasManager: two that start at once agree on one master", async () => {
  await using set = new FailoverSet();
  const members = [set.start(1), set.start(2), set.start(3)];
  await set.run(2000);
  assertEquals(members.map(({ role }) => role!.brokerId).sort(), [1, 2, 3]);
  assertEquals(members.filter(({ role }) => role!.isMaster).length, 1);
});

Deno.test("ReplicasManager: the sync-state set changes by transaction, and only for its own epoch", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  await set.run(1000);
  set.start(2);
  await set.run(500);
  one.manager.want(7, { syncStateSet: [1, 2], after: 1 });
  await set.run(500);
  assertEquals((await readReplicaSet(set.etcd, KEYS)).record!.syncStateSet, [1]);
  one.manager.want(1, { syncStateSet: [2, 1], after: 1 });
  await set.run(500);
  const { record } = await readReplicaSet(set.etcd, KEYS);
  assertEquals([record!.syncStateSet, record!.syncStateSetEpoch], [[1, 2], 2]);
  assertEquals(one.signals.findLast(([name]) => name === "syncStateSet")![1], {
    masterEpoch: 1,
    syncStateSet: [1, 2],
    syncStateSetEpoch: 2,
  });
});

Deno.test("ReplicasManager: a set whose write got no answer is written over, also when the old one is wanted again", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  await set.run(1000);
  set.start(2);
  await set.run(500);
  const before = (await readReplicaSet(set.etcd, KEYS)).record!.syncStateSetEpoch;
  one.line.swallow = 1;
  one.manager.want(1, { syncStateSet: [1, 2], after: 1 });
  await set.run(20);
  one.manager.want(1, { syncStateSet: [1], after: 1 });
  await set.run(1000);
  const { record } = await readReplicaSet(set.etcd, KEYS);
  assertEquals(record!.syncStateSet, [1]);
  assert(record!.syncStateSetEpoch > before);
  const told = one.signals.findLast(([name]) => name === "syncStateSet")![1];
  assertEquals(told, { masterEpoch: 1, syncStateSet: [1], syncStateSetEpoch: record!.syncStateSetEpoch });
});

Deno.test("ReplicasManager: a master that is cut off acknowledges nothing when its lease is over, another takes over, it follows", async () => {
  await using set = new FailoverSet();
  const one = set.start(1, ALL_ACK);
  await set.run(1000);
  const two = set.start(2, ALL_ACK);
  await set.run(500);
  one.manager.want(1, { syncStateSet: [1, 2], after: 1 });
  await set.run(500);
  one.line.isCut = true;
  await set.run(2000);
  assert(!one.acknowledges);
  await set.run(500);
  assert(two.acknowledges, two.log.join("\n"));
  assertEquals([two.role!.masterEpoch, two.role!.syncStateSet], [2, [2]]);
  await set.run(4000);
  assertEquals([one.role!.isMaster, one.role!.master], [false, undefined]);
  one.line.isCut = false;
  await set.run(1000);
  assertEquals([one.role!.masterEpoch, one.role!.master?.brokerId], [2, 2]);
});

Deno.test("ReplicasManager: who is not in the sync-state set is not elected; the old master comes back as the next one", async () => {
  await using set = new FailoverSet();
  const one = set.start(1, ALL_ACK);
  await set.run(1000);
  const two = set.start(2, ALL_ACK);
  await set.run(500);
  one.line.isCut = true;
  await set.run(10_000);
  assert(!two.acknowledges);
  assertEquals(two.role!.isMaster, false);
  one.line.isCut = false;
  await set.run(1500);
  assert(one.acknowledges);
  assertEquals(one.role!.masterEpoch, 2);
});

Deno.test("ReplicasManager: answers that are lost make nobody master twice", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  one.line.isDeaf = true;
  await set.run(5000);
  assert(!one.acknowledges);
  one.line.isDeaf = false;
  await set.run(3000);
  assert(one.acknowledges, one.log.join("\n"));
  assertEquals(one.roles.filter(({ isMaster }) => isMaster).length, 1);
});

Deno.test("ReplicasManager: a process that stood still for longer than its lease acknowledges nothing when it goes on", async () => {
  await using set = new FailoverSet();
  const one = set.start(1, ALL_ACK);
  await set.run(1000);
  assert(one.acknowledges);
  // Time passes and nobody has a turn.
  let acknowledged: boolean | undefined;
  set.clock.setTimer(0, () => {
    Object.defineProperty(set.clock, "monotonicMs", {
      value: ((base) => () => base() + 60_000)(set.clock.monotonicMs.bind(set.clock)),
    });
    acknowledged = one.acknowledges;
  });
  await set.clock.run(1);
  assertEquals(acknowledged, false);
});

Deno.test("ReplicasManager: etcd away altogether: nothing is acknowledged, the state says so, and service comes back", async () => {
  await using set = new FailoverSet();
  const one = set.start(1, ALL_ACK);
  await set.run(1000);
  one.line.isCut = true;
  await set.run(4000);
  assert(!one.acknowledges);
  const state = one.signals.findLast(([name]) => name === "state")![1] as { text: string; isEtcdReachable: boolean };
  assertEquals(state.isEtcdReachable, false);
  assert(state.text.includes("nothing is acknowledged"), state.text);
  one.line.isCut = false;
  await set.run(2000);
  assert(one.acknowledges);
  assertEquals(one.role!.masterEpoch, 2);
  assert(one.log.some((text) => text.includes("etcd answers again")));
});

Deno.test("ReplicasManager: the longest log of the sync-state set is elected where not all acknowledge", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  await set.run(1000);
  const two = set.start(2, {}, 100);
  await set.run(500);
  const three = set.start(3, {}, 200);
  await set.run(500);
  one.manager.want(1, { syncStateSet: [1, 2, 3], after: 1 });
  await set.run(500);
  one.line.isCut = true;
  await set.run(4000);
  assertEquals([two.role!.isMaster, three.role!.isMaster], [false, true]);
});

Deno.test("ReplicasManager: who is asked for becomes master, and the old one follows at once", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  await set.run(1000);
  const two = set.start(2);
  await set.run(500);
  one.manager.want(1, { syncStateSet: [1, 2], after: 1 });
  await set.run(500);
  const { lease } = await set.etcd.grant(5);
  await set.etcd.commit([], [{ put: KEYS.wish, value: JSON.stringify({ brokerId: 2 }), lease }]);
  await set.run(1000);
  assert(two.acknowledges, one.log.join("\n"));
  assertEquals([two.role!.masterEpoch, one.role!.master?.brokerId], [2, 2]);
});

Deno.test("ReplicasManager: a broker that stops gives its mastership back", async () => {
  await using set = new FailoverSet();
  const one = set.start(1, ALL_ACK);
  await set.run(1000);
  const two = set.start(2, ALL_ACK);
  await set.run(500);
  one.manager.want(1, { syncStateSet: [1, 2], after: 1 });
  await set.run(500);
  await Promise.all([one.manager.stop(), set.run(500)]);
  assert(two.acknowledges);
});

Deno.test("ReplicasManager: a store keeps its id, also when its start was cut short", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  await set.run(1000);
  await Promise.all([one.manager.stop(), set.run(500)]);
  const again = set.start(1);
  await set.run(1000);
  assertEquals(again.role!.brokerId, 1);
  const files = set.disk(1);
  assertEquals(new TextDecoder().decode(files.readFile("/store/brokerIdentity")), "DefaultCluster#b#1");
  assert(!files.exists("/store/brokerIdentity-temp"));
  // The record was written, the file that says so was not.
  files.rename("/store/brokerIdentity", "/store/gone");
  files.writeFile("/store/brokerIdentity-temp", new TextEncoder().encode("DefaultCluster#b#1#code 1"));
  await Promise.all([again.manager.stop(), set.run(500)]);
  const third = set.start(1);
  await set.run(1000);
  assertEquals(third.role!.brokerId, 1);
});

Deno.test("ReplicasManager: a set that etcd has forgotten is not begun anew from any store, unless that is allowed", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  await set.run(1000);
  await Promise.all([one.manager.stop(), set.run(500)]);
  await set.etcd.commit([], [{ remove: KEYS.set }]);
  const again = set.start(1);
  await set.run(5000);
  assert(!again.acknowledges);
  assert(again.log.some((text) => text.includes("does not know the set")), again.log.join("\n"));
  await Promise.all([again.manager.stop(), set.run(500)]);
  const allowed = set.start(1, { enableElectUncleanMaster: true });
  await set.run(3000);
  assert(allowed.acknowledges);
});

Deno.test("ReplicasManager: a wish that was made from a set which is not the set any more is void", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  await set.run(1000);
  set.start(2);
  set.start(3);
  await set.run(500);
  one.line.detain = 1;
  one.manager.want(1, { syncStateSet: [1, 2], after: 1 });
  await set.run(20);
  // No answer came, so the master wished again; then the first one was written all the same, and the master does not know it yet.
  one.manager.want(1, { syncStateSet: [1, 3], after: 1 });
  assertEquals(await one.line.arrive(), [true]);
  await set.run(1000);
  const { record } = await readReplicaSet(set.etcd, KEYS);
  assertEquals([record!.syncStateSet, record!.syncStateSetEpoch], [[1, 2], 2]);
  one.manager.want(1, { syncStateSet: [1, 2, 3], after: 2 });
  await set.run(1000);
  assertEquals((await readReplicaSet(set.etcd, KEYS)).record!.syncStateSet, [1, 2, 3]);
});

Deno.test("ReplicasManager: a master that lets go late takes no later mastership away, also when that lives by the same lease", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  await set.run(1000);
  const two = set.start(2);
  await set.run(500);
  one.manager.want(1, { syncStateSet: [1, 2], after: 1 });
  await set.run(500);
  two.line.isCut = true;
  one.line.detain = 1;
  const { lease } = await set.etcd.grant(5);
  await set.etcd.commit([], [{ put: KEYS.wish, value: JSON.stringify({ brokerId: 2 }), lease }]);
  await set.run(3000);
  assertEquals([one.role!.masterEpoch, one.acknowledges], [2, true]);
  await one.line.arrive();
  assertEquals((await readReplicaSet(set.etcd, KEYS)).master?.masterEpoch, 2);
  await set.run(500);
  assertEquals([one.role!.masterEpoch, one.acknowledges], [2, true]);
});

Deno.test("ReplicasManager: who follows and is no member does not come into the set, and the master is told not to wait for it", async () => {
  await using set = new FailoverSet();
  const one = set.start(1);
  await set.run(1000);
  set.start(2);
  await set.run(500);
  one.manager.want(1, { syncStateSet: [1, 99], after: 1 });
  await set.run(1000);
  const told = (): unknown => one.signals.findLast(([name]) => name === "syncStateSet")?.[1];
  assertEquals(told(), { masterEpoch: 1, syncStateSet: [1], syncStateSetEpoch: 2 });
  one.manager.want(1, { syncStateSet: [1, 2, 99], after: 2 });
  await set.run(1000);
  assertEquals(told(), { masterEpoch: 1, syncStateSet: [1, 2], syncStateSetEpoch: 3 });
});
