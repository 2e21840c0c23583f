/**
 * The short path of a send: from the message to the frame and from the answer's bytes to the result, with one promise.
 *
 * It takes a plain message to a queue whose broker is connected. Everything else is left to the general path, SendPipeline:
 * what it declines before anything was sent, and each first try that did not end with SEND_OK, to be judged and tried again there.
 *
 * Owns: the frame templates, what waits for its answer. Reads: routes, link, clock. Never does: retries, hooks, compression.
 */

import type { RemotingCommand } from "../../protocol/command.ts";
import { asciiText, isText } from "../../protocol/hot/ascii_text.ts";
import { decimalAt, type HeaderScan } from "../../protocol/hot/header_scan.ts";
import { isAscii, SendFrame } from "../../protocol/hot/send_frame.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import type { Clock } from "../../store/clock.ts";
import type { DirectRequest } from "../net/direct_request.ts";
import type { InFlight } from "./in_flight.ts";
import type { ClientInstance } from "./client_instance.ts";
import type { ClientError } from "./errors.ts";
import { clientErrorOf, type DirectLine, type Link } from "./link.ts";
import { isPlain, type Message, plainPropertiesText } from "./message.ts";
import type { MessageQueue } from "./message_queue.ts";
import { RETRY_PREFIX } from "./names.ts";
import type { RouteTable } from "./route_table.ts";
import type { SendOptions } from "./producer.ts";
import type { ProducerOptions } from "./producer_options.ts";
import type { FirstTry, SendPipeline } from "./send_pipeline.ts";
import type { SendResult } from "./send_result.ts";
import type { UniqueIdMaker } from "./unique_id.ts";
import { uniqueIds } from "./unique_ids.ts";

/** Frames above this size gain nothing here. */
const FRAME_BYTES_MAX = 16_384;
const RESPONSE_SUCCESS = 0;

const encoder = new TextEncoder();

/** What direct sends of one producer have in common. */
export interface DirectSettings {
  readonly producerGroup: string;
  readonly createTopicKey: string;
  readonly defaultTopicQueueNums: number;
  /** Bodies of this size and above are left to the general path: they are compressed there, or refused. */
  readonly bodyBytesEnd: number;
}

/** What direct sends work with. */
export interface DirectParts {
  readonly routes: RouteTable;
  readonly link: Link;
  readonly clock: Clock;
  readonly inFlight: InFlight;
  readonly uniqueIds: UniqueIdMaker;
  /** Whether a send of the general path is on its way to a connection; it must not be overtaken. */
  readonly isPlacing: () => boolean;
  /** Takes over a send whose first try did not end with SEND_OK. */
  readonly resume: (sent: DirectWhat, first: FirstTry) => Promise<SendResult>;
}

/** What a producer says of itself beyond its options. */
export interface DirectOwner {
  readonly producerGroup: string;
  readonly createTopicKey: string;
  readonly bodyBytesMax: number;
  /** Hooks that see each send, those of traces included. */
  readonly hooks: number;
  readonly pipeline: SendPipeline;
  readonly resume: DirectParts["resume"];
}

/**
 * The short path of a producer.
 *
 * @param instance client instance
 * @param options the producer's options
 * @param owner the producer
 * @returns undefined when something looks on or intervenes that only the general path serves
 */
export function directSends(
  instance: ClientInstance,
  options: ProducerOptions,
  owner: DirectOwner,
): DirectSends | undefined {
  const { link, routes, options: { clock, rpcHooks, credentials, vipChannelEnabled } } = instance;
  const { checkForbiddenHooks, namespace, sendLatencyFaultEnable, compressMsgBodyOverHowmuch } = options;
  const watched = owner.hooks > 0 || (checkForbiddenHooks ?? []).length > 0 || rpcHooks.length > 0 ||
    credentials !== undefined || sendLatencyFaultEnable === true;
  if (watched || vipChannelEnabled || (namespace ?? "") !== "") return undefined;
  const { producerGroup, createTopicKey, pipeline, resume } = owner;
  return new DirectSends({
    producerGroup,
    createTopicKey,
    defaultTopicQueueNums: options.defaultTopicQueueNums ?? 4,
    bodyBytesEnd: Math.min(compressMsgBodyOverHowmuch ?? 4_096, owner.bodyBytesMax + 1),
  }, {
    routes,
    link,
    clock,
    inFlight: pipeline.inFlight,
    uniqueIds: uniqueIds(),
    isPlacing: () => pipeline.isPlacing,
    resume,
  });
}

/**
 * @param options how one send differs from the producer's options
 * @returns whether it does so in its deadline at most
 */
