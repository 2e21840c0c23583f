/** A thousand crashes of the machine in each mode of acknowledgement. */
import { assert, assertEquals } from "@std/assert";
import { MODES, powerLosses } from "../torture/power_loss.ts";

const CYCLES = 1000;

for (const mode of MODES) {
  Deno.test(`${CYCLES} power losses with ${mode} lose nothing that was promised, and leave no hole`, () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const report = powerLosses({ cycles: CYCLES, seed, mode });
    if (mode === "SYNC_FLUSH") assertEquals(report.cyclesWithLoss, 0);
    else assert(report.cyclesWithLoss > 0, `seed ${seed}: the disk forgets nothing`);
  });
}
