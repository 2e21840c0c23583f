import { assertEquals } from "@std/assert";
import {
  describeReplication,
  ReplicationRules,
  type ReplicationValues,
} from "../../actors/broker/ha/replication_rules.ts";

const DEFAULTS: ReplicationValues = {
  brokerRole: "SYNC_MASTER",
  inSyncReplicas: 1,
  minInSyncReplicas: 1,
  enableAutoInSyncReplicas: false,
  enableSlaveActingMaster: false,
  haMaxGapNotInSync: 1000,
  syncMasterVersion: "5",
  allAckInSyncStateSet: false,
};

/** Rows: settings; whether acknowledgements wait; replicas needed while 1, 2 and 3 are in step. */
const RULES: readonly [Partial<ReplicationValues>, boolean, readonly number[]][] = [
  [{}, false, [1, 1, 1]],
  [{ brokerRole: "ASYNC_MASTER", inSyncReplicas: 2 }, false, [2, 2, 2]],
  [{ inSyncReplicas: 2 }, true, [2, 2, 2]],
  [{ inSyncReplicas: 3, enableAutoInSyncReplicas: true }, true, [3, 3, 3]],
  [{ inSyncReplicas: 3, enableSlaveActingMaster: true }, true, [3, 3, 3]],
  [{ inSyncReplicas: 3, enableSlaveActingMaster: true, enableAutoInSyncReplicas: true }, true, [1, 2, 3]],
  [
    { inSyncReplicas: 3, minInSyncReplicas: 2, enableSlaveActingMaster: true, enableAutoInSyncReplicas: true },
    true,
    [2, 2, 3],
  ],
  [{ syncMasterVersion: "4.9" }, true, [2, 2, 2]],
];

for (const [settings, waits, required] of RULES) {
  Deno.test(`ReplicationRules.required() follows ${JSON.stringify(settings)}`, () => {
    const rules = new ReplicationRules({ ...DEFAULTS, ...settings });
    assertEquals([rules.waits, [1, 2, 3].map((inSync) => rules.required(inSync))], [waits, required]);
  });
}

Deno.test("describeReplication() says what an acknowledgement is worth", () => {
  assertEquals(describeReplication({ ...DEFAULTS, brokerRole: "ASYNC_MASTER" }), undefined);
  assertEquals(
    describeReplication({ ...DEFAULTS, inSyncReplicas: 2 }),
    "Role SYNC_MASTER: an acknowledged message is at 1 slave(s) too",
  );
});

/** Rows: settings; whether acknowledgements wait, and for the whole set; members that a message needs. */
const FAILOVER: readonly [Partial<ReplicationValues>, boolean, boolean, number][] = [
  [{}, false, false, 1],
  [{ allAckInSyncStateSet: true }, true, true, 1],
  [{ allAckInSyncStateSet: true, minInSyncReplicas: 2 }, true, true, 2],
  [{ inSyncReplicas: 2, minInSyncReplicas: 2 }, true, false, 2],
  [{ inSyncReplicas: 2, enableSlaveActingMaster: true, enableAutoInSyncReplicas: true }, true, false, 1],
  [{ syncMasterVersion: "4.9" }, false, false, 1],
  [{ allAckInSyncStateSet: true, minInSyncReplicas: 2, brokerRole: "SLAVE" }, false, false, 0],
];

for (const [settings, waits, awaitsSet, membersMin] of FAILOVER) {
  Deno.test(`ReplicationRules of a failover set follow ${JSON.stringify(settings)}`, () => {
    const rules = new ReplicationRules({ ...DEFAULTS, ...settings }, true);
    assertEquals([rules.waits, rules.awaitsSet, rules.membersMin], [waits, awaitsSet, membersMin]);
    assertEquals([rules.isCounted, rules.answersAtOnce], [false, false]);
    const fixed = new ReplicationRules({ ...DEFAULTS, ...settings });
    assertEquals([fixed.awaitsSet, fixed.membersMin], [false, 0]);
  });
}
