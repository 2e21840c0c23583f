/**
 * Many sends on few connections, each with many requests under way: fills a broker at little cost.
 *
 * Owns: the connections. Reads: code of each answer. Never: sends again what was refused.
 *
 * @module
 */
import { RequestCode } from "../../protocol/request_code.ts";
import { systemClock } from "../../store/clock.ts";
import { within } from "../helpers/until.ts";

/** One message. */
export interface PlannedSend {
  readonly topic: string;
  readonly queueId: number;
  readonly properties: string;
  readonly body: Uint8Array;
}

/** What is sent, and how fast. */
export interface PipelineOptions {
  /** host:port of the broker. */
  readonly address: string;
  readonly count: number;
  /** Makes a message when its turn comes. */
  readonly messageAt: (index: number) => PlannedSend;
  /** Messages a second at most; as fast as it goes when left out. */
  readonly perSecond?: number;
}

/** What came of it. */
export interface PipelineResult {
  /** Milliseconds from the first send to the last answer. */
  readonly tookMs: number;
  /** Answers with another code than 0: the first of them as text, and how many. */
  readonly refused: number;
  readonly firstRefusal: string | undefined;
}

const CONNECTIONS = 4;
/** Requests of a connection that are not answered yet. */
const WINDOW = 512;
/** Frames of one write. */
const RUN = 64;
/** Longest wait for all answers. Milliseconds. */
const PATIENCE_MS = 600_000;

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** Sends so many messages and waits for every answer. */
export async function sendPipelined(options: PipelineOptions): Promise<PipelineResult> {
  const began = systemClock.monotonicMs();
  const shared = { next: 0, refused: 0, firstRefusal: undefined as string | undefined, began };
  const lanes = Array.from({ length: CONNECTIONS }, () => lane(options, shared));
  await within(Promise.all(lanes), { timeoutMs: PATIENCE_MS, what: `${options.count} answers` });
  const { refused, firstRefusal } = shared;
  return { tookMs: systemClock.monotonicMs() - began, refused, firstRefusal };
}

interface Shared {
  next: number;
  refused: number;
  firstRefusal: string | undefined;
  readonly began: number;
}

async function lane({ address, count, messageAt, perSecond }: PipelineOptions, shared: Shared): Promise<void> {
  const [hostname = "", port] = address.split(":");
  using connection = await Deno.connect({ hostname, port: Number(port) });
  const answers = new AnswerCount();
  const chunk = new Uint8Array(256 * 1024);
  let sent = 0;
  while (shared.next < count || answers.count < sent) {
    const allowed = perSecond === undefined
      ? count
      : Math.min(count, (systemClock.monotonicMs() - shared.began) * perSecond / 1000);
    const run = Math.min(RUN, Math.floor(allowed) - shared.next, WINDOW - (sent - answers.count));
    if (run > 0) {
      const first = shared.next;
      shared.next += run;
      await writeAll(connection, frames(first, run, messageAt));
      sent += run;
      if (sent - answers.count < WINDOW / 2) continue;
    } else if (answers.count === sent) {
      await systemClock.sleep(2);
      continue;
    }
    const read = await connection.read(chunk);
    if (read === null) throw new Error("The broker closed the connection");
    answers.push(chunk.subarray(0, read));
  }
  shared.refused += answers.refused;
  shared.firstRefusal ??= answers.firstRefusal;
}

async function writeAll(connection: Deno.TcpConn, bytes: Uint8Array): Promise<void> {
  for (let at = 0; at < bytes.length;) at += await connection.write(bytes.subarray(at));
}

function frames(first: number, count: number, messageAt: (index: number) => PlannedSend): Uint8Array {
  const parts: { header: Uint8Array; body: Uint8Array }[] = [];
  let bytes = 0;
  for (let index = first; index < first + count; index++) {
    const { topic, queueId, properties, body } = messageAt(index);
    const header = encoder.encode(
      `{"code":${RequestCode.SEND_MESSAGE_V2},"extFields":{"a":"pipelined","b":"${topic}","c":"TBW102","d":"4","e":"${queueId}","f":"0","g":"${systemClock.nowMs()}","h":"0","i":${
        JSON.stringify(properties)
      },"j":"0","k":"false","m":"false"},"flag":0,"language":"JAVA","opaque":${index},"serializeTypeCurrentRPC":"JSON","version":493}`,
    );
    parts.push({ header, body });
    bytes += 8 + header.length + body.length;
  }
  const out = new Uint8Array(bytes);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { header, body } of parts) {
    view.setInt32(at, 4 + header.length + body.length);
    view.setInt32(at + 4, header.length);
    out.set(header, at + 8);
    out.set(body, at + 8 + header.length);
    at += 8 + header.length + body.length;
  }
  return out;
}

/** Counts answers without decoding more of them than the code. */
class AnswerCount {
  count = 0;
  refused = 0;
  firstRefusal: string | undefined;
  #rest = new Uint8Array(0);

  push(chunk: Uint8Array): void {
    const bytes = new Uint8Array(this.#rest.length + chunk.length);
    bytes.set(this.#rest);
    bytes.set(chunk, this.#rest.length);
    const view = new DataView(bytes.buffer);
    let at = 0;
    while (at + 4 <= bytes.length) {
      const end = at + 4 + view.getInt32(at);
      if (end > bytes.length) break;
      const header = decoder.decode(bytes.subarray(at + 8, end));
      this.count++;
      if (!/"code":0[,}]/.test(header)) {
        this.refused++;
        this.firstRefusal ??= header;
      }
      at = end;
    }
    this.#rest = bytes.slice(at);
  }
}
