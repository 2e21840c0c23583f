import { assert, assertEquals } from "@std/assert";
import type { ExtFields } from "../../../protocol/command.ts";
import { parseFastJson } from "../../../protocol/fast_json_parser.ts";
import { decodeUtf8 } from "../../../protocol/utf8.ts";
import { decimalAt, HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { goldenRequests, joined, type Sample, samples, scanHeader, SURROUNDINGS, text } from "./mutations.ts";

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

/** Scans a sample in every surrounding; the outcome must not depend on it. @returns whether it was accepted */
function checkSample(scan: HeaderScan, sample: Sample): boolean {
  const { header, isJson, command } = sample;
  const accepted = SURROUNDINGS.map(([before, after]) => {
    const bytes = joined(before, header, after);
    const took = scanHeader(scan, isJson, bytes, before.length, before.length + header.length);
    if (!took) return false;
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
    let accepted = 0;
    for (const sample of samples({ seed, damagedEach: 12 })) if (checkSample(scan, sample)) accepted++;
    assert(accepted > 500, `only ${accepted} damaged headers were accepted: too few to compare`);
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
