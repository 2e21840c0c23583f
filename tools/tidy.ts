/**
 * Checks what neither the formatter nor the linter sees: names and sizes of files, marks of unfinished work, traces of
 * one machine, the opening of each module.
 *
 *     deno task tidy
 *
 * @module
 */

import { endOnHelp } from "./help.ts";
import { readSource, ROOT, type SourceFile } from "./source_files.ts";

/** Lines that a file may have. */
const FILE_LINES_MAX = 500;
/** Characters that a line may have; beyond this the formatter has given up on it. */
const LINE_LENGTH_MAX = 320;

/** A finding. */
export interface Finding {
  /** Path from the root of the repository. */
  readonly path: string;
  /** Line, from 1; 0 when the whole file is meant. */
  readonly line: number;
  /** What is wrong. */
  readonly message: string;
}

/** A pattern that must not stand in a line. */
interface LineRule {
  readonly pattern: RegExp;
  readonly message: string;
  /** Paths that it does not hold for begin with one of these. */
  readonly except?: readonly string[];
}

const UNFINISHED = ["TO" + "DO", "FIX" + "ME", "X" + "XX:"];

const LINE_RULES: readonly LineRule[] = [
  { pattern: new RegExp(`\\b(${UNFINISHED.join("|")})`), message: "Unfinished work does not land" },
  {
    pattern: /(^|["'`\s(=])\/(root|home|work|Users)\/[A-Za-z0-9_]/,
    message: "A path of one machine does not land",
  },
  {
    pattern: /(^|["'`\s(=])\/tmp\/[A-Za-z0-9_]/,
    message: "Temporary files are made with makeTempDir",
  },
  { pattern: /https?:\/\/(registry|repo|proxy)[0-9]*\./, message: "A host of a registry does not land" },
  { pattern: /Deno\.test\.(only|ignore)\(|\bonly: true\b/, message: "Every test runs", except: ["tools/"] },
];

/**
 * Checks one file.
 *
 * @param file The file.
 * @returns What is wrong with it.
 */
export function checkFile(file: SourceFile): Finding[] {
  const { path, text } = file;
  const findings: Finding[] = [];
  const report = (line: number, message: string): number => findings.push({ path, line, message });
  const lines = text.split("\n");
  const count = text.endsWith("\n") ? lines.length - 1 : lines.length;
  if (count > FILE_LINES_MAX && !path.startsWith("tests/")) {
    report(0, `File has ${count} lines, limit is ${FILE_LINES_MAX}`);
  }
  if (!/^[a-z0-9_]+(\.d)?\.ts$/.test(path.split("/").at(-1) ?? "")) report(0, "File name is not snake_case");
  if (needsOpening(path) && !/^(\/\/ hot\n)?\/\*\*\n?/.test(text)) report(1, "Module does not open with what it owns");
  for (const [index, line] of lines.entries()) {
    if (line.length > LINE_LENGTH_MAX) report(index + 1, `Line has ${line.length} characters`);
    for (const rule of LINE_RULES) {
      if (rule.except?.some((prefix) => path.startsWith(prefix))) continue;
      if (rule.pattern.test(line)) report(index + 1, rule.message);
    }
  }
  return findings;
}

/** A worker file holds one statement and a test file its tests; every other module says what it is. */
function needsOpening(path: string): boolean {
  return !path.endsWith("_worker.ts") && !path.endsWith("_test.ts");
}

if (import.meta.main) {
  endOnHelp(`
deno task tidy       checks names and sizes of files, marks of unfinished work, traces of one machine, the opening of each module
  -h  --help         print this, and end
`);
  const files = readSource(ROOT, ".ts");
  const findings = files.flatMap(checkFile);
  for (const { path, line, message } of findings) console.error(`${path}:${line}: ${message}`);
  const sizes = files.filter(({ path }) => !path.startsWith("tests/")).map(({ text }) => text.split("\n").length - 1);
  sizes.sort((a, b) => a - b);
  const at = (part: number): number => sizes[Math.min(sizes.length - 1, Math.floor(sizes.length * part))] ?? 0;
  console.log(
    `tidy: ${files.length} files, lines median ${at(0.5)}, p90 ${at(0.9)}, max ${at(1)}; ${findings.length} findings`,
  );
  if (findings.length > 0) Deno.exit(1);
}
