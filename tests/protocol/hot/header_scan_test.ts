import { assert, assertEquals } from "@std/assert";
import type { ExtFields } from "../../../protocol/command.ts";
import { parseFastJson } from "../../../protocol/fast_json_parser.ts";
import { decodeUtf8 } from "../../../protocol/utf8.ts";
import { decimalAt, HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { goldenRequests, joined, type Sample, samples, scanHeader, SURROUNDINGS, text, viewOf } from "./mutations.ts";

/** Everything that a scan found, as plain values. */
function found(scan: HeaderScan, bytes: Uint8Array): Record<string, unknown> {
  const ext: ExtFields = {};
  for (let i = 0; i < scan.count; i++) {
    const key = decodeUtf8(bytes, scan.keyStart[i]!, scan.keyEnd[i]!);
    const raw = decodeUtf8(bytes, scan.valueStart[i]!, scan.valueEnd[i]!);
    const value = scan.escaped[i] === 1 ? parseFastJson(`"${raw}"`) : raw;
    Object.defineProperty(ext, key, { value, enumerable: true, configurable: true, writable: true });
  }
  const { code, flag, opaque, version } = scan;
  return { code, flag, opaque, version, ext };
}

/** Scans a sample in every surrounding; the outcome must not depend on it, nor on the shapes that a scan knows. @returns whether it was accepted */
function checkSample(scan: HeaderScan, sample: Sample, shaped = new HeaderScan()): boolean {
  const { header, isJson, command } = sample;
  const accepted = SURROUNDINGS.map(([before, after]) => {
    const bytes = joined(before, header, after);
    const [start, end] = [before.length, before.length + header.length];
    const took = scanHeader(scan, isJson, bytes, start, end);
    assertEquals(scanHeader(shaped, isJson, bytes, start, end, viewOf(bytes)), took, `With shapes: ${sample.name}`);
    if (!took) return false;
    assertEquals(found(shaped, bytes), found(scan, bytes), `With shapes: ${sample.name}`);
    assert(command !== undefined, `Accepted what the general decoder refuses: ${sample.name}`);
    const { code, flag, opaque, version, ext } = command;
    assertEquals(found(scan, bytes), { code, flag, opaque, version, ext: { ...ext } }, sample.name);
    return true;
  });
  assertEquals(new Set(accepted).size, 1, `The outcome depends on what stands around the header: ${sample.name}`);
  return accepted[0]!;
}

Deno.test("HeaderScan accepts the headers of all recorded sends and pulls, and agrees with the general decoder", () => {
  const scan = new HeaderScan();
  let accepted = 0;
  let all = 0;
  for (const sample of samples({ seed: 0, damagedEach: 0 })) {
    all++;
    const took = checkSample(scan, sample);
    if (took) accepted++;
    else if ([310, 11, 361].includes(sample.command?.code ?? 0)) assert(took, `Not accepted: ${sample.name}`);
  }
  assert(accepted > all * 0.9, `${accepted} of ${all} headers were accepted`);
});

for (const seed of [1, 2, 3]) {
  Deno.test(`HeaderScan agrees with the general decoder on damaged headers, or refuses them (seed ${seed})`, () => {
    const scan = new HeaderScan();
    const shaped = new HeaderScan();
    let accepted = 0;
    let ofShape = 0;
    for (const sample of samples({ seed, damagedEach: 12 })) {
      if (!checkSample(scan, sample, shaped)) continue;
      accepted++;
      if (shaped.shape !== undefined) ofShape++;
    }
    assert(accepted > 500, `only ${accepted} damaged headers were accepted: too few to compare`);
    assert(ofShape > 50, `only ${ofShape} of them were of a known shape`);
  });
}

const ODD_JSON: readonly string[] = [
  `{}`,
  `{"code":1}`,
  `{"code":1,"flag":"1"}`,
  `{"code":"310","opaque":1}`,
  `{"code":1,"opaque":"5"}`,
  `{"code":2147483647,"opaque":-2147483648}`,
  `{"code":2147483648}`,
  `{"code":1,"opaque":99999999999}`,
  `{"code":01}`,
  `{"code":-0}`,
  `{"code":1,"flag":1.5}`,
  `{"code":1,"extFields":{"a":1,"b":true,"c":false,"d":-5,"e":0}}`,
  `{"code":1,"extFields":{"a":trux}}`,
  `{"code":1,"extFields":{"a":falze}}`,
  `{"code":1,"extFields":{"a":01}}`,
  `{"code":1,"extFields":{"a":-0}}`,
  `{"code":1,"extFields":{"a":123456789012345}}`,
  `{"code":1,"extFields":{"a":12345678901234567890}}`,
  `{"code":1,"extFields":{"a":null}}`,
  `{"code":1,"extFields":{"a":"x"},"extFields":{"b":"y"}}`,
  `{"code":1,"extFields":{"a":"x","a":"y"}}`,
  `{"code":1,"extFields":"x"}`,
  `{"code":1,"extFields":1}`,
  `{"code":1,"extFields":{"a":"\\q"}}`,
  `{"code":1,"extFields":{"a":"\\u12"}}`,
  `{"code":1,"extFields":{"a":"\\u00e9\\n\\t\\/\\"\\\\"}}`,
  `{"code":1,"extFields":{"a":"\\"}}`,
  `{"code":1,"extFields":{"\\u0061":"x"}}`,
  `{"code":1,"language":"JA\\qVA"}`,
  `{"code":1,"remark":"x\\u0041"}`,
  `{"code":1,"remark":null}`,
  `{"code":1,"cafe":7,"opaquX":1}`,
  `{"code":1,"extFieldz":{"a":"b"}}`,
  `{"code":1,"version":true}`,
  `{"code":1,"extFields":{}}`,
  `{"code":1,"extFields":{"__proto__":"x","constructor":"y"}}`,
  `{"code":1,"extFields":{"a":{}}}`,
  `{"code":1,"extFields":{"a":[]}}`,
  `{"code":1,"code":2}`,
  `{"code":1}}`,
  `{"code":1,}`,
  `{,"code":1}`,
];

Deno.test("HeaderScan.scanJson() agrees with the general decoder on odd JSON, or refuses it", async () => {
  const { generalDecode } = await import("./mutations.ts");
  const scan = new HeaderScan();
  for (const json of ODD_JSON) {
    const header = text(json);
    checkSample(scan, { name: json, isJson: true, header, command: generalDecode(true, header) });
  }
});

/** A send's header with some values. */
function sendHeader(of: { queueId?: number; opaque?: number; group?: string; tags?: string }): string {
  const { queueId = 0, opaque = 1, group = "group", tags = "" } = of;
  return `{"code":310,"extFields":{"a":"${group}","b":"topic","e":"${queueId}","i":"${tags}","j":"0"},"flag":0,` +
    `"language":"JAVA","opaque":${opaque},"version":493}`;
}

/** Scans headers in turn, each behind another number of bytes, with one scan that knows shapes. @returns whether each was of a shape that it knew */
function scanAll(scan: HeaderScan, headers: readonly string[]): boolean[] {
  const plain = new HeaderScan();
  return headers.map((header, i) => {
    const bytes = joined(new Uint8Array(i % 9), text(header), text("}"));
    assert(scan.scanJson(bytes, i % 9, bytes.length - 1, viewOf(bytes)), header);
    assert(plain.scanJson(bytes, i % 9, bytes.length - 1), header);
    assertEquals(found(scan, bytes), found(plain, bytes), header);
    return scan.shape !== undefined;
  });
}

Deno.test("HeaderScan.scanJson() compares headers that differ in the opaque and in values that differed before", () => {
  const scan = new HeaderScan();
  const known = scanAll(scan, [
    sendHeader({}),
    sendHeader({ opaque: 2 }),
    sendHeader({ opaque: -2_147_483_648 }),
    sendHeader({ queueId: 7 }),
    sendHeader({ queueId: 12, opaque: 77 }),
    sendHeader({ queueId: 12, tags: "a\\u0001" }),
    sendHeader({ tags: "longer than before\\n", opaque: 5 }),
    sendHeader({ group: "other" }),
    sendHeader({ group: "", queueId: 3, tags: "x", opaque: 123_456 }),
  ]);
  assertEquals(known, [false, true, true, false, true, false, true, false, true]);
  assertEquals([...scan.shape!.varying], [0, 2, 3]);
});

Deno.test("HeaderScan.scanJson() does not know a header again that is not like the one before", () => {
  const header = sendHeader({});
  const others = [
    header.replace('"code":310', '"code":311'),
    header.replace('"b":"topic"', '"c":"topic"'),
    header.replace(',"version":493', ""),
    header.replace('"flag":0', '"flag":1'),
    header.replace('"e":"0"', '"e":0'),
    header.replace('"j":"0"', '"j":"0","k":"0"'),
    `{"opaque":1,${header.slice(1).replace(',"opaque":1', "")}`,
  ];
  for (const other of others) {
    assertEquals(scanAll(new HeaderScan(), [header, other, header, other]), [false, false, true, true], other);
  }
  const bytes = text(header.replace('"opaque":1', '"opaque":2147483648'));
  const scan = new HeaderScan();
  scanAll(scan, [header, header]);
  assertEquals(scan.scanJson(bytes, 0, bytes.length, viewOf(bytes)), false);
});

Deno.test("HeaderScan.scanJson() keeps no shape of headers in which the order of equal names counts", () => {
  const twice = sendHeader({}).replace('"e":"0"', '"e":"0","e":"1"');
  assertEquals(scanAll(new HeaderScan(), [twice, twice, twice]), [false, false, false]);
  const opaques = sendHeader({}).replace('"flag":0', '"opaque":9');
  assertEquals(scanAll(new HeaderScan(), [opaques, opaques]), [false, false]);
  const fields = sendHeader({}).replace('"flag":0', '"extFields":{"z":"1"}');
  assertEquals(scanAll(new HeaderScan(), [fields, fields]), [false, false]);
});

Deno.test("HeaderScan.scanJson() keeps a few shapes, and learns others when they come often", () => {
  const scan = new HeaderScan();
  const kinds = Array.from({ length: 5 }, (_, i) => sendHeader({}).replace("310", String(310 + i)));
  assertEquals(scanAll(scan, kinds), [false, false, false, false, false]);
  assertEquals(scanAll(scan, kinds), [true, true, true, true, false]);
  const fifth = scanAll(scan, new Array(200).fill(kinds[4]!));
  const learnt = fifth.indexOf(true);
  assert(learnt > 0 && learnt < 70, `learnt after ${learnt}`);
  assertEquals(fifth.slice(learnt).every((known) => known), true);
  assertEquals(scanAll(scan, kinds.slice(0, 4)).filter((known) => !known).length, 1);
});

Deno.test("HeaderScan.scanJson() refuses more fields than it has room for", () => {
  const fields = (count: number): Uint8Array =>
    text(`{"code":1,"extFields":{${Array.from({ length: count }, (_, i) => `"k${i}":"v"`).join(",")}}}`);
  const scan = new HeaderScan();
  assert(scan.scanJson(fields(48), 0, fields(48).length));
  assertEquals(scan.count, 48);
  assertEquals(scan.scanJson(fields(49), 0, fields(49).length), false);
});

Deno.test("HeaderScan refuses every golden header that is cut off", () => {
  const scan = new HeaderScan();
  const seen = new Set<string>();
  for (const { header, isJson, code, name } of goldenRequests()) {
    if (seen.has(`${code} ${isJson}`)) continue;
    seen.add(`${code} ${isJson}`);
    for (let end = 0; end < header.length; end++) {
      const whole = joined(header.subarray(0, end), text('"}}}'));
      assertEquals(scanHeader(scan, isJson, whole, 0, end), false, `${name} cut at ${end}`);
    }
  }
});

Deno.test("decimalAt() reads what Java reads as a decimal number, or NaN", () => {
  const at = (value: string): number => decimalAt(text(`9${value}9`), 1, 1 + value.length);
  assertEquals(["0", "7", "-7", "123456789012345", "-12345678901234"].map(at), [
    0,
    7,
    -7,
    123456789012345,
    -12345678901234,
  ]);
  for (const value of ["", "-", "1.5", "1e3", "0x1", " 1", "1 ", "+1", "1234567890123456", "a", "--1"]) {
    assertEquals(at(value), NaN, value);
  }
});
