/** The store command on the recorded stores of Apache and on stores that are damaged. */
import { assert, assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { isAborted } from "../../../store/abort_file.ts";
import { DenoDisk } from "../../../store/file/deno_disk.ts";
import { entryAt } from "../../../store/index_file.ts";
import { runStoreCommand, USAGE } from "../../../tools/store/mod.ts";
import { ProgressBar } from "../../../tools/store/progress_bar.ts";
import { assertSameBytes, copyGolden, filesBelow, GOLDEN_CONFIG, manifestMessages } from "../../store/golden_store.ts";
import { buildStore, sealPositions, withLog } from "../../store/store_builder.ts";

const GOLDEN_INDEX = ["--index-slots", "300", "--index-entries", "700"];
const BUILT = ["--queue-file-bytes", "200", "--index-slots", "10", "--index-entries", "40"];

interface Run {
  readonly code: number;
  readonly lines: string[];
  readonly steps: Set<string>;
}

function run(...args: string[]): Run {
  const lines: string[] = [];
  const steps = new Set<string>();
  const output = {
    line: (text: string): void => void lines.push(text),
    progress: (s: string): void => void steps.add(s),
  };
  return { code: runStoreCommand(args, output), lines, steps };
}

function storeTest(name: string, body: (root: string, disk: DenoDisk) => void): void {
  Deno.test(name, () => {
    const root = Deno.makeTempDirSync({ prefix: "ringmq-store-tool-" });
    try {
      body(`${root}/s`, new DenoDisk());
    } finally {
      Deno.removeSync(root, { recursive: true });
    }
  });
}

Deno.test("store prints how it is used when nothing or nonsense is said", () => {
  assertEquals([run().code, run().lines], [0, [USAGE]]);
  assertEquals(run("check").code, 2);
  assertEquals(run("polish", "/tmp").code, 2);
  const here = new URL(".", import.meta.url).pathname;
  assertEquals(run("check", here).lines, [`Cannot open store "${here}": it has no directory "commitlog"`]);
});

storeTest("store check finds nothing wrong in a store that Apache closed", (root, disk) => {
  copyGolden("store-clean", disk, root);
  const { code, lines, steps } = run("check", root, ...GOLDEN_INDEX);
  assertEquals([code, lines.at(-1)], [0, "nothing is wrong"]);
  assertEquals(
    lines[0],
    `log: ${manifestMessages("store-clean").length} records, 0 to ${GOLDEN_CONFIG["store-clean"].logEnd}`,
  );
  assertEquals([...steps], ["log", "queues", "index"]);
  assertStringIncludes(run("check", root).lines.join("\n"), "index: passed over");
});

storeTest("store check names a body, a unit and an entry that are wrong", (root, disk) => {
  const store = buildStore(disk, root, { count: 40 });
  const record = store.records[30]!;
  const unit = disk.open(`${root}/consumequeue/TopicA/0/${"0".repeat(20)}`, "write");
  unit.write(new Uint8Array([0, 0, 0, 1]), 0, 4, 3 * 20);
  unit.close();
  const indexName = disk.list(`${root}/index`)[0]!;
  const index = disk.open(`${root}/index/${indexName}`, "write");
  index.write(new Uint8Array([0x7f]), 0, 1, entryAt({ slots: 10, entries: 40 }, 5) + 16);
  index.close();
  const found = run("check", root, ...BUILT);
  assertEquals(found.code, 1);
  assertStringIncludes(found.lines.join("\n"), "queue TopicA/0: unit 3 points behind the log");
  assertStringIncludes(found.lines.join("\n"), "entry 5 is wrong");
  withLog(disk, store, (log) => void log.write(new Uint8Array([0xee]), 0, 1, record.position + 100));
  assertStringIncludes(
    run("check", root, ...BUILT).lines.join("\n"),
    `last whole record at ${record.position} is no record`,
  );
});

storeTest("store dump prints records, units, index headers and state as JSON", (root, disk) => {
  copyGolden("store-clean", disk, root);
  const messages = manifestMessages("store-clean").sort((a, b) => a.commitLogOffset - b.commitLogOffset);
  const records = run("dump", root, "log").lines.map((line) => JSON.parse(line)).filter((line) =>
    line.blank === undefined
  );
  assertEquals(records.length, messages.length);
  for (const [at, message] of messages.entries()) {
    assertEquals([records[at].position, records[at].topic], [message.commitLogOffset, message.topic]);
    assertEquals([records[at].isIntact, records[at].properties], [true, message.properties]);
  }
  const second = JSON.parse(run("dump", root, "queue", "GoldPlain", "1", "--from", "1", "--count", "1").lines[0]!);
  const expected = messages.find((one) => one.topic === "GoldPlain" && one.queueId === 1 && one.queueOffset === 1)!;
  assertEquals([second.offset, second.position, second.size], [1, expected.commitLogOffset, expected.storeSize]);
  assertEquals(run("dump", root, "index", ...GOLDEN_INDEX).lines.length, 4);
  assertEquals(JSON.parse(run("dump", root).lines[0]!).isAborted, false);
  assertEquals(run("dump", root, "weather").code, 2);
});

storeTest("store rebuild makes queues and indexes as Apache wrote them", (root, disk) => {
  copyGolden("store-clean", disk, root);
  disk.removeTree(`${root}/consumequeue/GoldPlain`);
  const { code, steps } = run("rebuild", root, ...GOLDEN_INDEX);
  assertEquals([code, steps.has("dispatch"), isAborted(disk, `${root}/abort`)], [0, true, false]);
  copyGolden("store-clean", disk, `${root}/golden`);
  for (const file of filesBelow(disk, `${root}/golden/consumequeue`)) {
    const golden = disk.readFile(`${root}/golden/consumequeue/${file}`);
    assertSameBytes(disk.readFile(`${root}/consumequeue/${file}`), golden, file);
  }
  assertEquals(disk.list(root).filter((name) => name.endsWith(".before-rebuild")), []);
  assertEquals(run("check", root, ...GOLDEN_INDEX).code, 0);
});

storeTest("store rebuild leaves a store as it was when a broker has it", (root, disk) => {
  buildStore(disk, root, { count: 8 });
  const lock = disk.lock(`${root}/lock`);
  assertThrows(() => run("rebuild", root, ...BUILT), Error, "another process has its lock");
  lock?.release();
  assertEquals(run("check", root, ...BUILT).code, 0);
});

storeTest("store repair reports damage, and cuts it only at the position that is named", (root, disk) => {
  const store = buildStore(disk, root, { count: 40 });
  sealPositions(disk, store, store.logEnd, store.logEnd);
  disk.writeFile(`${root}/abort`, new Uint8Array(0));
  const bad = store.records[38]!;
  withLog(disk, store, (log) => void log.write(new Uint8Array([0xee]), 0, 1, bad.position + 100));
  const refused = run("repair", root, ...BUILT);
  assertEquals(refused.code, 1);
  assertStringIncludes(refused.lines.at(-1)!, `--cut ${bad.position}`);
  const cut = run("repair", root, ...BUILT, "--cut", String(bad.position));
  assertEquals(cut.code, 0, cut.lines.join("\n"));
  assert(disk.exists(`${root}/damaged-${bad.position}`));
  assertEquals(isAborted(disk, `${root}/abort`), false);
  assertEquals(run("check", root, ...BUILT).lines.slice(0, 2), [
    `log: 38 records, 0 to ${bad.position}`,
    `queues: 38 units; index: ${38 * 4} entries`,
  ]);
});

Deno.test("ProgressBar.line() draws only what changed", () => {
  const bar = new ProgressBar();
  assertEquals(bar.line("log", 1, 4), "log       [#######.......................]  25 %");
  assertEquals(bar.line("log", 1, 4), undefined);
  assertEquals(bar.line("log", 4, 4), `log       [${"#".repeat(30)}] 100 %`);
  assertEquals(bar.line("dispatch", 0, 0), `dispatch  [${"#".repeat(30)}] 100 %`);
});
