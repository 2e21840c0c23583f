/**
 * Hostile bytes: nothing that a connection sends ends an actor, grows memory, or disturbs another connection.
 */

import { assert, assertEquals } from "@std/assert";
import { encodeFrame } from "../../protocol/frame.ts";
import { createRequest } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { within } from "../helpers/until.ts";
import { MASTER, tableBody } from "./desk_bench.ts";
import { goldenExchanges } from "./golden_frames.ts";
import { withNameServerProcess } from "./name_server_process.ts";
import { withNameServer } from "./servers.ts";
import { WireClient } from "./wire_client.ts";
import type { NameServer } from "../../actors/name_server/mod.ts";

const SEED = 20_260_117;
const FRAME_BYTES_MAX = 16_777_216;

/** A small generator with a seed, so that a failure can be had again. */
function randomOf(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

/** Sends bytes over a connection of their own and waits until the server has answered, closed, or said nothing for a moment. */
async function throwAt(port: number, bytes: Uint8Array): Promise<void> {
  using client = await WireClient.connect(port);
  try {
    await client.send(bytes);
    await within(client.receive(), { timeoutMs: 5, what: "an answer" });
  } catch {
    // A reset, a broken answer or silence are all right; what counts is how others fare.
  }
}

/** A registered broker and a client that must not notice anything. */
async function withBystanders(body: (server: NameServer, check: () => Promise<void>) => Promise<void>): Promise<void> {
  await withNameServer({}, async (server) => {
    using broker = await WireClient.connect(server.port);
    const answer = await broker.invoke(RequestCode.REGISTER_BROKER, MASTER, tableBody());
    assertEquals(answer.code, 0);
    using client = await WireClient.connect(server.port);
    const query = (topic: string): ReturnType<WireClient["invoke"]> =>
      client.invoke(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic });
    const expected = (await query("T")).body;
    const check = async (): Promise<void> => {
      assertEquals((await query("T")).body, expected);
      assertEquals((await query("X")).code, 17);
      assertEquals((await server.report()).handlersFailed, 0);
    };
    await body(server, check);
    await check();
  });
}

function words(...values: number[]): Uint8Array {
  const bytes = new Uint8Array(values.length * 4);
  const view = new DataView(bytes.buffer);
  values.forEach((value, at) => view.setInt32(at * 4, value));
  return bytes;
}

Deno.test("name server closes the connection when a length is impossible, and only that one", async () => {
  await withBystanders(async (server, check) => {
    const lengths = [0, 1, 2, 3, -1, -2_147_483_648, 2_147_483_647, FRAME_BYTES_MAX + 1, FRAME_BYTES_MAX - 3];
    for (const length of lengths) {
      using client = await WireClient.connect(server.port);
      await client.send(words(length, 0, 0, 0));
      assertEquals(await client.receive(), undefined, `length ${length}`);
    }
    for (const header of [0xffffff, 0x7fffffff, 0x05000000, 0x01000008, 0x00000009]) {
      await throwAt(server.port, words(12, header, 0, 0));
    }
    await check();
  });
});

Deno.test("name server survives random bytes", async () => {
  const random = randomOf(SEED);
  await withBystanders(async (server, check) => {
    for (let round = 0; round < 150; round++) {
      const bytes = Uint8Array.from({ length: 1 + random(2_000) }, () => random(256));
      // Half of them have a length that fits, so that what is behind it is looked at.
      if (round % 2 === 0 && bytes.length > 8) new DataView(bytes.buffer).setInt32(0, bytes.length - 4);
      await throwAt(server.port, bytes);
      if (round % 50 === 0) await check();
    }
  });
});

Deno.test("name server survives mutated frames of every request that was recorded", async () => {
  const random = randomOf(SEED + 1);
  const byCode = new Map<number, Uint8Array>();
  for (const name of ["broker-namesrv", "broker-namesrv-restart", "mqadmin-namesrv", "java54-binary-header"]) {
    for (const { request, frame } of goldenExchanges(name)) {
      // A mutated update of the configuration may switch lists off, which is no failure but would look like one.
      if (request.code !== RequestCode.UPDATE_NAMESRV_CONFIG) {
        byCode.set(request.code * 2 + request.serializeType, frame);
      }
    }
  }
  assert(byCode.size >= 8);
  await withBystanders(async (server, check) => {
    for (const frame of byCode.values()) {
      for (let round = 0; round < 25; round++) {
        const bytes = frame.slice();
        const flips = 1 + random(4);
        for (let flip = 0; flip < flips; flip++) bytes[4 + random(bytes.length - 4)] = random(256);
        await throwAt(server.port, round % 5 === 0 ? bytes.subarray(0, 1 + random(bytes.length)) : bytes);
      }
      await check();
    }
  });
});

