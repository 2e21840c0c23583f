import { assertEquals } from "@std/assert";
import plugin from "../../tools/lint_plugin.ts";

/** Rules that a source breaks when it stands at a path. */
function broken(path: string, source: string): string[] {
  return Deno.lint.runPlugin(plugin, path, source).map(({ id }) => id.replace("ringmq/", ""));
}

function importing(path: string, specifier: string): string[] {
  return broken(path, `import { a } from "${specifier}";\na;\n`);
}

/** Path of the importing file, what it imports, whether that is allowed. */
const IMPORTS: readonly [string, string, boolean][] = [
  ["protocol/frame.ts", "./limits.ts", true],
  ["protocol/commands/send.ts", "../limits.ts", true],
  ["protocol/frame.ts", "../store/clock.ts", false],
  ["protocol/frame.ts", "node:zlib", true],
  ["protocol/frame.ts", "node:fs", false],
  ["store/commit_log.ts", "../protocol/record.ts", true],
  ["store/commit_log.ts", "../actors/net/peer.ts", false],
  ["store/file/deno_disk.ts", "node:fs", true],
  ["store/file/segment_file.ts", "node:fs", false],
  ["actors/kernel/spawn.ts", "../../store/clock.ts", true],
  ["actors/kernel/spawn.ts", "../../store/memory/region.ts", true],
  ["actors/kernel/spawn.ts", "../../store/commit_log.ts", false],
  ["actors/kernel/spawn.ts", "../net/peer.ts", false],
  ["actors/kernel/spawn.ts", "../../protocol/frame.ts", false],
  ["actors/net/peer.ts", "../kernel/errors.ts", true],
  ["actors/net/peer.ts", "../../protocol/frame.ts", true],
  ["actors/net/peer.ts", "../broker/gateway.ts", false],
  ["actors/broker/gateway.ts", "../../store/commit_log.ts", true],
  ["actors/broker/gateway.ts", "../client/producer.ts", false],
  ["actors/broker/gateway.ts", "../name_server/mod.ts", false],
  ["actors/client/producer.ts", "../../store/memory/lock.ts", true],
  ["actors/client/producer.ts", "../../store/clock.ts", true],
  ["actors/client/producer.ts", "../../store/commit_log.ts", false],
  ["actors/client/producer.ts", "../../tools/cli.ts", false],
  ["actors/client/producer.ts", "@std/cli/parse-args", false],
  ["mod.ts", "./actors/client/mod.ts", true],
  ["mod.ts", "./tools/cli.ts", false],
  ["tests/store/a_test.ts", "../../actors/kernel/spawn.ts", true],
  ["tools/cli.ts", "../actors/broker/mod.ts", true],
];

for (const [path, specifier, allowed] of IMPORTS) {
  Deno.test(`layers ${allowed ? "lets" : "does not let"} ${path} import ${specifier}`, () => {
    assertEquals(importing(path, specifier), allowed ? [] : ["layers"]);
  });
}

Deno.test("layers looks at exports and at import() too", () => {
  assertEquals(broken("protocol/a.ts", 'export * from "../store/a.ts";\n'), ["layers"]);
  assertEquals(broken("protocol/a.ts", 'export { a } from "../store/a.ts";\n'), ["layers"]);
  assertEquals(broken("protocol/a.ts", 'await import("../store/a.ts");\n'), ["layers"]);
});

Deno.test("time, chance and timers are for the clock and the kernel", () => {
  const source =
    "Date.now(); Math.random(); setTimeout(f, 1); globalThis.setInterval(f, 1); performance.now(); new Date();\n";
  assertEquals(broken("store/a.ts", source), Array(6).fill("time"));
  assertEquals(broken("actors/broker/a.ts", source).length, 6);
  for (const path of ["store/clock.ts", "actors/kernel/a.ts", "tests/a_test.ts", "tools/a.ts"]) {
    assertEquals(broken(path, source), []);
  }
  assertEquals(broken("store/a.ts", "new Date(5); clock.setTimer(1, f);\n"), []);
});

Deno.test("workers and messages between threads are for the kernel", () => {
  const source = "new Worker(url); port.postMessage(1); new MessageChannel(); self.postMessage(1);\n";
  assertEquals(broken("actors/net/a.ts", source), Array(4).fill("threads"));
  assertEquals(broken("actors/kernel/a.ts", source), []);
});

Deno.test("Deno and console have their places", () => {
  assertEquals(broken("store/a.ts", "Deno.cwd();\n"), ["platform"]);
  assertEquals(broken("actors/net/a.ts", "Deno.cwd();\n"), []);
  assertEquals(broken("actors/net/a.ts", "console.log(1);\n"), ["no-console"]);
  assertEquals(broken("tools/a.ts", "console.log(1);\n"), []);
});

Deno.test("a function of more than 70 lines, an empty catch and an enum are refused", () => {
  const body = (lines: number): string => `function f() {\n${"a();\n".repeat(lines)}}\n`;
  assertEquals(broken("store/a.ts", body(68)), []);
  assertEquals(broken("store/a.ts", body(69)), ["function-length"]);
  assertEquals(broken("store/a.ts", "try { a(); } catch {}\n"), ["empty-catch"]);
  assertEquals(broken("store/a.ts", "try { a(); } catch { /* nobody asked */ }\n"), []);
  assertEquals(broken("store/a.ts", "enum A { B }\n"), ["no-enum"]);
});
