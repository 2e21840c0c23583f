/**
 * The general path of a send: every check and change that Apache makes, for messages that the short path does not take.
 *
 * It creates topics on demand, sends exhausted retries to the dead letter queue, redirects delayed messages and those with an exact time, splits batches, adds what is missing
 * to the properties.
 *
 * Source: apache/rocketmq broker SendMessageProcessor, AbstractSendMessageProcessor.msgCheck, HookUtils
 */
import { createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { decodeBatchBody } from "../../../protocol/batch_body.ts";
import { encodeOffsetMessageId, encodeUniqueId } from "../../../protocol/message_id.ts";
import { monthStartMs } from "../../../protocol/message_id.ts";
import { decodeProperties, encodeProperties } from "../../../protocol/properties.ts";
import { PropertyName } from "../../../protocol/property_name.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { encodeRecallHandle } from "../../../protocol/recall_handle.ts";
import { redirectTimer } from "../../../store/timer/timer_message.ts";
import { congestionRemark, timerAnswer, type TimerRules } from "../timer/timer_rules.ts";
import { withCrcRoom } from "../../../store/property_crc.ts";
import { toHalf } from "../../../store/half_message.ts";
import {
  delayLevelOfMessage,
  encodeNewMessage,
  type NewMessage,
  redirectDelayed,
  waitsForStore,
} from "../../../store/new_message.ts";
import { DLQ_TOPIC_PREFIX, RETRY_TOPIC_PREFIX, topicNameFault } from "../../../store/topic_names.ts";
import { type TopicEntry, TopicPerm } from "../../../store/topic_view.ts";
import { PROPERTIES_BYTES_MAX } from "../../../protocol/hot/properties_scan.ts";
import type { GatewayConnection } from "./connection.ts";
import { suggestTodo } from "./faq_url.ts";
import type { ServedGroup } from "./control_view.ts";
import { readSendFields, type SendFields } from "./send_fields.ts";

/** Topics that clients must not send to. Source: apache/rocketmq common TopicValidator.NOT_ALLOWED_SEND_TOPIC_SET */
const FORBIDDEN_TOPICS: ReadonlySet<string> = new Set([
  "SCHEDULE_TOPIC_XXXX",
  "RMQ_SYS_TRANS_HALF_TOPIC",
  "RMQ_SYS_TRANS_OP_HALF_TOPIC",
  "TRANS_CHECK_MAX_TIME_TOPIC",
  "SELF_TEST_TOPIC",
  "OFFSET_MOVED_EVENT",
]);

/** MQVersion from which a request's own maxReconsumeTimes counts: V3_4_9. Source: apache/rocketmq common MQVersion */
const OWN_MAX_RECONSUME_VERSION = 121;

const MULTI_TAGS = 0x2;

/** Settings that sends look at. */
export interface SendSettings {
  readonly brokerIP1: string;
  readonly brokerPermission: number;
  readonly clusterName: string;
  readonly regionId: string;
  readonly traceOn: boolean;
  readonly maxMessageSize: number;
  readonly enabledAppendPropCRC: boolean;
  readonly rejectTransactionMessage: boolean;
  readonly delayLevels: number;
  readonly storeHost: Uint8Array;
  /** Sends are refused before this time, milliseconds since 1970. */
  readonly startAcceptMs: number;
  readonly brokerName: string;
  /** What is allowed of exact times of delivery. */
  readonly timers: TimerRules;
}

/** What the general path needs of others. */
export interface SendHelp {
  topic(name: string): TopicEntry | undefined;
  /** Creates a topic; all threads know it when this resolves. */
  ensureTopic(
    topic: string,
    options: {
      defaultTopic: string;
      queueNums: number;
      topicSysFlag: number;
      kind: "send" | "sendBack" | "deadLetter";
      remoteAddress: string;
    },
  ): Promise<TopicEntry | undefined>;
  group(name: string): Promise<ServedGroup | undefined>;
  queueLockHeld(group: string): Promise<boolean>;
  /** A number that differs from call to call, to spread messages over queues. */
  spread(): number;
  nowMs(): number;
  /** Whether the wheel's slot of a time has so many messages that one more is refused. */
  isCongested(outMs: number): boolean;
  /**
   * Appends records to one queue and acknowledges with `answer` when the log has them.
   *
   * @returns undefined when they were appended, or why not
   */
  append(records: Uint8Array[], entry: TopicEntry, queueId: number, ack: PendingAck): RemotingCommand | undefined;
}

/** An acknowledgement in the making. */
export interface PendingAck {
  readonly connection: GatewayConnection;
  readonly command: RemotingCommand;
  /** Whether the producer waits for the message to be safe. */
  readonly wait: boolean;
  /** Makes the answer when the place of the records is known. */
  readonly answer: (queueOffset: number, position: number) => RemotingCommand;
}

/** Sends that need more than the short path. */
export class GeneralSend {
  readonly #settings: SendSettings;
  readonly #help: SendHelp;
  #uniqueCounter = 0;

  /** @param settings of the broker; @param help of others */
  constructor(settings: SendSettings, help: SendHelp) {
    this.#settings = settings;
    this.#help = help;
  }

  /**
   * Takes a send.
   *
   * @returns the answer when nothing was appended; undefined when the acknowledgement follows
   */
  async take(connection: GatewayConnection, command: RemotingCommand): Promise<RemotingCommand | undefined> {
    const fields = readSendFields(command);
    const entry = await this.admit(connection, command, fields);
    if ("code" in entry) return entry;
    const queueId = fields.queueId < 0 ? this.#help.spread() % entry.writeQueueNums : fields.queueId;
    return fields.batch
      ? this.#batch(connection, command, fields, entry, queueId)
      : await this.#single(connection, command, fields, entry, queueId);
  }

  /** Checks what every send is checked for. @returns the topic, made if need be, or why the send is refused */
  async admit(
    connection: GatewayConnection,
    command: RemotingCommand,
    fields: SendFields,
  ): Promise<TopicEntry | RemotingCommand> {
    const { brokerIP1, brokerPermission, startAcceptMs } = this.#settings;
    if (this.#help.nowMs() < startAcceptMs) {
      const remark = `broker unable to service, until ${javaTime(startAcceptMs)}`;
      return createResponse(command, ResponseCode.SYSTEM_ERROR, remark);
    }
    const { topic } = fields;
    const known = this.#help.topic(topic);
    if ((brokerPermission & TopicPerm.Write) === 0 && known?.order === true) {
      return createResponse(
        command,
        ResponseCode.NO_PERMISSION,
        `the broker[${brokerIP1}] sending message is forbidden`,
      );
    }
    const fault = topicNameFault(topic);
    if (fault !== undefined) return createResponse(command, ResponseCode.INVALID_PARAMETER, fault);
    if (FORBIDDEN_TOPICS.has(topic)) {
      return createResponse(command, ResponseCode.NO_PERMISSION, `Sending message to topic[${topic}] is forbidden.`);
    }
    const entry = known ?? await this.#create(connection, fields);
    if (entry === undefined) {
      return createResponse(
        command,
        ResponseCode.TOPIC_NOT_EXIST,
        `topic[${topic}] not exist, apply first please!${suggestTodo()}`,
      );
    }
    const limit = Math.max(entry.readQueueNums, entry.writeQueueNums);
    if (fields.queueId < limit) return entry;
    return createResponse(
      command,
      ResponseCode.INVALID_PARAMETER,
      `request queueId[${fields.queueId}] is illegal, ${describeTopic(entry)} Producer: ${connection.remoteAddress}`,
    );
  }

  #create(connection: GatewayConnection, fields: SendFields): Promise<TopicEntry | undefined> {
    const isRetry = fields.topic.startsWith(RETRY_TOPIC_PREFIX);
    return this.#help.ensureTopic(fields.topic, {
      defaultTopic: fields.defaultTopic,
      queueNums: isRetry ? 1 : fields.defaultTopicQueueNums,
      // Source: apache/rocketmq common TopicSysFlag: 1 unit, 2 unit-sub
      topicSysFlag: fields.unitMode ? (isRetry ? 2 : 1) : 0,
      kind: isRetry ? "sendBack" : "send",
      remoteAddress: connection.remoteAddress,
    });
  }

  async #single(
    connection: GatewayConnection,
    command: RemotingCommand,
    fields: SendFields,
    target: TopicEntry,
    targetQueue: number,
  ): Promise<RemotingCommand | undefined> {
    let entry = target;
    let queueId = targetQueue;
    const properties = decodeProperties(fields.properties);
    properties.delete(PropertyName.POP_CK);
    if (fields.topic.startsWith(RETRY_TOPIC_PREFIX)) {
      const dead = await this.#deadLetter(connection, command, fields);
      if (dead !== undefined && "code" in dead) return dead;
      if (dead !== undefined) {
        entry = dead;
        queueId = this.#help.spread() % Math.max(1, dead.writeQueueNums);
        properties.set(PropertyName.DELAY_TIME_LEVEL, "-1");
      }
    }
    const refused = this.#refuse(command, fields, properties);
    if (refused !== undefined) return refused;
    const uniqKey = this.#uniqKey(properties);
    properties.set(PropertyName.MSG_REGION, this.#settings.regionId);
    properties.set(PropertyName.TRACE_SWITCH, String(this.#settings.traceOn));
    properties.set(PropertyName.CLUSTER, this.#settings.clusterName);
    const plain = { ...this.#message(connection, fields, entry, queueId), body: command.body, properties };
    const message = isPrepared(fields, properties)
      ? toHalf(plain)
      : this.redirect(command, redirectDelayed(plain, this.#settings.delayLevels));
    if ("code" in message) return message;
    return this.#append(connection, command, message, entry, queueId, uniqKey);
  }

  /** Redirects a message with an exact time of delivery. @returns the message as it is stored, or why it is refused */
  redirect(command: RemotingCommand, message: NewMessage): NewMessage | RemotingCommand {
    const { timers, regionId, traceOn } = this.#settings;
    const redirected = redirectTimer(message, timers, this.#help.nowMs());
    if ("refused" in redirected) {
      const { code, remark } = timerAnswer(redirected, timers);
      return createResponse(command, code, remark, { TRACE_ON: String(traceOn), MSG_REGION: regionId });
    }
    const isNew = redirected !== message;
    if (!isNew || !this.#help.isCongested(Number(redirected.properties.get(PropertyName.TIMER_OUT_MS)))) {
      return redirected;
    }
    return createResponse(command, ResponseCode.SYSTEM_ERROR, congestionRemark(timers.timerCongestNumEachSlot));
  }

  #append(
    connection: GatewayConnection,
    command: RemotingCommand,
    message: NewMessage,
    entry: TopicEntry,
    queueId: number,
    uniqKey: string,
  ): RemotingCommand | undefined {
    const target = message.topic === entry.topic ? entry : this.#help.topic(message.topic);
    if (target === undefined) {
      return createResponse(command, ResponseCode.SYSTEM_ERROR, `topic[${message.topic}] not exist`);
    }
    const plain = encodeProperties(message.properties);
    const text = this.#settings.enabledAppendPropCRC ? withCrcRoom(plain, true) : plain;
    if (tooLong(text) || message.body.length === 0 || message.body.length > this.#settings.maxMessageSize) {
      return this.#illegal(command);
    }
    const host = this.#settings.storeHost;
    return this.#help.append([encodeNewMessage(message, text)], target, message.queueId, {
      connection,
      command,
      wait: waitsForStore(message.properties),
      answer: (queueOffset, position) =>
        createResponse(command, ResponseCode.SUCCESS, undefined, {
          queueId: String(queueId),
          transactionId: uniqKey,
          msgId: encodeOffsetMessageId(host, position),
          TRACE_ON: String(this.#settings.traceOn),
          MSG_REGION: this.#settings.regionId,
          queueOffset: String(queueOffset),
          ...this.#recallHandle(message, uniqKey),
        }),
    });
  }

  /** What the producer may take the message back with. Source: apache/rocketmq broker SendMessageProcessor.attachRecallHandle */
  #recallHandle({ properties }: NewMessage, messageId: string): { readonly recallHandle?: string } {
    const outMs = properties.get(PropertyName.TIMER_OUT_MS);
    const topic = properties.get(PropertyName.REAL_TOPIC);
    if (outMs === undefined || topic === undefined || topic.startsWith(RETRY_TOPIC_PREFIX)) return {};
    const { brokerName } = this.#settings;
    return { recallHandle: encodeRecallHandle({ topic, brokerName, deliverMs: Number(outMs) + 1, messageId }) };
  }

  #batch(
    connection: GatewayConnection,
    command: RemotingCommand,
    fields: SendFields,
    entry: TopicEntry,
    queueId: number,
  ): RemotingCommand | undefined {
    const { storeHost, maxMessageSize } = this.#settings;
    if (fields.topic.startsWith(RETRY_TOPIC_PREFIX)) {
      return createResponse(
        command,
        ResponseCode.MESSAGE_ILLEGAL,
        `batch request does not support retry group ${fields.topic}`,
      );
    }
    if (fields.topic.length > 127) {
      return createResponse(
        command,
        ResponseCode.MESSAGE_ILLEGAL,
        `message topic length too long ${fields.topic.length}`,
      );
    }
    if (command.body.length > maxMessageSize) return this.#illegal(command);
    const items = decodeBatchBody(command.body);
    if (items.length === 0) return this.#illegal(command);
    const base = this.#message(connection, fields, entry, queueId);
    const records: Uint8Array[] = [];
    const sizes: number[] = [];
    for (const item of items) {
      // The properties of a message in a batch are stored as they came. Source: apache/rocketmq store MessageExtEncoder.encode(MessageExtBatch)
      const text = this.#settings.enabledAppendPropCRC ? withCrcRoom(item.properties, false) : item.properties;
      if (tooLong(text) || item.body.length > maxMessageSize) return this.#illegal(command);
      const record = encodeNewMessage({ ...base, body: item.body, flag: item.flag, properties: NO_PROPERTIES }, text);
      records.push(record);
      sizes.push(record.length);
    }
    const wait = waitsForStore(decodeProperties(fields.properties));
    return this.#help.append(records, entry, queueId, {
      connection,
      command,
      wait,
      answer: (queueOffset, position) =>
        createResponse(command, ResponseCode.SUCCESS, undefined, {
          queueId: String(queueId),
          msgId: batchIds(storeHost, position, sizes),
          TRACE_ON: String(this.#settings.traceOn),
          MSG_REGION: this.#settings.regionId,
          queueOffset: String(queueOffset),
        }),
    });
  }

  #message(connection: GatewayConnection, fields: SendFields, entry: TopicEntry, queueId: number): NewMessage {
    return {
      topic: entry.topic,
      queueId,
      body: NO_BODY,
      flag: fields.flag,
      sysFlag: entry.topicFilterType === "MULTI_TAG" ? fields.sysFlag | MULTI_TAGS : fields.sysFlag,
      properties: NO_PROPERTIES,
      bornTimestamp: fields.bornTimestamp,
      bornHost: connection.bornHost,
      storeHost: this.#settings.storeHost,
      reconsumeTimes: fields.reconsumeTimes,
      preparedTransactionOffset: 0,
    };
  }

  /** A retry that is exhausted, or one of a group that consumes in order, goes to the dead letter queue. @returns undefined when it stays a retry */
  async #deadLetter(
    connection: GatewayConnection,
    command: RemotingCommand,
    fields: SendFields,
  ): Promise<TopicEntry | RemotingCommand | undefined> {
    const name = fields.topic.slice(RETRY_TOPIC_PREFIX.length);
    const group = await this.#help.group(name);
    if (group === undefined) {
      return createResponse(
        command,
        ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST,
        `subscription group not exist, ${name} ${suggestTodo()}`,
      );
    }
    const own = command.version >= OWN_MAX_RECONSUME_VERSION ? fields.maxReconsumeTimes : undefined;
    const max = own ?? group.config.retryMaxTimes;
    if (fields.reconsumeTimes <= max && !await this.#help.queueLockHeld(name)) return undefined;
    const topic = `${DLQ_TOPIC_PREFIX}${name}`;
    const entry = await this.#help.ensureTopic(topic, {
      defaultTopic: "",
      queueNums: 1,
      topicSysFlag: 0,
      kind: "deadLetter",
      remoteAddress: connection.remoteAddress,
    });
    return entry ?? createResponse(command, ResponseCode.SYSTEM_ERROR, `topic[${topic}] not exist`);
  }

  #refuse(
    command: RemotingCommand,
    fields: SendFields,
    properties: ReadonlyMap<string, string>,
  ): RemotingCommand | undefined {
    if (this.#settings.rejectTransactionMessage && isPrepared(fields, properties)) {
      return createResponse(
        command,
        ResponseCode.NO_PERMISSION,
        `the broker[${this.#settings.brokerIP1}] sending transaction message is forbidden`,
      );
    }
    const level = properties.get(PropertyName.DELAY_TIME_LEVEL);
    if (level !== undefined && !/^[-+]?\d+$/.test(level)) {
      return createResponse(
        command,
        ResponseCode.SYSTEM_ERROR,
        `java.lang.NumberFormatException: For input string: "${level}"`,
      );
    }
    return undefined;
  }

  #uniqKey(properties: Map<string, string>): string {
    const given = properties.get(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX);
    if (given !== undefined) return given;
    const nowMs = this.#help.nowMs();
    const made = encodeUniqueId({
      address: this.#settings.storeHost.subarray(0, this.#settings.storeHost.length - 4),
      processId: 0,
      hash: 0x524d51,
      elapsedMs: nowMs - monthStartMs(nowMs),
      counter: this.#uniqueCounter++ & 0xffff,
    });
    properties.set(PropertyName.UNIQ_CLIENT_MESSAGE_ID_KEYIDX, made);
    return made;
  }

  #illegal(command: RemotingCommand): RemotingCommand {
    return createResponse(
      command,
      ResponseCode.MESSAGE_ILLEGAL,
      `the message is illegal, maybe msg body or properties length not matched. msg body length limit ${this.#settings.maxMessageSize}B, msg properties length limit 32KB.`,
    );
  }
}

