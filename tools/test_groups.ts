/**
 * Which test runs with which permissions, beside what, and in how many processes.
 *
 * Owns: the groups. Reads: the folder of tests. Never: starts anything.
 *
 * @module
 */

import { ROOT } from "./source_files.ts";

/** Tests with the same permissions. */
export interface Group {
  readonly name: string;
  readonly permissions: readonly string[];
  /** Milliseconds until one of its processes is ended. */
  readonly timeoutMs: number;
  /** Processes that share its files, each with a part. */
  readonly parts: number;
  /** Its tests measure what others would spoil, and run one by one when the others have ended. */
  readonly isAlone: boolean;
}

/** One process of tests. */
export interface Job {
  readonly name: string;
  readonly group: Group;
  readonly paths: readonly string[];
}

const TEMP = (Deno.env.get("TMPDIR") ?? "/tmp").replace(/\/$/, "");

/** Addresses of this machine, and one of the documentation range where nobody answers. */
const LOCAL_NET = "127.0.0.1,localhost,0.0.0.0,[::1],192.0.2.1";

const SYSTEM = "--allow-sys=hostname,networkInterfaces,osRelease,uid,statfs,systemMemoryInfo,cpus";

const CONFORMANCE_PERMISSIONS = [
  "--allow-read",
  "--allow-write",
  `--allow-net=${LOCAL_NET}`,
  "--allow-env",
  "--allow-run",
  SYSTEM,
];

/** Fewer files are not worth a process of their own. */
const PART_FILES = 7;

/** They judge time or memory. */
const ALONE_PATHS: ReadonlySet<string> = new Set([
  "tests/conformance/client_faults_test.ts",
  "tests/conformance/failover_test.ts",
  "tests/conformance/idle_test.ts",
  "tests/conformance/recovery_test.ts",
  "tests/name_server/capacity_test.ts",
]);

const ALONE: Group = {
  name: "alone",
  permissions: CONFORMANCE_PERMISSIONS,
  timeoutMs: 10 * 60_000,
  parts: 1,
  isAlone: true,
};

const CONFORMANCE: Group = {
  name: "conformance",
  permissions: CONFORMANCE_PERMISSIONS,
  timeoutMs: 20 * 60_000,
  parts: 6,
  isAlone: false,
};

const UNIT: Group = {
  name: "unit",
  permissions: [
    `--allow-read=${ROOT},${TEMP},${Deno.execPath()}`,
    `--allow-write=${TEMP}`,
    `--allow-net=${LOCAL_NET}`,
    "--allow-env",
    `--allow-run=${Deno.execPath()},sh,strace,ip`,
    SYSTEM,
  ],
  timeoutMs: 20 * 60_000,
  parts: 3,
  isAlone: false,
};

function groupOf(path: string): Group {
  if (ALONE_PATHS.has(path)) return ALONE;
  return path.startsWith("tests/conformance/") ? CONFORMANCE : UNIT;
}

/** The test files of a folder, or the file itself. What is not there stays as it is: `deno test` says so. */
function filesOf(path: string): string[] {
  const clean = path.replace(/^\.\//, "").replace(/\/$/, "");
  if (statOf(clean)?.isDirectory !== true) return [clean];
  const files: string[] = [];
  for (const entry of Deno.readDirSync(ROOT + clean)) {
    const inner = `${clean}/${entry.name}`;
    if (entry.isDirectory) files.push(...filesOf(inner));
    else if (entry.name.endsWith("_test.ts")) files.push(inner);
  }
  return files.sort();
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(ROOT + path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/**
 * Parts of about the same length: neighbours in the alphabet, which often are long or short together, go to different ones.
 *
 * @param paths all of them
 * @param parts how many at most
 */
export function dealt(paths: readonly string[], parts: number): string[][] {
  const count = Math.min(parts, Math.ceil(paths.length / PART_FILES));
  return Array.from({ length: count }, (_, part) => paths.filter((_, index) => index % count === part));
}

/**
 * The processes that run some tests.
 *
 * @param asked files and folders
 */
export function jobsOf(asked: readonly string[]): Job[] {
  const files = [...new Set(asked.flatMap(filesOf))];
  return [UNIT, CONFORMANCE, ALONE].flatMap((group) => {
    const parts = dealt(files.filter((path) => groupOf(path) === group), group.parts);
    return parts.map((paths, index) => ({
      name: parts.length === 1 ? group.name : `${group.name} ${index + 1} of ${parts.length}`,
      group,
      paths,
    }));
  });
}
