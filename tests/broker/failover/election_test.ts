/** Who becomes master, row by row. */
import { assertEquals } from "@std/assert";
import { candidatesOf, electedRecord, type ElectionStep, nextStep } from "../../../actors/broker/failover/election.ts";
import {
  type AliveEntry,
  ReplicaSetKeys,
  type ReplicaSetRecord,
  type ReplicaSetView,
} from "../../../actors/net/etcd/replica_set.ts";

const RECORD: ReplicaSetRecord = {
  masterEpoch: 4,
  masterBrokerId: 1,
  syncStateSet: [1, 2],
  syncStateSetEpoch: 9,
  members: [1, 2, 3].map((brokerId) => ({
    brokerId,
    address: `a:${brokerId}`,
    haAddress: `h:${brokerId}`,
    checkCode: "",
  })),
  lastBrokerId: 3,
};
const ALL_ACK = { allAckInSyncStateSet: true, enableElectUncleanMaster: false };
const LONGEST = { allAckInSyncStateSet: false, enableElectUncleanMaster: false };
const UNCLEAN = { allAckInSyncStateSet: true, enableElectUncleanMaster: true };

function alive(...entries: (Partial<AliveEntry> & { brokerId: number })[]): Map<number, AliveEntry> {
  return new Map(entries.map((entry) => [
    entry.brokerId,
    { lease: `L${entry.brokerId}`, logEnd: 0, logEpoch: 4, seenEpoch: -1, ...entry },
  ]));
}

function view(parts: Partial<ReplicaSetView>): ReplicaSetView {
  const keys = new ReplicaSetKeys("c", "b");
  return { keys, record: RECORD, recordRevision: 5, master: undefined, alive: alive(), wish: undefined, ...parts };
}

const master = (brokerId: number, lease: string): Partial<ReplicaSetView> => ({
  master: { brokerId, masterEpoch: 4, lease, revision: 7 },
});
const reported = (brokerId: number, logEnd: number, logEpoch = 4): Partial<AliveEntry> & { brokerId: number } => ({
  brokerId,
  logEnd,
  logEpoch,
  seenEpoch: 4,
});

interface Row {
  readonly name: string;
  readonly view: Partial<ReplicaSetView>;
  readonly rules?: typeof ALL_ACK;
  readonly vacantMs?: number;
  readonly lease?: string | undefined;
  /** What broker 2 does. */
  readonly step: ElectionStep["kind"];
}

const TWO = alive({ brokerId: 2 }, { brokerId: 3 });

const ROWS: readonly Row[] = [
  { name: "waits without a lease", view: { alive: TWO }, lease: "", step: "wait" },
  { name: "waits without a record", view: { record: undefined }, step: "wait" },
  { name: "leads while the master's key is its own", view: master(2, "L2"), step: "lead" },
  { name: "waits while the key lives by its last lease", view: master(2, "L0"), step: "wait" },
  { name: "follows another one", view: master(1, "L1"), step: "follow" },
  { name: "is elected at once where acknowledgements wait for all", view: { alive: TWO }, step: "elect" },
  {
    name: "is no candidate outside of the set",
    view: { alive: TWO, record: { ...RECORD, syncStateSet: [1] } },
    step: "wait",
  },
  {
    name: "is elected from outside when that is allowed and nobody inside runs",
    view: { alive: TWO, record: { ...RECORD, syncStateSet: [1] } },
    rules: UNCLEAN,
    step: "elect",
  },
  {
    name: "is not elected from outside when somebody inside runs",
    view: { alive: alive({ brokerId: 1 }, { brokerId: 2 }), record: { ...RECORD, syncStateSet: [1] } },
    rules: UNCLEAN,
    step: "wait",
  },
  {
    name: "is elected as the first of a new set",
    view: { alive: TWO, record: { ...RECORD, masterEpoch: 0, syncStateSet: [] } },
    step: "elect",
  },
  { name: "is elected when it is asked for", view: { alive: TWO, wish: 2 }, rules: LONGEST, step: "elect" },
  {
    name: "gives way to who is asked for",
    view: { alive: alive({ brokerId: 1 }, { brokerId: 2 }), wish: 1 },
    step: "wait",
  },
  {
    name: "but not for ever",
    view: { alive: alive({ brokerId: 1 }, { brokerId: 2 }), wish: 1 },
    vacantMs: 1000,
    step: "elect",
  },
  { name: "and not to who does not run", view: { alive: TWO, wish: 1 }, step: "elect" },
  { name: "and not to who is not in the set", view: { alive: TWO, wish: 3 }, step: "elect" },
  { name: "is elected when nobody else is a candidate", view: { alive: TWO }, rules: LONGEST, step: "elect" },
  { name: "reports first", view: { alive: alive({ brokerId: 1 }, { brokerId: 2 }) }, rules: LONGEST, step: "report" },
  { name: "waits for reports", view: { alive: alive({ brokerId: 1 }, reported(2, 10)) }, rules: LONGEST, step: "wait" },
  {
    name: "not for ever",
    view: { alive: alive({ brokerId: 1 }, reported(2, 10)) },
    rules: LONGEST,
    vacantMs: 400,
    step: "elect",
  },
  {
    name: "gives way to the longer log",
    view: { alive: alive(reported(1, 11), reported(2, 10)) },
    rules: LONGEST,
    step: "wait",
  },
  {
    name: "not for ever either",
    view: { alive: alive(reported(1, 11), reported(2, 10)) },
    rules: LONGEST,
    vacantMs: 1400,
    step: "elect",
  },
  {
    name: "is elected with the longer log",
    view: { alive: alive(reported(1, 10), reported(2, 11)) },
    rules: LONGEST,
    step: "elect",
  },
  {
    name: "counts the later epoch first",
    view: { alive: alive(reported(1, 11, 3), reported(2, 10)) },
    rules: LONGEST,
    step: "elect",
  },
  {
    name: "and the smaller id last",
    view: { alive: alive(reported(1, 10), reported(2, 10)) },
    rules: LONGEST,
    step: "wait",
  },
  {
    name: "takes no longer log from outside of the set",
    view: { alive: alive(reported(2, 10), reported(3, 99), { brokerId: 1, seenEpoch: 4 }) },
    rules: LONGEST,
    step: "elect",
  },
];

for (const { name, view: parts, rules = ALL_ACK, vacantMs = 0, lease = "L2", step } of ROWS) {
  Deno.test(`nextStep() of broker 2 ${name}`, () => {
    const self = { brokerId: 2, lease: lease === "" ? undefined : lease, vacantMs };
    assertEquals(nextStep(view(parts), self, rules).kind, step);
  });
}

Deno.test("candidatesOf() leaves out who is no member any more", () => {
  const record = { ...RECORD, members: RECORD.members.slice(1) };
  const found = candidatesOf({ alive: alive({ brokerId: 1 }, { brokerId: 2 }) }, record, ALL_ACK);
  assertEquals(found.map(({ brokerId }) => brokerId), [2]);
});

Deno.test("electedRecord() raises both epochs and leaves the master alone in the set", () => {
  const { masterEpoch, masterBrokerId, syncStateSet, syncStateSetEpoch, members } = electedRecord(RECORD, 2);
  assertEquals([masterEpoch, masterBrokerId, syncStateSet, syncStateSetEpoch], [5, 2, [2], 10]);
  assertEquals(members, RECORD.members);
});
