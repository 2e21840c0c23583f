/**
 * The tests of a folder by name, as their sources declare them.
 *
 * Owns: how a declaration is found in the text. Reads: test files. Never: runs a test.
 *
 * @module
 */
import { ROOT } from "./source_files.ts";

/** A test with the file that declares it. */
export interface NamedTest {
  readonly file: string;
  readonly name: string;
  /** What the broker must have for it, if anything. */
  readonly needs: string | undefined;
  /** Client programs that it drives, as far as the source names them. */
  readonly clients: readonly string[];
  /** Whether it runs on Apache's broker too, with the same assertions. */
  readonly isOnBoth: boolean;
}

const DECLARED =
  /(?:Deno\.test|(?:needing\(test, "([\w-]+)"\)|\btest(?:OnDisks)?))\(\s*(?:\{\s*name:\s*(?:\w+ \? )?)?(?:"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`)(?:,\s*\[([^\]]*)\])?/g;

/** Clients that a suite starts, for tests that name theirs by a variable. */
const SUITE_CLIENTS = /conformanceSuite\(\{\s*clients: \[([^\]]*)\]/;

/**
 * Finds the tests of a folder and, when asked, of those below it.
 *
 * @param folder Path from the root, without a slash behind.
 * @param options Which files; all when left out.
 */
export function testsOf(
  folder: string,
  options: { readonly fits?: (file: string) => boolean; readonly deep?: boolean } = {},
): NamedTest[] {
  return [...Deno.readDirSync(ROOT + folder)].flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory) return options.deep === true ? testsOf(path, options) : [];
    return entry.name.endsWith("_test.ts") && options.fits?.(entry.name) !== false ? testsIn(path) : [];
  });
}

function testsIn(file: string): NamedTest[] {
  const text = Deno.readTextFileSync(ROOT + file);
  const suite = words(SUITE_CLIENTS.exec(text)?.[1]);
  // A suite takes its broker from RINGMQ_TARGET; the tests of mqadmin run both side by side.
  const isOnBoth = text.includes("conformanceSuite(") || file.endsWith("/mqadmin_test.ts");
  return [...text.matchAll(DECLARED)].map((match) => {
    const listed = match[4] ?? "";
    const isNamed = listed.trim() === "" || listed.includes('"');
    return {
      file,
      name: match[2] ?? match[3] ?? "",
      needs: match[1],
      clients: isNamed ? words(listed) : suite,
      isOnBoth,
    };
  });
}

function words(list: string | undefined): string[] {
  return [...(list ?? "").matchAll(/"(\w+)"/g)].map(([, word]) => word!);
}
