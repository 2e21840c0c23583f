import { assertEquals, assertRejects } from "@std/assert";
import { NetError } from "../../actors/net/errors.ts";
import { LoopbackTransport } from "../../actors/net/loopback.ts";
import { PeerPool } from "../../actors/net/peer_pool.ts";
import { Server } from "../../actors/net/server.ts";
import type { Connection, ConnectOptions, Transport } from "../../actors/net/transport.ts";
import { parseAddress } from "../../actors/net/transport.ts";
import { createRequest, createResponse } from "../../protocol/command.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";
import { until } from "../helpers/until.ts";

const HOST = "127.0.0.1";
const CODE = 10;

/** A loopback whose attempts to connect wait until they are let through. */
class GatedTransport extends LoopbackTransport implements Transport {
  readonly gate: PromiseWithResolvers<void> = Promise.withResolvers();
  attempts = 0;

  override async connect(address: string, options: ConnectOptions): Promise<Connection> {
    this.attempts++;
    await this.gate.promise;
    return super.connect(address, options);
  }
}

interface Bench {
  readonly transport: GatedTransport;
  readonly server: Server;
  readonly clock: SimulatedClock;
  readonly pool: PeerPool;
}

async function bench(body: (bench: Bench) => Promise<void>, peersMax = 2): Promise<void> {
  const transport = new GatedTransport();
  const clock = new SimulatedClock();
  const handler = (request: Parameters<typeof createResponse>[0]): ReturnType<typeof createResponse> =>
    createResponse(request, 0);
  const server = new Server({ transport, hostname: HOST, port: 0, clock, handler });
  const pool = new PeerPool({ transport, clock, peersMax });
  try {
    await body({ transport, server, clock, pool });
  } finally {
    transport.gate.resolve();
    await pool.close();
    await server.stop({ timeoutMs: 0 });
  }
}

Deno.test("PeerPool.invoke() is given up at its deadline while it connects; the attempt goes on for others", () =>
  bench(async ({ pool, server, clock, transport }) => {
    const early = pool.invoke(server.address, createRequest(CODE), { timeoutMs: 100 });
    const patient = pool.invoke(server.address, createRequest(CODE), { timeoutMs: 5_000 });
    const refused = assertRejects(() => early, NetError, "not connected within 100 ms");
    clock.advance(100);
    assertEquals((await refused).code, "REQUEST_TIMEOUT");
    transport.gate.resolve();
    assertEquals((await patient).code, 0);
    assertEquals(transport.attempts, 1);
  }));

Deno.test("PeerPool.invoke() counts the time to connect against its deadline", () =>
  bench(async ({ pool, server, clock, transport }) => {
    const asked = assertRejects(
      () => pool.invoke(server.address, createRequest(CODE), { timeoutMs: 4_000 }),
      NetError,
      "not connected within 4000 ms",
    );
    await until(() => transport.attempts === 1, { timeoutMs: 60_000, what: "the attempt" });
    clock.advance(4_000);
    transport.gate.resolve();
    await asked;
  }));

Deno.test("PeerPool.invoke() ends when its signal is aborted while it connects", () =>
  bench(async ({ pool, server, clock }) => {
    const abort = new AbortController();
    const asked = assertRejects(
      () => pool.invoke(server.address, createRequest(CODE), { timeoutMs: 5_000, signal: abort.signal }),
      Error,
      "enough",
    );
    abort.abort(new Error("enough"));
    await asked;
    assertEquals(clock.timers, 0);
    await assertRejects(
      () => pool.invoke(server.address, createRequest(CODE), { timeoutMs: 5_000, signal: abort.signal }),
      Error,
      "enough",
    );
  }));

Deno.test("PeerPool.close() closes a connection whose attempt was under way", () =>
  bench(async ({ pool, server, transport }) => {
    const connecting = assertRejects(() => pool.peer(server.address), NetError, "the pool is closed");
    const closed = pool.close();
    transport.gate.resolve();
    await closed;
    await connecting;
    await until(() => server.channels.length === 0, { timeoutMs: 60_000, what: "the connection to be closed" });
  }));

Deno.test("PeerPool refuses an address when every place is taken by attempts", () =>
  bench(async ({ pool, server }) => {
    const attempts = [1, 2].map((port) => pool.peer(`${HOST}:${port}`).catch((error: NetError) => error.code));
    const error = await assertRejects(() => pool.peer(server.address), NetError, "2 connections are in use");
    assertEquals(error.code, "OVERFLOW");
    void attempts;
  }));

Deno.test("PeerPool forgets an attempt that failed", () =>
  bench(async ({ pool, transport }) => {
    transport.gate.resolve();
    for (let attempt = 1; attempt <= 2; attempt++) {
      await assertRejects(() => pool.peer(`${HOST}:1`), NetError, "nobody listens there");
      assertEquals(transport.attempts, attempt);
    }
  }));

/** Address, host and port, or undefined when it is refused. */
const ADDRESSES: readonly [string, [string, number] | undefined][] = [
  ["127.0.0.1:9876", ["127.0.0.1", 9876]],
  ["broker-a.example:10911", ["broker-a.example", 10911]],
  ["[::1]:9876", ["::1", 9876]],
  ["::1:9876", ["::1", 9876]],
  ["localhost:0", ["localhost", 0]],
  ["localhost", undefined],
  ["localhost:", undefined],
  ["localhost:x", undefined],
  ["localhost:65536", undefined],
  ["localhost:-1", undefined],
  [":9876", undefined],
  ["", undefined],
];

Deno.test("parseAddress() splits host and port", () => {
  for (const [address, expected] of ADDRESSES) {
    let found: [string, number] | undefined;
    try {
      const { hostname, port } = parseAddress(address);
      found = [hostname, port];
    } catch (error) {
      assertEquals((error as NetError).code, "BAD_ADDRESS");
    }
    assertEquals(found, expected, address);
  }
});
