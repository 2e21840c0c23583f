import { assert, assertEquals } from "@std/assert";
import { RouteTables } from "../../actors/name_server/route_tables.ts";
import type { RouteSettings } from "../../actors/name_server/route_types.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";
import { RecordingObserver, registration, settings, topic } from "./builders.ts";

const MASTER = "10.0.0.1:10911";
const SLAVE = "10.0.0.2:10911";

interface Bench {
  readonly clock: SimulatedClock;
  readonly observer: RecordingObserver;
  readonly tables: RouteTables;
}

function bench(fields: Partial<RouteSettings> = {}): Bench {
  const clock = new SimulatedClock();
  const observer = new RecordingObserver();
  return { clock, observer, tables: new RouteTables(clock, () => settings(fields), observer) };
}

function addresses(tables: RouteTables, topicName: string): Record<string, Record<number, string>> | undefined {
  const route = tables.routeOf(topicName);
  return route &&
    Object.fromEntries(route.brokers.map((group) => [group.brokerName, Object.fromEntries(group.addresses)]));
}

function perms(tables: RouteTables, topicName: string): number[] | undefined {
  return tables.routeOf(topicName)?.queues.map((queue) => queue.perm);
}

function slave(fields: Partial<ReturnType<typeof registration>> = {}): ReturnType<typeof registration> {
  return registration({ brokerId: 1, address: SLAVE, haServerAddress: "10.0.0.2:10912", channel: 2, ...fields });
}

Deno.test("RouteTables.routeOf() gives the queues and addresses of a master when it has registered", () => {
  const { tables } = bench();
  assertEquals(tables.routeOf("T"), undefined);
  assertEquals(tables.register(registration()), { kind: "accepted" });
  assertEquals(tables.routeOf("T"), {
    brokers: [{
      cluster: "c",
      brokerName: "a",
      addresses: new Map([[0, MASTER]]),
      zoneName: undefined,
      enableActingMaster: false,
    }],
    queues: [{ brokerName: "a", readQueueNums: 4, writeQueueNums: 4, perm: 6, topicSysFlag: 0 }],
    filterServers: new Map(),
    mappings: undefined,
  });
  tables.check();
});

Deno.test("RouteTables.register() refuses a single topic when the broker id is new, and leaves nothing behind", () => {
  const { tables } = bench();
  assertEquals(tables.register(registration({ topics: [topic("T")] })), { kind: "refused" });
  assertEquals([...tables.brokers.groups.keys()], []);
  assertEquals([...tables.brokers.clusters.keys()], []);
  tables.register(registration());
  const next = registration({ topics: [topic("U")], dataVersion: { stateVersion: 0, timestamp: 2, counter: 2 } });
  assertEquals(tables.register(next), { kind: "accepted" });
  assertEquals(tables.topics.names(), ["T", "TBW102", "U"]);
  assertEquals(tables.register(slave({ topics: [topic("T")] })), { kind: "refused" });
  tables.check();
});

Deno.test("RouteTables.register() tells a slave its master, and takes no topics from it", () => {
  const { tables } = bench();
  assertEquals(tables.register(slave({ enableActingMaster: undefined })), { kind: "accepted" });
  assertEquals(tables.routeOf("T"), undefined);
  tables.register(registration());
  assertEquals(tables.register(slave({ topics: [topic("S"), topic("R")] })), {
    kind: "accepted",
    masterAddress: MASTER,
    masterHaAddress: "10.0.0.1:10912",
  });
  assertEquals(tables.routeOf("S"), undefined);
  assertEquals(addresses(tables, "T"), { a: { 0: MASTER, 1: SLAVE } });
});

Deno.test("RouteTables.register() takes topics from the lowest slave when it knows of acting masters", () => {
  const { tables } = bench();
  tables.register(slave({ enableActingMaster: false }));
  assertEquals(perms(tables, "T"), [6]);
  tables.register(slave({
    enableActingMaster: true,
    dataVersion: { stateVersion: 0, timestamp: 2, counter: 2 },
  }));
  assertEquals(perms(tables, "T"), [4]);
});

