/**
 * etcd over its HTTP gateway: JSON in, JSON out.
 *
 * Owns: the choice of the endpoint; the one that answered last is asked first. Reads: nothing.
 * Never: waits without a deadline, or asks the same endpoint twice in one call.
 *
 * Bytes are base64 and 64-bit numbers are texts, as the gateway of etcd 3.4 and later has them.
 *
 * @module
 */
import type { Clock } from "../../../store/clock.ts";
import { type Etcd, type EtcdChange, type EtcdCondition, type EtcdEntry, EtcdError, type EtcdLease } from "./etcd.ts";

/** Bytes of an answer at most; what is kept for a broker set has a few kilobytes. */
export const ANSWER_BYTES_MAX = 4 * 1024 * 1024;

/** Endpoints at most. */
export const ENDPOINTS_MAX = 16;

/** Codes of gRPC that another endpoint, or the same one later, may not answer. Source: grpc/grpc doc/statuscodes.md */
const LATER: ReadonlySet<number> = new Set([/* deadline exceeded */ 4, /* unavailable */ 14]);
const NOT_FOUND = 5;

/** Sends one request; what `fetch` is. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** What a client works with. */
export interface EtcdClientOptions {
  /** `host:port` or `http://host:port` each. */
  readonly endpoints: readonly string[];
  readonly clock: Clock;
  /** Milliseconds that one call may take, all endpoints together. */
  readonly timeoutMs: number;
  /** `fetch` when left out. */
  readonly fetch?: Fetch;
}

/** Takes a configured list apart. @param text `host:port;host:port`, commas too. @throws {EtcdError} when it names too many */
export function endpointsOf(text: string): string[] {
  const endpoints = text.split(/[;,]/).map((each) => each.trim()).filter((each) => each !== "");
  if (endpoints.length <= ENDPOINTS_MAX) return endpoints;
  throw new EtcdError("ETCD_REFUSED", `Cannot use ${endpoints.length} etcd endpoints, allowed are ${ENDPOINTS_MAX}`);
}

/** The client. */
export class EtcdClient implements Etcd {
  readonly #urls: readonly string[];
  readonly #clock: Clock;
  readonly #timeoutMs: number;
  readonly #fetch: Fetch;
  #first = 0;

  /** @param options endpoints, clock, deadline. @throws {EtcdError} when there is no endpoint */
  constructor(options: EtcdClientOptions) {
    if (options.endpoints.length === 0) throw new EtcdError("ETCD_REFUSED", "Cannot use etcd: no endpoint is named");
    this.#urls = options.endpoints.map((each) =>
      (/^https?:\/\//.test(each) ? each : `http://${each}`).replace(/\/$/, "")
    );
    this.#clock = options.clock;
    this.#timeoutMs = options.timeoutMs;
    this.#fetch = options.fetch ?? ((url, init) => fetch(url, init));
  }

  async list(prefix: string): Promise<EtcdEntry[]> {
    const answer = await this.#call("kv/range", { key: base64(prefix), range_end: base64(behind(prefix)) });
    return array(answer["kvs"]).map(entryOf);
  }

  async commit(conditions: readonly EtcdCondition[], changes: readonly EtcdChange[]): Promise<boolean> {
    const answer = await this.#call("kv/txn", {
      compare: conditions.map(compareOf),
      success: changes.map(operationOf),
    });
    return answer["succeeded"] === true;
  }

  async grant(ttlSeconds: number): Promise<EtcdLease> {
    const answer = await this.#call("lease/grant", { TTL: String(ttlSeconds) });
    return { lease: text(answer["ID"]), ttlSeconds: number(answer["TTL"]) };
  }

  async keepAlive(lease: string): Promise<number> {
    const { result } = await this.#call("lease/keepalive", { ID: lease });
    // A lease that is gone is answered without a time.
    return number(record(result)["TTL"] ?? "0");
  }

  async revoke(lease: string): Promise<void> {
    try {
      await this.#call("lease/revoke", { ID: lease });
    } catch (error) {
      if (!(error instanceof Refusal) || error.grpcCode !== NOT_FOUND) throw error;
    }
  }

  /** Asks one endpoint after the other. The time that is left is shared among those that were not asked yet. */
  async #call(path: string, body: unknown): Promise<Record<string, unknown>> {
    const deadlineMs = this.#clock.monotonicMs() + this.#timeoutMs;
    let last: unknown;
    for (let tried = 0; tried < this.#urls.length; tried++) {
      const index = (this.#first + tried) % this.#urls.length;
      const leftMs = deadlineMs - this.#clock.monotonicMs();
      if (leftMs <= 0) break;
      try {
        const answer = await this.#ask(`${this.#urls[index]}/v3/${path}`, body, leftMs / (this.#urls.length - tried));
        this.#first = index;
        return answer;
      } catch (error) {
        if (error instanceof Refusal && !LATER.has(error.grpcCode)) throw error;
        last = error;
      }
    }
    this.#first = (this.#first + 1) % this.#urls.length;
    const why = last instanceof Error ? last.message : "no time left";
    throw new EtcdError("ETCD_UNREACHABLE", `Cannot reach etcd at ${this.#urls.join(", ")}: ${why}`, { cause: last });
  }

  async #ask(url: string, body: unknown, timeoutMs: number): Promise<Record<string, unknown>> {
    const abort = new AbortController();
    const timer = this.#clock.setTimer(
      timeoutMs,
      () => abort.abort(new EtcdError("ETCD_UNREACHABLE", `no answer within ${Math.round(timeoutMs)} ms`)),
    );
    try {
      const response = await this.#fetch(url, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
        signal: abort.signal,
      });
      const answer = record(parse(await bounded(response)));
      if (response.ok && answer["error"] === undefined) return answer;
      throw refusalOf(answer, response.status);
    } finally {
      timer.cancel();
    }
  }
}