export function isOrdinary(options: SendOptions | undefined): boolean {
  return options === undefined ||
    (options.queue === undefined && options.selector === undefined && options.signal === undefined);
}

/** The short path of one producer. */
export class DirectSends {
  /** Topics whose names were checked by the general path. */
  readonly topics: Set<string> = new Set();
  readonly #settings: DirectSettings;
  readonly #parts: DirectParts;
  readonly #frames = new WeakMap<MessageQueue, SendFrame>();

  /**
   * @param settings what all sends have in common
   * @param parts with what
   */
  constructor(settings: DirectSettings, parts: DirectParts) {
    this.#settings = settings;
    this.#parts = parts;
  }

  /**
   * Sends a message.
   *
   * @param message as the application wrote it
   * @param timeoutMs milliseconds for all tries together
   * @returns the result to come; undefined when the general path has to take it, which then gives the errors too
   * @throws {ClientError} MESSAGE_ILLEGAL when a property is
   */
  send(message: Message, timeoutMs: number): Promise<SendResult> | undefined {
    const topic = message?.topic;
    if (!this.topics.has(topic) || !isPlain(message) || this.#parts.isPlacing()) return undefined;
    const body = typeof message.body === "string" ? encoder.encode(message.body) : message.body;
    if (!(body instanceof Uint8Array)) return undefined;
    const { routes, link, inFlight, uniqueIds } = this.#parts;
    const queue = routes.publishInfo(topic)?.select();
    if (queue === undefined) return undefined;
    const address = routes.masterAddress(queue.brokerName);
    const line = address === undefined ? undefined : link.direct?.(address);
    if (address === undefined || line === undefined) return undefined;
    const bytes = body.length;
    if (bytes === 0 || bytes >= this.#settings.bodyBytesEnd) return undefined;
    const uniqueId = uniqueIds.next();
    const properties = plainPropertiesText(message, uniqueId);
    const frame = this.#frameOf(queue);
    if (frame.headBytes + properties.length + bytes > FRAME_BYTES_MAX || !isAscii(properties)) return undefined;
    if (!inFlight.tryEnter(bytes)) return undefined;
    const sent = new DirectSend({ message, body, queue, address, uniqueId, properties, frame, timeoutMs }, this.#parts);
    if (sent.go(line)) return sent.promise;
    inFlight.leave(bytes);
    return undefined;
  }

  /**
   * Notes a topic whose name was checked.
   *
   * @param topic topic
   */
  admit(topic: string): void {
    if (!topic.startsWith(RETRY_PREFIX)) this.topics.add(topic);
  }

  #frameOf(queue: MessageQueue): SendFrame {
    const known = this.#frames.get(queue);
    if (known !== undefined) return known;
    const frame = new SendFrame({ ...this.#settings, ...queue });
    this.#frames.set(queue, frame);
    return frame;
  }
}

/** What one direct send is about. */
export interface DirectWhat {
  readonly message: Message;
  readonly body: Uint8Array;
  readonly queue: MessageQueue;
  readonly address: string;
  readonly uniqueId: string;
  readonly properties: string;
  readonly frame: SendFrame;
  readonly timeoutMs: number;
}

/** One send that waits for its answer. */
export class DirectSend implements DirectRequest {
  readonly code: number = RequestCode.SEND_MESSAGE_V2;
  readonly timeoutMs: number;
  readonly frameBytesMax: number;
  /** What is sent. */
  readonly what: DirectWhat;
  /** Milliseconds of the monotonic clock when it began. */
  readonly beginMs: number;
  /** The result to come. */
  readonly promise: Promise<SendResult>;
  readonly #parts: DirectParts;
  #resolve!: (result: SendResult | Promise<SendResult>) => void;

  constructor(what: DirectWhat, parts: DirectParts) {
    this.what = what;
    this.timeoutMs = what.timeoutMs;
    this.frameBytesMax = what.frame.headBytes + what.properties.length + what.body.length;
    this.#parts = parts;
    this.beginMs = parts.clock.monotonicMs();
    this.promise = new Promise((resolve) => {
      this.#resolve = resolve;
    });
  }

  /** Sends it. @returns false when the line did not take it */
  go(line: DirectLine): boolean {
    return line.direct(this);
  }

  write(into: Uint8Array, at: number, opaque: number): number {
    const { frame, properties, body } = this.what;
    return frame.write(into, at, opaque, this.#parts.clock.nowMs(), properties, body);
  }

  answered(bytes: Uint8Array, scan: HeaderScan): boolean {
    if (scan.code !== RESPONSE_SUCCESS) return false;
    const { queue, body, address, uniqueId } = this.what;
    let queueId = queue.queueId;
    let queueOffset = -1;
    let offsetMsgId = "";
    let transactionId: string | undefined;
    let regionId = DEFAULT_REGION;
    let traceOn = true;
    for (let i = 0; i < scan.count; i++) {
      if (scan.escaped[i] === 1) return false;
      const key = scan.keyStart[i]!;
      const keyEnd = scan.keyEnd[i]!;
      const start = scan.valueStart[i]!;
      const end = scan.valueEnd[i]!;
      if (isText(bytes, key, keyEnd, QUEUE_ID)) queueId = decimalAt(bytes, start, end);
      else if (isText(bytes, key, keyEnd, QUEUE_OFFSET)) queueOffset = decimalAt(bytes, start, end);
      else if (isText(bytes, key, keyEnd, MSG_ID)) offsetMsgId = idText(bytes, start, end);
      else if (isText(bytes, key, keyEnd, TRANSACTION_ID)) {
        transactionId = isString(bytes, start, end, uniqueId) ? uniqueId : latin1(bytes, start, end);
      } else if (isText(bytes, key, keyEnd, REGION)) {
        regionId = isString(bytes, start, end, DEFAULT_REGION) ? DEFAULT_REGION : latin1(bytes, start, end);
      } else if (isText(bytes, key, keyEnd, TRACE_ON)) traceOn = !isString(bytes, start, end, "false");
      else if (isText(bytes, key, keyEnd, RECALL_HANDLE)) return false;
    }
    if (Number.isNaN(queueId) || Number.isNaN(queueOffset)) return false;
    this.#parts.inFlight.leave(body.length);
    this.#resolve({
      sendStatus: "SEND_OK",
      msgId: uniqueId,
      offsetMsgId,
      messageQueue: queueId === queue.queueId ? queue : { ...queue, queueId },
      queueOffset,
      transactionId,
      regionId,
      traceOn,
      recallHandle: undefined,
      brokerAddr: address,
      phases: { storeMs: this.#parts.clock.monotonicMs() - this.beginMs },
    });
    return true;
  }

  resolve(response: RemotingCommand): void {
    this.#resume(response);
  }

  reject(error: Error): void {
    this.#resume(clientErrorOf(error, this.what.address));
  }

  #resume(outcome: RemotingCommand | ClientError): void {
    const { queue, address } = this.what;
    this.#resolve(
      this.#parts.resume(this.what, { mq: queue, brokerAddr: address, beginMs: this.beginMs, outcome }),
    );
  }
}

const DEFAULT_REGION = "DefaultRegion";
const QUEUE_ID = asciiText("queueId");
const QUEUE_OFFSET = asciiText("queueOffset");
const MSG_ID = asciiText("msgId");
const TRANSACTION_ID = asciiText("transactionId");
const REGION = asciiText("MSG_REGION");
const TRACE_ON = asciiText("TRACE_ON");
const RECALL_HANDLE = asciiText("recallHandle");

/** Digits of an offset message id that name the broker (IPv4), and of those that name the position. */
const ID_DIGITS = 16;
let lastIdHead = "";

/** An offset message id: all of one broker begin alike. */
function idText(bytes: Uint8Array, start: number, end: number): string {
  const headEnd = start + ID_DIGITS;
  if (end - headEnd !== ID_DIGITS) return latin1(bytes, start, end);
  if (!isString(bytes, start, headEnd, lastIdHead)) lastIdHead = latin1(bytes, start, headEnd);
  const b = bytes;
  const i = headEnd;
  // One call for sixteen characters makes one text; adding them one by one makes fifteen.
  return lastIdHead + String.fromCharCode(
    b[i]!,
    b[i + 1]!,
    b[i + 2]!,
    b[i + 3]!,
    b[i + 4]!,
    b[i + 5]!,
    b[i + 6]!,
    b[i + 7]!,
    b[i + 8]!,
    b[i + 9]!,
    b[i + 10]!,
    b[i + 11]!,
    b[i + 12]!,
    b[i + 13]!,
    b[i + 14]!,
    b[i + 15]!,
  );
}

/** A text of ASCII bytes. */
function latin1(bytes: Uint8Array, start: number, end: number): string {
  return String.fromCharCode(...bytes.subarray(start, end));
}

/** Whether bytes are an ASCII text. */
function isString(bytes: Uint8Array, start: number, end: number, text: string): boolean {
  if (end - start !== text.length) return false;
  for (let i = 0; i < text.length; i++) if (bytes[start + i] !== text.charCodeAt(i)) return false;
  return true;
}
