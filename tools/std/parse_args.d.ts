/**
 * Types of `@std/cli/parse-args`, as far as the tools use it, for the npm copy of it, which has none. With
 * `jsr:@std/cli@1` in deno.json this file and the one beside it are not used.
 *
 * @module
 */

/** What was parsed: named values by name, the rest under `_`. */
export type Args = Record<string, unknown> & { _: (string | number)[]; "--"?: string[] };

export interface ParseOptions {
  "--"?: boolean;
  alias?: Record<string, string | readonly string[]>;
  boolean?: boolean | string | readonly string[];
  string?: string | readonly string[];
  collect?: string | readonly string[];
  negatable?: string | readonly string[];
  default?: Record<string, unknown>;
  stopEarly?: boolean;
  unknown?: (arg: string, key?: string, value?: unknown) => unknown;
}

export declare function parseArgs(args: readonly string[], options?: ParseOptions): Args;
