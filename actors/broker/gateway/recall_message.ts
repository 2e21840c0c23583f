/**
 * RECALL_MESSAGE: takes back a message that waits for its time.
 *
 * Owns: the checks of a recall. Reads: topics. Never: looks for the message; the recall meets it in the wheel, where it lies in the same slot.
 *
 * Source: apache/rocketmq broker RecallMessageProcessor
 */
import { createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { decodeRecallMessageRequestHeader } from "../../../protocol/commands/recall.ts";
import { ProtocolError } from "../../../protocol/errors.ts";
import { decodeRecallHandle, type RecallHandle } from "../../../protocol/recall_handle.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { encodeNewMessage } from "../../../store/new_message.ts";
import { encodeProperties } from "../../../protocol/properties.ts";
import { withCrcRoom } from "../../../store/property_crc.ts";
import { recallKey, toRecall } from "../../../store/timer/timer_message.ts";
import { TopicPerm } from "../../../store/topic_view.ts";
import type { GatewayConnection } from "./connection.ts";
import type { GeneralSend, SendHelp, SendSettings } from "./general_send.ts";

/** Settings of recalls. */
export interface RecallSettings extends SendSettings {
  readonly recallMessageEnable: boolean;
  readonly allowRecallWhenBrokerNotWriteable: boolean;
  readonly appendTopicForTimerDeleteKey: boolean;
  readonly isSlave: boolean;
}

const NOT_AVAILABLE = "recall failed, broker service not available";

/** Remark of a success that Apache leaves in its answer. Source: apache/rocketmq remoting RemotingCommand.createResponseCommand */
const SUCCESS_REMARK = "not set any response code";

/** Recalls of messages. */
export class RecallMessage {
  readonly #settings: RecallSettings;
  readonly #help: SendHelp;
  readonly #sends: GeneralSend;

  /** @param settings of the broker; @param help of others; @param sends redirects to the timer queue */
  constructor(settings: RecallSettings, help: SendHelp, sends: GeneralSend) {
    this.#settings = settings;
    this.#help = help;
    this.#sends = sends;
  }

  /** Takes a recall. @returns the answer when nothing was appended; undefined when it follows */
  take(connection: GatewayConnection, command: RemotingCommand): RemotingCommand | undefined {
    const ext = { MSG_REGION: this.#settings.regionId };
    const refuse = (code: number, remark: string): RemotingCommand => createResponse(command, code, remark, ext);
    const refused = this.#refusal();
    if (refused !== undefined) return refuse(refused.code, refused.remark);
    const header = decodeRecallMessageRequestHeader(command.ext);
    if (this.#help.topic(header.topic) === undefined) {
      return refuse(ResponseCode.TOPIC_NOT_EXIST, `recall failed, the topic[${header.topic}] not exist`);
    }
    const handle = this.#handle(header.topic, header.recallHandle);
    if (typeof handle === "string") return refuse(ResponseCode.ILLEGAL_OPERATION, handle);
    return this.#append(connection, command, handle, header.producerGroup ?? "");
  }

  /** What is wrong with any recall. */
  #refusal(): { readonly code: number; readonly remark: string } | undefined {
    const { recallMessageEnable, isSlave, startAcceptMs, brokerPermission } = this.#settings;
    if (!recallMessageEnable) {
      return { code: ResponseCode.NO_PERMISSION, remark: "recall failed, operation is forbidden" };
    }
    if (isSlave) return { code: ResponseCode.SLAVE_NOT_AVAILABLE, remark: NOT_AVAILABLE };
    const mayWrite = (brokerPermission & TopicPerm.Write) !== 0 || this.#settings.allowRecallWhenBrokerNotWriteable;
    if (this.#help.nowMs() >= startAcceptMs && mayWrite) return undefined;
    return { code: ResponseCode.SERVICE_NOT_AVAILABLE, remark: NOT_AVAILABLE };
  }

  /** Reads the handle. @returns what is wrong with it, or what it says */
  #handle(topic: string, text: string): RecallHandle | string {
    let handle: RecallHandle;
    try {
      handle = decodeRecallHandle(text);
    } catch (error) {
      if (error instanceof ProtocolError) return "recall handle is invalid";
      throw error;
    }
    if (handle.topic !== topic) return "recall failed, topic not match";
    if (handle.brokerName !== this.#settings.brokerName) return NOT_AVAILABLE;
    const leftMs = handle.deliverMs - this.#help.nowMs();
    const isOutside = leftMs <= 0 || leftMs >= this.#settings.timers.timerMaxDelaySec * 1000;
    return isOutside ? "recall failed, timestamp invalid" : handle;
  }

  #append(
    connection: GatewayConnection,
    command: RemotingCommand,
    { topic, messageId, deliverMs }: RecallHandle,
    producerGroup: string,
  ): RemotingCommand | undefined {
    const { appendTopicForTimerDeleteKey, enabledAppendPropCRC, storeHost, regionId } = this.#settings;
    const key = recallKey(topic, messageId, appendTopicForTimerDeleteKey);
    const { bornHost } = connection;
    const parts = { topic, uniqueId: messageId, key, deliverMs, producerGroup, bornHost, storeHost };
    const message = this.#sends.redirect(command, toRecall(parts, this.#help.nowMs()));
    const entry = "code" in message ? undefined : this.#help.topic(message.topic);
    if ("code" in message || entry === undefined) {
      return createResponse(command, ResponseCode.SYSTEM_ERROR, "recall failed, execute error", {
        MSG_REGION: regionId,
      });
    }
    const plain = encodeProperties(message.properties);
    const record = encodeNewMessage(message, enabledAppendPropCRC ? withCrcRoom(plain, true) : plain);
    return this.#help.append([record], entry, message.queueId, {
      connection,
      command,
      wait: true,
      answer: () =>
        createResponse(command, ResponseCode.SUCCESS, SUCCESS_REMARK, { msgId: messageId, MSG_REGION: regionId }),
    });
  }
}
