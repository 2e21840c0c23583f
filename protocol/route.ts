/**
 * Topic route: which brokers serve a topic, and with how many queues.
 *
 * Owns the answer to request 105 in both texts: `fastjson` writes `brokerAddrs:{0:"…"}`, `standard` quotes the ids. It is
 * always compact, because the Go client cuts the addresses out of the text.
 *
 * @module
 */
import type { FastDialect } from "./fast_json_writer.ts";
import {
  bean,
  type BodyInput,
  decodeBody,
  encodeBody,
  flag,
  type JsonCodec,
  list,
  numberTable,
  optional,
  table,
  text,
  whole,
  withOldNames,
} from "./json_codec.ts";
import { type TopicQueueMappingInfo, topicQueueMappingInfoJson } from "./topic_queue_mapping.ts";

/** Queues of a topic on a broker. Source: apache/rocketmq remoting/protocol/route/QueueData.java QueueData. */
export interface QueueData {
  /** Broker name. */
  readonly brokerName: string;
  /** Permission bits. */
  readonly perm: number;
  /** Queues that may be read. */
  readonly readQueueNums: number;
  /** System flag of the topic. */
  readonly topicSysFlag: number;
  /** Queues that may be written. */
  readonly writeQueueNums: number;
}

/** JSON codec of {@linkcode QueueData}. */
export const queueDataJson: JsonCodec<QueueData> = withOldNames(
  bean<QueueData>({
    brokerName: text(),
    perm: whole(),
    readQueueNums: whole(),
    topicSysFlag: whole(),
    writeQueueNums: whole(),
  }),
  { topicSynFlag: "topicSysFlag" },
);

/** A broker group: a master and its slaves under one name. Source: apache/rocketmq remoting/protocol/route/BrokerData.java BrokerData. */
export interface BrokerData {
  /** Address `ip:port` by broker id; 0 is the master. */
  readonly brokerAddrs: ReadonlyMap<number, string>;
  /** Broker name. */
  readonly brokerName: string;
  /** Cluster. */
  readonly cluster?: string | undefined;
  /** Whether a slave may act as master. */
  readonly enableActingMaster: boolean;
  /** Zone. */
  readonly zoneName?: string | undefined;
}

/** JSON codec of {@linkcode BrokerData}. */
export const brokerDataJson: JsonCodec<BrokerData> = bean<BrokerData>({
  brokerAddrs: numberTable(text()),
  brokerName: text(),
  cluster: optional(text()),
  enableActingMaster: flag(),
  zoneName: optional(text()),
});

/** Route of a topic. Source: apache/rocketmq remoting/protocol/route/TopicRouteData.java TopicRouteData. */
export interface TopicRouteData {
  /** Brokers. */
  readonly brokerDatas: readonly BrokerData[];
  /** Filter servers by broker address. */
  readonly filterServerTable: ReadonlyMap<string, readonly string[]>;
  /** Fixed queues of an ordered topic, `broker:count;…`. */
  readonly orderTopicConf?: string | undefined;
  /** Queues. */
  readonly queueDatas: readonly QueueData[];
  /** Static mapping by broker name. */
  readonly topicQueueMappingByBroker?: ReadonlyMap<string, TopicQueueMappingInfo> | undefined;
}

/** JSON codec of {@linkcode TopicRouteData}. */
export const topicRouteDataJson: JsonCodec<TopicRouteData> = bean<TopicRouteData>({
  brokerDatas: list(brokerDataJson),
  filterServerTable: table(list(text())),
  orderTopicConf: optional(text()),
  queueDatas: list(queueDataJson),
  topicQueueMappingByBroker: optional(table(topicQueueMappingInfoJson)),
});

/**
 * Decodes the answer to request 105.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeTopicRouteData(body: BodyInput): TopicRouteData {
  return decodeBody(topicRouteDataJson, body);
}

/**
 * Encodes the answer to request 105.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeTopicRouteData(value: TopicRouteData, dialect?: FastDialect): Uint8Array {
  return encodeBody(topicRouteDataJson, value, dialect);
}
