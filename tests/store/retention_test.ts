import { assert, assertEquals, assertThrows } from "@std/assert";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { SmoothRemoval } from "../../store/file/smooth_removal.ts";
import { decideRetention, isHourOf, type RetentionFacts, type RetentionRule } from "../../store/retention.ts";
import { firstLogFileToRemove, removeIndexFiles, removeQueueFiles } from "../../store/retention_files.ts";
import { recoverStore } from "../../store/recovery.ts";
import { checkSelf } from "../../store/self_check.ts";
import { UnreadGroups, UnreadTotals } from "../../store/unread_groups.ts";
import { testOnDisks } from "./file/disks.ts";
import { abort, buildStore, LOG_FILE_BYTES, QUEUE_FILE_BYTES, recoveryOptions, SHAPE } from "./store_builder.ts";

const HOUR_MS = 3_600_000;
const RULE: RetentionRule = {
  deleteWhen: "04",
  fileReservedTime: 72,
  diskMaxUsedSpaceRatio: 75,
  diskSpaceCleanForciblyRatio: 85,
  diskSpaceWarningLevelRatio: 90,
  cleanFileForciblyEnable: true,
};
/** Noon, local time. */
const NOON_MS = new Date(2026, 5, 1, 12).getTime();
const CALM: RetentionFacts = { nowMs: NOON_MS, logDiskUsed: 0.5, queueDiskUsed: 0.5, manualRounds: 0 };

const DECISIONS: readonly [string, Partial<RetentionRule>, Partial<RetentionFacts>, string][] = [
  ["nothing at noon", {}, {}, "none"],
  ["by the hour", { deleteWhen: "04;12" }, {}, "time due"],
  ["by hand", {}, { manualRounds: 1 }, "manual due"],
  ["by the log's disk", {}, { logDiskUsed: 0.76 }, "space due"],
  ["by the queues' disk", {}, { queueDiskUsed: 0.76 }, "space due"],
  ["not at the ratio itself", {}, { logDiskUsed: 0.75 }, "none"],
  ["forced", {}, { logDiskUsed: 0.86 }, "space due forced"],
  ["not forced when switched off", { cleanFileForciblyEnable: false }, { logDiskUsed: 0.86 }, "space due"],
  ["refusing sends", {}, { logDiskUsed: 0.91 }, "space due forced logFull"],
  ["refusing sends for the queues", {}, { queueDiskUsed: 0.91 }, "space due forced queueFull"],
  ["the ratio is held at 95", { diskMaxUsedSpaceRatio: 99 }, { logDiskUsed: 0.84 }, "none"],
  [
    "forcing begins at 85 at the latest",
    { diskSpaceCleanForciblyRatio: 99 },
    { logDiskUsed: 0.86 },
    "space due forced",
  ],
  [
    "forcing does not begin below 30",
    { diskSpaceCleanForciblyRatio: 1 },
    { logDiskUsed: 0.29, queueDiskUsed: 0.29 },
    "none",
  ],
  [
    "sends are refused from 90 at the latest",
    { diskSpaceWarningLevelRatio: 100 },
    { logDiskUsed: 0.91 },
    "space due forced logFull",
  ],
];

for (const [name, rule, facts, expected] of DECISIONS) {
  Deno.test(`decideRetention() decides: ${name}`, () => {
    const decision = decideRetention({ ...RULE, ...rule }, { ...CALM, ...facts });
    const words = [
      decision.reason,
      decision.isDue ? "due" : "",
      decision.isForced ? "forced" : "",
      decision.isLogDiskFull ? "logFull" : "",
      decision.isQueueDiskFull ? "queueFull" : "",
    ];
    assertEquals(words.filter((word) => word !== "").join(" "), expected);
  });
}

Deno.test("isHourOf() reads hours as RocketMQ does", () => {
  assertEquals(["12", "4;12", " 12 ", "", ";", "13"].map((when) => isHourOf(when, NOON_MS)), [
    true,
    true,
    true,
    false,
    false,
    false,
  ]);
});

testOnDisks("firstLogFileToRemove() keeps young files and the file of the end", ({ disk, root }) => {
  const store = buildStore(disk, root, { count: 60 });
  const handles = new HandleCache({ disk, mode: "write", handlesMax: 8 });
  const log = SegmentSet.open({ directory: store.paths.commitLog, fileBytes: LOG_FILE_BYTES, handles });
  const modifiedMs = disk.stat(log.segments[0]!.path)!.modifiedMs;
  const first = (ageMs: number, isForced = false, logEnd = store.logEnd): number | undefined =>
    firstLogFileToRemove(log, disk, { rule: RULE, isForced, nowMs: modifiedMs + ageMs, logEnd })?.start;
  assertEquals(first(71 * HOUR_MS), undefined);
  assertEquals(first(73 * HOUR_MS), 0);
  assertEquals(first(0, true), 0);
  assertEquals(first(0, true, LOG_FILE_BYTES - 1), undefined);
  assertEquals(first(0, true, LOG_FILE_BYTES), 0);
  handles.close();
});

