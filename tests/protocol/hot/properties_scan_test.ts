import { assert, assertEquals } from "@std/assert";
import { PropertiesKind, PropertiesScan } from "../../../protocol/hot/properties_scan.ts";
import { decodeProperties } from "../../../protocol/properties.ts";
import { decodeUtf8 } from "../../../protocol/utf8.ts";
import { isTimerMessage } from "../../../store/new_message.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";
import { damaged, joined, samples, text, viewOf } from "./mutations.ts";

/** Properties on which a broker acts, or which it replaces. */
const SPECIAL = ["DELAY", "POP_CK", "CLUSTER", "MSG_REGION", "__CRC32#", "INNER_MULTI_DISPATCH"];

/** Properties that the broker gives a half message. */
const OF_HALVES = ["REAL_TOPIC", "REAL_QID", "__transactionId__"];

/** A scan that saw all properties of this file. */
const seen = new PropertiesScan();

/** Fails when the scan calls something plain that is not, or one that saw others before makes something else of it. @returns the kind */
function check(value: string, isEscaped: boolean, raw: Uint8Array, scan = new PropertiesScan()): number {
  const name = JSON.stringify(value);
  const around = joined(text("\x01\x02"), raw, text("\x02X\x01Y\x02"));
  const kind = scan.read(around, 2, 2 + raw.length, isEscaped);
  assertEquals(seen.read(around, 2, 2 + raw.length, isEscaped, viewOf(around)), kind, name);
  if (kind !== PropertiesKind.Plain) return kind;
  assertEquals(madeOf(seen), madeOf(scan), name);
  const stored = decodeUtf8(scan.bytes, 0, scan.length);
  assertEquals(stored, value.endsWith("\x02") ? value : `${value}\x02`, name);
  const map = decodeProperties(value);
  assertEquals([...decodeProperties(stored)], [...map], name);
  assertEquals(decodeUtf8(scan.bytes, scan.uniqKeyStart, scan.uniqKeyEnd), map.get("UNIQ_KEY"), name);
  assertEquals(scan.wait, (map.get("WAIT") ?? "true").toLowerCase() === "true", name);
  for (const special of SPECIAL) assert(!map.has(special), `${special} is plain in ${name}`);
  assertEquals(scan.prepared, map.get("TRAN_MSG")?.toLowerCase() === "true", name);
  assertEquals(map.has("TRAN_MSG"), scan.prepared, name);
  for (const own of OF_HALVES) assert(!scan.prepared || !map.has(own), `${own} is plain in ${name}`);
  assert(!isTimerMessage(map), name);
  // What is stored as it came must be what the general path would store: every piece a property, none twice.
  assertEquals(stored, [...map].map(([key, each]) => `${key}\x01${each}\x02`).join(""), name);
  return kind;
}

/** What a scan made of properties. */
function madeOf({ bytes, length, uniqKeyStart, uniqKeyEnd, wait, prepared }: PropertiesScan): Record<string, unknown> {
  return { stored: decodeUtf8(bytes, 0, length), uniqKeyStart, uniqKeyEnd, wait, prepared };
}

/** As a JSON header carries it. */
function escaped(value: string): Uint8Array {
  return text(JSON.stringify(value).slice(1, -1));
}

function checkBoth(value: string): [plain: number, escaped: number] {
  return [check(value, false, text(value)), check(value, true, escaped(value))];
}

const { Plain, General, TooLong } = PropertiesKind;
const UNIQ = "UNIQ_KEY\x017F000001\x02";

Deno.test("PropertiesScan takes the properties of every recorded ordinary send", () => {
  let plain = 0;
  for (const { command, name } of samples({ seed: 0, codes: [310], damagedEach: 0 })) {
    const value = command?.ext.i ?? "";
    if (checkBoth(value)[1] === Plain) plain++;
    else {
      const map = decodeProperties(value);
      const special = SPECIAL.some((each) => map.has(each)) || isTimerMessage(map) || !map.has("UNIQ_KEY") ||
        [...map.keys()].some((key) => key.startsWith("TRAN_") || key.startsWith("TIMER_"));
      assert(special, `${name} is not plain: ${JSON.stringify(value)}`);
    }
  }
  assert(plain > 50, `${plain} were plain`);
});

