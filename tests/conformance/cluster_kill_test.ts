/** A short run of the trial that kills one process of a cluster after the other. */
import { assertEquals } from "@std/assert";
import { clusterTorture, findingsOf, printReport } from "../torture/cluster.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";

const MINUTES = Number(Deno.env.get("RINGMQ_CLUSTER_MINUTES") ?? "1");
const missing = missingPrograms(["java", "javac", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;
const name =
  `one process of a 2m-2s-sync cluster after the other is killed under load for ${MINUTES} minutes: sends go on, everything acknowledged is consumed`;

Deno.test({
  name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name,
  ignore,
  fn: async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const report = await clusterTorture({ minutes: MINUTES, seed });
    printReport(report);
    assertEquals(findingsOf(report), [], `seed ${seed}`);
  },
});
