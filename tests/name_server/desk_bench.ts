/**
 * A desk on a simulated clock and a disk in memory, for tests without actors.
 */

import type { NameServerReply } from "../../actors/name_server/contracts.ts";
import { KvConfig } from "../../actors/name_server/kv_config.ts";
import {
  NAME_SERVER_FULL_SCHEMA,
  type NameServerConfiguration,
} from "../../actors/name_server/name_server_configuration.ts";
import { NameServerDesk } from "../../actors/name_server/name_server_desk.ts";
import { RouteTables } from "../../actors/name_server/route_tables.ts";
import type { ExtFields } from "../../protocol/command.ts";
import { encodeRegisterBrokerBody, type RegisterBrokerBody } from "../../protocol/register_broker.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import type { TopicConfig } from "../../protocol/topic_config.ts";
import { readConfiguration } from "../../store/configuration.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";
import { RecordingObserver } from "./builders.ts";

/** Everything a desk works on, within reach. */
export class DeskBench {
  readonly clock = new SimulatedClock();
  readonly disk = new MemoryDisk();
  readonly observer = new RecordingObserver();
  readonly tables: RouteTables;
  readonly desk: NameServerDesk;
  readonly orderChanges: string[] = [];
  configuration: NameServerConfiguration;
  isRecovering = false;

  /** @param sets `key=value` pairs over the defaults. */
  constructor(...sets: string[]) {
    const places = ["kvConfigPath=/ns/kvConfig.json", "configStorePath=/ns/namesrv.properties"];
    this.configuration = readConfiguration(NAME_SERVER_FULL_SCHEMA, { sets: [...places, ...sets] });
    this.tables = new RouteTables(this.clock, () => this.configuration.values, this.observer);
    this.desk = new NameServerDesk({
      clock: this.clock,
      disk: this.disk,
      tables: this.tables,
      kvConfig: new KvConfig(this.disk, this.configuration.values.kvConfigPath),
      configuration: () => this.configuration,
      replaceConfiguration: (configuration) => {
        this.configuration = configuration;
      },
      isRecovering: () => this.isRecovering,
      heardOf: () => {},
      orderChanged: (topic) => this.orderChanges.push(topic),
    });
  }

  /** Answers a request. */
  answer(code: number, ext: ExtFields = {}, body: Uint8Array = new Uint8Array(0), version = 493): NameServerReply {
    return this.desk.answer({ code, version, ext, body, channel: 1 });
  }

  /** Registers a broker with a table. */
  register(ext: ExtFields = {}, body: Uint8Array = tableBody(), version = 493): NameServerReply {
    return this.answer(RequestCode.REGISTER_BROKER, { ...MASTER, ...ext }, body, version);
  }

  /** The text of a route, or the remark. */
  route(topic: string, standardJson = true, zoneName?: string): string {
    const reply = this.desk.route({ topic, standardJson, zoneName });
    return reply.code === 0 ? bodyOf(reply) : `${reply.code} ${reply.remark}`;
  }
}

/** Header of a master. */
export const MASTER: ExtFields = {
  brokerName: "a",
  brokerAddr: "10.0.0.1:10911",
  clusterName: "c",
  haServerAddr: "10.0.0.1:10912",
  brokerId: "0",
  enableActingMaster: "false",
};

/** Text of an answer's body. */
export function bodyOf(reply: NameServerReply): string {
  return new TextDecoder().decode(reply.body);
}

/** UTF-8 of a text. */
export function utf8(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

/** A topic of four queues. */
export function config(topicName: string, fields: Partial<TopicConfig> = {}): TopicConfig {
  return {
    topicName,
    readQueueNums: 4,
    writeQueueNums: 4,
    perm: 6,
    topicFilterType: "SINGLE_TAG",
    topicSysFlag: 0,
    order: false,
    attributes: new Map(),
    ...fields,
  };
}

/** A registration of some topics. */
export function table(topics: readonly TopicConfig[], counter = 1): RegisterBrokerBody {
  return {
    filterServerList: [],
    topicConfigSerializeWrapper: {
      dataVersion: { stateVersion: 0, timestamp: 1, counter },
      topicConfigTable: new Map(topics.map((topic) => [topic.topicName, topic])),
    },
  };
}

/** Body of a registration of "T" and "TBW102". */
export function tableBody(): Uint8Array {
  return encodeRegisterBrokerBody(table([config("T"), config("TBW102", { perm: 7 })]));
}
