/**
 * What the conformance tests need from the machine: programs, jars, compiled clients.
 *
 * Owns: a cache folder (`RINGMQ_CACHE`, else `~/.cache/ringmq`), each entry built once and named by a hash of what it is made from.
 * Reads: PATH, the sources beside this file.
 * Never: fails a machine that lacks a program, unless `RINGMQ_CONFORMANCE=required`.
 *
 * @module
 */

/** Programs that tests ask for. */
export type Program =
  | "etcd"
  | "iptables"
  | "ip"
  | "unshare"
  | "nsenter"
  | "setpriv"
  | "java"
  | "javac"
  | "mvn"
  | "go"
  | "node"
  | "npm"
  | "setsid"
  | "cc";

/** Where a long-lived client program is found. */
export interface ClientProgram {
  /** Program and arguments. */
  readonly command: readonly string[];
}

/** How often a cache entry is tried: each is downloaded, whole or in part. */
const ATTEMPTS_MAX = 3;

const HERE = new URL(".", import.meta.url).pathname;

/** Whether a missing program fails the tests instead of skipping them. */
export const conformanceRequired: boolean = Deno.env.get("RINGMQ_CONFORMANCE") === "required";

/**
 * Programs of a list that are not in PATH.
 *
 * @param programs What is needed.
 */
export function missingPrograms(programs: readonly Program[]): Program[] {
  const folders = (Deno.env.get("PATH") ?? "").split(":");
  return programs.filter((program) => !folders.some((folder) => isFile(`${folder}/${program}`)));
}

/** Jars of Apache RocketMQ 5.4.0: servers, client and mqadmin. @returns The folder. */
export function apacheJars(): Promise<string> {
  return jars("java54");
}

/** Jars of Apache RocketMQ 4.9.7: servers. @returns The folder. */
export function apache49Jars(): Promise<string> {
  return jars("apache49");
}

/** The Java client 5.4.0 with mqadmin. @returns How to run it. */
export async function java54Client(): Promise<ClientProgram> {
  const lib = await apacheJars();
  const classes = await javaClasses("java54", lib, ["java/conformance", "java54/conformance"]);
  return {
    command: [
      ...JAVA,
      "-Djava.security.manager=allow",
      "-cp",
      `${classes}:${lib}/*`,
      "conformance.Runner",
      "conformance.Admin",
      "conformance.Transactions",
      "conformance.Filters",
      "conformance.Delivery",
    ],
  };
}

/** The Java client 4.9.8. @returns How to run it. */
export async function java49Client(): Promise<ClientProgram> {
  const lib = await jars("java49");
  const classes = await javaClasses("java49", lib, ["java/conformance"]);
  return { command: [...JAVA, "-cp", `${classes}:${lib}/*`, "conformance.Runner"] };
}

/** The Go client v2.1.2. @returns How to run it. */
export async function goClient(): Promise<ClientProgram> {
  const folder = await built("go", ["go/main.go", "go/go.mod", "go/go.sum"], async (out) => {
    await run(["go", "build", "-o", `${out}/client`, "."], { cwd: `${HERE}go` });
  });
  return { command: [`${folder}/client`] };
}

/** The Node client ali-ons 3.12.0. @returns How to run it. */
export async function nodeClient(): Promise<ClientProgram> {
  const folder = await built("node", ["node/package.json"], async (out) => {
    await Deno.copyFile(`${HERE}node/package.json`, `${out}/package.json`);
    await run(["npm", "install", "--silent", "--no-audit", "--no-fund", "--ignore-scripts"], { cwd: out });
  });
  return { command: ["node", `${HERE}node/main.cjs`, folder] };
}

/** First major version of Node that the client's package is for. */
const NODE_MAJOR = 22;

/**
 * Node in the version that the client's package is for: the one in PATH, or the one that npm has.
 *
 * @returns Its path.
 */
