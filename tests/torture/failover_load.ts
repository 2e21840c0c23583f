/**
 * Senders that go where the name server says the master is, and remember what was acknowledged, by whom and when.
 *
 * Owns: connections, what was acknowledged. Reads: routes. Never: counts a send as acknowledged whose answer did not come.
 *
 * @module
 */
import { decodeTopicRouteData } from "../../protocol/route.ts";
import { decodeRecords } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { systemClock } from "../../store/clock.ts";
import { plainProperties } from "../broker/broker_calls.ts";
import { pull, queueNumber, sendFields } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";

const PATIENCE_MS = 60_000;
const ROUTE_MS = 50;
const PACE_MS = 2;
/** How long a sender waits for an answer before it counts the outcome as unknown. */
const ANSWER_MS = 1000;
/** How long those wait that stay with one broker, whatever becomes of it. */
const LOYAL_ANSWER_MS = 20_000;

/** One acknowledgement. */
export interface Ack {
  readonly id: string;
  readonly address: string;
  /** When the message was sent, monotonic milliseconds. */
  readonly sentMs: number;
  /** When the answer was read, monotonic milliseconds. */
  readonly atMs: number;
}

/** What a load does. */
export interface FailoverLoadOptions {
  readonly nameServer: string;
  readonly topic: string;
  readonly queues: number;
}

/** A load under way. */
export class FailoverLoad {
  /** Everything that was acknowledged. */
  readonly acks: Ack[] = [];
  /** Answers with another code than 0, by code. */
  readonly refusals = new Map<number, number>();
  /** Sends whose outcome the sender never learned. */
  unknown = 0;
  readonly #options: FailoverLoadOptions;
  readonly #running: Promise<void>[];
  #loyal: Promise<void>[] = [];
  #isLoyalStopping = false;
  #stopping = false;
  #next = 0;
  #master: string | undefined;

  /** @param options Where from and how much. */
  constructor(options: FailoverLoadOptions) {
    this.#options = options;
    this.#running = [
      this.#look(),
      ...Array.from({ length: options.queues }, (_, queueId) => this.#send(queueId, () => this.#master)),
    ];
  }

  /** Waits until so many more are acknowledged. */
  async more(count: number): Promise<void> {
    const goal = this.acks.length + count;
    await until(() => this.acks.length >= goal, { timeoutMs: PATIENCE_MS, what: `${count} more acknowledgements` });
  }

  /** The first acknowledgement by somebody else than one broker, after a moment. */
  firstElsewhere(address: string, afterMs: number): Ack | undefined {
    return this.acks.find((ack) => ack.atMs > afterMs && ack.address !== address);
  }

  /** Adds senders that stay with one broker, whatever the name server says. */
  stay(address: string): void {
    this.#isLoyalStopping = false;
    this.#loyal = [0, 1].map((queueId) => this.#send(queueId, () => this.#isLoyalStopping ? undefined : address, true));
  }

  /** Ends those senders. */
  async leave(): Promise<void> {
    this.#isLoyalStopping = true;
    await Promise.all(this.#loyal);
    this.#loyal = [];
  }

  /** Ends all senders. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await this.leave();
    await Promise.all(this.#running);
  }

  /** Reads the whole topic. @returns what was acknowledged and is not there */
  async missing(address: string): Promise<Ack[]> {
    const found = new Set<string>();
    const decoder = new TextDecoder();
    using client = await RawClient.connect(address);
    for (let queueId = 0; queueId < this.#options.queues; queueId++) {
      const end = await queueNumber(client, RequestCode.GET_MAX_OFFSET, this.#options.topic, queueId);
      for (let offset = 0; offset < end;) {
        const next = await until(async () => {
          const answer = await pull(client, this.#options.topic, { queueId, offset });
          for (const record of answer.code === 0 ? decodeRecords(answer.body) : []) {
            found.add(decoder.decode(record.body));
          }
          return answer.code === 0 ? Number(answer.ext["nextBeginOffset"]) : undefined;
        }, { timeoutMs: PATIENCE_MS, what: `offset ${offset} of queue ${queueId} at ${address}` });
        offset = next;
      }
    }
    return this.acks.filter(({ id }) => !found.has(id));
  }

  /** Follows the route. */
  async #look(): Promise<void> {
    let client: RawClient | undefined;
    while (!this.#stopping) {
      try {
        client ??= await RawClient.connect(this.#options.nameServer);
        const { code, body } = await client.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: this.#options.topic });
        const master = code === 0 ? decodeTopicRouteData(body).brokerDatas[0]?.brokerAddrs.get(0) : undefined;
        if (master !== undefined) this.#master = master;
      } catch {
        client?.[Symbol.dispose]();
        client = undefined;
      }
      await systemClock.sleep(ROUTE_MS);
    }
    client?.[Symbol.dispose]();
  }

  /** @param where it sends to now; undefined ends a loyal sender */
  async #send(queueId: number, where: () => string | undefined, isLoyal = false): Promise<void> {
    let client: RawClient | undefined;
    let address: string | undefined;
    while (!this.#stopping && !(isLoyal && where() === undefined)) {
      const wanted = where();
      if (wanted !== address) {
        client?.[Symbol.dispose]();
        client = undefined;
        address = wanted;
      }
      if (address !== undefined) {
        const isGood = await this.#one(client, address, queueId, isLoyal ? LOYAL_ANSWER_MS : ANSWER_MS);
        if (isGood === undefined) client?.[Symbol.dispose]();
        client = isGood;
      }
      await systemClock.sleep(PACE_MS);
    }
    client?.[Symbol.dispose]();
  }

  /** @returns the connection, when it is still good */
  async #one(
    kept: RawClient | undefined,
    address: string,
    queueId: number,
    timeoutMs: number,
  ): Promise<RawClient | undefined> {
    let client = kept;
    try {
      client ??= await connect(address);
      const id = `${this.#options.topic} ${this.#next++}`;
      const body = new TextEncoder().encode(id);
      const fields = sendFields(this.#options.topic, { queueId, properties: plainProperties() });
      const sentMs = systemClock.monotonicMs();
      const { code } = await client.call(RequestCode.SEND_MESSAGE_V2, fields, body, { timeoutMs });
      if (code === 0) this.acks.push({ id, address, sentMs, atMs: systemClock.monotonicMs() });
      else this.refusals.set(code, (this.refusals.get(code) ?? 0) + 1);
      return client;
    } catch {
      // The connection is gone or silent; whether the message was stored is not known.
      this.unknown++;
      client?.[Symbol.dispose]();
      return undefined;
    }
  }
}

/** Connects, or gives up: a broker that is cut off answers nothing at all. */
async function connect(address: string): Promise<RawClient> {
  const connecting = RawClient.connect(address);
  const late = Promise.withResolvers<never>();
  const timer = systemClock.setTimer(ANSWER_MS, () => late.reject(new Error(`No connection to ${address}`)));
  try {
    return await Promise.race([connecting, late.promise]);
  } catch (error) {
    connecting.then((client) => client[Symbol.dispose](), () => undefined);
    throw error;
  } finally {
    timer.cancel();
  }
}
