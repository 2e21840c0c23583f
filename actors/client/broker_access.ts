/**
 * A consumer's calls to the brokers of its queues: offsets, locks, send-back.
 *
 * Owns: choosing the address, asking for a new route when there is none. Reads: the instance. Never does: keep state.
 */

import { brokerUnknown } from "./broker_api.ts";
import type { ClientInstance } from "./client_instance.ts";
import { sendChannel } from "./diagnostics.ts";
import { createInnerPipeline, innerMessage } from "./inner_producer.ts";
import type { MessageExt } from "./message_ext.ts";
import type { MessageQueue } from "./message_queue.ts";
import { INNER_PRODUCER_GROUP, retryTopicOf } from "./names.ts";
import type { RemoteOffsets } from "./offset_store.ts";
import { PropertyName } from "./property_names.ts";
import { MASTER_ID } from "./publish_route.ts";
import type { SendPipeline } from "./send_pipeline.ts";

/** Milliseconds for lock calls. Source: client/impl/consumer/RebalanceImpl.java lock */
const LOCK_MS = 1_000;
/** Milliseconds for send-back. Source: client/impl/consumer/DefaultMQPushConsumerImpl.java sendMessageBack */
const SEND_BACK_MS = 5_000;

/** Calls to the brokers of queues. */
export class BrokerAccess implements RemoteOffsets {
  readonly #instance: ClientInstance;
  readonly #group: string;
  #inner: SendPipeline | undefined;

  /**
   * @param instance client instance
   * @param group consumer group, with the namespace
   */
  constructor(instance: ClientInstance, group: string) {
    this.#instance = instance;
    this.#group = group;
  }

  /**
   * Address of a queue's broker: the master, any replica when there is none.
   *
   * @param queue queue
   * @returns `host:port`
   * @throws {ClientError} BROKER_UNKNOWN
   */
  async address(queue: MessageQueue): Promise<string> {
    const { routes } = this.#instance;
    const known = routes.readAddress(queue.brokerName, MASTER_ID);
    if (known !== undefined) return known.address;
    await routes.refresh(queue.topic);
    const found = routes.readAddress(queue.brokerName, MASTER_ID);
    if (found === undefined) throw brokerUnknown(queue.brokerName);
    return found.address;
  }

  /** See {@linkcode RemoteOffsets.fetch}. */
  async fetch(queue: MessageQueue): Promise<number | undefined> {
    return await this.#instance.api.consumerOffset(await this.address(queue), this.#group, queue, this.#call());
  }

