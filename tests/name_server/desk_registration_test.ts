import { assertEquals, assertThrows } from "@std/assert";
import { RegistrationBodyError } from "../../actors/name_server/registration_body.ts";
import { bodyCrc } from "../../protocol/crc32.ts";
import { encodeDataVersion } from "../../protocol/data_version.ts";
import { HeaderError } from "../../protocol/errors.ts";
import { encodeRegisterBrokerBody, encodeRegisterBrokerBodyCompressed } from "../../protocol/register_broker.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { bodyOf, config, DeskBench, MASTER, table, tableBody, utf8 } from "./desk_bench.ts";

const SLAVE = { brokerId: "1", brokerAddr: "10.0.0.2:10911", haServerAddr: "10.0.0.2:10912" };

Deno.test("NameServerDesk.answer() registers a JSON body and gives a slave its master", () => {
  const bench = new DeskBench();
  assertEquals(bench.register(), { code: 0, ext: {} });
  assertEquals(bench.register(SLAVE), {
    code: 0,
    ext: { haServerAddr: "10.0.0.1:10912", masterAddr: "10.0.0.1:10911" },
  });
  assertEquals(
    bench.route("T"),
    `{"brokerDatas":[{"brokerAddrs":{"0":"10.0.0.1:10911","1":"10.0.0.2:10911"},"brokerName":"a","cluster":"c",` +
      `"enableActingMaster":false}],"filterServerTable":{},"queueDatas":[{"brokerName":"a","perm":6,` +
      `"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}`,
  );
});

Deno.test("NameServerDesk.answer() registers a compressed body whatever the header says of it", () => {
  const body = table([config("T"), config("TBW102")]);
  for (const compressed of ["true", "false"]) {
    for (const version of [409, 493]) {
      const bench = new DeskBench();
      const bytes = encodeRegisterBrokerBodyCompressed(body, version);
      assertEquals(bench.register({ compressed }, bytes, version).code, 0);
      assertEquals(bench.tables.topics.names(), ["T", "TBW102"]);
      const plain = new DeskBench();
      assertEquals(plain.register({ compressed }, encodeRegisterBrokerBody(body), version).code, 0);
      assertEquals(plain.tables.topics.names(), ["T", "TBW102"]);
    }
  }
});

Deno.test("NameServerDesk.answer() reads the mapping section of a compressed body from version 413 on", () => {
  const info = { topic: "T", bname: "a", currIdMap: new Map([[0, 2]]), dirty: false, epoch: 7, totalQueues: 1 };
  const plain = table([config("T"), config("TBW102")]);
  const wrapper = { ...plain.topicConfigSerializeWrapper, topicQueueMappingInfoMap: new Map([["T", info]]) };
  const bench = new DeskBench();
  bench.register({}, encodeRegisterBrokerBodyCompressed({ ...plain, topicConfigSerializeWrapper: wrapper }, 413), 413);
  assertEquals(
    bench.route("T").split(`"topicQueueMappingByBroker":`)[1],
    `{"a":{"bname":"a","currIdMap":{"0":2},"dirty":false,"epoch":7,"topic":"T","totalQueues":1}}}`,
  );
});

Deno.test("NameServerDesk.answer() reads a bare topic table when the broker is older than version 37", () => {
  const bench = new DeskBench();
  const text = `{"dataVersion":{"counter":3,"timestamp":5},"topicConfigTable":{` +
    `"T":{"perm":6,"readQueueNums":8,"topicName":"T","writeQueueNums":8},"U":{"topicName":"U"}}}`;
  assertEquals(bench.register({}, utf8(text), 36).code, 0);
  assertEquals(bench.tables.topics.queuesOf("T")?.get("a")?.readQueueNums, 8);
  assertEquals(bench.tables.topics.queuesOf("U")?.get("a")?.readQueueNums, 16);
  assertEquals(bench.tables.dataVersionOf("c", "10.0.0.1:10911"), { stateVersion: 0, timestamp: 5, counter: 3 });
});

Deno.test("NameServerDesk.answer() checks the sum of the body as it was sent", () => {
  const bench = new DeskBench();
  const body = encodeRegisterBrokerBodyCompressed(table([config("T"), config("TBW102")]));
  const sum = bodyCrc(body);
  assertEquals(bench.register({ bodyCrc32: String(sum + 1) }, body), { code: 1, remark: "crc32 not match" });
  assertEquals(bench.register({ bodyCrc32: "7" }, new Uint8Array(0)), { code: 1, remark: "crc32 not match" });
  assertEquals(bench.register({ bodyCrc32: String(sum) }, body).code, 0);
  assertEquals(bench.register({ bodyCrc32: "0" }, tableBody()).code, 0);
});

