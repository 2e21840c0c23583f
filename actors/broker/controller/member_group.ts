/**
 * The brokers that share this one's name, with `enableSlaveActingMaster`: which of them lives, and whether this slave stands in for the master.
 *
 * Owns: the lowest id that lives, as this broker knows it. Reads: what name servers say. Never: lets a slave append; what an acting master serves are reads, offsets and queue locks.
 * Delayed messages and transaction checks wait for the master, as in RocketMQ without `enableRemoteEscape`.
 *
 * Source: apache/rocketmq broker BrokerController.sendHeartbeat, syncBrokerMemberGroup, onMinBrokerChange, BrokerPreOnlineService.prepareForMasterOnline
 */
import { decodeConsumerOffsetTable } from "../../../protocol/bodies/consumer_offsets.ts";
import { decodeBrokerMemberGroupResponse } from "../../../protocol/bodies/controller_bodies.ts";
import { createRequest, type RemotingCommand } from "../../../protocol/command.ts";
import { encodeExchangeHaInfoHeader } from "../../../protocol/commands/broker_admin.ts";
import {
  encodeBrokerHeartbeatRequestHeader,
  encodeGetBrokerMemberGroupRequestHeader,
} from "../../../protocol/commands/broker_registration.ts";
import { compareDataVersions } from "../../../protocol/data_version.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { isSlave } from "../ha/replication_rules.ts";
import type { NameServerCall } from "./registrar.ts";
import type { ControllerState } from "./state.ts";

/** Id of a master. Source: apache/rocketmq common MixAll.MASTER_ID */
const MASTER_ID = 0;

/** Longest wait for another broker or a name server, milliseconds. Source: apache/rocketmq broker BrokerOuterAPI.sendBrokerHaInfo */
const CALL_MS = 3_000;

/** Wait before another try to come online, milliseconds. Source: apache/rocketmq broker BrokerPreOnlineService.run */
const PREPARE_RETRY_MS = 1_000;

/** The lowest id that lives has changed. */
export interface LowestMember {
  readonly id: number;
  readonly address: string | undefined;
  /** HA address of that member; undefined when whoever tells does not know it. */
  readonly haAddress?: string | undefined;
}

/** What this works with. */
export interface MemberGroupParts {
  readonly state: ControllerState;
  readonly nameServers: () => readonly string[];
  readonly callNameServer: NameServerCall;
  readonly callBroker: NameServerCall;
  /** A slave's master is there, or there again. */
  readonly follow: (address: string, haAddress: string) => void;
  /** A slave's master is gone. */
  readonly leave: () => void;
  readonly log: (level: "info" | "warn" | "error", text: string) => void;
}

/** The group of one broker. */
export class MemberGroup {
  readonly #parts: MemberGroupParts;
  #lowest: number | undefined;
  #lastFailure = "";
  #isOnline = false;
  #isStopping = false;

  /** @param parts what it works with */
  constructor(parts: MemberGroupParts) {
    this.#parts = parts;
  }

  /** Whether the group matters to this broker. */
  get isWatched(): boolean {
    return this.#parts.state.values.enableSlaveActingMaster;
  }

  /** Whether the broker may be registered: a master has taken over first what was done in its absence. */
  get isOnline(): boolean {
    return this.#isOnline;
  }

