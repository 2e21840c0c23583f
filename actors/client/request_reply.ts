/**
 * Request–reply: a message out, a message back.
 *
 * Owns: the table of requests that wait. Reads: the pipeline, the clock. Never does: consume.
 * Source: apache/rocketmq client/producer/RequestFutureHolder.java; client/impl/ClientRemotingProcessor.java receiveReplyMessage; client/utils/MessageUtil.java
 */

import type { RemotingCommand } from "../../protocol/command.ts";
import type { ClientInstance } from "./client_instance.ts";
import { decompressBody } from "./compression/body.ts";
import { ClientError } from "./errors.ts";
import { type Message, propertiesText } from "./message.ts";
import { MessageExt, parseProperties } from "./message_ext.ts";
import { PropertyName } from "./property_names.ts";
import type { SendCall, SendPipeline } from "./send_pipeline.ts";
import type { SendUnit } from "./send_request.ts";

interface Waiting {
  resolve(reply: MessageExt): void;
}

const tables = new WeakMap<ClientInstance, Map<string, Waiting>>();

/** The requests of one producer. */
export class RequestTable {
  readonly #instance: ClientInstance;
  readonly #waiting: Map<string, Waiting>;
  readonly #closing = new AbortController();

  /** @param instance whose brokers push replies */
  constructor(instance: ClientInstance) {
    this.#instance = instance;
    let waiting = tables.get(instance);
    if (waiting === undefined) {
      waiting = new Map();
      tables.set(instance, waiting);
      const table = waiting;
      instance.replyTaker = (request) => takeReply(table, request);
    }
    this.#waiting = waiting;
  }

