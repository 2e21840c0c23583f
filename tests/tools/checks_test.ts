import { assert, assertEquals } from "@std/assert";
import { checkSources } from "../../tools/check_docs.ts";
import { sumOf, totalsOf } from "../../tools/run_tests.ts";
import { dealt, jobsOf } from "../../tools/test_groups.ts";
import { checkFile } from "../../tools/tidy.ts";

const OPENING = "/**\n * Owns nothing.\n */\n";

function messages(path: string, text: string): string[] {
  return checkFile({ path, text }).map(({ line, message }) => `${line}: ${message}`);
}

Deno.test("checkFile() finds nothing in a good file", () => {
  assertEquals(messages("store/a_b.ts", `${OPENING}export const a = 1;\n`), []);
  assertEquals(messages("store/memory/ring.ts", `// hot\n${OPENING}`), []);
  assertEquals(messages("actors/net/x_worker.ts", "serve(role, start);\n"), []);
});

Deno.test("checkFile() finds names, sizes and openings", () => {
  assertEquals(messages("store/aB.ts", OPENING), ["0: File name is not snake_case"]);
  assertEquals(messages("store/a.ts", "export const a = 1;\n"), ["1: Module does not open with what it owns"]);
  assertEquals(messages("store/a.ts", OPENING + "\n".repeat(497)), []);
  assertEquals(messages("store/a.ts", OPENING + "\n".repeat(498)), ["0: File has 501 lines, limit is 500"]);
});

Deno.test("checkFile() finds unfinished work and traces of a machine", () => {
  const lines: [string, string | undefined][] = [
    [`// ${"TO"}${"DO"} later`, "Unfinished work does not land"],
    ['const a = "/' + 'root/a";', "A path of one machine does not land"],
    ['const a = "/' + 'tmp/a";', "Temporary files are made with makeTempDir"],
    ['const a = "https://' + 'registry.example/a";', "A host of a registry does not land"],
    ["Deno.test." + "only(f);", "Every test runs"],
    ['const a = "./' + 'home/a";', undefined],
    ["const todo = 1;", undefined],
  ];
  for (const [line, message] of lines) {
    assertEquals(messages("store/a.ts", `${OPENING}${line}\n`), message === undefined ? [] : [`4: ${message}`], line);
  }
});

Deno.test("checkSources() finds constants without a source", () => {
  const check = (text: string, path = "protocol/limits.ts"): number[] =>
    checkSources({ path, text }).map(({ line }) => line);
  const opening = "/** Numbers. */\n";
  assertEquals(check(`${opening}\nexport const A = 5;\n`), [3]);
  assertEquals(check(`${opening}\n/** Five. */\nexport const A = 5;\n`), [4]);
  assertEquals(check(`${opening}\n/** Five. Source: apache/rocketmq a.java B */\nexport const A = 5;\n`), []);
  assertEquals(check(`${opening}\n/**\n * Five.\n * Source: own bound.\n */\nconst A = 0x5;\n`), []);
  assertEquals(check(`${opening}\nexport const A = B + C;\n`), []);
  assertEquals(check(`${opening}\nexport const RequestCode = {\n`), [3]);
  assertEquals(check("/** Numbers. Source: a.java */\n\nexport const A = 5;\n"), []);
  assertEquals(check(`${opening}\nexport const A = 5;\n`, "protocol/other.ts"), []);
});

Deno.test("totalsOf() reads the last line of totals", () => {
  assertEquals(totalsOf("ok | 68 passed | 0 failed (861ms)\n"), { passed: 68, failed: 0, ignored: 0 });
  assertEquals(totalsOf("x\nFAILED | 47 passed (3 steps) | 2 failed (1 step) | 4 ignored (4s)\n"), {
    passed: 47,
    failed: 2,
    ignored: 4,
  });
  assertEquals(totalsOf("ok | 1 passed | 0 failed (1ms)\nok | 2 passed | 0 failed (1ms)\n")?.passed, 2);
  assertEquals(totalsOf("error: Type checking failed.\n"), undefined);
  assertEquals(
    sumOf([{ passed: 1, failed: 2, ignored: 3 }, { passed: 10, failed: 20, ignored: 30 }]),
    { passed: 11, failed: 22, ignored: 33 },
  );
});

Deno.test("dealt() gives each path to one part, neighbours to different ones, and makes no empty part", () => {
  const letters = [..."abcdefgh"];
  assertEquals(dealt(letters, 2), [["a", "c", "e", "g"], ["b", "d", "f", "h"]]);
  assertEquals(dealt(letters.slice(1), 6), [letters.slice(1)]);
  assertEquals(dealt([], 6), []);
});

Deno.test("jobsOf() gives every test file to one process, what measures to one of its own, and keeps what is not there", () => {
  const jobs = jobsOf(["tests"]);
  const paths = jobs.flatMap((job) => job.paths);
  assertEquals(new Set(paths).size, paths.length);
  const alone = jobs.filter(({ group }) => group.isAlone);
  assertEquals(alone.length, 1);
  assert(alone[0]!.paths.includes("tests/conformance/idle_test.ts"));
  assert(paths.includes("tests/tools/checks_test.ts"));
  const one = jobsOf(["./tests/tools/checks_test.ts", "tests/tools/"]);
  assert(one.every(({ group }) => group.name === "unit"));
  assertEquals(one.flatMap((job) => job.paths).filter((path) => path === "tests/tools/checks_test.ts").length, 1);
  assertEquals(jobsOf(["tests/no_such_test.ts"])[0]!.paths, ["tests/no_such_test.ts"]);
});
