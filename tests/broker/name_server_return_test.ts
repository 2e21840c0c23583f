/** A broker whose name server is started again. */
import { assert } from "@std/assert";
import { startNameServer } from "../../actors/name_server/mod.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { freePort } from "../../tools/free_ports.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { filesIn } from "../name_server/servers.ts";
import { PATIENCE_MS, withBroker } from "./broker_bench.ts";

/** Rounds of registration are at least so far apart. */
const ROUND_MS = 10_000;

Deno.test("a broker registers with a name server that comes back, and does not wait for its next round", async () => {
  const folder = await Deno.makeTempDir({ prefix: "ringmq-name-server-" });
  try {
    const settings = { ...filesIn(folder), listenPort: freePort() };
    const address = `127.0.0.1:${settings.listenPort}`;
    const untilRouted = async (): Promise<void> => {
      using client = await RawClient.connect(address);
      const isRouted = async (): Promise<boolean> =>
        (await client.call(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "T" })).code === 0;
      await until(isRouted, { timeoutMs: PATIENCE_MS, what: "a route" });
    };
    // It ends after the broker: who counts threads around the body finds as many as before.
    let nameServer = await startNameServer({ settings });
    await withBroker({ settings: { namesrvAddr: address, registerNameServerPeriod: 60_000 } }, async (broker) => {
      await broker.topic("T", { queues: 1 });
      await untilRouted();
      const endedMs = performance.now();
      await nameServer.stop();
      nameServer = await startNameServer({ settings });
      const backMs = performance.now();
      await untilRouted();
      const tookMs = performance.now() - backMs;
      assert(tookMs < ROUND_MS / 2, `it took ${tookMs} ms, ${backMs - endedMs} ms after the end`);
    });
    await nameServer.stop();
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
