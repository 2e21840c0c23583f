import { assert, assertEquals } from "@std/assert";
import { createRequest } from "../../../protocol/command.ts";
import { decodeEndTransactionRequestHeader } from "../../../protocol/commands/transaction.ts";
import { encodeJsonHeader } from "../../../protocol/header_json.ts";
import { EndScan } from "../../../protocol/hot/end_scan.ts";
import { HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { decodeUtf8 } from "../../../protocol/utf8.ts";
import { generalDecode, type Sample, samples, scanHeader } from "./mutations.ts";

/** @returns whether the scan took it; fails when it took something else than the general decoder */
function checkEndScan({ name, isJson, header, command }: Sample): boolean {
  const scan = new HeaderScan();
  const end = new EndScan();
  if (!scanHeader(scan, isJson, header, 0, header.length) || !end.read(header, scan)) return false;
  assert(command !== undefined, `Accepted what the general decoder refuses: ${name}`);
  const { producerGroup, tranStateTableOffset, commitLogOffset, commitOrRollback, fromTransactionCheck } =
    decodeEndTransactionRequestHeader(command.ext);
  assertEquals(
    [
      decodeUtf8(header, scan.valueStart[end.group]!, scan.valueEnd[end.group]!),
      end.tranStateTableOffset,
      end.commitLogOffset,
      end.commitOrRollback,
      end.fromTransactionCheck,
    ],
    [producerGroup, tranStateTableOffset, commitLogOffset, commitOrRollback, fromTransactionCheck],
    name,
  );
  return true;
}

const CODES = [RequestCode.END_TRANSACTION];

Deno.test("EndScan takes every recorded end of a transaction and agrees with the general reader", () => {
  const taken = [...samples({ seed: 0, codes: CODES, damagedEach: 0 })].map(checkEndScan);
  assert(taken.length > 5, `${taken.length} ends`);
  assert(taken.every((each) => each), `${taken}`);
});

for (const seed of [1, 2]) {
  Deno.test(`EndScan agrees with the general reader on damaged ends, or leaves them to it (seed ${seed})`, () => {
    let accepted = 0;
    for (const sample of samples({ seed, codes: CODES, damagedEach: 100 })) {
      if (checkEndScan(sample)) accepted++;
    }
    assert(accepted > 100, `only ${accepted} were accepted`);
  });
}

const GOOD = {
  producerGroup: "group",
  tranStateTableOffset: "77",
  commitLogOffset: "123456789012",
  commitOrRollback: "12",
  fromTransactionCheck: "true",
  msgId: "M",
  transactionId: "T",
};

function checkExt(ext: Record<string, string>): boolean {
  const header = encodeJsonHeader(createRequest(RequestCode.END_TRANSACTION, ext));
  return checkEndScan({ name: JSON.stringify(ext), isJson: true, header, command: generalDecode(true, header) });
}

Deno.test("EndScan leaves an end to the general reader when a field is missing or odd", () => {
  assert(checkExt(GOOD));
  for (const name of ["producerGroup", "tranStateTableOffset", "commitLogOffset", "commitOrRollback", "msgId"]) {
    const { [name as "msgId"]: _gone, ...rest } = GOOD;
    assertEquals(checkExt(rest), false, `without ${name}`);
    if (name === "producerGroup" || name === "msgId") continue;
    for (const odd of ["", "x", "1.5", "1e3", "99999999999999999"]) {
      assertEquals(checkExt({ ...GOOD, [name]: odd }), false, `${name} ${odd}`);
    }
  }
  assertEquals(checkExt({ ...GOOD, commitOrRollback: "2147483648" }), false);
  for (const name of ["fromTransactionCheck", "transactionId"]) {
    const { [name as "msgId"]: _gone, ...rest } = GOOD;
    assert(checkExt(rest), `without ${name}`);
  }
  for (const odd of ["TRUE", "yes", ""]) assertEquals(checkExt({ ...GOOD, fromTransactionCheck: odd }), false, odd);
  assert(checkExt({ ...GOOD, fromTransactionCheck: "false" }));
  assertEquals(checkExt({ ...GOOD, producerGroup: 'g"' }), false);
});

Deno.test("EndScan is not misled by other fields of the same length", () => {
  const others = {
    topic: "t",
    producerGroux: "x",
    commitLogOffsex: "1",
    commitOrRollbacx: "2",
    fromTransactionChecx: "3",
  };
  assert(checkExt({ ...GOOD, ...others }));
});
