import { assert, assertEquals } from "@std/assert";
import { COMMANDS, findCommand, requestName } from "../../protocol/command_table.ts";
import {
  createRequest,
  createResponse,
  isOneway,
  isResponse,
  markOneway,
  RINGMQ_VERSION,
  SerializeType,
} from "../../protocol/command.ts";
import { LanguageCode, languageName, languageOfName } from "../../protocol/language_code.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { goldenFrames } from "./golden.ts";

Deno.test("createRequest() builds a request that no session has numbered yet", () => {
  const request = createRequest(RequestCode.PULL_MESSAGE, { topic: "T" });
  assertEquals([request.opaque, request.flag, request.version, request.language], [0, 0, 493, LanguageCode.JAVA]);
  assertEquals([isResponse(request), isOneway(request), request.body.length], [false, false, 0]);
  assertEquals(RINGMQ_VERSION, 493);
});

Deno.test("createResponse() copies the opaque and answers JSON to any header type", () => {
  const request = { ...createRequest(11), opaque: 99, serializeType: SerializeType.ROCKETMQ };
  const response = createResponse(request, ResponseCode.PULL_NOT_FOUND, "nothing", { a: "b" }, Uint8Array.of(1));
  assertEquals(response.opaque, 99);
  assertEquals(response.serializeType, SerializeType.JSON);
  assertEquals([isResponse(response), isOneway(response)], [true, false]);
  assertEquals([response.remark, response.ext, response.body], ["nothing", { a: "b" }, Uint8Array.of(1)]);
});

Deno.test("markOneway() sets the bit on the same object", () => {
  const request = createRequest(15);
  assert(markOneway(request) === request);
  assertEquals([isOneway(request), isResponse(request)], [true, false]);
});

Deno.test("A command crosses workers by structured clone", () => {
  const request = createRequest(10, { topic: "T" }, Uint8Array.of(1, 2));
  assertEquals(structuredClone(request), request);
});

Deno.test("COMMANDS holds each request code once, ordered by code", () => {
  const codes = Object.values(RequestCode);
  assertEquals(new Set(codes).size, codes.length);
  assertEquals(COMMANDS.map((row) => row.code), [...codes].sort((left, right) => left - right));
  for (const { code, name } of COMMANDS) assertEquals(RequestCode[name], code);
});

Deno.test("findCommand() knows every request that was recorded", () => {
  for (const { command, name } of goldenFrames()) {
    if (isResponse(command)) continue;
    assert(findCommand(command.code) !== undefined, `${name}: ${command.code}`);
  }
  assertEquals(findCommand(99_999), undefined);
});

Deno.test("findCommand() names the plane of commands", () => {
  const planes: [number, string][] = [
    [RequestCode.SEND_MESSAGE_V2, "data"],
    [RequestCode.PULL_MESSAGE, "data"],
    [RequestCode.HEART_BEAT, "control"],
    [RequestCode.LOCK_BATCH_MQ, "control"],
    [RequestCode.UPDATE_AND_CREATE_TOPIC, "admin"],
    [RequestCode.REGISTER_BROKER, "name-server"],
    [RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, "client"],
    [RequestCode.CONTROLLER_ELECT_MASTER, "controller"],
    [RequestCode.GET_TOPIC_NAME_LIST, "none"],
  ];
  for (const [code, plane] of planes) assertEquals(findCommand(code)?.plane, plane as "data", requestName(code));
});

Deno.test("requestName() gives the number of an unknown code", () => {
  assertEquals([requestName(10), requestName(-5)], ["SEND_MESSAGE", "-5"]);
});

Deno.test("ResponseCode holds each number once", () => {
  assertEquals(new Set(Object.values(ResponseCode)).size, Object.keys(ResponseCode).length);
});

Deno.test("languageName() and languageOfName() know each other's values", () => {
  for (const [name, code] of Object.entries(LanguageCode)) {
    assertEquals([languageName(code), languageOfName(name)], [name, code]);
  }
  assertEquals([languageName(200), languageOfName("toString")], ["OTHER", LanguageCode.OTHER]);
});
