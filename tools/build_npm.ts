/**
 * Makes the Node package of the client: plain JavaScript with declarations, no dependencies.
 *
 *     deno task build:npm              into npm/
 *     deno task build:npm <folder>     elsewhere
 *
 * Every module that the client's door reaches is stripped of its types, one by one and at the same path, with `.js` in
 * place of `.ts`: no bundling, so that stack traces and deep links stay readable. The worker files are left out: on Node the
 * actors run inline. Types are stripped here and not by Node, which refuses TypeScript below node_modules.
 *
 * Owns: the folder that it writes. Reads: deno.json for name and version.
 * Never: publishes.
 *
 * @module
 */
import ts from "npm:typescript@5.9.3";
import { endOnHelp } from "./help.ts";
import { ROOT } from "./source_files.ts";

/** Doors of the package. */
const DOORS: Readonly<Record<string, string>> = {
  ".": "mod.ts",
  "./client": "actors/client/mod.ts",
  "./protocol": "protocol/mod.ts",
};

/** First Node that has Promise.withResolvers and runs what the compiler leaves. */
const NODE_MIN = "22.0.0";

const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2022,
  module: ts.ModuleKind.ESNext,
  isolatedModules: true,
  verbatimModuleSyntax: true,
  rewriteRelativeImportExtensions: true,
};

/** The modules that the doors reach, as paths from the root. */
function reachable(): string[] {
  const found = new Set<string>();
  const walk = (path: string): void => {
    if (found.has(path)) return;
    found.add(path);
    const { importedFiles } = ts.preProcessFile(Deno.readTextFileSync(ROOT + path), true, true);
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith("node:")) continue;
      if (!fileName.startsWith(".")) throw new Error(`${path} imports "${fileName}", the package has no dependencies`);
      walk(new URL(fileName, `file:///${path}`).pathname.slice(1));
    }
  };
  for (const door of Object.values(DOORS)) walk(door);
  return [...found].sort();
}

function messagesOf(path: string, diagnostics: readonly ts.Diagnostic[] | undefined): string[] {
  return (diagnostics ?? []).map((one) => `${path}: ${ts.flattenDiagnosticMessageText(one.messageText, "\n")}`);
}

function write(path: string, text: string): void {
  Deno.mkdirSync(path.slice(0, path.lastIndexOf("/")), { recursive: true });
  Deno.writeTextFileSync(path, text);
}

/** Strips one module. @returns what the compiler complains about */
function strip(path: string, into: string): string[] {
  const source = Deno.readTextFileSync(ROOT + path);
  const base = `${into}/${path.replace(/\.ts$/, "")}`;
  const code = ts.transpileModule(source, { fileName: path, compilerOptions: OPTIONS, reportDiagnostics: true });
  const types = ts.transpileDeclaration(source, {
    fileName: path,
    compilerOptions: { ...OPTIONS, declaration: true, isolatedDeclarations: true },
    reportDiagnostics: true,
  });
  write(`${base}.js`, code.outputText);
  write(`${base}.d.ts`, types.outputText.replaceAll(/(from\s+"\.[^"]*)\.ts"/g, '$1.js"'));
  return [...messagesOf(path, code.diagnostics), ...messagesOf(path, types.diagnostics)];
}

function manifest(): string {
  const { name, version, license } = JSON.parse(Deno.readTextFileSync(`${ROOT}deno.json`)) as Record<string, string>;
  const js = (path: string, ending: string): string => `./${path.replace(/\.ts$/, ending)}`;
  const exports = Object.fromEntries(
    Object.entries(DOORS).map(([door, path]) => [door, { types: js(path, ".d.ts"), default: js(path, ".js") }]),
  );
  return `${
    JSON.stringify(
      {
        name,
        version,
        description: "A RocketMQ client in TypeScript, without native code",
        license,
        type: "module",
        engines: { node: `>=${NODE_MIN}` },
        sideEffects: false,
        exports,
      },
      null,
      2,
    )
  }\n`;
}

/**
 * Builds the package.
 *
 * @param into Folder that is made anew.
 * @returns Paths of the modules in it, from the root.
 * @throws {Error} When a module cannot be stripped.
 */
export function buildNpm(into: string): string[] {
  try {
    Deno.removeSync(into, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  const modules = reachable();
  const complaints = modules.flatMap((path) => strip(path, into));
  if (complaints.length > 0) throw new Error(`Cannot build the package:\n${complaints.join("\n")}`);
  write(`${into}/package.json`, manifest());
  for (const file of ["README.md", "LICENSE"]) Deno.copyFileSync(ROOT + file, `${into}/${file}`);
  return modules;
}

if (import.meta.main) {
  endOnHelp(`
deno task build:npm [folder]     makes the Node package of the client, in npm/ unless a folder is given
  -h  --help                     print this, and end
`);
  const into = Deno.args[0] ?? `${ROOT}npm`;
  console.log(`${buildNpm(into).length} modules in ${into}`);
}
