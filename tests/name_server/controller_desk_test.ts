/** What tools ask of a controller, answered out of etcd. */
import { assertEquals } from "@std/assert";
import { ControllerDesk } from "../../actors/name_server/controller_desk.ts";
import type { NameServerReply } from "../../actors/name_server/contracts.ts";
import {
  encodeAlive,
  encodeMaster,
  encodeRecord,
  ReplicaSetKeys,
  type ReplicaSetRecord,
} from "../../actors/net/etcd/replica_set.ts";
import {
  decodeBrokerReplicasInfo,
  decodeElectMasterResponse,
  decodeSyncStateSet,
} from "../../protocol/bodies/controller_bodies.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { EtcdLine, MemoryEtcd } from "../helpers/memory_etcd.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

const KEYS = new ReplicaSetKeys("DefaultCluster", "broker-a");
const RECORD: ReplicaSetRecord = {
  masterEpoch: 3,
  masterBrokerId: 1,
  syncStateSet: [1, 2],
  syncStateSetEpoch: 7,
  members: [1, 2, 3].map((brokerId) => ({
    brokerId,
    address: `h:${brokerId}`,
    haAddress: `h:1${brokerId}`,
    checkCode: "",
  })),
  lastBrokerId: 3,
};

class Kit {
  readonly clock = new SimulatedClock();
  readonly etcd = new MemoryEtcd(this.clock);
  readonly line = new EtcdLine(this.etcd);
  readonly desk = new ControllerDesk({ etcd: this.line, clock: this.clock, endpoints: ["e:1", "e:2"] });

  async fill(): Promise<this> {
    const { lease } = await this.etcd.grant(600);
    const report = { logEnd: 0, logEpoch: 3, seenEpoch: -1 };
    await this.etcd.commit([], [
      { put: KEYS.set, value: encodeRecord(RECORD) },
      { put: KEYS.master, value: encodeMaster({ brokerId: 1, masterEpoch: 3 }), lease },
      ...[1, 2, 3].map((brokerId) => ({
        put: KEYS.alive(brokerId),
        value: encodeAlive({ brokerId, ...report }),
        lease,
      })),
    ]);
    return this;
  }

  ask(code: number, ext: Record<string, string> = {}, body: unknown = undefined): Promise<NameServerReply> {
    const bytes = body === undefined ? new Uint8Array() : new TextEncoder().encode(JSON.stringify(body));
    return this.desk.answer({ code, ext, body: bytes, localAddress: "10.0.0.1:9876" });
  }

  elect(brokerId: number, brokerName = "broker-a"): Promise<NameServerReply> {
    const ext = { clusterName: "DefaultCluster", brokerName, brokerId: String(brokerId), designateElect: "true" };
    return this.ask(RequestCode.CONTROLLER_ELECT_MASTER, ext);
  }
}

Deno.test("ControllerDesk says that the name server which was asked is the leader", async () => {
  const { code, ext } = await new Kit().ask(RequestCode.CONTROLLER_GET_METADATA_INFO);
  assertEquals(code, 0);
  assertEquals(ext, {
    group: "etcd",
    controllerLeaderId: "10.0.0.1:9876",
    controllerLeaderAddress: "10.0.0.1:9876",
    isLeader: "true",
    peers: "e:1;e:2",
  });
});

Deno.test("ControllerDesk answers 1006 with who is in step and who is not", async () => {
  const kit = await new Kit().fill();
  const { body } = await kit.ask(RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, {}, ["broker-a", "nobody"]);
  const { replicasInfoTable } = decodeBrokerReplicasInfo(body!);
  assertEquals([...replicasInfoTable.keys()], ["broker-a"]);
  const info = replicasInfoTable.get("broker-a")!;
  assertEquals([info.masterBrokerId, info.masterAddress, info.masterEpoch, info.syncStateSetEpoch], [1, "h:1", 3, 7]);
  assertEquals(info.inSyncReplicas.map(({ brokerId, alive }) => [brokerId, alive]), [[1, true], [2, true]]);
  assertEquals(info.notInSyncReplicas.map(({ brokerAddress }) => brokerAddress), ["h:3"]);
});

