import { assertEquals, assertThrows } from "@std/assert";
import { decodeConsumerFilterTable } from "../../../protocol/bodies/consumer_filters.ts";
import { bloomDataOf, bloomShape, isBloomDataOf } from "../../../store/filter/bloom_filter.ts";
import { ConsumerFilters, type FilterSubscription } from "../../../store/filter/consumer_filters.ts";
import { storeFile } from "../../protocol/golden.ts";

const SHAPE = bloomShape(20, 32);

const sql = (topic: string, subString: string, subVersion: number): FilterSubscription => ({
  topic,
  subString,
  subVersion,
  expressionType: "SQL92",
});

const tags = (topic: string): FilterSubscription => ({ topic, subString: "A", subVersion: 1, expressionType: "TAG" });

function rows(filters: ConsumerFilters): unknown[] {
  return [...filters.entries().values()].flatMap(({ groupFilterData }) =>
    [...groupFilterData.values()].map((
      { topic, consumerGroup, expression, clientVersion, bornTime, deadTime, dead },
    ) => [
      topic,
      consumerGroup,
      expression,
      clientVersion,
      bornTime,
      deadTime,
      dead,
    ])
  );
}

Deno.test("bloomDataOf() gives the bits that Apache's broker wrote", () => {
  const { filterDataByTopic } = decodeConsumerFilterTable(storeFile("store-clean/config/consumerFilter.json"));
  const stored = filterDataByTopic.get("GoldSql")?.groupFilterData.get("GoldGroupSql")?.bloomFilterData;
  assertEquals(bloomDataOf(SHAPE, "GoldGroupSql#GoldSql"), { ...stored!, bitPos: [...stored!.bitPos] });
  assertEquals([isBloomDataOf(SHAPE, stored), isBloomDataOf(bloomShape(10, 32), stored)], [true, false]);
});

Deno.test("bloomShape() refuses rates and counts that RocketMQ refuses", () => {
  for (const [rate, names] of [[0, 32], [100, 32], [20, 0]] as const) {
    assertThrows(() => bloomShape(rate, names), RangeError);
  }
  assertEquals(bloomShape(1, 1), { hashes: 7, bits: 16 });
});

Deno.test("ConsumerFilters.register() takes the newer version, and ignores an older one whatever it says", () => {
  const filters = new ConsumerFilters(SHAPE);
  filters.register("g", [sql("T", "a > 1", 10), tags("U")], 100);
  assertEquals(rows(filters), [["T", "g", "a > 1", 10, 100, 0, false]]);
  filters.register("g", [sql("T", "a > 2", 9)], 200);
  filters.register("g", [sql("T", "a > 3", 10)], 200);
  assertEquals(filters.get("T", "g")?.expression, "a > 1");
  filters.register("g", [sql("T", "a > 1", 11)], 300);
  assertEquals(rows(filters), [["T", "g", "a > 1", 11, 100, 0, false]]);
  filters.register("g", [sql("T", "a > 4", 12)], 400);
  assertEquals(rows(filters), [["T", "g", "a > 4", 12, 400, 0, false]]);
});

Deno.test("ConsumerFilters.register() drops a filter whose newer expression cannot be compiled", () => {
  const filters = new ConsumerFilters(SHAPE);
  filters.register("g", [sql("T", "a >", 10)], 100);
  assertEquals(filters.get("T", "g"), undefined);
  filters.register("g", [sql("T", "a > 1", 11)], 100);
  filters.register("g", [sql("T", "a > >", 12)], 100);
  assertEquals(filters.get("T", "g"), undefined);
  filters.register("g", [{ ...sql("T", "a > 1", 13), expressionType: "OTHER" }], 100);
  assertEquals(filters.get("T", "g"), undefined);
});

Deno.test("ConsumerFilters: who leaves is dead, comes back with the same version, and is forgotten after a day", () => {
  const filters = new ConsumerFilters(SHAPE);
  const day = 24 * 3_600_000;
  filters.register("g", [sql("T", "a > 1", 10), sql("U", "b = 'x'", 10)], 100);
  filters.register("h", [sql("T", "a > 1", 10)], 100);
  filters.register("g", [sql("T", "a > 1", 10)], 200);
  assertEquals(rows(filters).map((row) => (row as unknown[]).slice(0, 2).concat((row as unknown[]).slice(5))), [
    ["T", "g", 0, false],
    ["T", "h", 0, false],
    ["U", "g", 200, true],
  ]);
  filters.unregister("g", 300);
  assertEquals(filters.get("T", "g")?.expression, "a > 1", "a dead filter is still there");
  filters.register("g", [sql("T", "a > 1", 10)], 400);
  filters.clean(199 + day, day);
  assertEquals(rows(filters).length, 3);
  filters.clean(200 + day, day);
  assertEquals([...filters.entries().keys()], ["T"]);
});

Deno.test("ConsumerFilters.load() takes Apache's file with all filters dead, or nothing when the bits are of another shape", () => {
  const { filterDataByTopic } = decodeConsumerFilterTable(storeFile("store-clean/config/consumerFilter.json"));
  const [stored] = filterDataByTopic.get("GoldSql")!.groupFilterData.values();
  const filters = new ConsumerFilters(SHAPE);
  assertEquals(filters.load(filterDataByTopic.values(), stored!.deadTime + 1), true);
  assertEquals([filters.dirty, filters.get("GoldSql", "GoldGroupSql")?.expression], [false, stored!.expression]);
  const alive = [{
    topic: "T",
    groupFilterData: new Map([["g", { ...stored!, topic: "T", deadTime: 0, dead: false }]]),
  }];
  filters.load(alive, stored!.bornTime + 40_000);
  filters.load([{
    ...alive[0]!,
    groupFilterData: new Map([["h", { ...stored!, consumerGroup: "h", topic: "T", deadTime: 0, dead: false }]]),
  }], stored!.bornTime + 1);
  assertEquals(
    [...filters.entries().get("T")!.groupFilterData.values()].map(({ deadTime }) => deadTime - stored!.bornTime),
    [10_000, 0],
  );
  const other = new ConsumerFilters(bloomShape(10, 32));
  assertEquals([other.load(filterDataByTopic.values(), 0), other.entries().size], [false, 0]);
});

Deno.test("ConsumerFilters keeps to its limit", () => {
  const filters = new ConsumerFilters(SHAPE, 2);
  for (const topic of ["A", "B", "C"]) filters.register("g", [sql(topic, "a > 1", 1)], 100);
  assertEquals([...filters.entries().keys()], ["A", "B"]);
});
