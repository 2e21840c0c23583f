/**
 * Answers what RocketMQ's tools ask of its controller, out of what brokers agreed on through etcd: 1002, 1004, 1005 and 1006.
 *
 * Owns: the codes and remarks of the answers, and the wish that a request for another master leaves in etcd. Reads: broker sets. Never: makes anybody master; the members of the set do.
 *
 * Every name server with `etcdEndpoints` answers for all of them, so each says that it is the leader. RocketMQ's brokers cannot join: what they would write (1001, 1003, 1012, 1013) is not supported.
 *
 * Source: apache/rocketmq controller processor/ControllerRequestProcessor.java, impl/manager/ReplicasInfoManager.java
 */
import {
  encodeBrokerReplicasInfo,
  encodeElectMasterResponse,
  encodeSyncStateSet,
  type ReplicaIdentity,
  type ReplicasInfo,
} from "../../protocol/bodies/controller_bodies.ts";
import {
  decodeElectMasterRequestHeader,
  decodeGetReplicaInfoRequestHeader,
  type ElectMasterRequestHeader,
  encodeElectMasterResponseHeader,
  encodeGetMetaDataResponseHeader,
  encodeGetReplicaInfoResponseHeader,
} from "../../protocol/commands/controller.ts";
import type { ExtFields } from "../../protocol/command.ts";
import { decodeBody, list, text } from "../../protocol/json_codec.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { Clock } from "../../store/clock.ts";
import { type Etcd, EtcdError } from "../net/etcd/etcd.ts";
import {
  memberOf,
  readReplicaSet,
  readReplicaSetsOf,
  ReplicaSetKeys,
  type ReplicaSetRecord,
  type ReplicaSetView,
} from "../net/etcd/replica_set.ts";
import type { NameServerReply } from "./contracts.ts";
import { done, refuse } from "./desk_reply.ts";

/** How long a request for another master waits for it: below the 3 s that tools wait. Milliseconds. */
const ELECT_MS = 2500;

/** Between two looks meanwhile. Milliseconds. */
const LOOK_MS = 50;

/** How long a wish lasts that nobody follows. Seconds. */
const WISH_SECONDS = 5;

/** What the tools show as the group of controllers. */
const GROUP = "etcd";

/** The codes that are answered here. */
export const CONTROLLER_CODES: ReadonlySet<number> = new Set([
  RequestCode.CONTROLLER_ELECT_MASTER,
  RequestCode.CONTROLLER_GET_REPLICA_INFO,
  RequestCode.CONTROLLER_GET_METADATA_INFO,
  RequestCode.CONTROLLER_GET_SYNC_STATE_DATA,
]);

/** What the desk works with. */
export interface ControllerDeskParts {
  readonly etcd: Etcd;
  readonly clock: Clock;
  /** Endpoints of etcd, as they are configured. */
  readonly endpoints: readonly string[];
}

/** A request for a controller. */
export interface ControllerRequest {
  readonly code: number;
  readonly ext: ExtFields;
  readonly body: Uint8Array;
  /** Address at which the sender reached this name server. */
  readonly localAddress: string;
}

/** The desk. */
export class ControllerDesk {
  readonly #parts: ControllerDeskParts;

  /** @param parts etcd and a clock */
  constructor(parts: ControllerDeskParts) {
    this.#parts = parts;
  }

  /** Answers one of {@link CONTROLLER_CODES}. Never rejects. */
  async answer(request: ControllerRequest): Promise<NameServerReply> {
    try {
      switch (request.code) {
        case RequestCode.CONTROLLER_ELECT_MASTER:
          return await this.#elect(decodeElectMasterRequestHeader(request.ext));
        case RequestCode.CONTROLLER_GET_REPLICA_INFO:
          return await this.#replicaInfo(decodeGetReplicaInfoRequestHeader(request.ext).brokerName ?? "");
        case RequestCode.CONTROLLER_GET_METADATA_INFO:
          return this.#metadata(request.localAddress);
        default:
          return await this.#syncStateData(decodeBody(list(text()), request.body));
      }
    } catch (error) {
      if (error instanceof EtcdError) return refuse(ResponseCode.CONTROLLER_NOT_LEADER, error.message);
      return refuse(ResponseCode.SYSTEM_ERROR, error instanceof Error ? error.message : String(error));
    }
  }

