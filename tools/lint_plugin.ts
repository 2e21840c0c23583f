/**
 * Rules of this repository for `deno lint`: who may look at whom, where time and chance come from, how long a function is.
 *
 * Owns: the table of layers and the rules.
 * Reads: one file at a time.
 * Never: checks what the type checker or the recommended rules check already.
 *
 * @module
 */

/** A room of the repository; the longest matching prefix counts. */
interface Room {
  /** Paths that belong to it begin with this. */
  readonly prefix: string;
  /** Paths that it may import from, beside its own. `*` is everything. */
  readonly imports: readonly string[];
}

const GROUND_FLOOR = ["store/clock.ts", "store/memory/"];
const ROLE_FLOORS = ["actors/kernel/", "actors/net/", "protocol/"];

/** Who may look at whom. A path that lies in no room may import everything. */
const ROOMS: readonly Room[] = [
  { prefix: "protocol/", imports: [] },
  { prefix: "store/", imports: ["protocol/"] },
  { prefix: "actors/kernel/", imports: GROUND_FLOOR },
  { prefix: "actors/net/", imports: ["actors/kernel/", "protocol/", ...GROUND_FLOOR] },
  { prefix: "actors/client/", imports: [...ROLE_FLOORS, ...GROUND_FLOOR] },
  { prefix: "actors/broker/", imports: [...ROLE_FLOORS, "store/"] },
  { prefix: "actors/name_server/", imports: [...ROLE_FLOORS, "store/"] },
  { prefix: "mod.ts", imports: ["actors/", "protocol/", "store/"] },
  { prefix: "tests/", imports: ["*"] },
  { prefix: "tools/", imports: ["*"] },
];

/** Built-in modules that reach outside of the process; in `protocol` and `store` only the disk may. */
const OUTSIDE_MODULES = [
  "node:fs",
  "node:fs/promises",
  "node:net",
  "node:tls",
  "node:http",
  "node:http2",
  "node:child_process",
  "node:worker_threads",
];
const DISK_FILES: readonly string[] = ["store/file/deno_disk.ts", "store/file/light_disk.ts"];

/** Where time, timers and chance may be taken from the platform. */
const TIME_PREFIXES = ["store/clock.ts", "actors/kernel/", "tests/", "tools/"];
/** Where workers and messages between threads are known. */
const THREAD_PREFIXES = ["actors/kernel/", "tests/kernel/"];

const FUNCTION_LINES_MAX = 70;

const ROOT = decodeURIComponent(new URL("../", import.meta.url).pathname);

/** Path of a file from the root of the repository, with forward slashes. */
function pathOf(filename: string): string {
  const path = filename.replaceAll("\\", "/");
  return path.startsWith(ROOT) ? path.slice(ROOT.length) : path.replace(/^\.?\//, "");
}

function isUnder(path: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => prefix === "*" || path.startsWith(prefix));
}

function roomOf(path: string): Room | undefined {
  return ROOMS.find((room) => path.startsWith(room.prefix));
}

/** Path from the root that a relative import means, undefined for any other. */
function importedPath(from: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return new URL(specifier, `file:///${from}`).pathname.slice(1);
}

/** What is wrong with an import, undefined when nothing is. */
function layerFault(path: string, specifier: string): string | undefined {
  const room = roomOf(path);
  if (room === undefined) return undefined;
  const target = importedPath(path, specifier);
  if (target !== undefined) {
    if (target.startsWith(room.prefix) || isUnder(target, room.imports)) return undefined;
    return `"${room.prefix}" must not import "${target}"`;
  }
  const inner = isUnder(path, ["protocol/", "store/"]);
  if (inner && OUTSIDE_MODULES.includes(specifier) && !DISK_FILES.includes(path)) {
    return `"${room.prefix}" must not import "${specifier}"`;
  }
  if (!isUnder(path, ["tests/", "tools/"]) && specifier.startsWith("@std/")) {
    return `"${specifier}" is for tests and tools`;
  }
  return undefined;
}

function checkImport(context: Deno.lint.RuleContext, source: Deno.lint.Node | null | undefined): void {
  if (source?.type !== "Literal" || typeof source.value !== "string") return;
  const message = layerFault(pathOf(context.filename), source.value);
  if (message !== undefined) context.report({ node: source, message });
}

