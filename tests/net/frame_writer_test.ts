import { assertEquals } from "@std/assert";
import { FrameWriter } from "../../actors/net/frame_writer.ts";
import type { NetError } from "../../actors/net/errors.ts";
import type { Connection } from "../../actors/net/transport.ts";
import { until } from "../helpers/until.ts";

/** A connection that keeps what is written and takes as many bytes at a time as it is told. */
class WrittenConnection implements Connection {
  readonly remoteAddress = "127.0.0.1:1";
  readonly localAddress = "127.0.0.1:2";
  readonly writes: number[][] = [];
  takes = Infinity;
  failure: Error | undefined;
  gate: Promise<void> = Promise.resolve();

  read(): Promise<number | null> {
    return new Promise(() => {});
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    const count = Math.min(bytes.length, this.takes);
    this.writes.push([...bytes.subarray(0, count)]);
    return count;
  }

  close(): void {}
}

function bench(
  pendingBytesMax = 1_000_000,
): { connection: WrittenConnection; writer: FrameWriter; failures: NetError[] } {
  const connection = new WrittenConnection();
  const failures: NetError[] = [];
  const writer = new FrameWriter({
    connection,
    pendingBytesMax,
    wrote: () => {},
    failed: (error) => failures.push(error),
  });
  return { connection, writer, failures };
}

const bytes = (...values: number[]): Uint8Array => new Uint8Array(values);

Deno.test("FrameWriter writes what one turn offers in one write", async () => {
  const { connection, writer } = bench();
  writer.offer(bytes(1));
  writer.offer(bytes(2, 3));
  writer.offer(bytes(4));
  assertEquals(writer.pendingBytes, 4);
  await writer.drained();
  assertEquals([connection.writes, writer.pendingBytes], [[[1, 2, 3, 4]], 0]);
});

Deno.test("FrameWriter joins what is offered during a write into the next one", async () => {
  const { connection, writer } = bench();
  const gate: PromiseWithResolvers<void> = Promise.withResolvers();
  connection.gate = gate.promise;
  writer.offer(bytes(1));
  await Promise.resolve();
  for (const value of [2, 3, 4]) writer.offer(bytes(value));
  gate.resolve();
  await writer.drained();
  assertEquals(connection.writes, [[1], [2, 3, 4]]);
});

Deno.test("FrameWriter goes on after a write that took a part", async () => {
  const { connection, writer } = bench();
  connection.takes = 2;
  writer.offer(bytes(1, 2, 3, 4, 5));
  await writer.drained();
  assertEquals(connection.writes, [[1, 2], [3, 4], [5]]);
});

Deno.test("FrameWriter keeps large frames and runs of small ones in order", async () => {
  const { connection, writer } = bench();
  const frames = [10, 70_000, 20, 30, 70_000, 40_000, 40_000].map((size, n) => new Uint8Array(size).fill(n));
  for (const frame of frames) writer.offer(frame);
  await writer.drained();
  assertEquals(connection.writes.map((write) => write.length), [10, 70_000, 50, 70_000, 40_000, 40_000]);
  assertEquals(connection.writes.flat(), frames.flatMap((frame) => [...frame]));
});

Deno.test("FrameWriter fails once when a write fails, and takes nothing more", async () => {
  const { connection, writer, failures } = bench();
  connection.failure = new Error("broken pipe");
  writer.offer(bytes(1));
  await until(() => failures.length > 0, { timeoutMs: 60_000, what: "the failure" });
  writer.offer(bytes(2));
  await writer.drained();
  assertEquals(failures.map(({ code, address }) => [code, address]), [["SEND_FAILED", "127.0.0.1:1"]]);
  assertEquals([connection.writes, writer.pendingBytes], [[], 0]);
});

Deno.test("FrameWriter fails when more bytes wait than are allowed", () => {
  const { writer, failures } = bench(10);
  writer.offer(new Uint8Array(10));
  assertEquals(failures, []);
  writer.offer(new Uint8Array(1));
  assertEquals(failures.map(({ code }) => code), ["SLOW_READER"]);
  assertEquals(failures[0]?.message, "Cannot write to 127.0.0.1:1: 11 bytes wait, limit is 10");
});
