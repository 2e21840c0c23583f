/** A thousand crashes of the machine in each flush mode. */
import { assert, assertEquals } from "@std/assert";
import { powerLosses } from "../torture/power_loss.ts";

const CYCLES = 1000;

for (const mode of ["SYNC_FLUSH", "ASYNC_FLUSH"] as const) {
  Deno.test(`${CYCLES} power losses with ${mode} lose nothing that was promised, and leave no hole`, () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const report = powerLosses({ cycles: CYCLES, seed, isSync: mode === "SYNC_FLUSH" });
    if (mode === "SYNC_FLUSH") assertEquals(report.cyclesWithLoss, 0);
    else assert(report.cyclesWithLoss > 0, `seed ${seed}: the disk forgets nothing`);
  });
}
