/** A short run of the trial that kills the broker under load. */
import { assertEquals } from "@std/assert";
import { killBroker } from "../torture/kill_broker.ts";
import { printTable } from "../torture/table.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";

const CYCLES = Number(Deno.env.get("RINGMQ_KILL_CYCLES") ?? "5");
const missing = missingPrograms(["java", "javac", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;

for (const flushDiskType of ["ASYNC_FLUSH", "SYNC_FLUSH"] as const) {
  const name =
    `kill -9 of the broker under load from eight Java producers with ${flushDiskType}, ${CYCLES} times, loses nothing that was acknowledged`;

  Deno.test({
    name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name,
    ignore,
    fn: async () => {
      const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
      const report = await killBroker({ cycles: CYCLES, seed, flushDiskType });
      printTable(report.cycles.map(({ findings, ...row }) => ({ ...row, findings: findings.length })));
      const findings = report.cycles.flatMap(({ cycle, findings }) =>
        findings.map((finding) => `cycle ${cycle}: ${finding}`)
      );
      assertEquals({ findings, rebuild: report.rebuildDifferences }, { findings: [], rebuild: [] }, `seed ${seed}`);
      assertEquals(report.held, true, `seed ${seed}: ${JSON.stringify(report.cycles)}`);
    },
  });
}
