import { assertEquals } from "@std/assert";
import { RequestCode } from "../../protocol/request_code.ts";
import { encodeRegisterBrokerBody } from "../../protocol/register_broker.ts";
import { bodyOf, config, DeskBench, table, utf8 } from "./desk_bench.ts";

const NO_ROUTE = "17 No topic route info in name server for the topic: X\n" +
  "See https://rocketmq.apache.org/docs/bestPractice/06FAQ for further details.";

Deno.test("NameServerDesk.answer() says of unknown codes that they are not supported", () => {
  const bench = new DeskBench();
  for (const code of [0, 10, 34, 1005, 99_999, -7]) {
    assertEquals(bench.answer(code), { code: 3, remark: ` request type ${code} not supported` });
  }
});

Deno.test("NameServerDesk.route() writes standard JSON, or fastjson's own form, or says that there is no route", () => {
  const bench = new DeskBench();
  bench.register({ clusterName: "ö", brokerName: "b" });
  assertEquals(bench.route("X"), NO_ROUTE);
  assertEquals(bench.route("T").includes(`{"0":"10.0.0.1:10911"},"brokerName":"b","cluster":"ö"`), true);
  assertEquals(bench.route("T", false).includes(`{0:"10.0.0.1:10911"},"brokerName":"b","cluster":"ö"`), true);
  assertEquals(/[ \n]/.test(bench.route("T") + bench.route("T", false)), false);
});

Deno.test("NameServerDesk.route() shows the queue order only when that is switched on", () => {
  for (
    const [sets, shows] of [[[], false], [["orderMessageEnable=true"], true], [["clusterTest=true"], true]] as const
  ) {
    const bench = new DeskBench(...sets);
    bench.register();
    bench.answer(RequestCode.PUT_KV_CONFIG, { namespace: "ORDER_TOPIC_CONFIG", key: "T", value: "a:2" });
    assertEquals(bench.route("T").includes(`"orderTopicConf":"a:2"`), shows);
    assertEquals(bench.route("TBW102").includes("orderTopicConf"), false);
    assertEquals(bench.orderChanges, ["T"]);
  }
});

Deno.test("NameServerDesk.route() writes fastjson's own form in a cluster test whoever asks", () => {
  const bench = new DeskBench("clusterTest=true", "needWaitForService=true");
  bench.register();
  assertEquals(bench.route("T", true).includes("{0:"), true);
});

