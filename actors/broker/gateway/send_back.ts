/**
 * CONSUMER_SEND_MSG_BACK: a message that a consumer could not consume goes to the retry topic with a delay, or to the dead letter queue.
 *
 * Source: apache/rocketmq broker AbstractSendMessageProcessor.consumerSendMsgBack
 */
import { createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { encodeOffsetMessageId } from "../../../protocol/message_id.ts";
import { decodeProperties, encodeProperties } from "../../../protocol/properties.ts";
import { PropertyName } from "../../../protocol/property_name.ts";
import { decodeRecord, type StoredRecord } from "../../../protocol/record.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { withCrcRoom } from "../../../store/property_crc.ts";
import { encodeNewMessage, redirectDelayed } from "../../../store/new_message.ts";
import { DLQ_TOPIC_PREFIX, RETRY_TOPIC_PREFIX } from "../../../store/topic_names.ts";
import { type TopicEntry, TopicPerm } from "../../../store/topic_view.ts";
import type { GatewayConnection } from "./connection.ts";
import { suggestTodo } from "./faq_url.ts";
import type { SendHelp, SendSettings } from "./general_send.ts";

/** MQVersion from which a request's own maxReconsumeTimes counts: V3_4_9. Source: apache/rocketmq common MQVersion */
const OWN_MAX_RECONSUME_VERSION = 121;

/** First delay level of a retry. Source: apache/rocketmq broker AbstractSendMessageProcessor (3 + reconsumeTimes) */
const FIRST_RETRY_LEVEL = 3;

/** What a send-back needs besides. */
export interface SendBackHelp extends SendHelp {
  /** The record at a commit-log offset, or null. */
  readMessage(offset: number): Promise<Uint8Array | null>;
  /** Counts a message that was sent back. */
  countSendBack(group: string, topic: string): void;
}

/** Messages that consumers send back. */
export class SendBack {
  readonly #settings: SendSettings;
  readonly #help: SendBackHelp;

  /** @param settings of the broker; @param help of others */
  constructor(settings: SendSettings, help: SendBackHelp) {
    this.#settings = settings;
    this.#help = help;
  }

  /** Takes a message back. @returns the answer when nothing was appended; undefined when it follows */
  async take(connection: GatewayConnection, command: RemotingCommand): Promise<RemotingCommand | undefined> {
    const { ext } = command;
    const groupName = ext.group ?? "";
    const group = await this.#help.group(groupName);
    if (group === undefined) {
      return createResponse(
        command,
        ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
        `subscription group not exist, ${groupName} ${suggestTodo()}`,
      );
    }
    if ((this.#settings.brokerPermission & TopicPerm.Write) === 0) {
      return createResponse(
        command,
        ResponseCode.NO_PERMISSION,
        `the broker[${this.#settings.brokerIP1}] sending message is forbidden`,
      );
    }
    if (group.config.retryQueueNums <= 0) return createResponse(command, ResponseCode.SUCCESS);
    const offset = Number(ext.offset);
    const delayLevel = Number(ext.delayLevel ?? 0);
    const retry = await this.#ensure(
      connection,
      `${RETRY_TOPIC_PREFIX}${groupName}`,
      group.config.retryQueueNums,
      ext.unitMode === "true" ? 2 : 0,
    );
    if ("code" in retry) return { ...retry, opaque: command.opaque };
    if ((retry.perm & TopicPerm.Write) === 0) {
      return createResponse(
        command,
        ResponseCode.NO_PERMISSION,
        `the topic[${retry.topic}] sending message is forbidden`,
      );
    }
    const bytes = Number.isSafeInteger(offset) ? await this.#help.readMessage(offset) : null;
    if (bytes === null) {
      return createResponse(command, ResponseCode.SYSTEM_ERROR, `look message by offset failed, ${ext.offset}`);
    }
    const record = decodeRecord(bytes);
    const own = command.version >= OWN_MAX_RECONSUME_VERSION && ext.maxReconsumeTimes !== undefined
      ? Number(ext.maxReconsumeTimes)
      : undefined;
    const dead = record.reconsumeTimes >= (own ?? group.config.retryMaxTimes) || delayLevel < 0;
    const target = dead ? await this.#ensure(connection, `${DLQ_TOPIC_PREFIX}${groupName}`, 1, 0) : retry;
    if ("code" in target) return { ...target, opaque: command.opaque };
    const level = dead ? 0 : delayLevel === 0 ? FIRST_RETRY_LEVEL + record.reconsumeTimes : delayLevel;
    this.#help.countSendBack(
      groupName,
      decodeProperties(record.properties).get(PropertyName.RETRY_TOPIC) ?? record.topic,
    );
    return this.#append(connection, command, record, target, level);
  }

  async #ensure(
    connection: GatewayConnection,
    topic: string,
    queueNums: number,
    topicSysFlag: number,
  ): Promise<TopicEntry | RemotingCommand> {
    const entry = this.#help.topic(topic) ??
      await this.#help.ensureTopic(topic, {
        defaultTopic: "",
        queueNums,
        topicSysFlag,
        kind: topic.startsWith(DLQ_TOPIC_PREFIX) ? "deadLetter" : "sendBack",
        remoteAddress: connection.remoteAddress,
      });
    return entry ?? createResponse(NO_REQUEST, ResponseCode.SYSTEM_ERROR, `topic[${topic}] not exist`);
  }

  #append(
    connection: GatewayConnection,
    command: RemotingCommand,
    record: StoredRecord,
    target: TopicEntry,
    level: number,
  ): RemotingCommand | undefined {
    const properties = decodeProperties(record.properties);
    if (!properties.has(PropertyName.RETRY_TOPIC)) properties.set(PropertyName.RETRY_TOPIC, record.topic);
    properties.set(PropertyName.WAIT_STORE_MSG_OK, "false");
    properties.set(PropertyName.DELAY_TIME_LEVEL, String(level));
    if (!properties.has(PropertyName.ORIGIN_MESSAGE_ID)) {
      properties.set(PropertyName.ORIGIN_MESSAGE_ID, encodeOffsetMessageId(record.storeHost, record.physicalOffset));
    }
    const message = redirectDelayed({
      topic: target.topic,
      queueId: this.#help.spread() % Math.max(1, target.writeQueueNums),
      body: record.body,
      flag: record.flag,
      sysFlag: record.sysFlag,
      properties,
      bornTimestamp: record.bornTimestamp,
      bornHost: record.bornHost,
      storeHost: this.#settings.storeHost,
      reconsumeTimes: record.reconsumeTimes + 1,
      preparedTransactionOffset: 0,
    }, this.#settings.delayLevels);
    const entry = message.topic === target.topic ? target : this.#help.topic(message.topic);
    if (entry === undefined) {
      return createResponse(command, ResponseCode.SYSTEM_ERROR, `topic[${message.topic}] not exist`);
    }
    const plain = encodeProperties(message.properties);
    const text = this.#settings.enabledAppendPropCRC ? withCrcRoom(plain, true) : plain;
    return this.#help.append([encodeNewMessage(message, text)], entry, message.queueId, {
      connection,
      command,
      wait: false,
      answer: () => createResponse(command, ResponseCode.SUCCESS),
    });
  }
}

/** Stands for the request in an answer whose opaque the caller fills in. */
const NO_REQUEST: RemotingCommand = {
  code: 0,
  language: 0,
  version: 0,
  opaque: 0,
  flag: 0,
  remark: undefined,
  ext: {},
  body: new Uint8Array(0),
  serializeType: 0,
};
