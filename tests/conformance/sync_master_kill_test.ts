/** A short run of the trial that kills a SYNC_MASTER under load. */
import { assertEquals } from "@std/assert";
import { syncMaster } from "../torture/sync_master.ts";
import { printTable } from "../torture/table.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";

const CYCLES = Number(Deno.env.get("RINGMQ_SYNC_MASTER_CYCLES") ?? "10");
const missing = missingPrograms(["setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;
const name = `kill -9 of a SYNC_MASTER under load, ${CYCLES} times: the slave has every acknowledged message`;

Deno.test({
  name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name,
  ignore,
  fn: async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const cycles = await syncMaster({ cycles: CYCLES, seed });
    printTable(cycles.map((cycle) => ({ ...cycle })));
    assertEquals(cycles.filter(({ finding }) => finding !== ""), [], `seed ${seed}`);
  },
});
