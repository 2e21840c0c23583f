/**
 * The files of the repository that the checks look at.
 *
 * @module
 */

/** Folders and files at the root that hold source. */
const SOURCE_ROOTS = ["protocol", "store", "actors", "tests", "tools", "mod.ts"];

/** Folders that hold recorded data, downloads or what other tools made. */
const SKIPPED = ["tests/golden", "node_modules", "target", "lib", ".run", "coverage"];

/** A file with its text. */
export interface SourceFile {
  /** Path from the root of the repository. */
  readonly path: string;
  /** Its text. */
  readonly text: string;
}

/**
 * Lists files.
 *
 * @param root Root of the repository, with a slash at its end.
 * @param extension Ending of the names, such as `.ts`.
 * @returns Their paths from the root, sorted.
 */
export function listSource(root: string, extension: string): string[] {
  const found: string[] = [];
  const walk = (path: string): void => {
    for (const entry of Deno.readDirSync(root + path)) {
      const inner = `${path}/${entry.name}`;
      if (SKIPPED.includes(inner) || SKIPPED.includes(entry.name)) continue;
      if (entry.isDirectory) walk(inner);
      else if (entry.name.endsWith(extension)) found.push(inner);
    }
  };
  for (const path of SOURCE_ROOTS) {
    const stat = statOf(root + path);
    if (stat?.isDirectory) walk(path);
    else if (stat?.isFile && path.endsWith(extension)) found.push(path);
  }
  return found.sort();
}

/**
 * Reads files.
 *
 * @param root Root of the repository, with a slash at its end.
 * @param extension Ending of the names, such as `.ts`.
 * @returns The files, sorted by path.
 */
export function readSource(root: string, extension: string): SourceFile[] {
  return listSource(root, extension).map((path) => ({ path, text: Deno.readTextFileSync(root + path) }));
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Root of the repository, with a slash at its end. */
export const ROOT: string = decodeURIComponent(new URL("../", import.meta.url).pathname);