Deno.test("RouteTables.register() keeps queues when the data version is the same", () => {
  const { tables, observer } = bench();
  tables.register(registration());
  observer.clear();
  tables.register(registration({ topics: [topic("T", { perm: 4 }), topic("TBW102", { perm: 7 })] }));
  assertEquals(perms(tables, "T"), [6]);
  assertEquals([observer.everyCount, observer.topics.length, observer.liveCount], [0, 0, 0]);
  tables.register(registration({
    topics: [topic("T", { perm: 4 }), topic("TBW102", { perm: 7 })],
    dataVersion: { stateVersion: 0, timestamp: 2, counter: 2 },
  }));
  assertEquals(perms(tables, "T"), [4]);
  assertEquals(observer.topics, ["T"]);
});

Deno.test("RouteTables.register() brings a deleted topic back when the data version is the same", () => {
  const { tables } = bench();
  tables.register(registration());
  tables.deleteTopic("T");
  assertEquals(tables.routeOf("T"), undefined);
  tables.register(registration());
  assertEquals(perms(tables, "T"), [6]);
});

Deno.test("RouteTables.register() moves an address when it comes with another broker id", () => {
  const { tables } = bench();
  tables.register(registration());
  tables.register(slave());
  tables.register(slave({ brokerId: 0, dataVersion: { stateVersion: 1, timestamp: 2, counter: 2 } }));
  assertEquals(addresses(tables, "T"), { a: { 0: SLAVE } });
  tables.check();
});

Deno.test("RouteTables.register() ignores a broker when the live holder of its id has a newer state version", () => {
  const { tables } = bench();
  tables.register(registration({ dataVersion: { stateVersion: 5, timestamp: 1, counter: 1 } }));
  tables.register(slave());
  const claim = slave({ brokerId: 0, dataVersion: { stateVersion: 4, timestamp: 9, counter: 9 } });
  assertEquals(tables.register(claim), { kind: "conflict" });
  assertEquals(addresses(tables, "T"), { a: { 0: MASTER } });
  assertEquals(tables.dataVersionOf("c", SLAVE), undefined);
  assertEquals(tables.register({ ...claim, dataVersion: { stateVersion: 5, timestamp: 9, counter: 9 } }), {
    kind: "accepted",
  });
  assertEquals(addresses(tables, "T"), { a: { 0: SLAVE } });
});

Deno.test("RouteTables.register() deletes topics that it does not bring when that is wanted", () => {
  const { tables } = bench({ deleteTopicWithBrokerRegistration: true });
  tables.register(registration());
  tables.register(registration({ brokerName: "b", address: "10.0.0.3:10911" }));
  tables.register(registration({ topics: [topic("T"), topic("U")] }));
  assertEquals(tables.routeOf("TBW102")?.queues.map((queue) => queue.brokerName), ["b"]);
  assertEquals(tables.topics.names().sort(), ["T", "TBW102", "U"]);
});

Deno.test("RouteTables.removeExpired() removes brokers that were silent for longer than their time-out", () => {
  const { tables, clock } = bench();
  tables.register(registration());
  tables.register(slave({ timeoutMs: 10_000 }));
  clock.advance(10_000);
  assertEquals(tables.removeExpired(), []);
  clock.advance(1);
  assertEquals(tables.removeExpired(), [2]);
  assertEquals(addresses(tables, "T"), { a: { 0: MASTER } });
  clock.advance(109_999);
  assertEquals(tables.removeExpired(), []);
  tables.touch("c", MASTER);
  clock.advance(120_000);
  assertEquals(tables.removeExpired(), []);
  clock.advance(1);
  assertEquals(tables.removeExpired(), [1]);
  assertEquals(tables.topics.names(), []);
  assertEquals([...tables.brokers.clusters.keys()], []);
  tables.check();
});

Deno.test("RouteTables.channelClosed() removes every broker of the connection at once", () => {
  const { tables } = bench();
  tables.register(registration());
  tables.register(registration({ brokerName: "b", address: "10.0.0.3:10911" }));
  tables.register(registration({ brokerName: "d", address: "10.0.0.4:10911", channel: 9 }));
  tables.channelClosed(7);
  tables.channelClosed(1);
  assertEquals(addresses(tables, "T"), { d: { 0: "10.0.0.4:10911" } });
  tables.check();
});

