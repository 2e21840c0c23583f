/**
 * Masters and slaves of the replication tests, and raw ends of the HA protocol.
 *
 * Owns: sockets of raw slaves and masters. Reads: logs, golden conversations. Never: retries.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import type { BrokerValues } from "../../actors/broker/broker_configuration.ts";
import { encodeHaReport, type HaTransfer, HaTransferDecoder } from "../../protocol/ha_frame.ts";
import { until, within } from "../helpers/until.ts";
import { type BenchOptions, type BrokerBench, PATIENCE_MS, withBroker } from "./broker_bench.ts";

const GOLDEN = new URL("../golden/ha/", import.meta.url);

/** Address of a broker's HA port. */
export function haAddressOf(bench: BrokerBench): string {
  return `127.0.0.1:${bench.broker.values.haListenPort}`;
}

/** Runs a body with a slave of a master, whose HAService is up before: who counts threads of the slave must not count that one. */
export async function withSlave(
  master: BrokerBench,
  options: BenchOptions,
  body: (slave: BrokerBench) => Promise<void>,
): Promise<void> {
  const settings: Partial<BrokerValues> = {
    brokerRole: "SLAVE",
    brokerId: 1,
    haMasterAddress: haAddressOf(master),
    ...options.settings,
  };
  if (!master.incarnation("ha-service").isUp) {
    using _first = await RawSlave.connect(haAddressOf(master));
    await until(() => master.incarnation("ha-service").isUp, { timeoutMs: PATIENCE_MS, what: "HAService" });
  }
  await withBroker({ ...options, settings }, body);
}

/** Waits until a slave has all that its master has written. */
export async function untilCaughtUp(master: BrokerBench, slave: BrokerBench): Promise<void> {
  const { written } = master.broker.memory;
  await until(() => slave.broker.memory.written.load() === written.load(), {
    timeoutMs: PATIENCE_MS,
    what: "the slave caught up",
  });
}

/** Bytes of a commit log from a position up to another. */
export function logBytes(directory: string, from: number, to: number): Uint8Array {
  const bytes = new Uint8Array(to - from);
  for (const { name } of [...Deno.readDirSync(directory)].sort((left, right) => left.name < right.name ? -1 : 1)) {
    const start = Number(name);
    const file = Deno.readFileSync(`${directory}/${name}`);
    const first = Math.max(from, start);
    const last = Math.min(to, start + file.length);
    if (last > first) bytes.set(file.subarray(first - start, last - start), first - from);
  }
  return bytes;
}

/** Asserts that the log of a slave is its master's, from where it begins. */
export function assertSameLog(master: BrokerBench, slave: BrokerBench): void {
  const { logStart, written } = slave.broker.memory;
  const [from, to] = [logStart.load(), written.load()];
  assert(to > from);
  const [left, right] = [master, slave].map(({ root }) => logBytes(`${root}/store/commitlog`, from, to));
  assertEquals(left!.length, to - from);
  // Not with assertEquals, which takes minutes to print what differs.
  assert(left!.every((byte, index) => byte === right![index]), "the logs differ");
}

/** A slave that a test plays by hand. */
export class RawSlave implements Disposable {
  readonly #socket: Deno.TcpConn;
  readonly #decoder = new HaTransferDecoder();

  private constructor(socket: Deno.TcpConn) {
    this.#socket = socket;
  }

  /** Connects to a master. */
  static async connect(address: string): Promise<RawSlave> {
    const [hostname, port] = address.split(":");
    return new RawSlave(await Deno.connect({ hostname: hostname!, port: Number(port) }));
  }

  /** Address of this end. */
  get address(): string {
    const { hostname, port } = this.#socket.localAddr as Deno.NetAddr;
    return `${hostname}:${port}`;
  }

  /** Reports a position. */
  async report(position: number): Promise<void> {
    await this.#socket.write(encodeHaReport(position));
  }

  /** The next transfer; undefined when the master closed the connection. */
  async next(): Promise<HaTransfer | undefined> {
    const into = new Uint8Array(64 * 1024);
    for (;;) {
      const transfer = this.#decoder.next();
      if (transfer !== undefined) return { offset: transfer.offset, data: transfer.data.slice() };
      const count = await within(this.#socket.read(into).catch(() => null), {
        timeoutMs: PATIENCE_MS,
        what: "a transfer of the master",
      });
      if (count === null) return undefined;
      this.#decoder.push(into.subarray(0, count));
    }
  }

  /** Reads transfers up to a position. @returns where they began, and their bytes */
  async upTo(position: number): Promise<{ from: number; bytes: Uint8Array }> {
    const pieces: Uint8Array[] = [];
    let from = -1;
    let at = -1;
    while (at < position) {
      const transfer = await this.next();
      assert(transfer !== undefined, `the master closed the connection at ${at}`);
      if (from < 0) from = at = transfer.offset;
      assertEquals(transfer.offset, at);
      at += transfer.data.length;
      pieces.push(transfer.data);
    }
    return { from, bytes: joined(pieces) };
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#socket.close();
  }
}

/** Pieces as one. */
export function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/** Chunks of one side of a recorded conversation. */
export function golden(file: string, side: "master" | "slave"): Uint8Array[] {
  return Deno.readTextFileSync(new URL(`${file}.jsonl`, GOLDEN)).trim().split("\n")
    .map((line): { from: string; bytes?: string } => JSON.parse(line))
    .filter((line) => line.from === side && line.bytes !== undefined)
    .map((line) => Uint8Array.from(atob(line.bytes ?? ""), (unit) => unit.charCodeAt(0)));
}

/** Transfers of a recorded master. */
export function goldenTransfers(file: string): HaTransfer[] {
  const decoder = new HaTransferDecoder();
  decoder.push(joined(golden(file, "master")));
  const transfers: HaTransfer[] = [];
  for (let next = decoder.next(); next !== undefined; next = decoder.next()) {
    transfers.push({ offset: next.offset, data: next.data.slice() });
  }
  return transfers;
}

/** Directory of the log that the recorded conversations are slices of. */
export const GOLDEN_LOG = new URL("ha-commitlog/", GOLDEN).pathname;
