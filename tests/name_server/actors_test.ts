/**
 * The name server's actors when something goes wrong: paused, killed, killed again.
 */

import { assert, assertEquals } from "@std/assert";
import {
  type NameServer,
  nameServerOf,
  type SupervisedNameServer,
  superviseNameServer,
} from "../../actors/name_server/name_server.ts";
import type { NameServerValues } from "../../actors/name_server/mod.ts";
import type { SupervisorEvent } from "../../actors/kernel/supervisor.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { workersRunning } from "../../actors/kernel/worker_count.ts";
import { MASTER, tableBody } from "./desk_bench.ts";
import { filesIn } from "./servers.ts";
import { textOf, WireClient } from "./wire_client.ts";

interface Bench extends SupervisedNameServer {
  readonly server: NameServer;
  readonly events: SupervisorEvent[];
}

async function withSupervised(
  settings: Partial<NameServerValues>,
  body: (bench: Bench) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ringmq-name-server-" });
  const workers = workersRunning().length;
  const events: SupervisorEvent[] = [];
  const supervised = superviseNameServer({
    settings: { ...filesIn(folder), ...settings },
    onEvent: (event) => events.push(event),
  });
  try {
    await supervised.supervisor.start();
    await using server = await nameServerOf(supervised);
    await body({ ...supervised, server, events });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
  assertEquals(workersRunning().length, workers);
}

async function register(client: WireClient, brokerName = "a", brokerAddr = "10.0.0.1:10911"): Promise<void> {
  const answer = await client.invoke(RequestCode.REGISTER_BROKER, { ...MASTER, brokerName, brokerAddr }, tableBody());
  assertEquals(answer.code, 0, answer.remark);
}

async function route(client: WireClient, topic: string): Promise<string> {
  const answer = await client.invoke(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic });
  return answer.code === 0 ? textOf(answer) : `${answer.code} ${answer.remark?.split("\n")[0]}`;
}

function restarted(events: readonly SupervisorEvent[], child: string, times: number): boolean {
  return events.filter((event) => event.kind === "restarted" && event.child === child).length >= times;
}

Deno.test("name server answers busy in time while RouteInfoManager is paused, and sockets stay up", async () => {
  await withSupervised({ routeAskTimeoutMs: 200 }, async ({ server, supervisor, routes }) => {
    using client = await WireClient.connect(server.port);
    await register(client);
    const known = await route(client, "T");
    await supervisor.ref(routes).pause({ timeoutMs: 5_000 });
    assertEquals(await route(client, "T"), known);
    assertEquals(await route(client, "TBW102"), "2 [TIMEOUT]system busy, start flow control for a while");
    using other = await WireClient.connect(server.port);
    assertEquals(await route(other, "T"), known);
    supervisor.ref(routes).resume();
    await until(async () => (await route(client, "TBW102")).startsWith("{"), { timeoutMs: 60_000, what: "a route" });
    const report = await server.report();
    assert(report.timedOut >= 1);
    assertEquals([report.connections, report.handlersFailed], [2, 0]);
  });
});

Deno.test("name server refuses what passes the bound of waiting requests, and answers the rest when it can", async () => {
  const bounds = { clientRequestThreadPoolQueueCapacity: 2, routeAskTimeoutMs: 5_000 };
  await withSupervised(bounds, async ({ server, supervisor, routes }) => {
    using client = await WireClient.connect(server.port);
    await register(client);
    await supervisor.ref(routes).pause({ timeoutMs: 5_000 });
    using one = await WireClient.connect(server.port);
    using two = await WireClient.connect(server.port);
    const waiting = [route(one, "T"), route(two, "TBW102")];
    await until(async () => (await server.report()).asksWaiting === 2, { timeoutMs: 60_000, what: "two that wait" });
    using three = await WireClient.connect(server.port);
    assertEquals(await route(three, "X"), "2 [OVERLOAD]system busy, start flow control for a while");
    supervisor.ref(routes).resume();
    for (const answer of await Promise.all(waiting)) assert(answer.startsWith("{"), answer);
  });
});

Deno.test("name server never says that a topic does not exist because its tables were lost", async () => {
  await withSupervised({}, async ({ server, supervisor, routes, events }) => {
    using a = await WireClient.connect(server.port);
    using b = await WireClient.connect(server.port);
    using client = await WireClient.connect(server.port);
    await register(a);
    await register(b, "b", "10.0.0.2:10911");
    const known = await route(client, "T");
    assert(known.includes(`"b"`));
    supervisor.ref(routes).crash("injected by the test");
    await until(() => restarted(events, "RouteInfoManager", 1), { timeoutMs: 60_000, what: "the restart" });

    // What was asked before the crash is still known; the rest is not ready, and nothing is missing.
    assertEquals(await route(client, "T"), known);
    assertEquals(await route(client, "TBW102"), "1 name server not ready");
    assertEquals(await route(client, "nobody has this"), "1 name server not ready");
    assertEquals((await client.invoke(RequestCode.GET_BROKER_CLUSTER_INFO)).remark, "name server not ready");

    await register(a);
    assertEquals(await route(client, "TBW102"), "1 name server not ready");
    assertEquals(await route(client, "T"), known);
    await register(b, "b", "10.0.0.2:10911");
    assertEquals(await route(client, "T"), known);
    assert((await route(client, "TBW102")).includes(`"b"`));
    assert((await route(client, "nobody has this")).startsWith("17 "));
  });
});

