/**
 * SEND_REPLY_MESSAGE: a consumer's reply goes to the producer that waits for it, and into the log when the broker is configured so.
 *
 * The answer tells whether the producer took the reply; whether it was stored too changes only the ids in it.
 *
 * Source: apache/rocketmq broker ReplyMessageProcessor
 */
import { createRequest, createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { encodeReplyMessageRequestHeader } from "../../../protocol/commands/reply.ts";
import { encodeOffsetMessageId } from "../../../protocol/message_id.ts";
import { decodeProperties, encodeProperties } from "../../../protocol/properties.ts";
import { PropertyName } from "../../../protocol/property_name.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { encodeNewMessage } from "../../../store/new_message.ts";
import { withCrcRoom } from "../../../store/property_crc.ts";
import type { TopicEntry } from "../../../store/topic_view.ts";
import type { GatewayConnection } from "./connection.ts";
import type { GeneralSend, SendHelp, SendSettings } from "./general_send.ts";
import { readSendFields, type SendFields } from "./send_fields.ts";

/** How long the producer may take to accept a reply, milliseconds. Source: apache/rocketmq broker Broker2Client.callClient */
const CALL_TIMEOUT_MS = 10_000;

/** What a reply needs besides. */
export interface SendReplyHelp extends SendHelp {
  /** Sends a request to the connection of a producer's client id. @returns its answer, or undefined when there is none; rejects when it stays silent */
  callProducer(clientId: string, command: RemotingCommand, timeoutMs: number): Promise<RemotingCommand | undefined>;
}

/** Settings that replies look at. */
export interface ReplySettings extends SendSettings {
  readonly storeReplyMessageEnable: boolean;
  /** host:port of this broker. */
  readonly address: string;
}

/** Replies that consumers send. */
export class SendReply {
  readonly #settings: ReplySettings;
  readonly #help: SendReplyHelp;
  readonly #sends: GeneralSend;

  /** @param settings of the broker; @param help of others; @param sends checks what every send is checked for */
  constructor(settings: ReplySettings, help: SendReplyHelp, sends: GeneralSend) {
    this.#settings = settings;
    this.#help = help;
    this.#sends = sends;
  }

  /** Takes a reply. @returns the answer; undefined when it follows */
  async take(connection: GatewayConnection, command: RemotingCommand): Promise<RemotingCommand | undefined> {
    const fields = readSendFields(command);
    const entry = await this.#sends.admit(connection, command, fields);
    if ("code" in entry) return entry;
    const queueId = fields.queueId < 0 ? this.#help.spread() % entry.writeQueueNums : fields.queueId;
    const properties = decodeProperties(fields.properties);
    const failure = await this.#push(connection, command, fields, properties);
    const answer = (msgId: string, queueOffset: number): RemotingCommand => {
      const code = failure === undefined ? ResponseCode.SUCCESS : ResponseCode.SYSTEM_ERROR;
      return createResponse(command, code, failure, {
        MSG_REGION: this.#settings.regionId,
        TRACE_ON: String(this.#settings.traceOn),
        msgId,
        queueId: String(queueId),
        queueOffset: String(queueOffset),
      });
    };
    if (!this.#settings.storeReplyMessageEnable) return answer("0", 0);
    const refused = this.#store(connection, command, fields, entry, queueId, answer);
    return refused ? answer("0", 0) : undefined;
  }

  /** @returns why the producer does not have the reply */
  async #push(
    connection: GatewayConnection,
    command: RemotingCommand,
    fields: SendFields,
    properties: Map<string, string>,
  ): Promise<string | undefined> {
    const clientId = properties.get(PropertyName.MESSAGE_REPLY_TO_CLIENT);
    if (clientId === undefined) {
      return `reply message properties[${PropertyName.MESSAGE_REPLY_TO_CLIENT}] is null`;
    }
    const nowMs = this.#help.nowMs();
    properties.set(PropertyName.PUSH_REPLY_TIME, String(nowMs));
    const { batch: _batch, maxReconsumeTimes: _max, ...header } = fields;
    const ext = encodeReplyMessageRequestHeader({
      ...header,
      properties: encodeProperties(properties),
      bornHost: connection.remoteAddress,
      storeHost: this.#settings.address,
      storeTimestamp: nowMs,
    });
    const request = createRequest(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT, ext, command.body);
    try {
      const answer = await this.#help.callProducer(clientId, request, CALL_TIMEOUT_MS);
      if (answer === undefined) return `push reply message fail, channel of <${clientId}> not found.`;
      return answer.code === ResponseCode.SUCCESS ? undefined : `push reply message to ${clientId}fail.`;
    } catch (error) {
      if (!(error instanceof Error)) throw error;
      return `push reply message to ${clientId}fail.`;
    }
  }

  /** @returns true when the log refused; the acknowledgement follows otherwise */
  #store(
    connection: GatewayConnection,
    command: RemotingCommand,
    fields: SendFields,
    entry: TopicEntry,
    queueId: number,
    answer: (msgId: string, queueOffset: number) => RemotingCommand,
  ): boolean {
    const { storeHost, maxMessageSize, enabledAppendPropCRC } = this.#settings;
    if (command.body.length === 0 || command.body.length > maxMessageSize) return true;
    const text = enabledAppendPropCRC ? withCrcRoom(fields.properties, true) : fields.properties;
    const record = encodeNewMessage({
      topic: entry.topic,
      queueId,
      body: command.body,
      flag: fields.flag,
      sysFlag: 0,
      properties: new Map(),
      bornTimestamp: fields.bornTimestamp,
      bornHost: connection.bornHost,
      storeHost,
      reconsumeTimes: fields.reconsumeTimes,
      preparedTransactionOffset: 0,
    }, text);
    return this.#help.append([record], entry, queueId, {
      connection,
      command,
      wait: true,
      answer: (queueOffset, position) => answer(encodeOffsetMessageId(storeHost, position), queueOffset),
    }) !== undefined;
  }
}
