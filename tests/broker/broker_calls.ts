/**
 * Sends and pulls of the broker's tests, with answers that are checked.
 *
 * Owns: the properties of a short-path send. Reads: nothing. Never: retries.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { RemotingCommand } from "../../protocol/command.ts";
import { decodeRecords, type StoredRecord } from "../../protocol/record.ts";
import { pull, type PullOptions, send, type SendOptions } from "../conformance/broker_requests.ts";
import type { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { PATIENCE_MS } from "./broker_bench.ts";

let keys = 0;

/** Properties of an ordinary message: the short path takes it. */
export function plainProperties(more = ""): string {
  return `UNIQ_KEY\u0001${(++keys).toString(16).toUpperCase().padStart(32, "0")}\u0002WAIT\u0001true\u0002${more}`;
}

/** Sends one ordinary message and expects it to be stored. @returns its queue offset */
export async function sendOk(
  client: RawClient,
  topic: string,
  body: Uint8Array | string,
  options: SendOptions = {},
): Promise<number> {
  const answer = await send(client, topic, body, { properties: plainProperties(), ...options });
  assertEquals(answer.code, 0, `${answer.code} ${answer.remark}`);
  return Number(answer.ext["queueOffset"]);
}

/** Records that one pull gives; none when it found nothing. */
export async function pulled(client: RawClient, topic: string, options: PullOptions = {}): Promise<StoredRecord[]> {
  const answer = await pull(client, topic, options);
  return answer.code === 0 ? decodeRecords(answer.body) : [];
}

/** Bodies from an offset on as text, as soon as there are so many. */
export async function bodiesOf(
  client: RawClient,
  topic: string,
  options: PullOptions & { readonly count: number },
): Promise<string[]> {
  const bodies: string[] = [];
  let offset = options.offset ?? 0;
  await until(async () => {
    for (const record of await pulled(client, topic, { ...options, offset })) {
      bodies.push(new TextDecoder().decode(record.body));
      offset = record.queueOffset + 1;
    }
    return bodies.length >= options.count;
  }, { timeoutMs: PATIENCE_MS, what: `${options.count} messages of ${topic}` });
  return bodies;
}

/** A request under way, of which a test wants to know whether it is answered yet. */
export interface UnderWay {
  readonly answer: Promise<RemotingCommand>;
  readonly isAnswered: () => boolean;
}

/** Watches a request. */
export function underWay(answer: Promise<RemotingCommand>): UnderWay {
  let answered = false;
  const watched = answer.finally(() => answered = true);
  // Whoever awaits `answer` hears of a failure; until then it must not count as unheard.
  watched.catch(() => {});
  return { answer: watched, isAnswered: () => answered };
}
