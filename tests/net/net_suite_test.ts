import { assert, assertEquals, assertInstanceOf, assertMatch, assertRejects, assertThrows } from "@std/assert";
import type { Channel } from "../../actors/net/channel.ts";
import { NetError, ResponseError } from "../../actors/net/errors.ts";
import type { RequestHandler } from "../../actors/net/inbox.ts";
import { LoopbackTransport } from "../../actors/net/loopback.ts";
import { Peer, type PeerOptions } from "../../actors/net/peer.ts";
import { PeerPool, type PeerPoolOptions } from "../../actors/net/peer_pool.ts";
import type { RpcHook } from "../../actors/net/rpc_hook.ts";
import { Server, type ServerOptions } from "../../actors/net/server.ts";
import { tcpTransport, type Transport } from "../../actors/net/transport.ts";
import { createRequest, createResponse, markOneway, type RemotingCommand } from "../../protocol/command.ts";
import { encodeFrame } from "../../protocol/frame.ts";
import { until, within } from "../helpers/until.ts";

const HOST = "127.0.0.1";
const SOON = { timeoutMs: 60_000 };
const CODE = 10;

const TRANSPORTS: Record<string, () => Transport> = {
  tcp: () => tcpTransport,
  loopback: () => new LoopbackTransport(),
  "loopback byte by byte": () => new LoopbackTransport({ readBytesMax: () => 1, windowBytes: 7 }),
};

/** What one test runs: a server, and what it opens is closed behind it. */
interface Bench {
  readonly transport: Transport;
  readonly server: Server;
  readonly failures: unknown[];
  connect(options?: Partial<PeerOptions>): Promise<Peer>;
  pool(options?: Partial<PeerPoolOptions>): PeerPool;
}

const echo: RequestHandler = (request) => createResponse(request, 0, undefined, request.ext, request.body);

async function withServer(
  transport: Transport,
  options: Partial<ServerOptions>,
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const failures: unknown[] = [];
  const server = new Server({
    transport,
    hostname: HOST,
    port: 0,
    handler: echo,
    handlerFailed: (error) => failures.push(error),
    ...options,
  });
  const peers: Peer[] = [];
  const pools: PeerPool[] = [];
  try {
    await body({
      transport,
      server,
      failures,
      connect: async (more = {}) => {
        const peer = await Peer.connect(server.address, { transport, ...more });
        peers.push(peer);
        return peer;
      },
      pool: (more = {}) => {
        const pool = new PeerPool({ transport, ...more });
        pools.push(pool);
        return pool;
      },
    });
  } finally {
    for (const peer of peers) peer.close();
    for (const pool of pools) await pool.close();
    await server.stop({ timeoutMs: 100 });
  }
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);
const body = (value: string): Uint8Array => new TextEncoder().encode(value);

function oneChannel(server: Server): Promise<Channel> {
  return until(() => server.channels[0], { timeoutMs: 60_000, what: "one connection" });
}

