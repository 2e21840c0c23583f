/** A short run of the trial that kills orderly consumers of Java's client and of ours. */
import { assertEquals } from "@std/assert";
import { orderlyKills } from "../torture/orderly.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";

const KILLS = 5;
const missing = missingPrograms(["java", "javac", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;
const name =
  `two Java members and one of ours of an orderly group, killed ${KILLS} times: every key in order, nothing lost`;

Deno.test({
  name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name,
  ignore,
  fn: async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const report = await orderlyKills({ kills: KILLS, seed, gapMs: { from: 500, to: 1500 } });
    console.log(JSON.stringify(report));
    const { missing, damaged, offences } = report;
    assertEquals({ missing, damaged, offences }, { missing: 0, damaged: 0, offences: [] }, `seed ${seed}`);
  },
});
