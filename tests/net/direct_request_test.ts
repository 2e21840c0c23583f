/** Direct requests: answered in place, or by a command; their ends; their place among other frames. */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { DirectRequest } from "../../actors/net/direct_request.ts";
import { NetError } from "../../actors/net/errors.ts";
import { OutBuffer } from "../../actors/net/out_buffer.ts";
import { Session } from "../../actors/net/session.ts";
import { createRequest, createResponse, type RemotingCommand } from "../../protocol/command.ts";
import { decodeFrame, encodeFrame, FrameDecoder } from "../../protocol/frame.ts";
import type { HeaderScan } from "../../protocol/hot/header_scan.ts";
import { Peer } from "../../actors/net/peer.ts";
import { Server } from "../../actors/net/server.ts";
import { LoopbackTransport } from "../../actors/net/loopback.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

/** A request of code 10 that remembers what came of it. */
class Probe implements DirectRequest {
  readonly code = 10;
  readonly frameBytesMax: number;
  readonly timeoutMs: number;
  readonly came: string[] = [];
  readonly ended = Promise.withResolvers<void>();
  readonly #body: Uint8Array;
  readonly #takes: boolean;

  constructor(bodyBytes = 4, takes = true, timeoutMs = 1_000) {
    this.#body = new Uint8Array(bodyBytes).fill(7);
    this.#takes = takes;
    this.timeoutMs = timeoutMs;
    this.frameBytesMax = 300 + bodyBytes;
  }

