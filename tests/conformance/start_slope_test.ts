/** The tool that measures how starts grow with the number of queues, on a few of them. */
import { assert, assertAlmostEquals, assertEquals } from "@std/assert";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";
import { lineThrough, startSlope } from "../torture/start_slope.ts";

Deno.test("lineThrough() finds a line again, and the best one where there is none", () => {
  const exact = lineThrough([[0.4, 5], [4, 41], [40, 401]]);
  assertAlmostEquals(exact.perX, 10);
  assertAlmostEquals(exact.atZero, 1);
  assertAlmostEquals(lineThrough([[0, 0], [1, 2], [2, 2]]).perX, 1);
});

const missing = missingPrograms(["setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;
const name = "starts after kill -9 find every queue that was made, and their figures make a line";

Deno.test({ name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name, ignore, fn: small });

async function small(): Promise<void> {
  const report = await startSlope({ topics: [2, 20], cycles: 1 });
  assertEquals(report.starts.map(({ topics, queues }) => [topics, queues]), [[2, 8], [20, 80]]);
  for (const { acceptingMs, cpuMs, residentMiB } of report.starts) {
    assert(acceptingMs > 0 && cpuMs > 0 && residentMiB > 0);
  }
  assert(Number.isFinite(report.acceptingMsPer1000));
}