  #metadata(localAddress: string): NameServerReply {
    return done({
      ext: encodeGetMetaDataResponseHeader({
        group: GROUP,
        controllerLeaderId: localAddress,
        controllerLeaderAddress: localAddress,
        isLeader: true,
        peers: this.#parts.endpoints.join(";"),
      }),
    });
  }

  async #replicaInfo(brokerName: string): Promise<NameServerReply> {
    const [view] = await readReplicaSetsOf(this.#parts.etcd, [brokerName]);
    if (view?.record === undefined) {
      return refuse(ResponseCode.CONTROLLER_BROKER_METADATA_NOT_EXIST, "Broker metadata is not existed");
    }
    const { syncStateSet, syncStateSetEpoch } = view.record;
    return done({
      ext: encodeGetReplicaInfoResponseHeader(masterFields(view, view.record)),
      body: encodeSyncStateSet({ syncStateSet, syncStateSetEpoch }),
    });
  }

  async #syncStateData(brokerNames: readonly string[]): Promise<NameServerReply> {
    const replicasInfoTable = new Map<string, ReplicasInfo>();
    for (const view of await readReplicaSetsOf(this.#parts.etcd, brokerNames)) {
      const { record, keys: { brokerName } } = view;
      if (record === undefined) continue;
      const inSyncReplicas: ReplicaIdentity[] = [];
      const notInSyncReplicas: ReplicaIdentity[] = [];
      for (const { brokerId, address } of record.members) {
        const identity = { brokerName, brokerId, brokerAddress: address, alive: view.alive.has(brokerId) };
        (record.syncStateSet.includes(brokerId) ? inSyncReplicas : notInSyncReplicas).push(identity);
      }
      const { syncStateSetEpoch } = record;
      replicasInfoTable.set(brokerName, {
        ...masterFields(view, record),
        syncStateSetEpoch,
        inSyncReplicas,
        notInSyncReplicas,
      });
    }
    return done({ body: encodeBrokerReplicasInfo({ replicasInfoTable }) });
  }

  /** Asks the set for another master, and waits until it has it. */
  async #elect({ clusterName, brokerName, brokerId }: ElectMasterRequestHeader): Promise<NameServerReply> {
    const { etcd } = this.#parts;
    const keys = new ReplicaSetKeys(clusterName, brokerName);
    const view = await readReplicaSet(etcd, keys);
    const { record, master, alive } = view;
    if (record === undefined) {
      return refuse(ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED, "Broker hasn't been registered");
    }
    if (master !== undefined && (brokerId === -1 || master.brokerId === brokerId)) {
      const remark =
        `The old master ${master.brokerId} is still alive, not need to elect new master for broker ${brokerName}`;
      return { ...elected(view, record), code: ResponseCode.CONTROLLER_MASTER_STILL_EXIST, remark };
    }
    if (brokerId !== -1 && (!record.syncStateSet.includes(brokerId) || !alive.has(brokerId))) {
      return refuse(ResponseCode.CONTROLLER_ELECT_MASTER_FAILED, "Failed to elect a new master");
    }
    if (brokerId === -1) return await this.#untilMaster(keys, () => true);
    const { lease } = await etcd.grant(WISH_SECONDS);
    await etcd.commit([], [{ put: keys.wish, value: JSON.stringify({ brokerId }), lease }]);
    const reply = await this.#untilMaster(keys, (id) => id === brokerId);
    // One that cannot be taken back ends with its lease; what is answered stays the same.
    if (reply.code !== ResponseCode.SUCCESS) await etcd.revoke(lease).catch(() => undefined);
    return reply;
  }

  async #untilMaster(keys: ReplicaSetKeys, isWanted: (brokerId: number) => boolean): Promise<NameServerReply> {
    const { etcd, clock } = this.#parts;
    const deadlineMs = clock.monotonicMs() + ELECT_MS;
    for (;;) {
      const view = await readReplicaSet(etcd, keys);
      if (view.record !== undefined && view.master !== undefined && isWanted(view.master.brokerId)) {
        return elected(view, view.record);
      }
      if (clock.monotonicMs() >= deadlineMs) {
        return refuse(ResponseCode.CONTROLLER_ELECT_MASTER_FAILED, "Failed to elect a new master");
      }
      await clock.sleep(LOOK_MS);
    }
  }
}

function elected(view: ReplicaSetView, record: ReplicaSetRecord): NameServerReply {
  const { syncStateSet, syncStateSetEpoch, members } = record;
  const { cluster, brokerName } = view.keys;
  const brokerAddrs = new Map(members.map(({ brokerId, address }) => [brokerId, address]));
  return done({
    ext: encodeElectMasterResponseHeader({ ...masterFields(view, record), syncStateSetEpoch }),
    // The tool of 5.4 reads no unquoted names where it expects another body, which it does here.
    body: encodeElectMasterResponse(
      { syncStateSet, brokerMemberGroup: { cluster, brokerName, brokerAddrs } },
      "standard",
    ),
  });
}

/** The master of a set as the tools are told; nobody while its lease is over. */
function masterFields(
  { master }: ReplicaSetView,
  record: ReplicaSetRecord,
): { masterBrokerId?: number; masterAddress?: string; masterEpoch: number } {
  const { masterEpoch } = record;
  const member = master === undefined ? undefined : memberOf(record, master.brokerId);
  if (member === undefined) return { masterEpoch };
  return { masterEpoch, masterBrokerId: member.brokerId, masterAddress: member.address };
}