/** Name of a call's or access's target as it is written, for plain names and `a.b`. */
function nameOf(node: Deno.lint.Node): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression" && !node.computed && node.property.type === "Identifier") {
    const object = nameOf(node.object);
    return object === "" ? "" : `${object.replace(/^(globalThis|self)\./, "")}.${node.property.name}`;
  }
  return "";
}

function bare(name: string): string {
  return name.replace(/^(globalThis|self)\./, "");
}

const layers: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    return {
      ImportDeclaration: (node): void => checkImport(context, node.source),
      ExportNamedDeclaration: (node): void => checkImport(context, node.source),
      ExportAllDeclaration: (node): void => checkImport(context, node.source),
      ImportExpression: (node): void => checkImport(context, node.source),
    };
  },
};

const platform: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    const path = pathOf(context.filename);
    if (!isUnder(path, ["protocol/", "store/"]) || DISK_FILES.includes(path)) return {};
    return {
      MemberExpression(node): void {
        if (node.object.type === "Identifier" && node.object.name === "Deno") {
          context.report({ node, message: "protocol and store must not use Deno.*" });
        }
      },
    };
  },
};

const TIME_CALLS = ["Date.now", "Math.random", "performance.now", "setTimeout", "setInterval"];

const time: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (isUnder(pathOf(context.filename), TIME_PREFIXES)) return {};
    return {
      CallExpression(node): void {
        const name = bare(nameOf(node.callee));
        if (TIME_CALLS.includes(name)) context.report({ node, message: `${name}() is for the clock and the kernel` });
      },
      NewExpression(node): void {
        if (nameOf(node.callee) === "Date" && node.arguments.length === 0) {
          context.report({ node, message: "new Date() without a time is for the clock" });
        }
      },
    };
  },
};

const threads: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (isUnder(pathOf(context.filename), THREAD_PREFIXES)) return {};
    return {
      CallExpression(node): void {
        const name = nameOf(node.callee);
        if (name === "postMessage" || name.endsWith(".postMessage")) {
          context.report({ node, message: "postMessage() is for the kernel" });
        }
      },
      NewExpression(node): void {
        const name = bare(nameOf(node.callee));
        if (name === "Worker" || name === "MessageChannel" || name === "BroadcastChannel") {
          context.report({ node, message: `new ${name}() is for the kernel` });
        }
      },
    };
  },
};

type FunctionNode = Deno.lint.FunctionDeclaration | Deno.lint.FunctionExpression | Deno.lint.ArrowFunctionExpression;

const functionLength: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    const check = (node: FunctionNode): void => {
      const text = context.sourceCode.getText(node);
      let lines = 1;
      for (let at = text.indexOf("\n"); at >= 0; at = text.indexOf("\n", at + 1)) lines++;
      if (lines > FUNCTION_LINES_MAX) {
        context.report({ node, message: `Function has ${lines} lines, limit is ${FUNCTION_LINES_MAX}` });
      }
    };
    return { FunctionDeclaration: check, FunctionExpression: check, ArrowFunctionExpression: check };
  },
};

const EMPTY_CATCH = "An empty catch hides an error: say in a comment why it is nothing, or count it";

const emptyCatch: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    return {
      CatchClause(node): void {
        const text = context.sourceCode.getText(node.body);
        if (node.body.body.length === 0 && !/\/\/|\/\*/.test(text)) context.report({ node, message: EMPTY_CATCH });
      },
    };
  },
};

const noConsole: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    if (isUnder(pathOf(context.filename), ["tests/", "tools/"])) return {};
    return {
      MemberExpression(node): void {
        if (node.object.type === "Identifier" && node.object.name === "console") {
          context.report({ node, message: "console is for tools; a part says what happens by events" });
        }
      },
    };
  },
};

const noEnum: Deno.lint.Rule = {
  create(context): Deno.lint.LintVisitor {
    return {
      TSEnumDeclaration: (node): void =>
        context.report({ node, message: "Use an `as const` object instead of an enum" }),
    };
  },
};

const plugin: Deno.lint.Plugin = {
  name: "ringmq",
  rules: {
    layers,
    platform,
    time,
    threads,
    "function-length": functionLength,
    "empty-catch": emptyCatch,
    "no-console": noConsole,
    "no-enum": noEnum,
  },
};

export default plugin;
