/**
 * The whole gate: formatting, lint, types, documentation, tests, house rules, the list of published files.
 *
 *     deno task ok
 *     deno task ok --skip tests     everything but the tests
 *
 * Owns: the order of the steps. Reads: deno.json. Never: changes a file.
 *
 * @module
 */

import { parseArgs } from "@std/cli/parse-args";
import { endOnHelp, refuseUnknown } from "./help.ts";
import { publishedFiles } from "./published_files.ts";
import { ROOT } from "./source_files.ts";

/** One step of the gate. */
interface Step {
  readonly name: string;
  run(): Promise<boolean>;
}

const DENO = Deno.execPath();
const PUBLISHED = "tools/publish_files.txt";

async function deno(...args: string[]): Promise<boolean> {
  const { success } = await new Deno.Command(DENO, { args, cwd: ROOT, stdin: "null" }).spawn().status;
  return success;
}

/** The modules that deno.json exports. */
function exportedModules(): string[] {
  const config = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`)) as { exports: Record<string, string> };
  return Object.values(config.exports);
}

async function checkPublished(): Promise<boolean> {
  const files = await publishedFiles(ROOT);
  const expected = Deno.readTextFileSync(ROOT + PUBLISHED).split("\n").filter((line) => line !== "");
  const added = files.filter((path) => !expected.includes(path));
  const missing = expected.filter((path) => !files.includes(path));
  for (const path of added) console.error(`published, but not in ${PUBLISHED}: ${path}`);
  for (const path of missing) console.error(`in ${PUBLISHED}, but not published: ${path}`);
  return added.length + missing.length === 0;
}

const STEPS: readonly Step[] = [
  { name: "fmt", run: () => deno("fmt", "--check", "--quiet") },
  { name: "lint", run: () => deno("lint", "--quiet") },
  { name: "check", run: () => deno("check", "--quiet", ".") },
  { name: "doc", run: () => deno("doc", "--lint", "--quiet", ...exportedModules()) },
  { name: "tidy", run: () => deno("run", `--allow-read=${ROOT}`, "tools/tidy.ts") },
  { name: "check_docs", run: () => deno("run", `--allow-read=${ROOT}`, "tools/check_docs.ts") },
  { name: "publish", run: checkPublished },
  { name: "tests", run: () => deno("task", "test") },
];

async function main(): Promise<void> {
  endOnHelp(`
deno task ok                  formatting, lint, types, documentation, tests, house rules, the list of published files
  --skip <step>               leaves a step out: fmt, lint, check, doc, tidy, check_docs, publish or tests
  --write-published           writes the list of published files, and ends
  -h  --help                  print this, and end
`);
  const args = parseArgs(Deno.args, { string: ["skip"], boolean: ["write-published"], unknown: refuseUnknown });
  if (args["write-published"] === true) {
    Deno.writeTextFileSync(ROOT + PUBLISHED, `${(await publishedFiles(ROOT)).join("\n")}\n`);
    return;
  }
  const skipped = String(args["skip"] ?? "").split(",");
  const failed: string[] = [];
  for (const step of STEPS) {
    if (skipped.includes(step.name)) continue;
    console.log(`\n== ${step.name}`);
    const started = performance.now();
    const good = await step.run();
    console.log(`== ${step.name}: ${good ? "ok" : "FAILED"} (${((performance.now() - started) / 1000).toFixed(1)} s)`);
    if (!good) failed.push(step.name);
  }
  console.log(failed.length === 0 ? "\nok" : `\nFAILED: ${failed.join(", ")}`);
  if (failed.length > 0) Deno.exit(1);
}

if (import.meta.main) await main();
