import { assert, assertEquals } from "@std/assert";
import { readSendFields, type SendFields, SendFieldsError } from "../../../actors/broker/gateway/send_fields.ts";
import { createRequest, type RemotingCommand } from "../../../protocol/command.ts";
import { parseFastJson } from "../../../protocol/fast_json_parser.ts";
import { encodeJsonHeader } from "../../../protocol/header_json.ts";
import { HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { SendScan } from "../../../protocol/hot/send_scan.ts";
import { decodeUtf8 } from "../../../protocol/utf8.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";
import { generalDecode, type Sample, samples, scanHeader, viewOf } from "./mutations.ts";

const FIELDS = [
  "topic",
  "properties",
  "queueId",
  "sysFlag",
  "userFlag",
  "bornTimestampMs",
  "reconsumeTimes",
  "batch",
] as const;

function generalFields(command: RemotingCommand): SendFields | undefined {
  try {
    return readSendFields(command);
  } catch (error) {
    assert(error instanceof SendFieldsError, String(error));
    return undefined;
  }
}

/** Scans that have seen the samples before. */
class Seen {
  readonly scan = new HeaderScan();
  readonly send = new SendScan();
}

/** @returns whether the scan took it; fails when it took something else than the general decoder, or scans that saw others before made something else of it */
function checkSend({ name, isJson, header, command }: Sample, seen = new Seen()): boolean {
  const scan = new HeaderScan();
  const send = new SendScan();
  const took = scanHeader(scan, isJson, header, 0, header.length) && send.read(header, scan);
  const tookAgain = scanHeader(seen.scan, isJson, header, 0, header.length, viewOf(header)) &&
    seen.send.read(header, seen.scan);
  assertEquals(tookAgain, took, name);
  if (!took) return false;
  for (const field of FIELDS) assertEquals(seen.send[field], send[field], `${field} of ${name}`);
  assert(command !== undefined, `Accepted what the general decoder refuses: ${name}`);
  const general = generalFields({ ...command, code: 310 });
  assert(general !== undefined, `Accepted a send whose fields are refused: ${name}`);
  const { topic, properties, queueId, sysFlag, userFlag, bornTimestampMs, reconsumeTimes, batch } = send;
  const raw = properties < 0 ? "" : decodeUtf8(header, scan.valueStart[properties]!, scan.valueEnd[properties]!);
  assertEquals(
    {
      topic: decodeUtf8(header, scan.valueStart[topic]!, scan.valueEnd[topic]!),
      properties: properties >= 0 && scan.escaped[properties] === 1 ? parseFastJson(`"${raw}"`) : raw,
      queueId,
      sysFlag,
      flag: userFlag,
      bornTimestamp: bornTimestampMs,
      reconsumeTimes,
    },
    {
      topic: general.topic,
      properties: general.properties,
      queueId: general.queueId,
      sysFlag: general.sysFlag,
      flag: general.flag,
      bornTimestamp: general.bornTimestamp,
      reconsumeTimes: general.reconsumeTimes,
    },
    name,
  );
  // A message that may be a batch is left to the general path, so only the other way round would be wrong.
  if (general.batch) assert(batch, name);
  for (const value of [queueId, sysFlag, userFlag, reconsumeTimes]) assertEquals(value | 0, value, name);
  return true;
}

Deno.test("SendScan takes every recorded send of known clients and agrees with the general reader", () => {
  let all = 0;
  const seen = new Seen();
  for (const sample of samples({ seed: 0, codes: [310, 320], damagedEach: 0 })) {
    all++;
    assert(checkSend(sample, seen), sample.name);
  }
  assert(all > 100, `${all} sends`);
});

for (const seed of [1, 2]) {
  Deno.test(`SendScan agrees with the general reader on damaged sends, or leaves them to it (seed ${seed})`, () => {
    let accepted = 0;
    let ofShape = 0;
    const seen = new Seen();
    for (const sample of samples({ seed, codes: [310, 320], damagedEach: 60 })) {
      if (!checkSend(sample, seen)) continue;
      accepted++;
      if (seen.scan.shape !== undefined) ofShape++;
    }
    assert(ofShape > 100, `only ${ofShape} were of a known shape`);
    assert(accepted > 500, `only ${accepted} were accepted`);
  });
}

const GOOD = {
  a: "group",
  b: "topic",
  c: "TBW102",
  d: "4",
  e: "1",
  f: "0",
  g: "1700000000000",
  h: "0",
  i: "K\x01V\x02",
  j: "0",
  k: "false",
  l: "16",
  m: "false",
};

function checkExt(ext: Record<string, string>, seen?: Seen): boolean {
  const header = encodeJsonHeader(createRequest(310, ext));
  return checkSend({ name: JSON.stringify(ext), isJson: true, header, command: generalDecode(true, header) }, seen);
}

Deno.test("SendScan reads what differs from the send before, and judges it", () => {
  const seen = new Seen();
  const random = new SeededRandom(7);
  const values: Record<string, readonly string[]> = {
    b: ["topic", "other", 'quo"te', ""],
    d: ["4", "x", "8"],
    e: ["0", "7", "12", "-1", "", "2147483648"],
    f: ["0", "4", "y"],
    g: ["1700000000000", "1700000000001", "-1"],
    h: ["0", "99999999999"],
    i: ["K\x01V\x02", "", "é"],
    j: ["0", "16", "1099511627776"],
    m: ["false", "true"],
  };
  const letters = Object.keys(values);
  let ofShape = 0;
  for (let i = 0; i < 4000; i++) {
    const ext: Record<string, string> = { ...GOOD };
    for (let changes = random.between(0, 3); changes > 0; changes--) {
      const letter = letters[random.between(0, letters.length)]!;
      ext[letter] = values[letter]![random.between(0, values[letter]!.length)]!;
    }
    checkExt(ext, seen);
    if (seen.scan.shape !== undefined) ofShape++;
  }
  assert(ofShape > 3000, `only ${ofShape} were of a known shape`);
});

Deno.test("SendScan leaves a send to the general reader when a field that Apache wants is missing", () => {
  assert(checkExt(GOOD));
  for (const letter of ["a", "b", "c", "d", "e", "f", "g", "h"]) {
    const { [letter as "a"]: _gone, ...rest } = GOOD;
    assertEquals(checkExt(rest), false, `without ${letter}`);
  }
  for (const letter of ["i", "j", "k", "l", "m"]) {
    const { [letter as "a"]: _gone, ...rest } = GOOD;
    assert(checkExt(rest), `without ${letter}`);
  }
});

Deno.test("SendScan leaves odd values to the general reader", () => {
  for (
    const odd of [
      { e: "-1" },
      { e: "" },
      { e: "1.0" },
      { e: "2147483648" },
      { f: "4294967296" },
      { f: "x" },
      { h: "99999999999" },
      { j: "1099511627776" },
      { g: "-1" },
      { g: "" },
      { b: 'quo"te' },
    ]
  ) {
    assertEquals(checkExt({ ...GOOD, ...odd }), false, JSON.stringify(odd));
  }
  for (const fine of [{ m: "true" }, { m: "TRUE" }, { f: "-1" }, { h: "-2147483648" }, { e: "2147483647" }]) {
    assert(checkExt({ ...GOOD, ...fine }), JSON.stringify(fine));
  }
});
