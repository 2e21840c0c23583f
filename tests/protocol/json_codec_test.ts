import { assertEquals, assertThrows } from "@std/assert";
import { HeaderError, ProtocolError } from "../../protocol/errors.ts";
import {
  bean,
  decodeBody,
  double,
  encodeBody,
  flag,
  formatConfigFile,
  ints,
  type JsonCodec,
  list,
  numberTable,
  objectTable,
  oneOf,
  optional,
  type Pair,
  required,
  table,
  text,
  whole,
  withOldNames,
} from "../../protocol/json_codec.ts";
import { decodeUtf8, encodeUtf8 } from "../../protocol/utf8.ts";

interface Key {
  readonly queueId: number;
}

interface Sample {
  readonly count: number;
  readonly rate: number;
  readonly on: boolean;
  readonly name: string;
  readonly kind: "A" | "B";
  readonly maybe?: string | undefined;
  readonly tags: readonly string[];
  readonly bits: readonly number[];
  readonly byName: ReadonlyMap<string, number>;
  readonly byId: ReadonlyMap<number, string>;
  readonly byKey: readonly Pair<Key, number>[];
}

const key: JsonCodec<Key> = bean<Key>({ queueId: whole() });
const sample: JsonCodec<Sample> = bean<Sample>({
  count: whole(),
  rate: double(),
  on: flag(true),
  name: text("none"),
  kind: oneOf(["A", "B"], "A"),
  maybe: optional(text()),
  tags: list(text()),
  bits: ints(),
  byName: table(whole()),
  byId: numberTable(text()),
  byKey: objectTable(key, whole()),
});

const FULL =
  `{"bits":[1,2],"byId":{1:"x"},"byKey":{{"queueId":3}:4},"byName":{"b":1,"a":2},"count":7,"kind":"B","maybe":"m",` +
  `"name":"n","on":false,"rate":2.0,"tags":["t"]}`;

Deno.test("bean() reads and writes each kind of field", () => {
  const value = decodeBody(sample, FULL);
  assertEquals(value, {
    count: 7,
    rate: 2,
    on: false,
    name: "n",
    kind: "B",
    maybe: "m",
    tags: ["t"],
    bits: [1, 2],
    byName: new Map([["b", 1], ["a", 2]]),
    byId: new Map([[1, "x"]]),
    byKey: [[{ queueId: 3 }, 4]],
  });
  assertEquals(decodeUtf8(encodeBody(sample, value)), FULL);
});

Deno.test("bean() writes standard JSON where there is a standard form", () => {
  const value = { ...decodeBody(sample, FULL), byKey: [] };
  assertEquals(JSON.parse(decodeUtf8(encodeBody(sample, value, "standard"))).byId, { 1: "x" });
});

Deno.test("bean() gives defaults for what is missing or null and ignores what is unknown", () => {
  const expected: Sample = {
    count: 0,
    rate: 0,
    on: true,
    name: "none",
    kind: "A",
    tags: [],
    bits: [],
    byName: new Map(),
    byId: new Map(),
    byKey: [],
  };
  assertEquals(decodeBody(sample, "{}"), expected);
  assertEquals(decodeBody(sample, encodeUtf8(`{"count":null,"tags":null,"maybe":null,"other":[{}]}`)), expected);
});

Deno.test("bean() takes numbers, booleans and text in each other's form, as fastjson does", () => {
  const value = decodeBody(sample, `{"count":"12","rate":"0.5","on":"TRUE","name":5,"byId":{"2":true},"kind":1}`);
  assertEquals([value.count, value.rate, value.on, value.name, value.byId.get(2), value.kind], [
    12,
    0.5,
    true,
    "5",
    "true",
    "B",
  ]);
  assertEquals(decodeBody(sample, `{"count":1.9,"on":0}`).count, 1);
});

Deno.test("oneOf() reads an unknown name as its default", () => {
  assertEquals(decodeBody(sample, `{"kind":"toString"}`).kind, "A");
});

Deno.test("objectTable() also reads keys that are text with JSON in it", () => {
  assertEquals(decodeBody(sample, `{"byKey":{"{\\"queueId\\":9}":1}}`).byKey, [[{ queueId: 9 }, 1]]);
});

Deno.test("table() keeps `__proto__` as a key", () => {
  assertEquals([...decodeBody(sample, `{"byName":{"__proto__":1}}`).byName], [["__proto__", 1]]);
});

Deno.test("bean() names the path of a field of the wrong kind", () => {
  const cases: [string, string][] = [
    [`{"count":"x"}`, "count"],
    [`{"count":{}}`, "count"],
    [`{"on":[]}`, "on"],
    [`{"name":{}}`, "name"],
    [`{"tags":{}}`, "tags"],
    [`{"tags":["a",[]]}`, "tags[1]"],
    [`{"byName":[]}`, "byName"],
    [`{"byName":{"k":"x"}}`, "byName.k"],
    [`{"byId":{"x":"v"}}`, "byId.x"],
    [`{"byKey":{{"queueId":[]}:1}}`, "byKey{0}.queueId"],
  ];
  for (const [body, field] of cases) {
    const error = assertThrows(() => decodeBody(sample, body), HeaderError, undefined, body);
    assertEquals([error.code, error.field], ["FIELD_MALFORMED", field]);
  }
  for (const body of ["[]", "1", "null", `"x"`]) assertThrows(() => decodeBody(sample, body), HeaderError);
  assertEquals(assertThrows(() => decodeBody(sample, "{"), ProtocolError).code, "JSON_MALFORMED");
});

Deno.test("required() refuses what is missing or null", () => {
  const strict = bean<Key>({ queueId: required(whole()) });
  assertEquals(decodeBody(strict, `{"queueId":1}`), { queueId: 1 });
  for (const body of ["{}", `{"queueId":null}`]) {
    const error = assertThrows(() => decodeBody(strict, body), HeaderError);
    assertEquals([error.code, error.field], ["FIELD_MISSING", "queueId"]);
  }
});

Deno.test("withOldNames() reads the old name unless the present one is there", () => {
  const renamed = withOldNames(key, { queueID: "queueId" });
  assertEquals(decodeBody(renamed, `{"queueID":4}`), { queueId: 4 });
  assertEquals(decodeBody(renamed, `{"queueID":4,"queueId":5}`), { queueId: 5 });
  assertEquals(decodeUtf8(encodeBody(renamed, { queueId: 6 })), `{"queueId":6}`);
});

Deno.test("formatConfigFile() pretty-prints with tabs", () => {
  assertEquals(formatConfigFile(key, { queueId: 1 }), `{\n\t"queueId":1\n}`);
});