Deno.test("name server ends the recovery after its wait when a broker does not come back", async () => {
  await withSupervised({ recoveryWaitSeconds: 1, scanNotActiveBrokerInterval: 50 }, async (bench) => {
    const { server, supervisor, routes, events } = bench;
    using client = await WireClient.connect(server.port);
    await register(client);
    const known = await route(client, "T");
    supervisor.ref(routes).crash("injected by the test");
    await until(() => restarted(events, "RouteInfoManager", 1), { timeoutMs: 60_000, what: "the restart" });
    assertEquals(await route(client, "T"), known);
    await until(async () => (await route(client, "T")).startsWith("17 "), { timeoutMs: 60_000, what: "the end of it" });
  });
});

Deno.test("name server keeps values and configuration across a crash of RouteInfoManager", async () => {
  await withSupervised({}, async ({ server, supervisor, routes, events }) => {
    using client = await WireClient.connect(server.port);
    await client.invoke(RequestCode.PUT_KV_CONFIG, { namespace: "n", key: "k", value: "v" });
    const change = new TextEncoder().encode("enableTopicList=false\n");
    assertEquals((await client.invoke(RequestCode.UPDATE_NAMESRV_CONFIG, {}, change)).code, 0);
    supervisor.ref(routes).crash("injected by the test");
    await until(() => restarted(events, "RouteInfoManager", 1), { timeoutMs: 60_000, what: "the restart" });
    assertEquals((await client.invoke(RequestCode.GET_KV_CONFIG, { namespace: "n", key: "k" })).ext, { value: "v" });
    assertEquals((await client.invoke(RequestCode.GET_UNIT_TOPIC_LIST)).remark, "disable");
    // Nobody was registered, so there is nothing to wait for.
    assert((await route(client, "T")).startsWith("17 "));
  });
});

Deno.test("name server keeps its tables and its port when the gateway crashes", async () => {
  await withSupervised({}, async ({ server, supervisor, gateway, events }) => {
    const client = await WireClient.connect(server.port);
    await register(client);
    supervisor.ref(gateway).crash("injected by the test");
    await until(() => restarted(events, "NameServerGateway", 1), { timeoutMs: 60_000, what: "the restart" });
    assertEquals(await client.receive(), undefined);
    client[Symbol.dispose]();
    using again = await WireClient.connect(server.port);
    assert((await route(again, "T")).startsWith("{"));
    await register(again);
    assert((await route(again, "T")).startsWith("{"));
  });
});

Deno.test("name server gives up when RouteInfoManager crashes again and again", async () => {
  await withSupervised({}, async ({ server, supervisor, routes, events }) => {
    for (let crash = 1; crash <= 4; crash++) {
      supervisor.ref(routes).crash(`crash ${crash}`);
      await until(
        () => events.some((event) => event.kind === "gave-up") || restarted(events, "RouteInfoManager", crash),
        {
          timeoutMs: 60_000,
          what: `what follows crash ${crash}`,
        },
      );
    }
    assertEquals((await server.ended).exitCode, 7);
  });
});

Deno.test("name server forgets a broker at once when its connection ends, and an expired one with its connection", async () => {
  await withSupervised({ scanNotActiveBrokerInterval: 20 }, async ({ server }) => {
    using client = await WireClient.connect(server.port);
    const broker = await WireClient.connect(server.port);
    await register(broker);
    assert((await route(client, "T")).startsWith("{"));
    broker[Symbol.dispose]();
    await until(async () => (await route(client, "T")).startsWith("17 "), { timeoutMs: 60_000, what: "its end" });

    using silent = await WireClient.connect(server.port);
    const header = { ...MASTER, heartbeatTimeoutMillis: "100" };
    assertEquals((await silent.invoke(RequestCode.REGISTER_BROKER, header, tableBody())).code, 0);
    assert((await route(client, "T")).startsWith("{"));
    assertEquals(await silent.receive(), undefined);
    await until(async () => (await route(client, "T")).startsWith("17 "), { timeoutMs: 60_000, what: "its expiry" });
  });
});

Deno.test("name server tells the members of a group when the lowest live id changes", async () => {
  await withSupervised({ notifyMinBrokerIdChanged: true }, async ({ server }) => {
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    try {
      const told = (async () => {
        const conn = await listener.accept();
        return WireClient.over(conn);
      })();
      const slaveAddress = `127.0.0.1:${listener.addr.port}`;
      using client = await WireClient.connect(server.port);
      const slave = { ...MASTER, brokerId: "1", brokerAddr: slaveAddress, enableActingMaster: "true" };
      assertEquals((await client.invoke(RequestCode.REGISTER_BROKER, slave, tableBody())).code, 0);
      using master = await WireClient.connect(server.port);
      await master.invoke(RequestCode.REGISTER_BROKER, { ...MASTER, enableActingMaster: "true" }, tableBody());
      using member = await told;
      const joined = await member.receive();
      assertEquals([joined?.code, joined?.flag], [RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, 2]);
      assertEquals(joined?.ext, { minBrokerId: "0", minBrokerAddr: "10.0.0.1:10911", haBrokerAddr: "10.0.0.1:10912" });
      master[Symbol.dispose]();
      const left = await member.receive();
      assertEquals(left?.ext, {
        minBrokerId: "1",
        minBrokerAddr: slaveAddress,
        offlineBrokerAddr: "10.0.0.1:10911",
      });
    } finally {
      listener.close();
    }
  });
});