  write(into: Uint8Array, at: number, opaque: number): number {
    const frame = encodeFrame({ ...createRequest(10, {}, this.#body), opaque });
    into.set(frame, at);
    return at + frame.length;
  }

  answered(bytes: Uint8Array, scan: HeaderScan, bodyStart: number, bodyEnd: number): boolean {
    if (!this.#takes) return false;
    this.came.push(`answered ${scan.code} ${new TextDecoder().decode(bytes.subarray(bodyStart, bodyEnd))}`);
    this.ended.resolve();
    return true;
  }

  resolve(response: RemotingCommand): void {
    this.came.push(`resolved ${response.code} ${new TextDecoder().decode(response.body)}`);
    this.ended.resolve();
  }

  reject(error: Error): void {
    assertInstanceOf(error, NetError);
    this.came.push(`rejected ${error.code}`);
    this.ended.resolve();
  }
}

function sessionOf(): Session<Probe> {
  return new Session<Probe>({
    clock: new SimulatedClock(),
    expired: () => {},
    answered: (probe, bytes, scan, start, end) => probe.answered(bytes, scan, start, end),
  });
}

function answerBytes(...opaques: readonly number[]): Uint8Array {
  const frames = opaques.map((opaque) =>
    encodeFrame(
      createResponse({ ...createRequest(10), opaque }, 0, undefined, {}, new TextEncoder().encode(`${opaque}`)),
    )
  );
  return new Uint8Array(frames.flatMap((frame) => [...frame]));
}

Deno.test("Session.receive() answers direct requests in any order, whole, byte by byte and cut anywhere", () => {
  const stream = answerBytes(3, 1, 2);
  for (const cut of [1, 2, 7, 50, 133, stream.length]) {
    const session = sessionOf();
    const probes = [new Probe(), new Probe(), new Probe()];
    for (const probe of probes) session.enter(probe, probe);
    const commands: RemotingCommand[] = [];
    for (let at = 0; at < stream.length; at += cut) session.receive(stream.slice(at, at + cut), commands);
    assertEquals(probes.map(({ came }) => came), [["answered 0 1"], ["answered 0 2"], ["answered 0 3"]]);
    assertEquals([commands.length, session.outstanding], [0, 0]);
  }
});

Deno.test("Session.receive() decodes responses that a direct request leaves alone, and all that are nobody's", () => {
  const session = sessionOf();
  const [takes, leaves] = [new Probe(), new Probe(4, false)];
  session.enter(takes, takes);
  session.enter(leaves, leaves);
  const commands = session.receive(answerBytes(2, 77, 1));
  assertEquals(commands.map(({ opaque }) => opaque), [2, 77]);
  assertEquals(takes.came, ["answered 0 1"]);
  assertEquals(session.take(commands[0]!), leaves);
});

Deno.test("OutBuffer gives each byte once while its buffers take turns and grow", () => {
  const buffer = new OutBuffer();
  const decoder = new FrameDecoder();
  const opaques: number[] = [];
  let opaque = 0;
  for (const sizes of [[10, 20], [5_000, 30_000, 60_000], [1], [100, 100, 100]]) {
    const views: Uint8Array[] = [];
    for (const size of sizes) {
      const before = buffer.openBytes;
      const bytes = buffer.place(new Probe(size), ++opaque);
      assertEquals(buffer.openBytes, before + bytes);
      if (opaque % 2 === 0) views.push(buffer.seal());
    }
    if (buffer.openBytes > 0) views.push(buffer.seal());
    buffer.swap();
    buffer.place(new Probe(50), ++opaque); // Fills the other buffer while the views wait.
    for (const view of [...views, buffer.seal()]) {
      decoder.push(view);
      for (let next = decoder.next(); next !== undefined; next = decoder.next()) opaques.push(next.opaque);
    }
    buffer.swap();
    buffer.written();
  }
  assertEquals(opaques, Array.from({ length: opaque }, (_, i) => i + 1));
});

async function pair(
  options: { hooks?: boolean; answers?: boolean } = {},
): Promise<{ peer: Peer; server: Server; clock: SimulatedClock; seen: number[] } & AsyncDisposable> {
  const transport = new LoopbackTransport();
  const clock = new SimulatedClock();
  const seen: number[] = [];
  const server = new Server({
    transport,
    clock,
    hostname: "127.0.0.1",
    port: 0,
    handler: (request) => {
      seen.push(request.body.length);
      return options.answers === false ? undefined : createResponse(request, 0, undefined, {}, request.body);
    },
  });
  const peer = await Peer.connect(`127.0.0.1:${server.port}`, {
    transport,
    clock,
    ...(options.hooks === true ? { hooks: [{}] } : {}),
  });
  return {
    peer,
    server,
    clock,
    seen,
    [Symbol.asyncDispose]: async () => {
      peer.close();
      await server.stop({ timeoutMs: 1_000 });
    },
  };
}

Deno.test("Peer.direct() keeps its place among other requests, large ones too", async () => {
  await using bench = await pair();
  const probes = [new Probe(1), new Probe(2), new Probe(40_000), new Probe(4)];
  assert(bench.peer.direct(probes[0]!));
  const general = bench.peer.invoke(createRequest(10, {}, new Uint8Array(100_000)), { timeoutMs: 1_000 });
  for (const probe of probes.slice(1)) assert(bench.peer.direct(probe));
  await Promise.all([general, ...probes.map(({ ended }) => ended.promise)]);
  assertEquals([...bench.seen].sort((a, b) => a - b), [1, 2, 4, 40_000, 100_000]);
  assertEquals(probes.map(({ came }) => came[0]?.slice(0, 10)), Array(4).fill("answered 0"));
  assertEquals(bench.peer.counts.outstanding, 0);
  await bench.peer.quiet();
});

Deno.test("Peer.direct() is not taken where hooks look on or the connection is closed", async () => {
  await using bench = await pair({ hooks: true });
  assert(!bench.peer.direct(new Probe()));
  await using closed = await pair();
  closed.peer.close();
  assert(!closed.peer.direct(new Probe()));
});

Deno.test("Peer.direct() tells a request when its deadline has passed, and when the connection closes", async () => {
  await using bench = await pair({ answers: false });
  const [late, lost] = [new Probe(1, true, 100), new Probe(1, true, 10_000)];
  assert(bench.peer.direct(late) && bench.peer.direct(lost));
  bench.clock.advance(101);
  await late.ended.promise;
  bench.peer.close();
  await lost.ended.promise;
  assertEquals([late.came, lost.came], [["rejected REQUEST_TIMEOUT"], ["rejected CLOSED"]]);
});

Deno.test("Peer.direct() refuses more requests than may wait", async () => {
  const transport = new LoopbackTransport();
  const server = new Server({ transport, hostname: "127.0.0.1", port: 0, handler: () => undefined });
  const peer = await Peer.connect(`127.0.0.1:${server.port}`, { transport, outstandingMax: 1 });
  assert(peer.direct(new Probe()));
  let thrown: unknown;
  try {
    peer.direct(new Probe());
  } catch (error) {
    thrown = error;
  }
  assertInstanceOf(thrown, NetError);
  assertEquals([thrown.code, peer.counts.outstanding], ["OVERFLOW", 1]);
  peer.close();
  await server.stop({ timeoutMs: 1_000 });
});

Deno.test("a frame that a direct request wrote is one that the general decoder reads", () => {
  const probe = new Probe(3);
  const into = new Uint8Array(probe.frameBytesMax);
  const end = probe.write(into, 0, 5);
  assertEquals(decodeFrame(into.subarray(0, end)).opaque, 5);
});