Deno.test("PropertiesScan.read() judges each form", () => {
  const rows: [string, number][] = [
    [UNIQ, Plain],
    [UNIQ.slice(0, -1), Plain],
    [`KEYS\x01k1 k2\x02${UNIQ}TAGS\x01é\x02`, Plain],
    [`${UNIQ}WAIT\x01true\x02`, Plain],
    [`${UNIQ}WAIT\x01false\x02`, Plain],
    [`${UNIQ}WAIT\x01FALSE\x02`, Plain],
    [`${UNIQ}WAIT\x01TRUE\x02`, Plain],
    [`${UNIQ}WAIT\x01yes\x02`, Plain],
    ["", General],
    ["KEYS\x01k\x02", General],
    ["\x02", General],
    [`${UNIQ}\x02`, General],
    [`${UNIQ}KEYS\x01\x02`, General],
    [`${UNIQ}\x01v\x02`, General],
    [`${UNIQ}KEYS\x02`, General],
    [`${UNIQ}KEYS\x01a\x01b\x02`, General],
    [`${UNIQ}${UNIQ}`, General],
    [`${UNIQ}TRAN_MSG\x01true\x02`, Plain],
    [`TRAN_MSG\x01TrUe\x02${UNIQ}`, Plain],
    [`${UNIQ}TRAN_MSG\x01false\x02`, General],
    [`${UNIQ}TRACE_ON\x01true\x02`, General],
    ...OF_HALVES.flatMap((name): [string, number][] => [
      [`${UNIQ}${name}\x011\x02`, Plain],
      [`${UNIQ}${name}\x011\x02TRAN_MSG\x01true\x02`, General],
      [`TRAN_MSG\x01true\x02${UNIQ}${name}\x011\x02`, General],
    ]),
    ...SPECIAL.map((name): [string, number] => [`${UNIQ}${name}\x011\x02`, General]),
    ['UNIQ_KEY\x01a"b\x02', General],
    ["UNIQ_KEY\x01a\\b\x02", General],
    ["UNIQ_KEY\x01é\x02", General],
    [`UNIQ_KEY\x01${"k".repeat(64)}\x02`, Plain],
    [`UNIQ_KEY\x01${"k".repeat(65)}\x02`, General],
    [`${UNIQ}TIMER_DELIVER_MS\x015\x02`, General],
    [`${UNIQ}TIMER_DELAY_MS\x015\x02`, General],
    [`${UNIQ}TIMER_DELAY_SEC\x015\x02`, General],
  ];
  for (const [value, kind] of rows) assertEquals(checkBoth(value), [kind, kind], JSON.stringify(value));
});

Deno.test("PropertiesScan.read() leaves properties to the general path in which a name comes twice", () => {
  const twice = `${UNIQ}KEYS\x01a\x02KEYS\x01b\x02`;
  assertEquals(checkBoth(twice), [General, General]);
});

Deno.test("PropertiesScan.read() is bounded by what a record holds", () => {
  const ofBytes = (bytes: number): string => `${UNIQ}K\x01${"v".repeat(bytes - UNIQ.length - 3)}\x02`;
  assertEquals(checkBoth(ofBytes(32_767)), [Plain, Plain]);
  assertEquals(checkBoth(ofBytes(32_768)), [TooLong, TooLong]);
  assertEquals(checkBoth(ofBytes(200_000)), [TooLong, TooLong]);
  assertEquals(check(ofBytes(32_767).slice(0, -1) + "v", false, text(ofBytes(32_767).slice(0, -1) + "v")), TooLong);
});

Deno.test("PropertiesScan.read() compares properties that differ in the value of UNIQ_KEY only", () => {
  const random = new SeededRandom(5);
  const rests = ["", "WAIT\x01false\x02", "TRAN_MSG\x01true\x02", "KEYS\x01a\x02", "KEYS\x01b\x02"];
  const keys = ["0A0B", "0A0C", 'a"b\\', "a\u0007bc", "x\x02yz", "0A0B0C"];
  const kinds = new Map<number, number>();
  for (let i = 0; i < 3000; i++) {
    const rest = rests[Math.floor(rests.length * random.next() ** 3)]!;
    const key = `UNIQ_KEY\x01${keys[random.between(0, keys.length)]!}\x02`;
    for (const kind of checkBoth(random.next() < 0.8 ? rest + key : key + rest)) {
      kinds.set(kind, (kinds.get(kind) ?? 0) + 1);
    }
  }
  assert((kinds.get(Plain) ?? 0) > 2000 && (kinds.get(General) ?? 0) > 500, JSON.stringify([...kinds]));
});

Deno.test("PropertiesScan.read() resolves the escapes that stand for one ASCII character", () => {
  const value = `KEYS\x01a"b\\c/d\te\nf\rg\x02${UNIQ}`;
  assertEquals(check(value, true, escaped(value)), Plain);
  const upper = text(`${"KEYS\\u0001k\\u0002UNIQ_KEY\\u0001a\\u004A\\u004a"}\\u0002`);
  assertEquals(check("KEYS\x01k\x02UNIQ_KEY\x01aJJ\x02", true, upper), Plain);
  for (const odd of ["\\u00e9", "\\u1234", "\\u00", "\\b", "\\f", "\\q", "\\u00g1"]) {
    const raw = joined(escaped(UNIQ), text(`K\\u0001${odd}`));
    assertEquals(new PropertiesScan().read(raw, 0, raw.length, true), General, odd);
  }
});

for (const seed of [1, 2, 3]) {
  Deno.test(`PropertiesScan calls nothing plain that is not, on damaged properties (seed ${seed})`, () => {
    const random = new SeededRandom(seed);
    const scan = new PropertiesScan();
    let plain = 0;
    const values = new Set(
      [...samples({ seed: 0, codes: [310], damagedEach: 0 })].map(({ command }) => command?.ext.i),
    );
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    for (const value of values) {
      for (let i = 0; i < 150; i++) {
        const bytes = damaged(text(value ?? ""), random);
        try {
          decoder.decode(bytes);
        } catch {
          // A string that is no UTF-8 has no text to compare with.
          continue;
        }
        if (check(decodeUtf8(bytes, 0, bytes.length), false, bytes, scan) === Plain) plain++;
      }
    }
    assert(plain > 300, `only ${plain} were plain`);
  });
}