/** A retry of a transactional message carries its properties, and is none. Source: apache/rocketmq broker SendMessageProcessor.sendMessage */
function isPrepared(fields: SendFields, properties: ReadonlyMap<string, string>): boolean {
  const isRetry = fields.reconsumeTimes > 0 && delayLevelOfMessage(properties) > 0;
  return properties.get(PropertyName.TRANSACTION_PREPARED)?.toLowerCase() === "true" && !isRetry;
}

const NO_BODY = new Uint8Array(0);
const NO_PROPERTIES: ReadonlyMap<string, string> = new Map();

function tooLong(properties: string): boolean {
  return properties.length > PROPERTIES_BYTES_MAX / 3 &&
    new TextEncoder().encode(properties).length > PROPERTIES_BYTES_MAX;
}

function batchIds(storeHost: Uint8Array, position: number, sizes: readonly number[]): string {
  const ids: string[] = [];
  let at = position;
  for (const size of sizes) {
    ids.push(encodeOffsetMessageId(storeHost, at));
    at += size;
  }
  return ids.join(",");
}

/** A topic as Apache's remarks print it. Source: apache/rocketmq common TopicConfig.toString */
function describeTopic(entry: TopicEntry): string {
  const perm = `${entry.perm & TopicPerm.Read ? "R" : "-"}${entry.perm & TopicPerm.Write ? "W" : "-"}${
    entry.perm & TopicPerm.Inherit ? "X" : "-"
  }`;
  return `TopicConfig [topicName=${entry.topic}, readQueueNums=${entry.readQueueNums}, writeQueueNums=${entry.writeQueueNums}, perm=${perm}, topicFilterType=${entry.topicFilterType}, topicSysFlag=${entry.topicSysFlag}, order=${entry.order}, attributes={}]`;
}

/** A time as Apache's remarks print it. Source: apache/rocketmq common UtilAll.timeMillisToHumanString2 */
function javaTime(timeMs: number): string {
  const date = new Date(timeMs);
  const two = (value: number): string => String(value).padStart(2, "0");
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())},${
    String(date.getMilliseconds()).padStart(3, "0")
  }`;
}
