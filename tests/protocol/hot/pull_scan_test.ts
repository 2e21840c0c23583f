import { assert, assertEquals } from "@std/assert";
import { PullFieldsError, readPullFields } from "../../../actors/broker/gateway/pull_fields.ts";
import type { PullFields } from "../../../actors/broker/gateway/pull_request.ts";
import { createRequest, type RemotingCommand } from "../../../protocol/command.ts";
import { encodeJsonHeader } from "../../../protocol/header_json.ts";
import { HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { PullScan } from "../../../protocol/hot/pull_scan.ts";
import { decodeUtf8 } from "../../../protocol/utf8.ts";
import { generalDecode, type Sample, samples, scanHeader } from "./mutations.ts";

function generalFields(command: RemotingCommand): PullFields | undefined {
  try {
    return readPullFields(command);
  } catch (error) {
    assert(error instanceof PullFieldsError, String(error));
    return undefined;
  }
}

/** @returns whether the scan took it; fails when it took something else than the general decoder */
function checkPullScan({ name, isJson, header, command }: Sample): boolean {
  const scan = new HeaderScan();
  const pull = new PullScan();
  if (!scanHeader(scan, isJson, header, 0, header.length) || !pull.read(header, scan)) return false;
  assert(command !== undefined, `Accepted what the general decoder refuses: ${name}`);
  const general = generalFields(command);
  assert(general !== undefined, `Accepted a pull whose fields are refused: ${name}`);
  const textOf = (field: number): string | undefined =>
    field < 0 ? undefined : decodeUtf8(header, scan.valueStart[field]!, scan.valueEnd[field]!);
  assertEquals(
    {
      lite: command.code === 361,
      groupName: textOf(pull.group),
      topicName: textOf(pull.topic),
      queueId: pull.queueId,
      queueOffset: pull.queueOffset,
      maxMsgNums: pull.maxMsgNums,
      maxMsgBytes: pull.maxMsgBytes,
      sysFlag: pull.sysFlag,
      suspendTimeoutMs: pull.suspendTimeoutMs,
      subVersion: pull.subVersion,
      subscription: textOf(pull.subscription),
      expressionType: textOf(pull.expressionType),
    },
    general as unknown as Record<string, unknown>,
    name,
  );
  assertEquals(pull.commitOffset, Number(command.ext.commitOffset ?? 0), name);
  return true;
}

Deno.test("PullScan takes every recorded pull without escapes and agrees with the general reader", () => {
  let all = 0;
  let accepted = 0;
  for (const sample of samples({ seed: 0, codes: [11, 361], damagedEach: 0 })) {
    all++;
    if (checkPullScan(sample)) accepted++;
  }
  assert(all > 100, `${all} pulls`);
  assert(accepted > all * 0.95, `${accepted} of ${all} were accepted`);
});

for (const seed of [1, 2]) {
  Deno.test(`PullScan agrees with the general reader on damaged pulls, or leaves them to it (seed ${seed})`, () => {
    let accepted = 0;
    for (const sample of samples({ seed, codes: [11, 361], damagedEach: 6 })) if (checkPullScan(sample)) accepted++;
    assert(accepted > 300, `only ${accepted} were accepted`);
  });
}

const GOOD = {
  consumerGroup: "group",
  topic: "topic",
  queueId: "1",
  queueOffset: "77",
  maxMsgNums: "32",
  sysFlag: "6",
  commitOffset: "70",
  suspendTimeoutMillis: "15000",
  subscription: "*",
  subVersion: "1700000000000",
  expressionType: "TAG",
  maxMsgBytes: "65536",
  requestSource: "1",
};

function checkExt(ext: Record<string, string>): boolean {
  const header = encodeJsonHeader(createRequest(11, ext));
  return checkPullScan({ name: JSON.stringify(ext), isJson: true, header, command: generalDecode(true, header) });
}

Deno.test("PullScan leaves a pull to the general reader when a field is missing or odd", () => {
  assert(checkExt(GOOD));
  for (const name of ["consumerGroup", "topic", "queueId", "queueOffset", "maxMsgNums", "sysFlag"]) {
    const { [name as "topic"]: _gone, ...rest } = GOOD;
    assertEquals(checkExt(rest), false, `without ${name}`);
    if (name !== "consumerGroup" && name !== "topic") {
      for (const odd of ["", "x", "1.5", "1e3"]) {
        assertEquals(checkExt({ ...GOOD, [name]: odd }), false, `${name} ${odd}`);
      }
    }
  }
  for (const name of ["commitOffset", "suspendTimeoutMillis", "subscription", "subVersion", "expressionType"]) {
    const { [name as "topic"]: _gone, ...rest } = GOOD;
    assert(checkExt(rest), `without ${name}`);
  }
  for (const odd of [{ topic: 't"' }, { consumerGroup: "g\n" }, { subscription: "a\tb" }, { expressionType: "\\" }]) {
    assertEquals(checkExt({ ...GOOD, ...odd }), false, JSON.stringify(odd));
  }
});

Deno.test("PullScan is not misled by other fields of the same length", () => {
  const others = { tokens1: "9", quota12: "8", smthing: "5", xyztopic: "x", qualifiers1: "3", commonFields: "3" };
  assert(checkExt({ ...GOOD, ...others, sabotage12: "4", mxxxxxxxxx: "3", topiX: "no" }));
});