Deno.test("RouteTables.channelClosed() ignores an old connection when the broker has registered over a new one", () => {
  const { tables } = bench();
  tables.register(registration());
  tables.register(registration({ channel: 3 }));
  tables.channelClosed(1);
  assertEquals(addresses(tables, "T"), { a: { 0: MASTER } });
});

Deno.test("RouteTables.unregister() forgets topics of the last replica, and ignores who is unknown", () => {
  const { tables } = bench();
  tables.register(registration());
  tables.register(slave());
  tables.unregister([{ cluster: "c", brokerName: "a", brokerId: 0, address: MASTER }]);
  assertEquals(addresses(tables, "T"), { a: { 1: SLAVE } });
  assertEquals(perms(tables, "T"), [6]);
  tables.unregister([{ cluster: "x", brokerName: "zz", brokerId: 3, address: "1.1.1.1:1" }]);
  tables.unregister([{ cluster: "c", brokerName: "a", brokerId: 1, address: SLAVE }]);
  assertEquals(tables.routeOf("T"), undefined);
  tables.check();
});

Deno.test("RouteTables.routeOf() presents the lowest slave as master when acting masters are supported", () => {
  const { tables } = bench({ supportActingMaster: true });
  tables.register(registration({
    enableActingMaster: true,
    topics: [topic("T"), topic("rmq_sys_SYNC_BROKER_MEMBER_a")],
  }));
  tables.register(slave({ enableActingMaster: true }));
  tables.register(slave({ brokerId: 2, address: "10.0.0.5:10911", enableActingMaster: true }));
  assertEquals(addresses(tables, "T"), { a: { 0: MASTER, 1: SLAVE, 2: "10.0.0.5:10911" } });
  tables.unregister([{ cluster: "c", brokerName: "a", brokerId: 0, address: MASTER }]);
  assertEquals(perms(tables, "T"), [4]);
  assertEquals(addresses(tables, "T"), { a: { 0: SLAVE, 2: "10.0.0.5:10911" } });
  assertEquals(addresses(tables, "rmq_sys_SYNC_BROKER_MEMBER_a"), { a: { 1: SLAVE, 2: "10.0.0.5:10911" } });
});

Deno.test("RouteTables.routeOf() presents no acting master when the broker or the server does not want one", () => {
  for (const [supportActingMaster, enableActingMaster] of [[true, false], [false, true]] as const) {
    const { tables } = bench({ supportActingMaster });
    tables.register(registration({ enableActingMaster }));
    tables.register(slave({ enableActingMaster }));
    tables.unregister([{ cluster: "c", brokerName: "a", brokerId: 0, address: MASTER }]);
    assertEquals(addresses(tables, "T"), { a: { 1: SLAVE } });
  }
});

Deno.test("RouteTables tells the rest of the group when the lowest id changes", () => {
  const { tables, observer } = bench({ notifyMinBrokerIdChanged: true });
  tables.register(slave({ enableActingMaster: true }));
  assertEquals(observer.notices, []);
  tables.register(registration({ enableActingMaster: true }));
  assertEquals(observer.notices, [{
    minBrokerId: 0,
    minBrokerAddress: MASTER,
    offlineBrokerAddress: undefined,
    haBrokerAddress: "10.0.0.1:10912",
    receivers: [SLAVE],
  }]);
  observer.clear();
  tables.unregister([{ cluster: "c", brokerName: "a", brokerId: 0, address: MASTER }]);
  assertEquals(observer.notices, [{
    minBrokerId: 1,
    minBrokerAddress: SLAVE,
    offlineBrokerAddress: MASTER,
    haBrokerAddress: undefined,
    receivers: [SLAVE],
  }]);
});

Deno.test("RouteTables.wipeWritePermission() clears the write bit and addWritePermission() sets read and write", () => {
  const { tables, observer } = bench();
  tables.register(registration());
  tables.register(registration({ brokerName: "b", address: "10.0.0.3:10911" }));
  observer.clear();
  assertEquals(tables.wipeWritePermission("a"), 2);
  assertEquals([perms(tables, "T"), perms(tables, "TBW102")], [[4, 6], [5, 7]]);
  assertEquals(observer.topics.sort(), ["T", "TBW102"]);
  assertEquals(tables.addWritePermission("a"), 2);
  assertEquals([perms(tables, "T"), perms(tables, "TBW102")], [[6, 6], [6, 7]]);
  assertEquals(tables.wipeWritePermission("nobody"), 0);
});