Deno.test("NameServerDesk.answer() refuses a single topic of a broker that it does not know", () => {
  const bench = new DeskBench();
  const single = encodeRegisterBrokerBody(table([config("T")]));
  assertEquals(bench.register({}, single), { code: 1, remark: "register broker failed" });
  assertEquals(bench.register({}, new Uint8Array(0)).code, 0);
  assertEquals(bench.register({}, single).code, 0);
});

Deno.test("NameServerDesk.answer() throws when a registration cannot be read, and registers nothing", () => {
  const bench = new DeskBench();
  for (const text of ["{", "[]", "\x78\x9cx", `{"topicConfigSerializeWrapper":3}`, "nonsense"]) {
    const body = Uint8Array.from(text, (character) => character.charCodeAt(0));
    assertThrows(() => bench.register({}, body), RegistrationBodyError, "Failed to decode RegisterBrokerBody");
  }
  const { brokerName: _, ...nameless } = MASTER;
  assertThrows(() => bench.answer(RequestCode.REGISTER_BROKER, nameless, tableBody()), HeaderError, "brokerName");
  assertThrows(() => bench.register({ brokerId: "x" }), HeaderError, "brokerId");
  assertEquals(bench.tables.brokers.groups.size, 0);
});

Deno.test("NameServerDesk.answer() gives the queue order of topics to brokers unless that is switched off", () => {
  for (const [set, expected] of [["true", `{"table":{"T":"a:4"}}`], ["false", ""]] as const) {
    const bench = new DeskBench(`returnOrderTopicConfigToBroker=${set}`);
    bench.answer(RequestCode.PUT_KV_CONFIG, { namespace: "ORDER_TOPIC_CONFIG", key: "T", value: "a:4" });
    assertEquals(bodyOf(bench.register()), expected);
  }
});

Deno.test("NameServerDesk.answer() says whether a data version changed, and takes the question as a sign of life", () => {
  const bench = new DeskBench();
  const version = { stateVersion: 0, timestamp: 1, counter: 1 };
  const ask = (counter: number): unknown => {
    const reply = bench.answer(RequestCode.QUERY_DATA_VERSION, MASTER, encodeDataVersion({ ...version, counter }));
    return [reply.ext?.["changed"], bodyOf(reply)];
  };
  assertEquals(ask(1), ["true", ""]);
  bench.register();
  const known = `{"counter":1,"stateVersion":0,"timestamp":1}`;
  assertEquals(ask(2), ["true", known]);
  bench.clock.advance(119_000);
  assertEquals(ask(1), ["false", known]);
  bench.clock.advance(119_000);
  assertEquals(bench.tables.removeExpired(), []);
});

Deno.test("NameServerDesk.answer() keeps a broker alive by heartbeats, and removes it when it leaves", () => {
  const bench = new DeskBench();
  bench.register({ heartbeatTimeoutMillis: "1000" });
  for (let at = 0; at < 5; at++) {
    bench.clock.advance(900);
    assertEquals(bench.answer(RequestCode.BROKER_HEARTBEAT, MASTER).code, 0);
    assertEquals(bench.tables.removeExpired(), []);
  }
  assertEquals(bench.answer(RequestCode.UNREGISTER_BROKER, MASTER), { code: 0 });
  assertEquals(bench.tables.routeOf("T"), undefined);
  assertEquals(bench.answer(RequestCode.UNREGISTER_BROKER, MASTER), { code: 0 });
});

Deno.test("NameServerDesk.answer() shows members, clusters and permissions of brokers", () => {
  const bench = new DeskBench();
  bench.register({ __ZONE_NAME: "z" });
  bench.register(SLAVE);
  assertEquals(
    bodyOf(bench.answer(RequestCode.GET_BROKER_MEMBER_GROUP, { clusterName: "c", brokerName: "a" })),
    `{"brokerMemberGroup":{"brokerAddrs":{0:"10.0.0.1:10911",1:"10.0.0.2:10911"},"brokerName":"a","cluster":"c"}}`,
  );
  assertEquals(
    bodyOf(bench.answer(RequestCode.GET_BROKER_MEMBER_GROUP, { clusterName: "c", brokerName: "x" })),
    `{"brokerMemberGroup":{"brokerAddrs":{},"brokerName":"x","cluster":"c"}}`,
  );
  assertEquals(bench.answer(RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName: "a" }).ext, { wipeTopicCount: "2" });
  assertEquals(bench.answer(RequestCode.ADD_WRITE_PERM_OF_BROKER, { brokerName: "a" }).ext, { addTopicCount: "2" });
});
