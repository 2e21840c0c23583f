/**
 * Sending: choose a queue, encode, send, judge the answer, try again.
 *
 * Owns: the retry loop and the bound on what is in flight. Reads: routes, link, clock. Never does: check messages.
 * Source: apache/rocketmq client/impl/producer/DefaultMQProducerImpl.java sendDefaultImpl, sendKernelImpl
 */

import { markOneway, type RemotingCommand } from "../../protocol/command.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { Clock } from "../../store/clock.ts";
import { compressBody, type CompressionType } from "./compression/body.ts";
import { sendChannel } from "./diagnostics.ts";
import { ClientError, type PhaseTimes } from "./errors.ts";
import type { CheckForbiddenHook, SendMessageContext, SendMessageHook } from "./hooks.ts";
import { InFlight } from "./in_flight.ts";
import { type LatencyFaultTable, selectQueue } from "./latency_fault.ts";
import type { Link } from "./link.ts";
import type { MessageQueue } from "./message_queue.ts";
import { PropertyName } from "./property_names.ts";
import type { TopicPublishInfo } from "./publish_route.ts";
import type { AutoCreate, RouteTable } from "./route_table.ts";
import { resultOf } from "./send_answer.ts";
import { batchBody, isTimed, sendRequest, type SendUnit, TRANSACTION_PREPARED } from "./send_request.ts";
import type { SendResult } from "./send_result.ts";

/** Codes after which a send is tried on another queue. Source: client/producer/DefaultMQProducer.java retryResponseCodes */
export const RETRY_RESPONSE_CODES: readonly number[] = [17, 14, 1, 16, 204, 205, 2, 1500];

/** Longest wait for a route before the next try, in milliseconds: a broker that refused may no longer have the queue. */
const ROUTE_WAIT_MS = 200;

/** What a pipeline needs to know. */
export interface SendSettings {
  readonly producerGroup: string;
  readonly createTopicKey: string;
  readonly defaultTopicQueueNums: number;
  readonly retryTimesWhenSendFailed: number;
  readonly retryAnotherBrokerWhenNotStoreOK: boolean;
  readonly compressMsgBodyOverHowmuch: number;
  readonly compressType: CompressionType;
  readonly compressLevel: number;
  readonly retryResponseCodes: ReadonlySet<number>;
  readonly vipChannelEnabled: boolean;
  readonly bornHost: string;
  readonly sendMessageHooks: readonly SendMessageHook[];
  readonly checkForbiddenHooks: readonly CheckForbiddenHook[];
  readonly inFlight: { readonly countMax: number; readonly bytesMax: number };
}

/** What a pipeline works with. */
export interface SendParts {
  readonly routes: RouteTable;
  readonly link: Link;
  readonly clock: Clock;
  readonly faults: LatencyFaultTable | undefined;
}

/** How a unit is sent. */
export interface SendCall {
  /** Milliseconds for all tries together. */
  readonly timeoutMs: number;
  /** Gives up early. */
  readonly signal: AbortSignal | undefined;
  /** Chooses the queue; then nothing is retried. */
  readonly choose: ((info: TopicPublishInfo) => MessageQueue) | undefined;
  /** Fixed queue; then nothing is retried and no route is needed. */
  readonly queue: MessageQueue | undefined;
}

/** A body as it travels. */
interface Encoded {
  readonly body: Uint8Array;
  readonly sysFlag: number;
}

/** A first try that was made on the short path and did not end with SEND_OK. */
export interface FirstTry {
  readonly mq: MessageQueue;
  readonly brokerAddr: string;
  /** Milliseconds of the monotonic clock when it began. */
  readonly beginMs: number;
  readonly outcome: RemotingCommand | ClientError;
}

/** One send under way. */
interface Run {
  /** Milliseconds of the monotonic clock when it began. */
  readonly begin: number;
  readonly phases: Phases;
  /** Called when a try is handed to its connection. */
  readonly placed?: () => void;
}

type Phases = { -readonly [K in keyof PhaseTimes]: PhaseTimes[K] };

/** Sends units. */
export class SendPipeline {
  readonly #settings: SendSettings;
  readonly #parts: SendParts;
  readonly #inFlight: InFlight;
  #unplaced = 0;

  /**
   * @param settings how
   * @param parts with what
   */
  constructor(settings: SendSettings, parts: SendParts) {
    this.#settings = settings;
    this.#parts = parts;
    this.#inFlight = new InFlight(settings.inFlight, parts.clock);
  }

  /** The bound that all sends of the producer share. */
  get inFlight(): InFlight {
    return this.#inFlight;
  }

  /** Whether a send was begun that is not yet handed to its connection: what overtakes it would change their order. */
  get isPlacing(): boolean {
    return this.#unplaced > 0;
  }