Deno.test("name server answers every known code when header and body are missing or nonsense", async () => {
  const random = randomOf(SEED + 2);
  await withBystanders(async (server, check) => {
    using client = await WireClient.connect(server.port);
    const codes = [100, 101, 102, 103, 104, 105, 106, 205, 206, 216, 217, 219, 224, 304, 311, 312, 313, 318, 319, 322];
    for (const code of [...codes, 327, 901, 904, 905, 1005, 40]) {
      assert((await client.invoke(code)).code >= 0);
      const ext = { topic: "\u0000\ud800", brokerName: "", brokerId: "99999999999999999999", clusterName: "[]" };
      assert((await client.invoke(code, ext, new Uint8Array(0))).code >= 0);
      if (code === RequestCode.UPDATE_NAMESRV_CONFIG) continue;
      const noise = Uint8Array.from({ length: 300 }, () => random(256));
      assert((await client.invoke(code, { ...MASTER, brokerName: "noise", brokerAddr: "9.9.9.9:9" }, noise)).code >= 0);
    }
    await check();
  });
});

Deno.test("name server refuses a registration that inflates beyond its bound", async () => {
  const { deflateSync } = await import("node:zlib");
  await withBystanders(async (server, check) => {
    using client = await WireClient.connect(server.port);
    const bomb = new Uint8Array(deflateSync(new Uint8Array(100_000_000)));
    const answer = await client.invoke(RequestCode.REGISTER_BROKER, { ...MASTER, brokerName: "bomb" }, bomb);
    assertEquals(answer.code, 1);
    assert(answer.remark?.includes("Failed to decode RegisterBrokerBody"), answer.remark);
    await check();
  });
});

Deno.test("name server keeps no memory for half frames, and serves others beside them", async () => {
  await withNameServerProcess(async (server) => {
    using broker = await WireClient.connect(server.port);
    const check = await bystanderOf(server.port, broker);
    const frame = encodeFrame(createRequest(RequestCode.REGISTER_BROKER, MASTER, tableBody()));
    const silent = await Promise.all(Array.from({ length: 200 }, () => WireClient.connect(server.port)));
    // Each declares a frame of 16 MiB and sends a few bytes of it: 3 GiB if lengths were believed.
    const half = new Uint8Array([...words(FRAME_BYTES_MAX - 4), ...frame.subarray(4, 100)]);
    for (const client of silent) await client.send(half);
    await check();
    const residentBytes = server.residentBytes();
    assert(residentBytes < 500_000_000, `resident: ${residentBytes}`);
    for (const client of silent) client[Symbol.dispose]();
  });
});

Deno.test("name server closes a connection that is silent for longer than the idle time", async () => {
  await withNameServer({ serverChannelMaxIdleTimeSeconds: 1 }, async (server) => {
    using client = await WireClient.connect(server.port);
    await client.send(words(100, 0));
    assertEquals(await client.receive(), undefined);
  });
});

Deno.test("name server takes no more memory when thousands of bad connections follow hundreds", async () => {
  const random = randomOf(SEED + 3);
  await withNameServerProcess(async (server) => {
    using broker = await WireClient.connect(server.port);
    const check = await bystanderOf(server.port, broker);
    const storm = async (count: number): Promise<void> => {
      for (let at = 0; at < count; at++) {
        using client = await WireClient.connect(server.port);
        await client.send(Uint8Array.from({ length: 64 }, () => random(256)));
      }
      await check();
    };
    await storm(500);
    const before = server.residentBytes();
    await storm(2_000);
    const grown = server.residentBytes() - before;
    assert(grown < 64_000_000, `grown by ${grown} bytes`);
  });
});

/** Registers a broker; the function it gives asks for its route over a connection of its own. */
async function bystanderOf(port: number, broker: WireClient): Promise<() => Promise<void>> {
  const query = async (): Promise<Uint8Array> => {
    using client = await WireClient.connect(port);
    return (await client.invoke(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "T" })).body;
  };
  assertEquals((await broker.invoke(RequestCode.REGISTER_BROKER, MASTER, tableBody())).code, 0);
  const expected = await query();
  return async () => assertEquals(await query(), expected);
}
