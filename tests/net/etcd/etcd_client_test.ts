/** The client over its gateway, with answers as a script gives them. */
import { assertEquals, assertRejects } from "@std/assert";
import { endpointsOf, EtcdClient, type Fetch } from "../../../actors/net/etcd/etcd_client.ts";
import { EtcdError } from "../../../actors/net/etcd/etcd.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";

type Script = (url: string, body: unknown, signal: AbortSignal) => Response | Promise<Response>;

function clientOf(endpoints: string[], script: Script): { client: EtcdClient; asked: string[]; clock: SimulatedClock } {
  const asked: string[] = [];
  const clock = new SimulatedClock();
  const fetch: Fetch = async (url, init) => {
    asked.push(url);
    return await script(url, JSON.parse(String(init.body)), init.signal!);
  };
  return { client: new EtcdClient({ endpoints, clock, timeoutMs: 900, fetch }), asked, clock };
}

const json = (value: unknown, status = 200): Response => new Response(JSON.stringify(value), { status });

Deno.test("endpointsOf() takes a list apart", () => {
  assertEquals(endpointsOf(" a:1; b:2,c:3;"), ["a:1", "b:2", "c:3"]);
});

Deno.test("EtcdClient asks the next endpoint when one does not answer, and begins there the next time", async () => {
  const { client, asked } = clientOf(["a:1", "http://b:2/"], (url) => {
    if (url.startsWith("http://a")) throw new TypeError("connection refused");
    return json({ kvs: [] });
  });
  assertEquals(await client.list("/x"), []);
  await client.list("/x");
  assertEquals(asked, ["http://a:1/v3/kv/range", "http://b:2/v3/kv/range", "http://b:2/v3/kv/range"]);
});

Deno.test("EtcdClient shares its time among silent endpoints and then gives up", async () => {
  const { client, clock, asked } = clientOf(
    ["a:1", "b:2", "c:3"],
    (_, __, signal) => new Promise((_, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  );
  const failed = assertRejects(() => client.keepAlive("7"), EtcdError, "no answer within 300 ms");
  await clock.run(899);
  assertEquals(asked.length, 3);
  await clock.run(1);
  assertEquals((await failed).code, "ETCD_UNREACHABLE");
  assertEquals(clock.timers, 0);
});

Deno.test("EtcdClient asks elsewhere when etcd is unavailable, and nowhere when it refuses", async () => {
  const codes = { unavailable: 14, refused: 3 };
  for (const [name, code] of Object.entries(codes)) {
    const { client, asked } = clientOf(["a:1", "b:2"], () => json({ error: name, code, message: name }, 503));
    const error = await assertRejects(() => client.grant(2), EtcdError, name);
    assertEquals([error.code, asked.length], code === 14 ? ["ETCD_UNREACHABLE", 2] : ["ETCD_REFUSED", 1]);
  }
});

Deno.test("EtcdClient refuses what is no answer", async () => {
  for (const [text, what] of [["<html>", "<html>"], ["[]", "no object"], ['{"ID":1,"TTL":"2"}', "no text"]] as const) {
    const { client } = clientOf(["a:1"], () => new Response(text));
    await assertRejects(() => client.grant(2), EtcdError, what);
  }
});

Deno.test("EtcdClient reads no more than its bound", async () => {
  const { client } = clientOf(["a:1"], () => new Response(new Uint8Array(5 * 1024 * 1024)));
  await assertRejects(() => client.list("/x"), EtcdError, "more than");
});