export async function node22(): Promise<string> {
  const { stdout } = await new Deno.Command("node", { args: ["--version"], stdin: "null" }).output();
  const major = Number(/^v(\d+)/.exec(new TextDecoder().decode(stdout))?.[1]);
  if (major >= NODE_MAJOR) return "node";
  const machine = Deno.build.arch === "aarch64" ? "arm64" : "x64";
  const program = `node-linux-${machine}`;
  const folder = await built(`node${NODE_MAJOR}-${machine}`, [], async (out) => {
    await Deno.writeTextFile(`${out}/package.json`, '{ "private": true }');
    const options = ["--silent", "--no-audit", "--no-fund", "--ignore-scripts"];
    await run(["npm", "install", ...options, `${program}@${NODE_MAJOR}`], { cwd: out });
  });
  return `${folder}/node_modules/${program}/bin/node`;
}

/** Members of a group look every 3 s instead of every 20 s for what is theirs, so that tests wait less; nothing else differs. */
const JAVA = [
  "java",
  "-Xms64m",
  "-Xmx512m",
  "-XX:+UseSerialGC",
  "-XX:TieredStopAtLevel=1",
  "-Drocketmq.client.logLevel=ERROR",
  "-Drocketmq.client.rebalance.waitInterval=3000",
  "-Drocketmq.client.rebalance.lockInterval=5000",
];

function jars(name: "java54" | "java49" | "apache49"): Promise<string> {
  return built(`${name}-jars`, [`${name}/pom.xml`], async (out) => {
    const goal = "org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies";
    await run(["mvn", "-q", "-B", "-f", `${HERE}${name}/pom.xml`, goal, `-DoutputDirectory=${out}`], {});
  });
}

async function javaClasses(name: string, lib: string, folders: readonly string[]): Promise<string> {
  const sources: string[] = [];
  for (const folder of folders) {
    for await (const entry of Deno.readDir(HERE + folder)) sources.push(`${folder}/${entry.name}`);
  }
  sources.sort();
  return built(`${name}-classes`, [...sources, `${name}/pom.xml`], async (out) => {
    await run(["javac", "-nowarn", "-encoding", "UTF-8", "-cp", `${lib}/*`, "-d", out, ...sources], { cwd: HERE });
  });
}

/** Makes a cache entry once. It is built beside its place and moved there whole, so a build cut short leaves nothing. */
async function built(name: string, inputs: readonly string[], build: (out: string) => Promise<void>): Promise<string> {
  const root = Deno.env.get("RINGMQ_CACHE") ||
    `${Deno.env.get("XDG_CACHE_HOME") || `${Deno.env.get("HOME")}/.cache`}/ringmq`;
  const place = `${root}/${name}-${await hashOf(inputs)}`;
  if (isFolder(place)) return place;
  await Deno.mkdir(root, { recursive: true });
  // Maven and npm keep caches of their own, which two at a time may spoil.
  using lock = await Deno.open(`${root}/lock`, { create: true, write: true });
  await lock.lock(true);
  if (isFolder(place)) return place;
  for (let attempt = 1;; attempt++) {
    const draft = await Deno.makeTempDir({ dir: root, prefix: `${name}-draft-` });
    try {
      await build(draft);
      await Deno.rename(draft, place);
      return place;
    } catch (error) {
      await Deno.remove(draft, { recursive: true });
      // A registry that does not answer for a moment is no finding.
      if (attempt === ATTEMPTS_MAX) throw error;
    }
  }
}

async function hashOf(inputs: readonly string[]): Promise<string> {
  const texts = await Promise.all(inputs.map((input) => Deno.readTextFile(HERE + input)));
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(texts.join("\0")));
  return [...new Uint8Array(digest).subarray(0, 6)].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

async function run(command: readonly string[], options: { readonly cwd?: string }): Promise<void> {
  const output = await new Deno.Command(command[0]!, { args: command.slice(1), stdin: "null", ...options }).output();
  if (output.success) return;
  const decoder = new TextDecoder();
  throw new Error(`Cannot run ${command.join(" ")}: ${decoder.decode(output.stdout)}${decoder.decode(output.stderr)}`);
}

function isFile(path: string): boolean {
  return statOf(path)?.isFile ?? false;
}

function isFolder(path: string): boolean {
  return statOf(path)?.isDirectory ?? false;
}

function statOf(path: string): Deno.FileInfo | undefined {
  try {
    return Deno.statSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return undefined;
    throw error;
  }
}
