/**
 * Modules of Node's that are loaded at their first use.
 *
 * Owns nothing. An `import` of any of them costs each worker 3.5 MB of memory on Deno and some milliseconds, whether it is used or not; most
 * actors never use one.
 *
 * @module
 */

/** The modules that are loaded late. */
export interface NodeModules {
  /** Files by pread and pwrite. */
  readonly "node:fs": typeof import("node:fs");
  /** CRC and deflate. */
  readonly "node:zlib": typeof import("node:zlib");
}

interface NodeProcess {
  getBuiltinModule(name: string): unknown;
}

/**
 * Loads a module of Node's, or gives the one that is loaded.
 *
 * @param name Its name with `node:`
 * @returns The module
 * @throws {Error} when the platform has no such module; Deno and Node 22 have
 */
export function nodeModule<Name extends keyof NodeModules>(name: Name): NodeModules[Name] {
  const { process } = globalThis as unknown as { process?: NodeProcess };
  const found = process?.getBuiltinModule(name);
  if (found === undefined) throw new Error(`Cannot load ${name}: this platform has none; use Deno 2 or Node 22`);
  return found as NodeModules[Name];
}