  /** Tells every name server that this broker lives: it is given up after `brokerNotActiveTimeoutMillis`. */
  async heartbeat(): Promise<void> {
    if (!this.#isOnline) return;
    const { state, nameServers, callNameServer } = this.#parts;
    const { brokerClusterName, brokerName, sendHeartbeatTimeoutMillis } = state.values;
    const ext = encodeBrokerHeartbeatRequestHeader({
      clusterName: brokerClusterName,
      brokerAddr: state.brokerAddress,
      brokerName,
    });
    await Promise.all(
      nameServers().map(async (address) => {
        try {
          await callNameServer(address, createRequest(RequestCode.BROKER_HEARTBEAT, ext), sendHeartbeatTimeoutMillis);
          this.#lastFailure = "";
        } catch (error) {
          this.#failed(`no heartbeat to name server ${address}: ${messageOf(error)}`);
        }
      }),
    );
  }

  /** Asks who lives. */
  async sync(): Promise<void> {
    if (!this.#isOnline) return;
    const members = await this.#members();
    if (members === undefined || members.size === 0) return;
    const id = Math.min(...members.keys());
    await this.changed({ id, address: members.get(id) });
  }

  /** A name server says which member has the lowest id that lives. A master has nothing to do with it. */
  async changed({ id, address, haAddress }: LowestMember): Promise<void> {
    const { state, follow, leave, log } = this.#parts;
    const { values } = state;
    if (!this.isWatched || !isSlave(values) || id === this.#lowest) return;
    this.#lowest = id;
    state.actsAsMaster = id === values.brokerId;
    if (state.actsAsMaster) {
      log("warn", "No master lives: this slave acts as master for reads, offsets and queue locks");
    }
    // What this slave is told from now on must not be undone by a master that comes back and knows less.
    if (id !== MASTER_ID) leave();
    if (id !== MASTER_ID || address === undefined) return;
    log("info", `Master ${address} lives`);
    const found = haAddress ?? await this.#haAddressOf(address);
    if (found !== undefined) follow(address, found);
  }

  /**
   * Before a master is registered: tells the members that live where it is, and takes over the consumer offsets of those that know more.
   * With `totalReplicas` above 1 it goes on until that has succeeded, else it is tried once.
   */
  async prepare(): Promise<void> {
    if (this.#isOnline) return;
    const { clock, values } = this.#parts.state;
    const mustSucceed = values.totalReplicas > 1;
    while (this.#isPreparing && !await this.#prepareOnce() && mustSucceed && !this.#isStopping) {
      await clock.sleep(PREPARE_RETRY_MS);
    }
    this.#isOnline = true;
  }

  /** Ends {@link prepare}. */
  stop(): void {
    this.#isStopping = true;
  }

  get #isPreparing(): boolean {
    const { state, nameServers } = this.#parts;
    return this.isWatched && !isSlave(state.values) && !state.values.skipPreOnline && nameServers().length > 0;
  }

  async #prepareOnce(): Promise<boolean> {
    const { state } = this.#parts;
    const members = await this.#members();
    if (members === undefined) return false;
    const others = [...members].filter(([id, address]) => id !== MASTER_ID && address !== state.brokerAddress);
    for (const [, address] of others.sort(([left], [right]) => left - right)) {
      if (!await this.#takeOver(address)) return false;
    }
    return true;
  }

  async #takeOver(address: string): Promise<boolean> {
    const { state, log } = this.#parts;
    try {
      const info = { masterHaAddress: state.haAddress, masterFlushOffset: 0, masterAddress: state.brokerAddress };
      await this.#ask(address, createRequest(RequestCode.EXCHANGE_BROKER_HA_INFO, encodeExchangeHaInfoHeader(info)));
      const { body } = await this.#ask(address, createRequest(RequestCode.GET_ALL_CONSUMER_OFFSET));
      const { offsetTable, dataVersion } = decodeConsumerOffsetTable(body);
      if (compareDataVersions(state.offsets.version, dataVersion) > 0) return true;
      state.offsets.adopt([...offsetTable].map(([key, queues]) => [key, new Map(queues)] as const), dataVersion);
      log("info", `Consumer offsets of ${address}, which served in this master's absence, are taken over`);
      return true;
    } catch (error) {
      this.#failed(`cannot take over from ${address}: ${messageOf(error)}`);
      return false;
    }
  }

  /** Members by id, as the first name server that answers knows them; undefined when none does. */
  async #members(): Promise<ReadonlyMap<number, string> | undefined> {
    const { state, nameServers, callNameServer } = this.#parts;
    const { brokerClusterName, brokerName } = state.values;
    const ext = encodeGetBrokerMemberGroupRequestHeader({ clusterName: brokerClusterName, brokerName });
    for (const address of nameServers()) {
      try {
        const answer = await callNameServer(address, createRequest(RequestCode.GET_BROKER_MEMBER_GROUP, ext), CALL_MS);
        if (answer.code !== ResponseCode.SUCCESS) throw new Error(`it answered ${answer.code} ${answer.remark ?? ""}`);
        const group = decodeBrokerMemberGroupResponse(answer.body).brokerMemberGroup;
        return new Map([...group?.brokerAddrs ?? []]);
      } catch (error) {
        this.#failed(`name server ${address} does not say who lives: ${messageOf(error)}`);
      }
    }
    return undefined;
  }

  async #haAddressOf(master: string): Promise<string | undefined> {
    try {
      const { ext } = await this.#ask(master, createRequest(RequestCode.EXCHANGE_BROKER_HA_INFO));
      return ext["masterHaAddress"];
    } catch (error) {
      this.#failed(`master ${master} does not say its HA address: ${messageOf(error)}`);
      return undefined;
    }
  }

  async #ask(address: string, command: RemotingCommand): Promise<RemotingCommand> {
    const answer = await this.#parts.callBroker(address, command, CALL_MS);
    if (answer.code === ResponseCode.SUCCESS) return answer;
    throw new Error(`it answered request ${command.code} with ${answer.code} ${answer.remark ?? ""}`);
  }

  /** Logs what went wrong, once while it stays the same. */
  #failed(text: string): void {
    if (text === this.#lastFailure) return;
    this.#lastFailure = text;
    this.#parts.log("warn", `Broker group: ${text}`);
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
