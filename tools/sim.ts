/**
 * Runs the simulations, or repeats those of one seed.
 *
 *     deno task sim
 *     deno task sim 1234
 *
 * @module
 */

import { endOnHelp, refuseNoNumbers, refuseUnknown } from "./help.ts";
import { ROOT } from "./source_files.ts";

endOnHelp(`
deno task sim           runs the simulations with a new seed
deno task sim <seed>    repeats those of a seed
  -h  --help            print this, and end
`);

const [seed, ...rest] = Deno.args;
if (rest.length > 0) refuseUnknown(rest[0]!);
refuseNoNumbers({ seed }, "seed");
const { code } = await new Deno.Command(Deno.execPath(), {
  args: ["test", "--allow-env", `--allow-read=${ROOT}`, "tests/simulation"],
  cwd: ROOT,
  env: seed === undefined ? {} : { RINGMQ_SEED: seed },
}).spawn().status;
Deno.exit(code);
