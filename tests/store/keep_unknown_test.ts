import { assertEquals } from "@std/assert";
import { parseFastJson, stringifyFastJson } from "../../protocol/fast_json.ts";
import { javaHashOrder } from "../../store/java_hash_order.ts";
import { keepUnknownFields } from "../../store/keep_unknown.ts";

Deno.test("keepUnknownFields() keeps fields of objects that are still there", () => {
  const read = parseFastJson(
    '{"top":1,"table":{"a":{"known":1,"extra":[2]},"gone":{"extra":3}},"nested":{"x":{"y":4}}}',
  );
  const written = { table: new Map([["a", { known: 9 }], ["new", { known: 5 }]]), nested: {} };
  assertEquals(
    stringifyFastJson(keepUnknownFields(written, read)),
    '{"nested":{"x":{"y":4}},"table":{"a":{"extra":[2],"known":9},"new":{"known":5}},"top":1}',
  );
});

Deno.test("keepUnknownFields() lets what is written win, also over another kind of value", () => {
  const read = parseFastJson('{"a":{"b":1},"c":[1],"d":{0:1}}');
  assertEquals(
    stringifyFastJson(keepUnknownFields({ a: 2, c: { e: 3 }, d: new Map([[0, 7]]) }, read)),
    '{"a":2,"c":{"e":3},"d":{0:7}}',
  );
  assertEquals(stringifyFastJson(keepUnknownFields({ a: 1 }, undefined)), '{"a":1}');
});

Deno.test("javaHashOrder() orders as a Java HashMap of the recorded broker did", () => {
  const groups = ["CID_RMQ_SYS_TRANS", "GoldGroup1", "GoldGroup2", "GoldGroupSql"];
  assertEquals(javaHashOrder(groups, 128), ["GoldGroup2", "GoldGroup1", "CID_RMQ_SYS_TRANS", "GoldGroupSql"]);
});

Deno.test("javaHashOrder() keeps the order of insertion inside a bucket", () => {
  assertEquals(javaHashOrder(["Aa", "BB"], 16), ["Aa", "BB"]);
  assertEquals(javaHashOrder(["BB", "Aa"], 16), ["BB", "Aa"]);
});
