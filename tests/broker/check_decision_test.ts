import { assertEquals } from "@std/assert";
import { comesTooLate, decideCheck, type HalfMessage } from "../../actors/broker/transactions/check_decision.ts";

const LIMITS = { transactionTimeOut: 6_000, transactionCheckMax: 15, fileReservedTime: 72 };
const NOW = 1_700_000_000_000;

function half(ageMs: number, properties: Record<string, string> = {}, storedAgeMs = Math.max(1, ageMs)): HalfMessage {
  return {
    queueOffset: 7,
    bornTimestamp: NOW - ageMs,
    storeTimestamp: NOW - storedAgeMs,
    properties: new Map(Object.entries(properties)),
  };
}

const decide = (message: HalfMessage): string => {
  const decision = decideCheck(message, LIMITS, NOW, NOW);
  if (decision.kind === "check") return `check ${decision.checkTimes}`;
  return decision.kind === "postpone" ? `postpone ${decision.preparedOffset}` : decision.kind;
};

Deno.test("decideCheck() follows RocketMQ's rules", () => {
  const immunity = { CHECK_IMMUNITY_TIME_IN_SECONDS: "20" };
  const rows: readonly [string, HalfMessage, string][] = [
    ["young", half(6_000), "wait"],
    ["old enough", half(6_001), "check 1"],
    ["asked about before", half(60_000, { TRANSACTION_CHECK_TIMES: "3" }), "check 4"],
    ["asked about often enough", half(60_000, { TRANSACTION_CHECK_TIMES: "15" }), "discard"],
    ["odd count of checks", half(60_000, { TRANSACTION_CHECK_TIMES: "x" }), "check 0"],
    ["older than files are kept", half(72 * 3_600_000 + 1), "discard"],
    ["stored since the round began", half(60_000, {}, 0), "wait"],
    ["born in the future", half(-5, {}, 1), "check 1"],
    ["immune", half(20_000, immunity), "postpone 7"],
    ["immune copy", half(10_000, { ...immunity, TRAN_PREPARED_QUEUE_OFFSET: "2" }), "postpone 2"],
    ["immune copy of nothing", half(10_000, { ...immunity, TRAN_PREPARED_QUEUE_OFFSET: "x" }), "wait"],
    ["no longer immune", half(20_001, immunity), "check 1"],
    ["immunity that is no number", half(6_001, { CHECK_IMMUNITY_TIME_IN_SECONDS: "soon" }), "check 1"],
  ];
  for (const [name, message, expected] of rows) assertEquals(decide(message), expected, name);
});

Deno.test("comesTooLate() concerns only messages with an immunity of their own", () => {
  const late = (ageMs: number, properties: Record<string, string>): boolean =>
    comesTooLate(half(ageMs, properties), LIMITS, NOW);
  assertEquals(late(60_000, {}), false);
  assertEquals(late(60_000, { CHECK_IMMUNITY_TIME_IN_SECONDS: "" }), false);
  assertEquals(late(10_000, { CHECK_IMMUNITY_TIME_IN_SECONDS: "10" }), false);
  assertEquals(late(10_001, { CHECK_IMMUNITY_TIME_IN_SECONDS: "10" }), true);
});