Deno.test("RouteTables.deleteTopic() deletes only on the brokers of a cluster when one is named", () => {
  const { tables } = bench();
  tables.register(registration());
  tables.register(registration({ cluster: "d", brokerName: "b", address: "10.0.0.3:10911" }));
  tables.deleteTopic("T", "nowhere");
  tables.deleteTopic("T", "c");
  assertEquals(addresses(tables, "T"), { b: { 0: "10.0.0.3:10911" } });
  tables.deleteTopic("T", "d");
  assertEquals(tables.routeOf("T"), undefined);
  tables.check();
});

Deno.test("RouteTables.registerTopic() takes queues only of brokers that are registered", () => {
  const { tables } = bench();
  tables.register(registration());
  const shape = { readQueueNums: 2, writeQueueNums: 2, perm: 6, topicSysFlag: 0 };
  tables.registerTopic("N", [{ brokerName: "a", ...shape }, { brokerName: "zz", ...shape }]);
  assertEquals(tables.routeOf("N"), undefined);
  tables.registerTopic("N", [{ brokerName: "a", ...shape }]);
  assertEquals(tables.routeOf("N")?.queues[0]?.readQueueNums, 2);
  tables.registerTopic("N", [{ brokerName: "a", ...shape, readQueueNums: 3 }, { brokerName: "zz", ...shape }]);
  assertEquals(tables.routeOf("N")?.queues[0]?.readQueueNums, 3);
});

Deno.test("RouteTables lists topics by cluster and by unit flags", () => {
  const { tables } = bench();
  tables.register(registration({
    topics: [
      topic("plain"),
      topic("unit", { topicSysFlag: 1 }),
      topic("sub", { topicSysFlag: 2 }),
      topic("both", { topicSysFlag: 3 }),
    ],
  }));
  tables.register(registration({ cluster: "d", brokerName: "b", address: "10.0.0.3:10911" }));
  assertEquals(tables.topics.namesByUnit("unit"), ["unit", "both"]);
  assertEquals(tables.topics.namesByUnit("unit-sub"), ["sub", "both"]);
  assertEquals(tables.topics.namesByUnit("unit-sub-only"), ["sub"]);
  assertEquals(tables.topics.namesOn(new Set(["b"])), ["T", "TBW102"]);
});

Deno.test("RouteTables keeps filter servers by address until an empty list comes", () => {
  const { tables } = bench();
  tables.register(registration({ filterServers: ["10.0.0.1:9000"] }));
  assertEquals(tables.routeOf("T")?.filterServers, new Map([[MASTER, ["10.0.0.1:9000"]]]));
  tables.register(registration({ filterServers: undefined }));
  assertEquals(tables.routeOf("T")?.filterServers.size, 1);
  tables.register(registration());
  assertEquals(tables.routeOf("T")?.filterServers.size, 0);
});

Deno.test("RouteTables keeps the mapping of a static topic until its last broker is gone", () => {
  const { tables } = bench();
  const info = { topic: "T", bname: "a", currIdMap: new Map([[0, 1]]), dirty: false, epoch: 1, totalQueues: 1 };
  const mapping = { topic: "T", brokerName: "a", info };
  tables.register(registration({ mappings: [mapping] }));
  tables.deleteTopic("T");
  tables.register(registration({ mappings: [mapping] }));
  assertEquals(tables.routeOf("T")?.mappings, new Map([["a", info]]));
  tables.channelClosed(1);
  tables.register(registration());
  assertEquals(tables.routeOf("T")?.mappings, undefined);
});

Deno.test("RouteTables reports a change of every topic when addresses change, and of single topics otherwise", () => {
  const { tables, observer } = bench();
  tables.register(registration());
  assert(observer.everyCount > 0);
  assertEquals(observer.liveCount, 1);
  observer.clear();
  tables.register(slave());
  assert(observer.everyCount > 0);
  observer.clear();
  tables.register(registration({
    topics: [topic("T"), topic("TBW102", { perm: 7 }), topic("new")],
    dataVersion: { stateVersion: 0, timestamp: 2, counter: 2 },
  }));
  assertEquals([observer.everyCount, observer.topics], [0, ["new"]]);
});