  /** Requests in flight now. */
  get inFlightCount(): number {
    return this.#inFlight.count;
  }

  /** Settles when nothing is in flight. */
  quiet(): Promise<void> {
    return this.#inFlight.quiet();
  }

  /**
   * Sends and waits for the answer.
   *
   * @param unit what
   * @param call how
   * @returns the broker's answer
   * @throws {ClientError} when it is not known to be stored; `outcome` says whether it may be
   */
  async send(unit: SendUnit, call: SendCall): Promise<SendResult> {
    const begin = this.#parts.clock.monotonicMs();
    const phases: Phases = {};
    const bytes = bytesOf(unit);
    const placed = this.#place();
    try {
      await this.#enter(bytes, call, phases);
      try {
        return await this.#tries(unit, call, { begin, phases, placed });
      } catch (thrown) {
        throw thrown instanceof ClientError ? thrown.withPhases({ ...phases }) : thrown;
      } finally {
        this.#inFlight.leave(bytes);
      }
    } finally {
      placed();
    }
  }

  /** A send begins. @returns to be called, once or more, when it is handed to its connection or has ended */
  #place(): () => void {
    this.#unplaced++;
    let waits = true;
    return () => {
      if (waits) this.#unplaced--;
      waits = false;
    };
  }

  /**
   * Goes on with a send that is in flight already.
   *
   * @param unit what
   * @param call how
   * @param first how its first try ended
   * @returns the broker's answer
   * @throws {ClientError} as {@linkcode send}
   */
  async resume(unit: SendUnit, call: SendCall, first: FirstTry): Promise<SendResult> {
    const phases: Phases = { storeMs: this.#parts.clock.monotonicMs() - first.beginMs };
    const { outcome } = first;
    // A broker that says "go away" has done nothing: all tries are left.
    const goAway = !(outcome instanceof ClientError) && outcome.code === ResponseCode.GO_AWAY;
    try {
      return await this.#tries(unit, call, { begin: first.beginMs, phases }, goAway ? undefined : first);
    } catch (thrown) {
      throw thrown instanceof ClientError ? thrown.withPhases({ ...phases }) : thrown;
    } finally {
      this.#inFlight.leave(bytesOf(unit));
    }
  }

  /**
   * Sends without an answer; returns when the request is handed to the connection.
   *
   * @param unit what
   * @param call how
   * @throws {ClientError} when there is no route, room or connection
   */
  async sendOneway(unit: SendUnit, call: SendCall): Promise<void> {
    const phases: Phases = {};
    const bytes = bytesOf(unit);
    const placed = this.#place();
    try {
      await this.#enter(bytes, call, phases);
    } catch (thrown) {
      placed();
      throw thrown;
    }
    try {
      const mq = call.queue ?? await this.#queue(unit, call, phases, undefined);
      const address = await this.#address(mq, unit.message.topic, call);
      const encoded = this.#encode(unit);
      const context = this.#context(unit, mq, address);
      this.#before(context);
      const request = markOneway(this.#request(unit, mq, encoded));
      await this.#parts.link.oneway(this.#sendAddress(address), request, this.#bounds(call, call.timeoutMs));
      this.#after(context);
    } finally {
      placed();
      this.#inFlight.leave(bytes);
    }
  }

  async #enter(bytes: number, call: SendCall, phases: Phases): Promise<void> {
    if (this.#inFlight.tryEnter(bytes)) return;
    const begin = this.#parts.clock.monotonicMs();
    await this.#inFlight.enter(bytes, this.#bounds(call, call.timeoutMs));
    phases.queueMs = this.#parts.clock.monotonicMs() - begin;
  }

  async #tries(
    unit: SendUnit,
    call: SendCall,
    run: Run,
    first?: FirstTry,
  ): Promise<SendResult> {
    const { begin, phases } = run;
    const { clock, faults } = this.#parts;
    const single = call.queue !== undefined || call.choose !== undefined;
    const timesMax = single ? 1 : 1 + this.#settings.retryTimesWhenSendFailed;
    const encoded = this.#encode(unit);
    let last: ClientError | undefined;
    let maybeStored = false;
    let lastBroker: string | undefined;
    for (let times = 0; times < timesMax; times++) {
      const leftMs = call.timeoutMs - (clock.monotonicMs() - begin);
      if (times > 0 && leftMs <= 0) break;
      let mq: MessageQueue | undefined;
      const made = times === 0 ? first : undefined;
      const triedAt = made?.beginMs ?? clock.monotonicMs();
      try {
        mq = made?.mq ?? call.queue ?? await this.#queue(unit, call, phases, lastBroker);
        lastBroker = mq.brokerName;
        const result = made === undefined
          ? await this.#once(unit, encoded, mq, call, Math.max(1, leftMs), run)
          : firstResult(unit, made, phases);
        faults?.update(mq.brokerName, clock.monotonicMs() - triedAt, { isolation: false, reachable: true });
        if (
          result.sendStatus === "SEND_OK" || !this.#settings.retryAnotherBrokerWhenNotStoreOK || times + 1 === timesMax
        ) {
          return result;
        }
      } catch (thrown) {
        if (!(thrown instanceof ClientError)) throw thrown;
        last = thrown;
        maybeStored ||= thrown.outcome === "unknown";
        const routed = mq === undefined ? undefined : this.#noteFailure(mq, thrown, clock.monotonicMs() - triedAt);
        if (!this.#worthRetry(thrown)) break;
        if (times + 1 < timesMax) await routed;
      }
    }
    const error = last ?? new ClientError("TIMEOUT", `Cannot send within ${call.timeoutMs} ms`, { retryable: true });
    if (maybeStored && error.outcome === "failed") {
      throw new ClientError(error.code, error.message, {
        cause: error,
        retryable: error.retryable,
        outcome: "unknown",
        ...(error.brokerAddr === undefined ? {} : { brokerAddr: error.brokerAddr }),
        ...(error.responseCode === undefined ? {} : { responseCode: error.responseCode }),
      });
    }
    throw error;
  }

  #worthRetry(error: ClientError): boolean {
    switch (error.code) {
      case "CONNECT_FAILED":
      case "CONNECTION_LOST":
      case "TIMEOUT":
      case "BROKER_UNKNOWN":
        return true;
      default:
        return error.responseCode !== undefined && this.#settings.retryResponseCodes.has(error.responseCode);
    }
  }

  /**
   * A broker that failed or refused may have moved: its routes are read anew at once.
   *
   * @returns settles when they are read, or take too long to wait for
   */
  #noteFailure(mq: MessageQueue, error: ClientError, latencyMs: number): Promise<void> {
    const { faults, routes, clock } = this.#parts;
    if (error.code === "ABORTED" || error.code === "MESSAGE_ILLEGAL") return Promise.resolve();
    const answered = error.responseCode !== undefined;
    faults?.update(mq.brokerName, latencyMs, { isolation: true, reachable: answered || error.code === "TIMEOUT" });
    return new Promise((resolve) => {
      const timer = clock.setTimer(ROUTE_WAIT_MS, resolve);
      routes.refresh(mq.topic)
        .catch((thrown: unknown) => sendChannel("route-refresh-failed", { topic: mq.topic, error: thrown }))
        .finally(() => {
          timer.cancel();
          resolve();
        });
    });
  }

  async #queue(unit: SendUnit, call: SendCall, phases: Phases, lastBroker: string | undefined): Promise<MessageQueue> {
    const { routes, clock, faults } = this.#parts;
    const topic = unit.message.topic;
    let info = routes.publishInfo(topic);
    if (info === undefined) {
      const begin = clock.monotonicMs();
      const create: AutoCreate = this.#settings;
      try {
        info = await routes.findPublish(topic, create, call.signal);
      } finally {
        phases.routeMs = (phases.routeMs ?? 0) + clock.monotonicMs() - begin;
      }
    }
    const mq = call.choose === undefined ? selectQueue(info, lastBroker, faults) : call.choose(info);
    if (mq === undefined) {
      if (call.choose !== undefined) {
        throw new ClientError("OPTION_ILLEGAL", `Cannot send to topic "${topic}": the selector chose no queue`);
      }
      throw new ClientError("NO_WRITE_PERMISSION", `Cannot send to topic "${topic}": it has no queue to write`);
    }
    return mq;
  }

  async #address(mq: MessageQueue, topic: string, call: SendCall): Promise<string> {
    const { routes } = this.#parts;
    const known = routes.masterAddress(mq.brokerName);
    if (known !== undefined) return known;
    await routes.refresh(topic, call.signal);
    const found = routes.masterAddress(mq.brokerName);
    if (found === undefined) {
      throw new ClientError("BROKER_UNKNOWN", `Cannot send to broker "${mq.brokerName}": no master is known`, {
        retryable: true,
      });
    }
    return found;
  }

  #sendAddress(address: string): string {
    return this.#settings.vipChannelEnabled ? vipAddress(address) : address;
  }

  async #once(
    unit: SendUnit,
    encoded: Encoded,
    mq: MessageQueue,
    call: SendCall,
    timeoutMs: number,
    { phases, placed }: Run,
  ): Promise<SendResult> {
    const address = this.#sendAddress(await this.#address(mq, unit.message.topic, call));
    const context = this.#context(unit, mq, address);
    this.#before(context);
    const begin = this.#parts.clock.monotonicMs();
    try {
      const answer = await this.#parts.link.invoke(address, this.#request(unit, mq, encoded), {
        ...this.#bounds(call, timeoutMs),
        ...(placed === undefined ? {} : { placed }),
        connected: (ms) => {
          phases.connectMs = (phases.connectMs ?? 0) + ms;
        },
      });
      phases.storeMs = this.#parts.clock.monotonicMs() - begin;
      const result = resultOf(unit, mq, answer, address, phases);
      if (context !== undefined) context.sendResult = result;
      return result;
    } catch (thrown) {
      phases.storeMs = this.#parts.clock.monotonicMs() - begin;
      if (context !== undefined) context.exception = thrown;
      throw thrown;
    } finally {
      this.#after(context);
    }
  }

  #request(unit: SendUnit, mq: MessageQueue, encoded: Encoded): RemotingCommand {
    return sendRequest(unit.message, encoded.body, {
      producerGroup: this.#settings.producerGroup,
      createTopicKey: this.#settings.createTopicKey,
      defaultTopicQueueNums: this.#settings.defaultTopicQueueNums,
      mq,
      sysFlag: encoded.sysFlag,
      bornTimestamp: this.#parts.clock.nowMs(),
      batch: unit.batch !== undefined,
    });
  }

  #encode(unit: SendUnit): Encoded {
    if (unit.batch !== undefined) return { body: batchBody(unit.batch), sysFlag: 0 };
    const { message } = unit;
    const transaction = message.properties.get(PropertyName.TRAN_MSG) === "true" ? TRANSACTION_PREPARED : 0;
    if (message.body.length < this.#settings.compressMsgBodyOverHowmuch) {
      return { body: message.body, sysFlag: transaction };
    }
    const packed = compressBody(message.body, this.#settings.compressType, this.#settings.compressLevel);
    return { body: packed.body, sysFlag: packed.sysFlag | transaction };
  }

  #context(unit: SendUnit, mq: MessageQueue, brokerAddr: string): SendMessageContext | undefined {
    const { sendMessageHooks, checkForbiddenHooks, producerGroup, bornHost } = this.#settings;
    if (sendMessageHooks.length === 0 && checkForbiddenHooks.length === 0) return undefined;
    const { message } = unit;
    const msgType = message.properties.get(PropertyName.TRAN_MSG) === "true"
      ? "Trans_Msg_Half"
      : isTimed(message.properties) || message.properties.has(PropertyName.DELAY)
      ? "Delay_Msg"
      : message.properties.has(PropertyName.SHARDING_KEY)
      ? "Order_Msg"
      : "Normal_Msg";
    return {
      producerGroup,
      message,
      messages: unit.batch ?? [message],
      mq,
      brokerAddr,
      msgType,
      bornHost,
      startMs: this.#parts.clock.nowMs(),
    };
  }

  #before(context: SendMessageContext | undefined): void {
    if (context === undefined) return;
    for (const hook of this.#settings.checkForbiddenHooks) {
      try {
        hook.checkForbidden(context);
      } catch (cause) {
        throw new ClientError("FORBIDDEN", `Sending was forbidden by hook "${hook.hookName}"`, { cause });
      }
    }
    for (const hook of this.#settings.sendMessageHooks) quietly(hook.hookName, () => hook.sendMessageBefore?.(context));
  }

  #after(context: SendMessageContext | undefined): void {
    if (context === undefined) return;
    for (const hook of this.#settings.sendMessageHooks) quietly(hook.hookName, () => hook.sendMessageAfter?.(context));
  }

  #bounds(call: SendCall, timeoutMs: number): { timeoutMs: number; signal?: AbortSignal } {
    return call.signal === undefined ? { timeoutMs } : { timeoutMs, signal: call.signal };
  }
}

/** Hooks must not break sending; what they throw is published. */
function quietly(hookName: string, run: () => void): void {
  try {
    run();
  } catch (error) {
    sendChannel("hook-failed", { hookName, error });
  }
}

function bytesOf(unit: SendUnit): number {
  if (unit.batch === undefined) return unit.message.body.length;
  return unit.batch.reduce((sum, message) => sum + message.body.length, 0);
}

/**
 * The broker's second port.
 * Source: apache/rocketmq common/MixAll.java brokerVIPChannel
 *
 * @param address `host:port`
 * @returns `host:(port − 2)`
 */
export function vipAddress(address: string): string {
  const at = address.lastIndexOf(":");
  return `${address.slice(0, at)}:${Number(address.slice(at + 1)) - 2}`;
}

function firstResult(unit: SendUnit, { mq, brokerAddr, outcome }: FirstTry, phases: Phases): SendResult {
  if (outcome instanceof ClientError) throw outcome;
  return resultOf(unit, mq, outcome, brokerAddr, phases);
}
