/** A curve of growth says what was measured, where a broker was out, and whether the bars are held. */
import { assert, assertEquals } from "@std/assert";
import { type Curve, CURVES } from "../../tools/bench/growth_curves.ts";
import { curvePlot, curveTable, curveVerdict, type Figure, type Point } from "../../tools/bench/growth_report.ts";

const CONNECTIONS = CURVES.find(({ id }) => id === "connections")!;

function figure(rate: number | undefined, failed = 0, silent = 0): Figure | undefined {
  return rate === undefined ? undefined : { rate, failed, silent, behindMs: 7 };
}

/** Points of a curve, by turns Apache's rate and ours. */
function pointsOf(
  curve: Curve,
  ...rates: (readonly [apache: number | undefined, ringmq: number | undefined])[]
): Point[] {
  return rates.map(([apache, ringmq], index) => ({
    at: curve.points[index]!,
    apache: figure(apache),
    ringmq: figure(ringmq),
  }));
}

Deno.test("curveVerdict() tells what is left of the first point's rate, and of the best one before", () => {
  const points = pointsOf(CONNECTIONS, [1, 100], [50, 500], [100, 1000], [50, 600], [5, 60]);
  assertEquals(curveVerdict(CONNECTIONS, points), [
    "never below Apache's: held",
    "of the first point's rate at least 500.0% is left, at 10: held",
    "of the best rate before at least 60.0% is left, at 1,000: not held",
  ]);
});

Deno.test("curveVerdict() names the points below Apache's, and where a broker was out", () => {
  const points = pointsOf(CONNECTIONS, [100, 100], [200, 190], [200, 180], [undefined, 170], [undefined, undefined]);
  assertEquals(curveVerdict(CONNECTIONS, points), [
    "below Apache's at 10 (0.95), 100 (0.90): not held",
    "Apache does not get to 1,000",
    "RingMQ does not get to 10,000",
    "of the first point's rate at least 170.0% is left, at 1,000: held",
    "of the best rate before at least 89.5% is left, at 1,000: held",
  ]);
});

Deno.test("curveVerdict() promises nothing of a curve without a bar, and of RingMQ alone says nothing of Apache", () => {
  const body = CURVES.find(({ id }) => id === "body")!;
  assertEquals(curveVerdict(body, pointsOf(body, [10, 20], [10, 5])), ["below Apache's at 256 (0.50): not held"]);
  assertEquals(curveVerdict(body, pointsOf(body, [undefined, 20], [undefined, 5])), []);
});

Deno.test("the table of a curve names what was refused, and the plot draws what is there", () => {
  const points: Point[] = [
    { at: 1, apache: figure(100, 3), ringmq: figure(250) },
    { at: 10, apache: undefined, ringmq: figure(300, 0, 4) },
  ];
  const table = curveTable(CONNECTIONS, points);
  assert(table.includes("| 1 | 100, 3 refused | 250 | 2.50 | 7 / 7 |"), table);
  assert(table.includes("| 10 | – | 300, 4 connections unanswered | – | – / 7 |"), table);
  const verdict = curveVerdict(CONNECTIONS, points);
  assert(verdict.includes("RingMQ left 4 connections without an answer at 10: not held"), verdict.join());
  const svg = curvePlot(CONNECTIONS, points, "a < b");
  assertEquals([svg.match(/<circle /g)?.length, svg.includes("a &lt; b")], [3, true]);
});
