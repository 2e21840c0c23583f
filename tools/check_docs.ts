/**
 * Checks that numbers which others have decided say where they come from: each constant in files of limits, request
 * codes and record layout carries a `Source:`.
 *
 *     deno task check-docs
 *
 * @module
 */

import { endOnHelp } from "./help.ts";
import { readSource, ROOT, type SourceFile } from "./source_files.ts";
import type { Finding } from "./tidy.ts";

/** Names of the files whose constants need a source. */
const NAMES = ["limits.ts", "request_code.ts", "record.ts"];

/** A constant that needs a source: a number, or a table of numbers, under a name in capitals or a code table. */
const CONSTANT = /^(?:export )?const ([A-Z][A-Z0-9_]*|[A-Z][A-Za-z]*Code)\b[^=]*= (.*)$/;

/**
 * Checks one file.
 *
 * @param file The file.
 * @returns Constants without a source.
 */
export function checkSources(file: SourceFile): Finding[] {
  if (!NAMES.includes(file.path.split("/").at(-1) ?? "") || file.path.startsWith("tests/")) return [];
  const lines = file.text.split("\n");
  const moduleSaysSource = /Source:/.test(commentAt(lines, 0).join("\n"));
  const findings: Finding[] = [];
  for (const [index, line] of lines.entries()) {
    const match = CONSTANT.exec(line);
    if (match === null || !isOwnNumber(match[2] ?? "")) continue;
    if (moduleSaysSource || /Source:/.test(commentAbove(lines, index))) continue;
    findings.push({ path: file.path, line: index + 1, message: `Constant ${match[1]} has no "Source:"` });
  }
  return findings;
}

/** A value made of other constants needs no source of its own. */
function isOwnNumber(value: string): boolean {
  return /^-?(0x[0-9a-f_]+|[0-9][0-9_.]*)\b/i.test(value) || value.startsWith("{");
}

function commentAt(lines: readonly string[], start: number): string[] {
  const first = lines[start]?.startsWith("// hot") ? start + 1 : start;
  if (!lines[first]?.startsWith("/**")) return [];
  const end = lines.findIndex((line, index) => index >= first && line.includes("*/"));
  return lines.slice(first, end + 1);
}

function commentAbove(lines: readonly string[], index: number): string {
  let first = index - 1;
  if (!(lines[first] ?? "").trimEnd().endsWith("*/") && !(lines[first] ?? "").startsWith("//")) return "";
  while (first > 0 && !(lines[first] ?? "").includes("/**") && (lines[first] ?? "").trim() !== "") first--;
  return lines.slice(first, index).join("\n");
}

if (import.meta.main) {
  endOnHelp(`
deno task check-docs     checks that constants which others have decided carry a "Source:"
  -h  --help             print this, and end
`);
  const files = readSource(ROOT, ".ts");
  const findings = files.flatMap(checkSources);
  for (const { path, line, message } of findings) console.error(`${path}:${line}: ${message}`);
  console.log(`check_docs: ${findings.length} findings`);
  if (findings.length > 0) Deno.exit(1);
}