for (const [how, makeTransport] of Object.entries(TRANSPORTS)) {
  Deno.test(`${how}: Peer.invoke() gives the response of the handler`, () =>
    withServer(makeTransport(), {}, async ({ connect, server }) => {
      const peer = await connect();
      const response = await peer.invoke(createRequest(CODE, { a: "1" }, body("hello")), SOON);
      assertEquals([response.code, response.ext, text(response.body)], [0, { a: "1" }, "hello"]);
      assertMatch(peer.localAddress, /^127\.0\.0\.1:\d+$/);
      assertEquals((await oneChannel(server)).remoteAddress, peer.localAddress);
    }));

  Deno.test(`${how}: requests of one connection are answered each with its own response`, () =>
    withServer(makeTransport(), {}, async ({ connect }) => {
      const peer = await connect();
      const asked = Array.from(
        { length: 200 },
        (_, n) => peer.invoke(createRequest(CODE, { n: `${n}` }, new Uint8Array(n)), SOON),
      );
      const answers = await Promise.all(asked);
      assertEquals(answers.map((answer) => [answer.ext["n"], answer.body.length]), answers.map((_, n) => [`${n}`, n]));
      assertEquals(peer.counts.outstanding, 0);
    }));

  Deno.test(`${how}: responses may come in another order than the requests`, async () => {
    const gate: PromiseWithResolvers<void> = Promise.withResolvers();
    const handler: RequestHandler = async (request) => {
      if (request.ext["wait"] === "true") await gate.promise;
      return createResponse(request, 0, undefined, request.ext);
    };
    await withServer(makeTransport(), { handler }, async ({ connect }) => {
      const peer = await connect();
      const first = peer.invoke(createRequest(CODE, { wait: "true", n: "1" }), SOON);
      const second = await peer.invoke(createRequest(CODE, { n: "2" }), SOON);
      assertEquals(second.ext["n"], "2");
      gate.resolve();
      assertEquals((await first).ext["n"], "1");
    });
  });

  Deno.test(`${how}: Peer.invoke() is given up at its deadline and the late response is counted`, async () => {
    const gate: PromiseWithResolvers<void> = Promise.withResolvers();
    const handler: RequestHandler = async (request) => {
      if (request.code === CODE) await gate.promise;
      return createResponse(request, 0);
    };
    await withServer(makeTransport(), { handler }, async ({ connect, server }) => {
      const peer = await connect();
      const error = await assertRejects(
        () => peer.invoke(createRequest(CODE), { timeoutMs: 30 }),
        NetError,
        "no response within 30 ms",
      );
      assertEquals([error.code, error.retryable], ["REQUEST_TIMEOUT", true]);
      assertEquals(error.address, `${HOST}:${server.port}`);
      gate.resolve();
      await peer.invoke(createRequest(CODE + 1), SOON);
      await until(() => peer.counts.unknownResponses === 1, { timeoutMs: 60_000, what: "the late response" });
    });
  });

  Deno.test(`${how}: a timeout closes the connection when that is asked for`, () =>
    withServer(makeTransport(), { handler: () => undefined }, async ({ connect }) => {
      const peer = await connect({ closeOnTimeout: true });
      const waiting = assertRejects(() => peer.invoke(createRequest(CODE), SOON), NetError, "is closed");
      await assertRejects(() => peer.invoke(createRequest(CODE), { timeoutMs: 20 }), NetError, "within 20 ms");
      await waiting;
      assertEquals(peer.isOpen, false);
      assertInstanceOf(await peer.closed, NetError);
    }));

  Deno.test(`${how}: Peer.invoke() ends when its signal is aborted`, () =>
    withServer(makeTransport(), { handler: () => undefined }, async ({ connect }) => {
      const peer = await connect();
      const abort = new AbortController();
      const waiting = assertRejects(
        () => peer.invoke(createRequest(CODE), { ...SOON, signal: abort.signal }),
        Error,
        "enough",
      );
      await until(() => peer.counts.outstanding === 1, { timeoutMs: 60_000, what: "the request" });
      abort.abort(new Error("enough"));
      await waiting;
      assertEquals(peer.counts.outstanding, 0);
      await assertRejects(() => peer.invoke(createRequest(CODE), { ...SOON, signal: abort.signal }), Error, "enough");
    }));

  Deno.test(`${how}: one-way requests are handled and never answered, not even on failure`, async () => {
    const seen: string[] = [];
    const handler: RequestHandler = (request) => {
      seen.push(request.ext["n"] ?? "");
      if (request.ext["n"] === "2") throw new Error("broken");
      return createResponse(request, 0);
    };
    await withServer(makeTransport(), { handler }, async ({ connect, failures }) => {
      const peer = await connect();
      for (const n of ["1", "2", "3"]) peer.oneway(createRequest(CODE, { n }));
      await peer.invoke(createRequest(CODE, { n: "4" }), SOON);
      assertEquals(seen, ["1", "2", "3", "4"]);
      assertEquals([peer.counts.unknownResponses, failures.length], [0, 1]);
    });
  });

  Deno.test(`${how}: a throw in the handler is answered with code 1, a ResponseError with its own`, async () => {
    const handler: RequestHandler = (request) => {
      if (request.code === 1) throw new RangeError("too far");
      if (request.code === 2) return Promise.reject(new TypeError("later"));
      throw new ResponseError(17, "no such topic");
    };
    await withServer(makeTransport(), { handler }, async ({ connect, failures }) => {
      const peer = await connect();
      const answers = await Promise.all([1, 2, 3].map((code) => peer.invoke(createRequest(code), SOON)));
      assertEquals(answers.map(({ code, remark }) => [code, remark]), [
        [1, "RangeError: too far"],
        [1, "TypeError: later"],
        [17, "no such topic"],
      ]);
      assertEquals(failures.length, 2);
    });
  });

  Deno.test(`${how}: the server may ask its client, and one that answers nothing says so`, () =>
    withServer(makeTransport(), {}, async ({ connect, server }) => {
      const seen: number[] = [];
      await connect({
        onRequest: (request) => {
          seen.push(request.code);
          return createResponse(request, 0, undefined, {}, body("from the client"));
        },
      });
      const channel = await oneChannel(server);
      assertEquals(text((await channel.invoke(createRequest(221), SOON)).body), "from the client");
      channel.oneway(createRequest(40));
      await until(() => seen.length === 2, { timeoutMs: 60_000, what: "the one-way request" });
      await connect();
      const second = await until(() => server.channels[1], { timeoutMs: 60_000, what: "a second connection" });
      const refused = await second.invoke(createRequest(221), SOON);
      assertEquals([refused.code, refused.remark], [3, " request type 221 not supported"]);
    }));

  Deno.test(`${how}: broken bytes close that connection only, after the whole frames in front of them`, () =>
    withServer(makeTransport(), {}, async ({ connect, server, transport }) => {
      const peer = await connect();
      await peer.invoke(createRequest(CODE), SOON);
      const raw = await transport.connect(server.address, SOON);
      const whole = encodeFrame({ ...createRequest(CODE), opaque: 7 });
      const bytes = new Uint8Array([...whole, 0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
      for (let at = 0; at < bytes.length;) at += await raw.write(bytes.subarray(at));
      await until(() => server.channels.length === 1, { timeoutMs: 60_000, what: "the connection to be closed" });
      raw.close();
      assertEquals((await peer.invoke(createRequest(CODE), SOON)).code, 0);
    }));

  Deno.test(`${how}: the end of the connection rejects what waits and later requests`, () =>
    withServer(makeTransport(), { handler: () => undefined }, async ({ connect, server }) => {
      const peer = await connect();
      const waiting = assertRejects(() => peer.invoke(createRequest(CODE), SOON), NetError, "is closed");
      const channel = await oneChannel(server);
      await until(() => channel.counts.requests === 1, { timeoutMs: 60_000, what: "the request" });
      channel.close();
      await waiting;
      await within(peer.closed, { timeoutMs: 60_000, what: "the close" });
      const error = await assertRejects(() => peer.invoke(createRequest(CODE), SOON), NetError);
      assertEquals(error.code, "CLOSED");
      assertThrows(() => peer.oneway(createRequest(CODE)), NetError, "is closed");
    }));

  Deno.test(`${how}: an idle connection is closed by either side, a busy one is not`, () =>
    withServer(makeTransport(), { idleMs: 60 }, async ({ connect, server }) => {
      const quiet = await connect();
      const busy = await connect();
      await until(async () => {
        await busy.invoke(createRequest(CODE), SOON);
        return !quiet.isOpen;
      }, { timeoutMs: 60_000, what: "the idle connection to be closed" });
      assertEquals([busy.isOpen, server.channels.length], [true, 1]);
      const own = await connect({ idleMs: 20 });
      assertEquals(await within(own.closed, { timeoutMs: 60_000, what: "the client's own idle close" }), undefined);
    }));

  Deno.test(`${how}: more requests in the handler than allowed are answered busy, one-way ones dropped`, async () => {
    const gate: PromiseWithResolvers<void> = Promise.withResolvers();
    const handler: RequestHandler = async (request) => {
      await gate.promise;
      return createResponse(request, 0);
    };
    await withServer(
      makeTransport(),
      { handler, inFlightMax: 2, onewayInFlightMax: 1 },
      async ({ connect, server }) => {
        const peer = await connect();
        const first = [1, 2].map(() => peer.invoke(createRequest(CODE), SOON));
        const busy = await peer.invoke(createRequest(CODE), SOON);
        assertEquals([busy.code, busy.remark], [2, "[OVERLOAD]system busy, start flow control for a while"]);
        peer.oneway(createRequest(CODE));
        peer.oneway(createRequest(CODE));
        const channel = await oneChannel(server);
        await until(() => channel.counts.onewayDropped === 1, { timeoutMs: 60_000, what: "the dropped one-way" });
        gate.resolve();
        assertEquals((await Promise.all(first)).map((response) => response.code), [0, 0]);
        assertEquals([channel.counts.refused, channel.counts.requests], [1, 5]);
      },
    );
  });

  Deno.test(`${how}: more outstanding requests than allowed are refused`, () =>
    withServer(makeTransport(), { handler: () => undefined }, async ({ connect }) => {
      const peer = await connect({ outstandingMax: 1 });
      const waiting = assertRejects(() => peer.invoke(createRequest(CODE), SOON), NetError);
      const error = await assertRejects(() => peer.invoke(createRequest(CODE), SOON), NetError);
      assertEquals(error.code, "OVERFLOW");
      peer.close();
      await waiting;
    }));

  Deno.test(`${how}: hooks see each request and response on both sides and may change or refuse them`, async () => {
    const log: string[] = [];
    const hook = (side: string): RpcHook => ({
      beforeRequest: (_, request) => {
        log.push(`${side} before ${request.code} ${request.ext["sign"] ?? ""}`);
        if (side === "client") request.ext["sign"] = "s";
        else if (request.code === 99) throw new ResponseError(16, "no permission");
      },
      afterResponse: (_, request, response) => void log.push(`${side} after ${request.code} ${response?.code}`),
    });
    await withServer(makeTransport(), { hooks: [hook("server")] }, async ({ connect }) => {
      const peer = await connect({ hooks: [hook("client")] });
      await peer.invoke(createRequest(CODE), SOON);
      assertEquals(log.splice(0), [
        "client before 10 ",
        "server before 10 s",
        "server after 10 0",
        "client after 10 0",
      ]);
      assertEquals((await peer.invoke(createRequest(99), SOON)).code, 16);
    });
  });

  Deno.test(`${how}: Server.stop() lets requests in the handler be answered`, async () => {
    const gate: PromiseWithResolvers<void> = Promise.withResolvers();
    const handler: RequestHandler = async (request) => {
      await gate.promise;
      return createResponse(request, 0);
    };
    await withServer(makeTransport(), { handler }, async ({ connect, server, transport }) => {
      const peer = await connect();
      const asked = peer.invoke(createRequest(CODE), SOON);
      const channel = await oneChannel(server);
      await until(() => channel.counts.inFlight === 1, { timeoutMs: 60_000, what: "the request" });
      const stopped = server.stop(SOON);
      gate.resolve();
      assertEquals((await asked).code, 0);
      await stopped;
      await within(peer.closed, { timeoutMs: 60_000, what: "the close" });
      await assertRejects(() => transport.connect(server.address, { timeoutMs: 2_000 }), NetError);
    });
  });

  Deno.test(`${how}: connections beyond the bound are closed at once`, () =>
    withServer(makeTransport(), { connectionsMax: 1 }, async ({ connect, server }) => {
      const first = await connect();
      await first.invoke(createRequest(CODE), SOON);
      const second = await connect();
      await within(second.closed, { timeoutMs: 60_000, what: "the refusal" });
      assertEquals([server.connectionsRefused, first.isOpen], [1, true]);
    }));

  Deno.test(`${how}: PeerPool connects once for many callers, again after a close, and not after its own`, () =>
    withServer(makeTransport(), {}, async ({ pool, server }) => {
      let opened = 0;
      const peers = pool({ opened: () => opened++ });
      const answers = await Promise.all([1, 2, 3].map(() => peers.invoke(server.address, createRequest(CODE), SOON)));
      assertEquals([answers.length, opened, peers.addresses], [3, 1, [server.address]]);
      peers.drop(server.address);
      await until(() => peers.addresses.length === 0, { timeoutMs: 60_000, what: "the peer to be gone" });
      await peers.oneway(server.address, createRequest(CODE));
      assertEquals(opened, 2);
      await peers.close();
      const error = await assertRejects(() => peers.invoke(server.address, createRequest(CODE), SOON), NetError);
      assertEquals(error.code, "CLOSED");
    }));

  Deno.test(`${how}: PeerPool closes the peer that was used longest ago when it is full`, () =>
    withServer(makeTransport(), {}, async ({ pool, server, transport }) => {
      const other = new Server({ transport, hostname: HOST, port: 0, handler: () => undefined });
      const third = new Server({ transport, hostname: HOST, port: 0, handler: echo });
      const peers = pool({ peersMax: 2 });
      await peers.peer(server.address);
      await peers.peer(other.address);
      await peers.invoke(third.address, createRequest(CODE), SOON);
      assertEquals(peers.addresses, [other.address, third.address]);
      const waiting = [other, third].map(async ({ address }) => {
        const peer = await peers.peer(address);
        return peer.invoke(createRequest(CODE), { timeoutMs: 5_000 }).catch((error: unknown) => error);
      });
      await until(async () => (await peers.peer(other.address)).counts.outstanding === 1, {
        timeoutMs: 60_000,
        what: "the request",
      });
      await waiting[1];
      await peers.peer(server.address);
      assertEquals(peers.addresses, [other.address, server.address]);
      await peers.close();
      assertInstanceOf(await waiting[0], NetError);
      await other.stop({ timeoutMs: 0 });
      await third.stop({ timeoutMs: 0 });
    }));

  Deno.test(`${how}: PeerPool repeats a request that was told to go away on a new connection`, async () => {
    let requests = 0;
    const handler: RequestHandler = (request) => createResponse(request, requests++ === 0 ? 1500 : 0);
    await withServer(makeTransport(), { handler }, async ({ pool, server }) => {
      let opened = 0;
      const peers = pool({ opened: () => opened++ });
      assertEquals((await peers.invoke(server.address, createRequest(CODE), SOON)).code, 0);
      assertEquals([requests, opened], [2, 2]);
      await until(() => server.channels.length === 1, { timeoutMs: 60_000, what: "the old connection to close" });
    });
  });

  Deno.test(`${how}: connect() to nobody is refused with the address`, async () => {
    const transport = makeTransport();
    const listener = transport.listen({ hostname: HOST, port: 0 });
    const address = `${HOST}:${listener.port}`;
    assertThrows(() => transport.listen({ hostname: HOST, port: listener.port }), NetError, address);
    listener.close();
    const error = await assertRejects(() => transport.connect(address, { timeoutMs: 2_000 }), NetError, address);
    assertEquals([error.code, error.address], ["CONNECT_FAILED", address]);
    await assertRejects(() => transport.connect("nowhere", { timeoutMs: 2_000 }), NetError, '"nowhere"');
  });

  Deno.test(`${how}: a reader that is too slow is given up`, () =>
    withServer(makeTransport(), {
      pendingBytesMax: 200_000,
      handler: (request) => createResponse(request, 0, undefined, {}, new Uint8Array(60_000)),
    }, async ({ server, transport }) => {
      const raw = await transport.connect(server.address, SOON);
      const channel = await oneChannel(server);
      const frame = encodeFrame(createRequest(CODE));
      for (let n = 0; n < 400 && channel.isOpen; n++) {
        try {
          for (let at = 0; at < frame.length;) at += await raw.write(frame.subarray(at));
        } catch {
          break; // The server has closed it while this was being written.
        }
      }
      const error = await within(channel.closed, { timeoutMs: 60_000, what: "the slow reader to be given up" });
      assertInstanceOf(error, NetError);
      assertEquals(error.code, "SLOW_READER");
      raw.close();
    }));
}

Deno.test("tcp: connect() is given up at its deadline", async () => {
  // An address of the documentation range: nothing answers there.
  const started = performance.now();
  const error = await assertRejects(() => tcpTransport.connect("192.0.2.1:9", { timeoutMs: 50 }), NetError);
  assert(error.code === "CONNECT_TIMEOUT" || error.code === "CONNECT_FAILED");
  assert(performance.now() - started < 3_000);
});

Deno.test("Channel keeps bodies apart from its read buffer", () => {
  const seen: RemotingCommand[] = [];
  return withServer(tcpTransport, {
    handler: (request) => {
      seen.push(request);
      return undefined;
    },
  }, async ({ connect }) => {
    const peer = await connect();
    for (const value of ["first", "second", "third"]) {
      peer.oneway(markOneway(createRequest(CODE, {}, body(value))));
      await until(() => seen.at(-1) !== undefined && text(seen.at(-1)!.body) === value, {
        timeoutMs: 60_000,
        what: value,
      });
    }
    assertEquals(seen.map((request) => text(request.body)), ["first", "second", "third"]);
  });
});
