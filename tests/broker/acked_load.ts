/**
 * Senders that go on through crashes, and remember everything that was acknowledged.
 *
 * Owns: the connections, what was acknowledged where. Reads: nothing. Never: counts a send as acknowledged whose answer did not come.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { decodeRecords } from "../../protocol/record.ts";
import { pull, send } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { SeededRandom } from "../torture/seeded_random.ts";
import { PATIENCE_MS } from "./broker_bench.ts";
import { plainProperties } from "./broker_calls.ts";

/** One acknowledged message. */
interface Acked {
  readonly queueId: number;
  readonly offset: number;
  readonly body: Uint8Array;
}

/** What a load does. */
export interface LoadOptions {
  readonly address: string;
  readonly topic: string;
  /** Queues of the topic; there is a sender for each. */
  readonly queues: number;
  /** Bodies follow from it. */
  readonly seed: number;
}

/** A load under way. */
export class AckedLoad {
  readonly #options: LoadOptions;
  readonly #acked: Acked[] = [];
  readonly #senders: Promise<void>[];
  #refused = 0;
  #lost = 0;
  #stopping = false;

  /** @param options Where to and how much. */
  constructor(options: LoadOptions) {
    this.#options = options;
    this.#senders = Array.from({ length: options.queues }, (_, queueId) => this.#sender(queueId));
  }

  /** Messages acknowledged so far. */
  get acked(): number {
    return this.#acked.length;
  }

  /** Sends that were refused, and sends whose answer never came. */
  get misses(): { readonly refused: number; readonly lost: number } {
    return { refused: this.#refused, lost: this.#lost };
  }

  /** Waits until so many more are acknowledged. */
  async more(count: number): Promise<void> {
    const goal = this.#acked.length + count;
    await until(() => this.#acked.length >= goal, { timeoutMs: PATIENCE_MS, what: `${count} more acknowledgements` });
  }

  /** Ends the senders. */
  async stop(): Promise<void> {
    this.#stopping = true;
    await Promise.all(this.#senders);
  }

  /**
   * Reads every acknowledged message back by its offset.
   *
   * @param address The broker; it may have been started again.
   * @throws {Error} When one is not there or has other bytes.
   */
  async readBack(address: string): Promise<void> {
    using client = await RawClient.connect(address);
    for (let queueId = 0; queueId < this.#options.queues; queueId++) {
      const acked = this.#acked.filter((each) => each.queueId === queueId).sort((a, b) => a.offset - b.offset);
      let next = 0;
      const fetch = async (): Promise<boolean> => {
        while (next < acked.length) {
          const answer = await pull(client, this.#options.topic, { queueId, offset: acked[next]!.offset });
          if (answer.code !== 0) return false;
          for (const record of decodeRecords(answer.body)) {
            const expected = acked[next];
            if (expected === undefined || record.queueOffset < expected.offset) continue;
            assertEquals(record.queueOffset, expected.offset, "an acknowledged offset is not there");
            assertEquals(record.body, expected.body, `other bytes at offset ${expected.offset} of queue ${queueId}`);
            next++;
          }
        }
        return true;
      };
      await until(fetch, { timeoutMs: PATIENCE_MS, what: `all acknowledged messages of queue ${queueId}` });
    }
    assertEquals(new Set(this.#acked.map(({ queueId, offset }) => `${queueId}/${offset}`)).size, this.#acked.length);
  }

  async #sender(queueId: number): Promise<void> {
    const random = new SeededRandom(this.#options.seed * 1000 + queueId);
    let client: RawClient | undefined;
    try {
      while (!this.#stopping) {
        const body = new Uint8Array(random.between(1, 2000)).map(() => random.between(0, 256));
        try {
          client ??= await RawClient.connect(this.#options.address);
          const answer = await send(client, this.#options.topic, body, { queueId, properties: plainProperties() });
          if (answer.code === 0) this.#acked.push({ queueId, offset: Number(answer.ext["queueOffset"]), body });
          else this.#refused++;
        } catch {
          // The connection is gone; whether the message was stored is not known, so it is not counted.
          this.#lost++;
          client?.[Symbol.dispose]();
          client = undefined;
          await new Promise((resolve) => setTimeout(resolve, 0));
        }
      }
    } finally {
      client?.[Symbol.dispose]();
    }
  }
}