testOnDisks("Queues and indexes follow the log, and a start finds the same bounds", ({ disk, root }) => {
  const store = buildStore(disk, root, { count: 200 });
  const handles = new HandleCache({ disk, mode: "write", handlesMax: 8 });
  const log = SegmentSet.open({ directory: store.paths.commitLog, fileBytes: LOG_FILE_BYTES, handles });
  const logMin = log.segments[5]!.start;
  for (const segment of log.segments.slice(0, 5)) {
    const removal = new SmoothRemoval(disk, segment.path);
    while (removal.step(1000));
  }
  assertEquals(log.removeBefore(logMin), 5);
  const before = disk.list(store.paths.index).length;
  assert(removeIndexFiles(disk, store.paths.index, SHAPE, logMin) > 0);
  assert(disk.list(store.paths.index).length < before);
  const mins = new Map<string, number>();
  for (const topic of ["TopicA", "TopicB"]) {
    for (const queueId of [0, 1]) {
      const queue = { root: store.paths.consumeQueue, fileBytes: QUEUE_FILE_BYTES, handles, topic, queueId };
      const { minOffset, files } = removeQueueFiles({ ...queue, minOffset: 0, maxOffset: 50 }, logMin);
      const expected = store.records.find((one) =>
        one.topic === topic && one.queueId === queueId && one.position >= logMin
      )!.queueOffset;
      assertEquals([minOffset, files], [expected, Math.floor(expected / 10)]);
      mins.set(`${topic}/${queueId}`, minOffset);
    }
  }
  handles.close();
  abort(disk, store);
  const result = recoverStore(recoveryOptions(disk, store.paths));
  assertEquals(result.logMin, logMin);
  for (const { topic, queueId, minOffset, maxOffset } of result.queues) {
    assertEquals([minOffset, maxOffset], [mins.get(`${topic}/${queueId}`), 50]);
  }
});

testOnDisks("removeQueueFiles() keeps the last file when all records are gone", ({ disk, root }) => {
  const store = buildStore(disk, root, { count: 200 });
  const handles = new HandleCache({ disk, mode: "write", handlesMax: 8 });
  const queue = { root: store.paths.consumeQueue, fileBytes: QUEUE_FILE_BYTES, handles, topic: "TopicA", queueId: 0 };
  const removed = removeQueueFiles({ ...queue, minOffset: 0, maxOffset: 50 }, Number.MAX_SAFE_INTEGER);
  assertEquals(removed, { minOffset: 50, files: 4 });
  assertEquals(disk.list(`${store.paths.consumeQueue}/TopicA/0`), ["00000000000000000800"]);
  handles.close();
});

Deno.test("SmoothRemoval cuts nothing before the device knows that the name is gone", () => {
  const disk = new FaultyDisk();
  disk.makeDirectory("/d");
  disk.writeFile("/d/f", new Uint8Array(1000));
  disk.syncDirectory("/d");
  const from = disk.operations.length;
  const removal = new SmoothRemoval(disk, "/d/f");
  assertEquals([removal.step(600), removal.step(600), removal.step(600)], [true, false, false]);
  const done = disk.operations.slice(from).map(({ kind, position }) =>
    kind === "truncate" ? `${kind} ${position}` : kind
  );
  assertEquals(done, ["open", "remove", "sync directory", "truncate 400", "truncate 0"]);
});

testOnDisks("checkSelf() tells of a gap and of a wrong size, and goes on", ({ disk, root }) => {
  const store = buildStore(disk, root, { count: 200 });
  const options = {
    disk,
    paths: store.paths,
    logFileBytes: LOG_FILE_BYTES,
    queueFileBytes: QUEUE_FILE_BYTES,
  };
  const findings = (): string[] => [...checkSelf(options)].filter((one) => one !== undefined);
  assertEquals(findings(), []);
  disk.remove(`${store.paths.commitLog}/${disk.list(store.paths.commitLog)[1]}`);
  disk.writeFile(`${store.paths.consumeQueue}/TopicB/1/00000000000000000200`, new Uint8Array(10));
  assertEquals(findings().map((one) => /expected start|its size/.exec(one)?.[0]), ["expected start", "its size"]);
});

Deno.test("UnreadGroups names who misses what, and how much", () => {
  const groups = new UnreadGroups({
    offsetTable: new Map([
      ["T@slow", new Map([[0, 3], [1, 50]])],
      ["T@quick", new Map([[0, 40]])],
      ["Other@slow", new Map([[0, 0]])],
    ]),
  });
  const totals = new UnreadTotals();
  assertEquals(totals.text, undefined);
  totals.add("T", groups.behind("T", 0, 10));
  totals.add("T", groups.behind("T", 0, 45));
  totals.add("T", groups.behind("T", 1, 51));
  assertEquals(totals.text, "messages are removed that groups have not read: slow (T): 50, quick (T): 5");
});

Deno.test("SmoothRemoval leaves the file when its name cannot be removed", () => {
  const disk = new FaultyDisk();
  disk.writeFile("/f", new Uint8Array(10));
  disk.plan = ({ kind }) => kind === "remove" ? { code: "REFUSED" } : undefined;
  assertThrows(() => new SmoothRemoval(disk, "/f"));
  disk.plan = () => undefined;
  assertEquals(disk.readFile("/f").length, 10);
});
