import { assertEquals, assertThrows } from "@std/assert";
import { decodeSendMessageRequestHeaderV2 } from "../../protocol/commands/send.ts";
import { createRequest, type RemotingCommand } from "../../protocol/command.ts";
import { HeaderError, ProtocolError } from "../../protocol/errors.ts";
import { decodeJsonHeader, encodeJsonHeader } from "../../protocol/header_json.ts";
import { LanguageCode } from "../../protocol/language_code.ts";
import { decodeUtf8, encodeUtf8 } from "../../protocol/utf8.ts";

function decode(text: string): RemotingCommand {
  const bytes = encodeUtf8(`??${text}??`);
  return decodeJsonHeader(bytes, 2, bytes.length - 2);
}

function encode(command: Partial<RemotingCommand>): string {
  return decodeUtf8(encodeJsonHeader({ ...createRequest(10), ...command }));
}

Deno.test("decodeJsonHeader() makes text of ext values that ali-ons sends as numbers and booleans", () => {
  const { ext } = decode(`{"code":310,"language":"JAVA","opaque":1,"extFields":{"e":3,"k":false,"x":1.5,"n":null}}`);
  assertEquals(ext, { e: "3", k: "false", x: "1.5" });
});

Deno.test("decodeJsonHeader() reads a header of the C++ client", () => {
  const header =
    `{"code":310,"extFields":{"AccessKey":"","OnsChannel":"","Signature":"","a":"PG","b":"T","c":"TBW102","d":4,"e":1,` +
    `"f":0,"g":"1795253923229","h":0,"i":"TAGS\\u0001x\\u0002","j":"0","k":"0","l":16,"m":"0"},"flag":0,"language":"CPP","opaque":12,"version":333}\n`;
  const command = decode(header);
  assertEquals([command.language, command.version, command.opaque], [LanguageCode.CPP, 333, 12]);
  const send = decodeSendMessageRequestHeaderV2(command.ext);
  assertEquals([send.queueId, send.maxReconsumeTimes, send.batch], [1, 16, false]);
  assertEquals(send.properties, "TAGS\u0001x\u0002");
});

Deno.test("decodeJsonHeader() keeps all digits of a long that was written as a number", () => {
  assertEquals(decode(`{"code":12,"extFields":{"endTimestamp":9223372036854775807,"maxNum":32}}`).ext, {
    endTimestamp: "9223372036854775807",
    maxNum: "32",
  });
});

Deno.test("decodeJsonHeader() makes JSON text of an ext value that is an object", () => {
  assertEquals(decode(`{"code":1,"extFields":{"a":{"b":[1,true]}}}`).ext, { a: `{"b":[1,true]}` });
});

Deno.test("decodeJsonHeader() gives defaults for what clients leave out", () => {
  const command = decode(`{"code":105}`);
  assertEquals(
    [command.language, command.version, command.opaque, command.flag, command.remark, command.ext],
    [LanguageCode.JAVA, 0, 0, 0, undefined, {}],
  );
});

Deno.test("decodeJsonHeader() takes null fields for missing ones", () => {
  const command = decode(`{"code":1,"extFields":null,"remark":null,"language":null,"flag":null}`);
  assertEquals([command.ext, command.remark, command.language, command.flag], [{}, undefined, 0, 0]);
});

Deno.test("decodeJsonHeader() reads an unknown language as OTHER and a number as its code", () => {
  assertEquals(decode(`{"code":1,"language":"COBOL"}`).language, LanguageCode.OTHER);
  assertEquals(decode(`{"code":1,"language":9}`).language, LanguageCode.GO);
});

Deno.test("decodeJsonHeader() takes numbers that are written as text", () => {
  const command = decode(`{"code":"10","opaque":"-3","version":"317"}`);
  assertEquals([command.code, command.opaque, command.version], [10, -3, 317]);
});

Deno.test("decodeJsonHeader() takes what only fastjson reads", () => {
  assertEquals(decode(`{code:10,'extFields':{"a":"\\x41\\v"}}`).ext, { a: "A\v" });
});

