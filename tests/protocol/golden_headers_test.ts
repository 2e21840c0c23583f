import { assert, assertEquals } from "@std/assert";
import { type ExtFields, isResponse } from "../../protocol/command.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { goldenFrames } from "./golden.ts";
import { type HeaderCodec, REQUEST_HEADERS, RESPONSE_HEADERS } from "./header_table.ts";

/** Fields that belong to no header: authentication, tracing of the library, zones, and what the handler reads by name. */
const COMMON_FIELDS = new Set([
  "AccessKey",
  "MSG_REGION",
  "OnsChannel",
  "ReqT",
  "SecurityToken",
  "Signature",
  "TRACE_ON",
  "bname",
  "lo",
  "ns",
  "nsd",
  "oway",
]);

function assertKeeps(codec: HeaderCodec, ext: ExtFields, context: string): void {
  const again = codec.again(ext);
  for (const [key, value] of Object.entries(ext)) {
    if (Object.hasOwn(again, key)) assertEquals(again[key], value, `${context}: ${codec.name}.${key}`);
    else assert(COMMON_FIELDS.has(key) || value === "", `${context}: ${codec.name} loses ${key}=${value}`);
  }
}

Deno.test("Header codecs keep every field of every golden request", () => {
  const withoutCodec = new Set<number>();
  for (const { command, name } of goldenFrames()) {
    if (isResponse(command)) continue;
    const codec = REQUEST_HEADERS.get(command.code);
    if (codec !== undefined) assertKeeps(codec, command.ext, name);
    else if (Object.keys(command.ext).some((key) => !COMMON_FIELDS.has(key))) withoutCodec.add(command.code);
  }
  // 5001, new in 5.4, carries one field that its handler reads by name.
  assertEquals([...withoutCodec], [5001]);
});

Deno.test("Header codecs keep every field of every golden response that succeeded", () => {
  const withoutCodec = new Set<number>();
  for (const { command, request, name } of goldenFrames()) {
    if (request === undefined || command.code !== ResponseCode.SUCCESS) continue;
    const codec = RESPONSE_HEADERS.get(request.command.code);
    if (codec !== undefined) assertKeeps(codec, command.ext, name);
    else if (Object.keys(command.ext).length > 0) withoutCodec.add(request.command.code);
  }
  assertEquals([...withoutCodec], []);
});