Deno.test("ControllerDesk answers 1004, without a master when nobody is", async () => {
  const kit = await new Kit().fill();
  const first = await kit.ask(RequestCode.CONTROLLER_GET_REPLICA_INFO, { brokerName: "broker-a" });
  assertEquals(first.ext, { masterBrokerId: "1", masterAddress: "h:1", masterEpoch: "3" });
  assertEquals(decodeSyncStateSet(first.body!), { syncStateSet: [1, 2], syncStateSetEpoch: 7 });
  await kit.etcd.commit([], [{ remove: KEYS.master }]);
  const second = await kit.ask(RequestCode.CONTROLLER_GET_REPLICA_INFO, { brokerName: "broker-a" });
  assertEquals(second.ext, { masterEpoch: "3" });
  const third = await kit.ask(RequestCode.CONTROLLER_GET_REPLICA_INFO, { brokerName: "nobody" });
  assertEquals(third.code, ResponseCode.CONTROLLER_BROKER_METADATA_NOT_EXIST);
});

Deno.test("ControllerDesk answers for a set whatever etcd holds of others", async () => {
  const kit = await new Kit().fill();
  await kit.etcd.commit([], [
    { put: new ReplicaSetKeys("DefaultCluster", "broker-b").set, value: "{}" },
    { put: "/ringmq/%/other/set", value: "" },
  ]);
  const info = await kit.ask(RequestCode.CONTROLLER_GET_REPLICA_INFO, { brokerName: "broker-a" });
  assertEquals([info.code, info.ext!["masterBrokerId"]], [0, "1"]);
  const state = await kit.ask(RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, {}, ["broker-a"]);
  assertEquals(state.code, 0);
});

Deno.test("ControllerDesk refuses elections that cannot be, with RocketMQ's codes", async () => {
  const kit = await new Kit().fill();
  assertEquals((await kit.elect(2, "nobody")).code, ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED);
  const still = await kit.elect(1);
  assertEquals([still.code, still.ext!["masterAddress"]], [ResponseCode.CONTROLLER_MASTER_STILL_EXIST, "h:1"]);
  assertEquals((await kit.elect(3)).code, ResponseCode.CONTROLLER_ELECT_MASTER_FAILED);
  assertEquals((await kit.elect(9)).code, ResponseCode.CONTROLLER_ELECT_MASTER_FAILED);
  await kit.etcd.commit([], [{ remove: KEYS.alive(2) }]);
  assertEquals((await kit.elect(2)).code, ResponseCode.CONTROLLER_ELECT_MASTER_FAILED);
});

Deno.test("ControllerDesk asks the set for another master and answers when it has it", async () => {
  const kit = await new Kit().fill();
  const answer = kit.elect(2);
  await kit.clock.run(200);
  const wish = (await kit.etcd.list(KEYS.wish))[0]!;
  assertEquals(JSON.parse(wish.value), { brokerId: 2 });
  const record = { ...RECORD, masterEpoch: 4, masterBrokerId: 2, syncStateSet: [2], syncStateSetEpoch: 8 };
  await kit.etcd.commit([], [
    { put: KEYS.set, value: encodeRecord(record) },
    { put: KEYS.master, value: encodeMaster({ brokerId: 2, masterEpoch: 4 }), lease: wish.lease },
  ]);
  await kit.clock.run(200);
  const { code, ext, body } = await answer;
  assertEquals(code, 0);
  assertEquals(ext, { masterBrokerId: "2", masterAddress: "h:2", masterEpoch: "4", syncStateSetEpoch: "8" });
  assertEquals(decodeElectMasterResponse(body!).brokerMemberGroup!.brokerAddrs.size, 3);
});

Deno.test("ControllerDesk takes a wish back that nobody followed in time", async () => {
  const kit = await new Kit().fill();
  const answer = kit.elect(2);
  await kit.clock.run(3000);
  assertEquals((await answer).code, ResponseCode.CONTROLLER_ELECT_MASTER_FAILED);
  assertEquals(await kit.etcd.list(KEYS.wish), []);
});

Deno.test("ControllerDesk says so when etcd does not answer, or the request makes no sense", async () => {
  const kit = await new Kit().fill();
  const broken = await kit.ask(RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, {}, { a: 1 });
  assertEquals(broken.code, ResponseCode.SYSTEM_ERROR);
  kit.line.isCut = true;
  const { code, remark } = await kit.elect(2);
  assertEquals([code, remark], [ResponseCode.CONTROLLER_NOT_LEADER, "Cannot reach etcd: the line is cut"]);
});