Deno.test("NameServerDesk.route() keeps brokers of the zone and those without a master", () => {
  const bench = new DeskBench();
  bench.register({ __ZONE_NAME: "East" });
  bench.register({ brokerName: "b", brokerAddr: "10.0.0.2:1", __ZONE_NAME: "west" });
  bench.register({ brokerName: "d", brokerAddr: "10.0.0.3:1", brokerId: "1", __ZONE_NAME: "west" });
  const names = (zone: string): string[] =>
    [...bench.route("T", true, zone).matchAll(/"brokerName":"(\w)","(?:cluster|perm)/g)].map((match) => match[1] ?? "");
  assertEquals(names("EAST"), ["a", "d", "a", "d"]);
  assertEquals(names("west"), ["b", "d", "b", "d"]);
  assertEquals(bench.route("T", true, "west").includes(`"brokerAddrs":{0:`), true);
});

Deno.test("NameServerDesk.route() is not ready for the first seconds when it must wait for brokers", () => {
  const bench = new DeskBench("needWaitForService=true");
  bench.register();
  assertEquals(bench.route("T"), "1 name server not ready");
  bench.clock.advance(44_999);
  assertEquals(bench.route("T"), "1 name server not ready");
  bench.clock.advance(1);
  assertEquals(bench.route("T").startsWith("{"), true);
});

Deno.test("NameServerDesk reads no table while it recovers, and takes registrations", () => {
  const bench = new DeskBench();
  bench.isRecovering = true;
  const notReady = { code: 1, remark: "name server not ready" };
  assertEquals(bench.register().code, 0);
  assertEquals(bench.route("X"), "1 name server not ready");
  for (const code of [106, 206, 224, 304, 311, 312, 313, 901, 205, 327]) {
    assertEquals(bench.answer(code, { cluster: "c", clusterName: "c", brokerName: "a" }), notReady);
  }
  bench.isRecovering = false;
  assertEquals(bench.route("X"), NO_ROUTE);
});

Deno.test("NameServerDesk.answer() lists topics, all or of a cluster or by unit", () => {
  const bench = new DeskBench();
  bench.register({}, encodeRegisterBrokerBody(table([config("T"), config("U", { topicSysFlag: 3 })])));
  assertEquals(bodyOf(bench.answer(206)), `{"topicList":["T","U"]}`);
  assertEquals(bodyOf(bench.answer(224, { cluster: "c" })), `{"topicList":["T","U"]}`);
  assertEquals(bodyOf(bench.answer(224, { cluster: "nowhere" })), `{"topicList":[]}`);
  assertEquals(bodyOf(bench.answer(304)), `{"brokerAddr":"10.0.0.1:10911","topicList":["c","a"]}`);
  assertEquals(bodyOf(bench.answer(311)), `{"topicList":["U"]}`);
  assertEquals(bodyOf(bench.answer(312)), `{"topicList":["U"]}`);
  assertEquals(bodyOf(bench.answer(313)), `{"topicList":[]}`);
});

Deno.test("NameServerDesk.answer() refuses lists that are switched off", () => {
  const disabled = { code: 1, remark: "disable" };
  const some = new DeskBench("enableTopicList=false");
  for (const code of [224, 311, 312, 313]) assertEquals(some.answer(code, { cluster: "c" }), disabled);
  assertEquals(some.answer(206).code, 0);
  const all = new DeskBench("enableAllTopicList=false");
  assertEquals(all.answer(206), disabled);
  assertEquals(all.answer(304).code, 0);
  assertEquals(all.answer(311).code, 0);
});

Deno.test("NameServerDesk.answer() deletes and registers single topics", () => {
  const bench = new DeskBench();
  bench.register();
  assertEquals(bench.answer(216, { topic: "T", clusterName: "elsewhere" }).code, 0);
  assertEquals(bench.tables.topics.names(), ["T", "TBW102"]);
  assertEquals(bench.answer(216, { topic: "T", clusterName: "" }).code, 0);
  assertEquals(bench.tables.topics.names(), ["TBW102"]);
  const queues = `{"queueDatas":[{"brokerName":"a","perm":6,"readQueueNums":3,"writeQueueNums":3}]}`;
  assertEquals(bench.answer(217, { topic: "T" }, utf8(queues)).code, 0);
  assertEquals(bench.tables.topics.queuesOf("T")?.get("a")?.readQueueNums, 3);
  assertEquals(bench.answer(217, { topic: "N" }).code, 0);
  assertEquals(bench.answer(217, { topic: "N" }, utf8("{}")).code, 0);
  assertEquals(bench.tables.topics.queuesOf("N"), undefined);
});

Deno.test("NameServerDesk.answer() keeps key-value configuration on disk", () => {
  const bench = new DeskBench();
  const at = { namespace: "n", key: "k" };
  assertEquals(bench.answer(101, at), { code: 22, remark: "No config item, Namespace: n Key: k" });
  assertEquals(bench.answer(219, { namespace: "n" }), { code: 22, remark: "No config item, Namespace: n" });
  assertEquals(bench.answer(100, { key: "k", value: "v" }), { code: 1, remark: "namespace or key is null" });
  assertEquals(bench.answer(100, { ...at, value: "v" }), { code: 0 });
  assertEquals(bench.answer(101, at), { code: 0, ext: { value: "v" } });
  assertEquals(bodyOf(bench.answer(219, { namespace: "n" })), `{"table":{"k":"v"}}`);
  assertEquals(new TextDecoder().decode(bench.disk.readFile("/ns/kvConfig.json")), `{"configTable":{"n":{"k":"v"}}}`);
  assertEquals(bench.answer(102, at), { code: 0 });
  assertEquals(bench.answer(101, at).code, 22);
  assertEquals(bodyOf(bench.answer(219, { namespace: "n" })), `{"table":{}}`);
});

Deno.test("NameServerDesk.answer() changes configuration, writes it down, and refuses the black list", () => {
  const bench = new DeskBench("configBlackList=configBlackList;orderMessageEnable");
  const refused = { code: 16, remark: "Can not update config in black list." };
  for (const key of ["configBlackList", "configStorePath", "kvConfigPath", "rocketmqHome", "orderMessageEnable"]) {
    assertEquals(bench.answer(318, {}, utf8(`enableTopicList=false\n${key}=x\n`)), refused);
  }
  assertEquals(bench.configuration.values.enableTopicList, true);
  assertEquals(bench.answer(318, {}, utf8("enableTopicList=false\nlistenPort=x\nnobody=1\n")), { code: 0 });
  assertEquals(bench.answer(311), { code: 1, remark: "disable" });
  const text = bodyOf(bench.answer(319));
  assertEquals(text.includes("\nenableTopicList=false\n"), true);
  assertEquals(text.includes("\nlistenPort=9876\n"), true);
  assertEquals(text.includes("nobody"), false);
  assertEquals(new TextDecoder().decode(bench.disk.readFile("/ns/namesrv.properties")), text);
  assertEquals(bench.answer(318), { code: 0 });
  assertEquals(bench.answer(318, {}, utf8("a=\\u1")), { code: 1, remark: "string2Properties error" });
});