/** etcd answered that it refuses, with the code of gRPC. */
class Refusal extends EtcdError {
  readonly grpcCode: number;

  constructor(grpcCode: number, message: string) {
    super("ETCD_REFUSED", message);
    this.grpcCode = grpcCode;
  }
}

function refusalOf(answer: Record<string, unknown>, status: number): Refusal {
  // What a stream answers has the fields one level lower.
  const error = typeof answer["error"] === "object" ? record(answer["error"]) : answer;
  const code = error["code"] ?? error["grpc_code"];
  const why = error["message"] ?? error["error"] ?? `status ${status}`;
  return new Refusal(typeof code === "number" ? code : status >= 500 ? 14 : 0, `etcd refuses: ${why}`);
}

async function bounded(response: Response): Promise<string> {
  if (response.body === null) return "";
  const decoder = new TextDecoder();
  let bytes = 0;
  let whole = "";
  for await (const chunk of response.body) {
    bytes += chunk.length;
    if (bytes > ANSWER_BYTES_MAX) {
      throw new EtcdError("ETCD_MALFORMED", `Cannot read etcd's answer: it has more than ${ANSWER_BYTES_MAX} bytes`);
    }
    whole += decoder.decode(chunk, { stream: true });
  }
  return whole;
}

function parse(whole: string): unknown {
  try {
    return JSON.parse(whole);
  } catch (error) {
    throw new EtcdError("ETCD_MALFORMED", `Cannot read etcd's answer: "${whole.slice(0, 80)}"`, { cause: error });
  }
}

function compareOf({ key, modRevision }: EtcdCondition): Record<string, string> {
  return { key: base64(key), target: "MOD", result: "EQUAL", mod_revision: String(modRevision) };
}

function operationOf(change: EtcdChange): Record<string, unknown> {
  if ("remove" in change) return { request_delete_range: { key: base64(change.remove) } };
  const { put, value, lease } = change;
  return { request_put: { key: base64(put), value: base64(value), ...(lease === undefined ? {} : { lease }) } };
}

function entryOf(value: unknown): EtcdEntry {
  const entry = record(value);
  return {
    key: unbase64(text(entry["key"])),
    value: unbase64(text(entry["value"] ?? "")),
    modRevision: number(entry["mod_revision"]),
    lease: text(entry["lease"] ?? "0"),
  };
}

/** The first key behind all that begin with a prefix. */
function behind(prefix: string): string {
  const last = prefix.charCodeAt(prefix.length - 1);
  return prefix.slice(0, -1) + String.fromCharCode(last + 1);
}

function base64(value: string): string {
  let binary = "";
  for (const byte of new TextEncoder().encode(value)) binary += String.fromCharCode(byte);
  return btoa(binary);
}

function unbase64(value: string): string {
  return new TextDecoder().decode(Uint8Array.from(atob(value), (char) => char.charCodeAt(0)));
}

function record(value: unknown): Record<string, unknown> {
  if (typeof value === "object" && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  throw new EtcdError("ETCD_MALFORMED", `Cannot read etcd's answer: ${JSON.stringify(value)} is no object`);
}

function array(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

function text(value: unknown): string {
  if (typeof value === "string") return value;
  throw new EtcdError("ETCD_MALFORMED", `Cannot read etcd's answer: ${JSON.stringify(value)} is no text`);
}

function number(value: unknown): number {
  const parsed = Number(value);
  if (Number.isSafeInteger(parsed)) return parsed;
  throw new EtcdError("ETCD_MALFORMED", `Cannot read etcd's answer: ${JSON.stringify(value)} is no number`);
}
