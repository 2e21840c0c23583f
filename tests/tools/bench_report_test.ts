/** The table of a comparison says what was measured, and whether the bars are reached. */
import { assert, assertEquals } from "@std/assert";
import { plotOf, ratesPlotOf, rowOf, tableOf, verdict } from "../../tools/bench/report.ts";
import type { Measured, ShapeResult } from "../../tools/bench/rounds.ts";
import { SHAPES } from "../../tools/bench/shapes.ts";

function measured(perSecond: number, p99Us: number, more: Partial<Measured> = {}): Measured {
  return { perSecond, p50Us: p99Us / 2, p99Us, failed: 0, cpuPerMillion: 20, behindMs: 3, ...more };
}

function resultOf(id: string, apache: Measured[], ringmq: Measured[], more: Partial<ShapeResult> = {}): ShapeResult {
  const shape = SHAPES.find((one) => one.id === id)!;
  return { shape, apache, ringmq, writeMiBPerSecond: [], unread: 0, ...more };
}

Deno.test("rowOf() compares round by round and takes the medians", () => {
  const row = rowOf(resultOf(
    "send-64x1",
    [measured(100, 50), measured(200, 60), measured(100, 70)],
    [measured(250, 20), measured(300, 30), measured(210, 90)],
  ));
  assertEquals([row.apache, row.ringmq], ["100/s", "250/s"]);
  assertEquals([row.ratio, row.spread], [2.1, [1.5, 2.5]]);
  assertEquals([row.p99, row.isP99Held], ["60 / 30 µs", true]);
  assertEquals(verdict(row), "held");
});

Deno.test("rowOf() compares times where times count: a shorter one is ahead", () => {
  const row = rowOf(resultOf("java-e2e", [measured(0, 4000)], [measured(0, 1000)]));
  assertEquals([row.ratio, verdict(row)], [4, "goal"]);
});

Deno.test("verdict() says what is not reached", () => {
  const below = rowOf(resultOf("send-64x1", [measured(100, 50)], [measured(150, 60)]));
  assertEquals(verdict(below), "below 2, p99 higher");
  const goal = rowOf(resultOf("send-64x1", [measured(100, 50)], [measured(400, 40)]));
  assertEquals(verdict(goal), "goal");
});

Deno.test("rowOf() lets batches reach the disk's limit in place of the ratio", () => {
  const runs = [[measured(100, 50)], [measured(110, 40, { logMiBPerSecond: 95 })]] as const;
  const near = rowOf(resultOf("batch-4x4", [...runs[0]], [...runs[1]], { writeMiBPerSecond: [100] }));
  assert(verdict(near).startsWith("held") && near.note.includes("95% of write(2)"), near.note);
  const far = rowOf(resultOf("batch-4x4", [...runs[0]], [...runs[1]], { writeMiBPerSecond: [200] }));
  assertEquals(verdict(far), "below 1.3");
});

Deno.test("the table names failures and messages that were not read back, the plots are drawings", () => {
  const result = resultOf("send-1x1", [measured(100, 50)], [measured(300, 40, { failed: 2 })], { unread: 7 });
  const row = rowOf(result);
  const table = tableOf([row]);
  assert(table.includes("2 failed") && table.includes("7 not read back") && table.includes("3.00 (3.00–3.00)"), table);
  for (const svg of [plotOf([row], "a < b"), ratesPlotOf([{ title: "x & y", perSecond: 5 }], "here")]) {
    assert(svg.startsWith("<svg ") && svg.trimEnd().endsWith("</svg>") && !/[^;]& /.test(svg), svg);
  }
});