  /**
   * Sends a request and waits for its reply.
   *
   * @param unit the request
   * @param call deadline of request and reply together
   * @param pipeline sends it
   * @returns the reply
   * @throws {ClientError} REPLY_TIMEOUT, ABORTED, or as the pipeline
   */
  async request(unit: SendUnit, call: SendCall, pipeline: SendPipeline): Promise<MessageExt> {
    const { clock } = this.#instance.options;
    const begin = clock.monotonicMs();
    const id = crypto.randomUUID();
    const { properties, topic } = unit.message;
    properties.set(PropertyName.CORRELATION_ID, id);
    properties.set(PropertyName.REPLY_TO_CLIENT, this.#instance.clientId);
    properties.set(PropertyName.TTL, String(call.timeoutMs));
    // The broker pushes the reply on a connection that a heartbeat has named.
    if (this.#instance.routes.publishInfo(topic) === undefined) {
      await this.#instance.refreshRoute(topic);
      await this.#instance.heartbeatNow();
    }
    const reply = new Promise<MessageExt>((resolve) => this.#waiting.set(id, { resolve }));
    try {
      await pipeline.send(unit, call);
      const leftMs = Math.max(1, call.timeoutMs - (clock.monotonicMs() - begin));
      return await this.#within(reply, leftMs, call);
    } finally {
      this.#waiting.delete(id);
    }
  }

  /** Fails all that wait. */
  close(): void {
    this.#closing.abort();
  }

  #within(reply: Promise<MessageExt>, leftMs: number, call: SendCall): Promise<MessageExt> {
    const { clock } = this.#instance.options;
    return new Promise((resolve, reject) => {
      const end = (error?: ClientError): void => {
        timer.cancel();
        call.signal?.removeEventListener("abort", aborted);
        this.#closing.signal.removeEventListener("abort", closed);
        if (error !== undefined) reject(error);
      };
      const aborted = (): void => end(new ClientError("ABORTED", "The request was aborted", { outcome: "unknown" }));
      const closed = (): void => end(new ClientError("STATE", "The producer was shut down", { outcome: "unknown" }));
      const timer = clock.setTimer(leftMs, () =>
        end(
          new ClientError("REPLY_TIMEOUT", `No reply within ${call.timeoutMs} ms`, {
            outcome: "unknown",
            retryable: true,
          }),
        ));
      call.signal?.addEventListener("abort", aborted, { once: true });
      this.#closing.signal.addEventListener("abort", closed, { once: true });
      if (call.signal?.aborted) aborted();
      reply.then((message) => {
        end();
        resolve(message);
      });
    });
  }
}

/** Hands a pushed reply to the request it belongs to. @returns whether one waited */
function takeReply(table: Map<string, Waiting>, request: RemotingCommand): boolean {
  const properties = parseProperties(request.ext["properties"] ?? "");
  const waiting = table.get(properties.get(PropertyName.CORRELATION_ID) ?? "");
  if (waiting === undefined) return false;
  table.delete(properties.get(PropertyName.CORRELATION_ID) ?? "");
  waiting.resolve(replyMessage(request, properties));
  return true;
}

/** A pushed reply has header fields in place of a record: it is laid out as one. */
function replyMessage(request: RemotingCommand, properties: Map<string, string>): MessageExt {
  const { ext } = request;
  const encoder = new TextEncoder();
  const body = decompressBody(request.body, Number(ext["sysFlag"] ?? 0));
  const topic = encoder.encode(ext["topic"] ?? "");
  const text = encoder.encode(propertiesText(properties));
  const size = 91 + body.length + topic.length + text.length;
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  view.setInt32(0, size);
  view.setInt32(4, 0xdaa320a7 | 0);
  view.setInt32(12, Number(ext["queueId"] ?? 0));
  view.setInt32(16, Number(ext["flag"] ?? 0));
  view.setBigInt64(40, BigInt(ext["bornTimestamp"] ?? 0));
  putHost(view, 48, ext["bornHost"] ?? "");
  view.setBigInt64(56, BigInt(ext["storeTimestamp"] ?? 0));
  putHost(view, 64, ext["storeHost"] ?? "");
  view.setInt32(72, Number(ext["reconsumeTimes"] ?? 0));
  view.setInt32(84, body.length);
  bytes.set(body, 88);
  let at = 88 + body.length;
  view.setUint8(at, topic.length);
  bytes.set(topic, at + 1);
  at += 1 + topic.length;
  view.setInt16(at, text.length);
  bytes.set(text, at + 2);
  return new MessageExt(
    { topic: ext["topic"] ?? "", brokerName: ext["bname"] ?? "", queueId: Number(ext["queueId"] ?? 0) },
    view,
    0,
  );
}

function putHost(view: DataView, at: number, host: string): void {
  const match = /(\d+)\.(\d+)\.(\d+)\.(\d+):(\d+)$/.exec(host);
  if (match === null) return;
  for (let i = 0; i < 4; i++) view.setUint8(at + i, Number(match[i + 1]));
  view.setInt32(at + 4, Number(match[5]));
}

/**
 * The reply to a request, to be sent with any producer.
 *
 * @param request a consumed request
 * @param body payload of the reply
 * @returns the reply message; its properties are RocketMQ's own, so send it with `Producer.reply`
 * @throws {ClientError} MESSAGE_ILLEGAL when the message is no request
 */
export function createReplyMessage(
  request: MessageExt,
  body: Uint8Array | string,
): { readonly message: Message; readonly properties: ReadonlyMap<string, string> } {
  const cluster = request.getProperty(PropertyName.CLUSTER);
  const client = request.getProperty(PropertyName.REPLY_TO_CLIENT);
  const id = request.getProperty(PropertyName.CORRELATION_ID);
  if (cluster === undefined || client === undefined || id === undefined) {
    throw new ClientError("MESSAGE_ILLEGAL", `Cannot reply to message ${request.msgId}: it is no request`);
  }
  return {
    message: { topic: `${cluster}_REPLY_TOPIC`, body },
    properties: new Map([
      [PropertyName.MSG_TYPE, "reply"],
      [PropertyName.CORRELATION_ID, id],
      [PropertyName.REPLY_TO_CLIENT, client],
      [PropertyName.TTL, request.getProperty(PropertyName.TTL) ?? "3000"],
    ]),
  };
}