  /** See {@linkcode RemoteOffsets.commit}. */
  async commit(queue: MessageQueue, offset: number, wait: boolean): Promise<void> {
    const address = await this.address(queue);
    await this.#instance.api.updateConsumerOffset(address, this.#group, queue, offset, {
      ...this.#call(),
      oneway: !wait,
    });
  }

  /** See {@linkcode RemoteOffsets.failed}. */
  failed(queue: MessageQueue, error: unknown): void {
    this.#instance.options.logger.warn?.("Offset commit failed", { group: this.#group, queue, error });
    sendChannel("offset-commit-failed", { group: this.#group, queue, error });
  }

  /**
   * @param queue queue
   * @param which bound
   * @returns first offset kept, or next one to be written
   */
  async boundOffset(queue: MessageQueue, which: "max" | "min"): Promise<number> {
    return await this.#instance.api.boundOffset(await this.address(queue), queue, which, this.#call());
  }

  /**
   * @param queue queue
   * @param timestampMs store time, in milliseconds since 1970
   * @returns offset of the first message stored then or later
   */
  async searchOffset(queue: MessageQueue, timestampMs: number): Promise<number> {
    return await this.#instance.api.searchOffset(await this.address(queue), queue, timestampMs, this.#call());
  }

  /**
   * Locks queues, broker by broker; a broker that does not answer locks none.
   *
   * @param queues queues
   * @returns those locked for this client, and those whose broker answered
   */
  async lock(queues: readonly MessageQueue[]): Promise<{ locked: MessageQueue[]; asked: MessageQueue[] }> {
    const locked: MessageQueue[] = [];
    const asked: MessageQueue[] = [];
    await Promise.all(
      byBroker(queues).map(async (ofBroker) => {
        try {
          const address = await this.address(ofBroker[0]!);
          locked.push(
            ...await this.#instance.api.lock(address, this.#instance.clientId, this.#group, ofBroker, {
              timeoutMs: LOCK_MS,
            }),
          );
          asked.push(...ofBroker);
        } catch (error) {
          this.#instance.options.logger.warn?.("Queue lock failed", { group: this.#group, queues: ofBroker, error });
        }
      }),
    );
    return { locked, asked };
  }

  /**
   * Releases queue locks; failures are told to the logger only, brokers let locks expire.
   *
   * @param queues queues
   */
  async unlock(queues: readonly MessageQueue[]): Promise<void> {
    await Promise.all(
      byBroker(queues).map(async (ofBroker) => {
        try {
          const address = await this.address(ofBroker[0]!);
          const { api, clientId } = this.#instance;
          await api.unlock(address, clientId, this.#group, ofBroker, { timeoutMs: LOCK_MS, oneway: false });
        } catch (error) {
          this.#instance.options.logger.warn?.("Queue unlock failed", { group: this.#group, queues: ofBroker, error });
        }
      }),
    );
  }

  /**
   * Gives a message back, by request 36, else as a normal message to the retry topic.
   * Source: apache/rocketmq client/impl/consumer/DefaultMQPushConsumerImpl.java sendMessageBack
   *
   * @param message the message
   * @param delayLevel 0: the broker's table; negative: dead letters
   * @param maxReconsumeTimes retries before the dead letters
   * @returns whether the broker has it
   */
  async sendBack(message: MessageExt, delayLevel: number, maxReconsumeTimes: number): Promise<boolean> {
    try {
      await this.#instance.api.sendBack(await this.address(message.queue), {
        group: this.#group,
        offset: message.commitLogOffset,
        delayLevel,
        originMsgId: message.msgId,
        originTopic: message.queue.topic,
        maxReconsumeTimes,
        brokerName: message.queue.brokerName,
      }, { timeoutMs: SEND_BACK_MS });
      return true;
    } catch (error) {
      this.#instance.options.logger.warn?.("Sending back failed, sending to the retry topic", {
        msgId: message.msgId,
        error,
      });
    }
    return await this.sendToRetry(message, maxReconsumeTimes, undefined);
  }

  /**
   * Sends a message to the retry topic as a new one.
   *
   * @param message the message
   * @param maxReconsumeTimes retries before the dead letters
   * @param topic topic before retries, with the namespace; the message's own when undefined
   * @returns whether it is stored
   */
  async sendToRetry(message: MessageExt, maxReconsumeTimes: number, topic: string | undefined): Promise<boolean> {
    const properties = new Map(message.properties);
    for (
      const name of [
        PropertyName.TRAN_MSG,
        PropertyName.MIN_OFFSET,
        PropertyName.MAX_OFFSET,
        PropertyName.CONSUME_START_TIME,
      ]
    ) {
      properties.delete(name);
    }
    const originId = properties.get(PropertyName.ORIGIN_MESSAGE_ID) ?? message.msgId;
    const times = message.reconsumeTimes;
    properties.set(PropertyName.ORIGIN_MESSAGE_ID, originId);
    properties.set(PropertyName.RETRY_TOPIC, properties.get(PropertyName.RETRY_TOPIC) ?? topic ?? message.queue.topic);
    properties.set(PropertyName.RECONSUME_TIME, String(times + 1));
    properties.set(PropertyName.MAX_RECONSUME_TIMES, String(maxReconsumeTimes));
    properties.set(PropertyName.DELAY, String(3 + times));
    try {
      this.#inner ??= createInnerPipeline(this.#instance, INNER_PRODUCER_GROUP);
      const copy = innerMessage(retryTopicOf(this.#group), message.body, properties, message.flag);
      await this.#inner.send({ message: copy, batch: undefined }, {
        timeoutMs: SEND_BACK_MS,
        signal: undefined,
        choose: undefined,
        queue: undefined,
      });
      return true;
    } catch (error) {
      this.#instance.options.logger.warn?.("Sending to the retry topic failed", { msgId: message.msgId, error });
      sendChannel("send-back-failed", { group: this.#group, msgId: message.msgId, error });
      return false;
    }
  }

  #call(): { timeoutMs: number } {
    return { timeoutMs: this.#instance.options.mqClientApiTimeout };
  }
}

function byBroker(queues: readonly MessageQueue[]): MessageQueue[][] {
  const groups = new Map<string, MessageQueue[]>();
  for (const queue of queues) {
    const group = groups.get(queue.brokerName);
    if (group === undefined) groups.set(queue.brokerName, [queue]);
    else group.push(queue);
  }
  return [...groups.values()];
}
