/**
 * Members of ours and of Java's come and go in one group under load, fifty times by default (five cycles of ten).
 *
 *     deno task torture client_mixed_group
 *
 * Owns: the servers of the trial. Reads: `RINGMQ_TARGET`. Never: goes on after a message was lost.
 *
 * @module
 */
import type { TortureOptions } from "../../tools/torture.ts";
import { MixedGroup } from "../conformance/client_mixed_group.ts";
import { ClientProcess } from "../conformance/client_process.ts";
import { Target } from "../conformance/target.ts";
import { java54Client } from "../conformance/toolbox.ts";

/** Changes that a cycle stands for: `--cycles 5`, the default, are the fifty of the trial. */
const CHANGES_OF_CYCLE = 10;

/**
 * Runs the trial.
 *
 * @param options `cycles` of ten changes each; the seed.
 * @returns False when duplicates went beyond what Java's rules explain; a lost message throws.
 */
export async function torture(options: TortureOptions): Promise<boolean> {
  const target = await Target.up();
  try {
    const java = await ClientProcess.start(await java54Client(), target.dir);
    try {
      const changes = options.cycles * CHANGES_OF_CYCLE;
      const report = await MixedGroup.run(target, java, { changes, seed: options.seed });
      console.log(JSON.stringify(report));
      return report.duplicates <= report.duplicatesMax;
    } finally {
      await java.stop();
    }
  } finally {
    await target.down();
  }
}
