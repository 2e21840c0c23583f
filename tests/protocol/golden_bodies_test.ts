import { assert, assertEquals } from "@std/assert";
import { isResponse } from "../../protocol/command.ts";
import {
  type FastDialect,
  type FastInput,
  FastMap,
  parseFastJson,
  stringifyFastJson,
} from "../../protocol/fast_json.ts";
import { formatProperties, parseProperties } from "../../protocol/properties_text.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { type BodyCodec, REQUEST_BODIES, RESPONSE_BODIES } from "./body_table.ts";
import { type GoldenFrame, goldenFrames } from "./golden.ts";

/** Bodies that look like JSON but have no type in this project: the text goes through as it is. */
const WITHOUT_TYPE = new Set([2003]);

function isJsonBody(frame: GoldenFrame): boolean {
  const first = frame.command.body[0];
  return first === 0x7b || first === 0x5b;
}

function requestCode(frame: GoldenFrame): number | undefined {
  return isResponse(frame.command) ? frame.request?.command.code : frame.command.code;
}

function codecOf(frame: GoldenFrame): BodyCodec | undefined {
  const table = isResponse(frame.command) ? RESPONSE_BODIES : REQUEST_BODIES;
  return table.get(requestCode(frame) ?? -1);
}

/** Route answers come in two texts; everything else of RocketMQ is in fastjson's. */
function dialectOf(frame: GoldenFrame): FastDialect {
  if (requestCode(frame) !== 105) return "fastjson";
  return decodeUtf8(frame.command.body).includes(`"brokerAddrs":{"`) ? "standard" : "fastjson";
}

/** Asserts that `actual` has all that `expected` has; clients of other languages leave out what has a default. */
function assertHasAll(actual: unknown, expected: unknown, context: string): void {
  // The Go client sends a version in nanoseconds, which a double holds to the nearest 256.
  if (typeof expected === "bigint") return assertEquals(Number(actual), Number(expected), context);
  if (typeof expected !== "object" || expected === null) return assertEquals(actual, expected, context);
  if (expected instanceof Map || expected instanceof FastMap) return assertEquals(actual, expected, context);
  assert(typeof actual === "object" && actual !== null, context);
  for (const [key, value] of Object.entries(expected)) {
    if (value !== null) assertHasAll((actual as Record<string, unknown>)[key], value, `${context}.${key}`);
  }
}

/** Whether Apache 5.4.0 wrote the frame: what it writes is met byte for byte. */
function isFromApache54(frame: GoldenFrame): boolean {
  return frame.header["language"] === "JAVA" && frame.header["version"] === 493;
}

/** Bodies of recorded messages are user bytes, not bodies of the protocol. */
const MESSAGE_CODES = new Set([10, 310, 320, 324, 325, 326, 11, 361, 12, 33, 39, 36, 200050]);

function jsonFrames(): GoldenFrame[] {
  return goldenFrames().filter((frame) => isJsonBody(frame) && !MESSAGE_CODES.has(requestCode(frame) ?? -1));
}

Deno.test("Every golden JSON body has a codec", () => {
  for (const frame of jsonFrames()) {
    const code = requestCode(frame);
    assert(code !== undefined, `${frame.name}: the request was not recorded`);
    if (!WITHOUT_TYPE.has(code)) assert(codecOf(frame) !== undefined, `${frame.name}: ${code}`);
  }
});

Deno.test("Body codecs write every golden body with the same meaning, and every body of Apache 5.4.0 with the same bytes", () => {
  let same = 0;
  for (const frame of jsonFrames()) {
    const codec = codecOf(frame);
    if (codec === undefined) continue;
    const again = codec.again(frame.command.body, dialectOf(frame));
    const context = `${frame.name}: ${codec.name}`;
    assertHasAll(parseFastJson(decodeUtf8(again)), parseFastJson(decodeUtf8(frame.command.body)), context);
    if (!isFromApache54(frame)) continue;
    assertEquals(decodeUtf8(again), decodeUtf8(frame.command.body), context);
    same++;
  }
  assert(same > 900, `${same}`);
});

Deno.test("parseFastJson() and stringifyFastJson() keep every golden JSON body of Apache 5.4.0, byte for byte", () => {
  for (const frame of jsonFrames()) {
    if (!isFromApache54(frame)) continue;
    const text = decodeUtf8(frame.command.body);
    // A whole double loses its ".0" here because a plain number does not know that Java holds it as one.
    const again = stringifyFastJson(parseFastJson(text) as FastInput, { sortKeys: false });
    assertEquals(again, text.replaceAll(/(:-?\d+)\.0(?=[,}\]])/g, "$1"), frame.name);
  }
});

Deno.test("formatProperties() writes every golden configuration body byte for byte", () => {
  const codes = new Set([25, 26, 318, 319]);
  const frames = goldenFrames().filter((frame) => frame.bodyLength > 0 && codes.has(requestCode(frame) ?? -1));
  assert(frames.length > 5, `${frames.length}`);
  for (const frame of frames) {
    const text = decodeUtf8(frame.command.body);
    assertEquals(formatProperties(parseProperties(text)), text, frame.name);
  }
});