Deno.test("decodeJsonHeader() keeps the keys of every object as fields", () => {
  const ext = decode(`{"code":1,"extFields":{"__proto__":"p","constructor":7,"toString":"t"}}`).ext;
  assertEquals(Object.entries(ext), [["__proto__", "p"], ["constructor", "7"], ["toString", "t"]]);
  assertEquals(Object.getPrototypeOf(ext), Object.prototype);
});

Deno.test("decodeJsonHeader() keeps a `__proto__` field whose value was a number", () => {
  assertEquals(Object.entries(decode(`{"code":1,"extFields":{"__proto__":5}}`).ext), [["__proto__", "5"]]);
});

Deno.test("decodeJsonHeader() refuses a header without a code", () => {
  const error = assertThrows(() => decode(`{"opaque":1}`), HeaderError);
  assertEquals([error.code, error.field], ["FIELD_MISSING", "code"]);
});

Deno.test("decodeJsonHeader() refuses numbers that are no 32-bit integers", () => {
  for (const value of ["1.5", "2147483648", `"x"`, `""`, "{}", "true"]) {
    const error = assertThrows(() => decode(`{"code":1,"opaque":${value}}`), HeaderError);
    assertEquals([error.code, error.field], ["FIELD_MALFORMED", "opaque"], value);
  }
});

Deno.test("decodeJsonHeader() refuses what is not an object", () => {
  for (const text of ["[]", "1", "null", `"x"`]) {
    assertEquals(assertThrows(() => decode(text), ProtocolError).code, "HEADER_MALFORMED", text);
  }
});

Deno.test("decodeJsonHeader() refuses ext fields that are a list", () => {
  assertEquals(assertThrows(() => decode(`{"code":1,"extFields":[1]}`), HeaderError).field, "extFields");
});

Deno.test("decodeJsonHeader() refuses a header that is cut off, at every byte", () => {
  const text = encode({ ext: { key: "wert ä" }, remark: "r" });
  const bytes = encodeUtf8(text);
  for (let end = 0; end < bytes.length; end++) {
    assertThrows(() => decodeJsonHeader(bytes, 0, end), ProtocolError);
  }
});

Deno.test("decodeJsonHeader() refuses nesting that could exhaust the stack", () => {
  const deep = "[".repeat(100_000);
  assertEquals(assertThrows(() => decode(`{"code":1,"extFields":${deep}`), ProtocolError).code, "JSON_TOO_DEEP");
  const closed = deep + "]".repeat(100_000);
  assertEquals(
    assertThrows(() => decode(`{"code":1,"extFields":{"a":${closed}}}`), ProtocolError).code,
    "JSON_TOO_DEEP",
  );
});

Deno.test("encodeJsonHeader() writes keys in fastjson's order and ext values as strings", () => {
  assertEquals(
    encode({ code: 10, ext: { b: "1", a: "true" }, opaque: 5, remark: `"quoted"` }),
    `{"code":10,"extFields":{"b":"1","a":"true"},"flag":0,"language":"JAVA","opaque":5,"remark":"\\"quoted\\"",` +
      `"serializeTypeCurrentRPC":"JSON","version":493}`,
  );
});

Deno.test("encodeJsonHeader() leaves out what is empty", () => {
  assertEquals(
    encode({ code: 0 }),
    `{"code":0,"flag":0,"language":"JAVA","opaque":0,"serializeTypeCurrentRPC":"JSON","version":493}`,
  );
});

Deno.test("encodeJsonHeader() writes a string even when a number slipped past the types", () => {
  const ext = JSON.parse(`{"queueId":3,"order":true}`);
  assertEquals(JSON.parse(encode({ ext })).extFields, { queueId: "3", order: "true" });
});

Deno.test("encodeJsonHeader() undoes decodeJsonHeader() for every character", () => {
  const value = Array.from({ length: 0x3000 }, (_, unit) => String.fromCharCode(unit)).join("") + "\u{1f600}";
  const bytes = encodeJsonHeader({ ...createRequest(1), ext: { value }, remark: value });
  const command = decodeJsonHeader(bytes, 0, bytes.length);
  assertEquals([command.ext["value"], command.remark], [value, value]);
});

Deno.test("encodeJsonHeader() names a language that Java does not know OTHER", () => {
  assertEquals(JSON.parse(encode({ language: 99 })).language, "OTHER");
});
