import { assertEquals, assertThrows } from "@std/assert";
import { ConfigFile, ConfigFiles } from "../../actors/broker/controller/config_files.ts";
import { PlaneBench } from "./plane_bench.ts";

const STORES = new URL("../golden/stores/", import.meta.url);

function files(): { files: ConfigFiles; bench: PlaneBench } {
  const bench = new PlaneBench();
  return { files: new ConfigFiles(bench.plane.state), bench };
}

for (const store of ["store-clean", "store-killed", "store-timer"]) {
  for (const file of [ConfigFile.Topics, ConfigFile.Groups, ConfigFile.Offsets, ConfigFile.Filters]) {
    Deno.test(`ConfigFiles writes ${file} of ${store} byte for byte as RocketMQ did`, () => {
      const text = Deno.readTextFileSync(new URL(`${store}/config/${file}`, STORES));
      const bench = new PlaneBench({ files: { [file]: text }, conf: goldConf(store) });
      const mine = new ConfigFiles(bench.plane.state);
      mine.load(file, text);
      assertEquals(mine.encode(file), text);
      bench.plane.stop();
    });
  }
}

/** Names after which a store's broker called its topics, so that no system topic is added to those of the file. */
function goldConf(store: string): string {
  return Deno.readTextFileSync(new URL(`${store}/manifest-broker.conf`, STORES)).split("\n")
    .filter((line) => /^(brokerClusterName|brokerName|timerWheelEnable)=/.test(line)).join("\n");
}

Deno.test("ConfigFiles keeps fields that it does not know", () => {
  const text = JSON.stringify({
    dataVersion: { counter: 3, stateVersion: 0, timestamp: 9 },
    future: { a: 1 },
    topicConfigTable: { T: { topicName: "T", perm: 6, readQueueNums: 2, writeQueueNums: 2, priority: "high" } },
  });
  const { files: mine, bench } = files();
  mine.load(ConfigFile.Topics, text);
  bench.plane.state.topics.touch(10);
  const written = JSON.parse(mine.encode(ConfigFile.Topics));
  assertEquals([written.future, written.topicConfigTable.T.priority, written.dataVersion.counter], [
    { a: 1 },
    "high",
    4,
  ]);
  bench.plane.stop();
});

Deno.test("ConfigFiles writes what changed since it wrote last, and the rest as before", () => {
  const text = '{"topicConfigTable":{"A":{"topicName":"A","perm":6,"priority":"high"},"B":{"topicName":"B","perm":6}}}';
  const { files: mine, bench } = files();
  mine.load(ConfigFile.Topics, text);
  const { topics, groups } = bench.plane.state;
  const before = mine.encode(ConfigFile.Topics);
  assertEquals(mine.encode(ConfigFile.Topics), before);
  topics.update({ ...topics.get("B")!, perm: 4 }, 10);
  topics.remove("A", 11);
  const written = JSON.parse(mine.encode(ConfigFile.Topics)).topicConfigTable;
  assertEquals([written.A, written.B.perm], [undefined, 4]);
  assertEquals(JSON.parse(mine.encode(ConfigFile.Topics)), JSON.parse(mine.encodeCompact(ConfigFile.Topics)));
  groups.place({ ...groups.get("TOOLS_CONSUMER")!, groupName: "g" });
  const first = mine.encode(ConfigFile.Groups);
  groups.place({ ...groups.get("g")!, retryMaxTimes: 3 });
  assertEquals(mine.encode(ConfigFile.Groups), first.replace(/("groupName":"g"[^}]*\}[^}]*"retryMaxTimes":)16/, "$13"));
  bench.plane.stop();
});

Deno.test("ConfigFiles loads a file of RocketMQ 4.9, which has fewer fields", () => {
  const { files: mine, bench } = files();
  mine.load(ConfigFile.Offsets, '{"offsetTable":{"T@g":{0:12,"1":3}}}');
  mine.load(
    ConfigFile.Groups,
    '{"dataVersion":{"counter":1,"timestamp":5},"subscriptionGroupTable":{"g":{"groupName":"g","retryMaxTimes":3}}}',
  );
  const { offsets, groups } = bench.plane.state;
  assertEquals([offsets.query("g", "T", 0), offsets.query("g", "T", 1)], [12, 3]);
  assertEquals([groups.get("g")?.retryMaxTimes, groups.get("g")?.consumeEnable, groups.version.counter], [3, true, 1]);
  bench.plane.stop();
});

Deno.test("ConfigFiles refuses text that is not RocketMQ's and takes nothing over", () => {
  const { files: mine, bench } = files();
  const { version } = bench.plane.state.topics;
  assertThrows(() => mine.load(ConfigFile.Topics, '{"topicConfigTable":{"T":'));
  assertEquals(bench.plane.state.topics.version, version);
  bench.plane.stop();
});

Deno.test("ControlPlane takes the backup when a file is damaged, and refuses to start when both are", () => {
  const text = '{"dataVersion":{"counter":7},"topicConfigTable":{"T":{"topicName":"T"}}}';
  const bench = new PlaneBench({ files: { "topics.json": "{", "topics.json.bak": text } });
  assertEquals([bench.plane.state.topics.has("T"), bench.plane.state.topics.version.counter], [true, 7]);
  bench.plane.stop();
  assertThrows(() => new PlaneBench({ files: { "topics.json": "{", "topics.json.bak": "{" } }));
});
