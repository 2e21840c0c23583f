import { assert, assertEquals, assertThrows } from "@std/assert";
import { StoreError } from "../../store/errors.ts";
import type { Disk } from "../../store/file/disk.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { recoverStore, type RecoveryResult } from "../../store/recovery.ts";
import { RECOVERY_TABLE, recoveryRow } from "../../store/recovery_table.ts";
import { testOnDisks } from "./file/disks.ts";
import { assertSameBytes, assertSameIndex, filesBelow } from "./golden_store.ts";
import { abort, buildStore, type BuiltStore, recoveryOptions, sealPositions, SHAPE, withLog } from "./store_builder.ts";

function recover(disk: Disk, store: BuiltStore): RecoveryResult {
  return recoverStore(recoveryOptions(disk, store.paths));
}

/** What the queues must be when the log holds the first `count` records. */
function rangesOf(store: BuiltStore, count: number, minOffset = 0): Record<string, [number, number]> {
  const ranges: Record<string, [number, number]> = {};
  for (const { topic, queueId, queueOffset } of store.records.slice(0, count)) {
    ranges[`${topic}/${queueId}`] = [minOffset, queueOffset + 1];
  }
  return ranges;
}

function found(result: RecoveryResult): Record<string, [number, number]> {
  return Object.fromEntries(
    result.queues.map(({ topic, queueId, minOffset, maxOffset }) => [`${topic}/${queueId}`, [minOffset, maxOffset]]),
  );
}

/** Every derived byte must be what a dispatch of the recovered log from its beginning gives. */
function assertDerivedAsFresh(disk: Disk, store: BuiltStore, root: string, count: number): void {
  const fresh = buildStore(disk, `${root}/fresh`, { count });
  const names = filesBelow(disk, fresh.paths.consumeQueue);
  assertEquals(filesBelow(disk, store.paths.consumeQueue), names);
  for (const name of names) {
    const bytes = disk.readFile(`${store.paths.consumeQueue}/${name}`);
    assertSameBytes(bytes, disk.readFile(`${fresh.paths.consumeQueue}/${name}`), name);
  }
  const indexes = disk.list(fresh.paths.index);
  assertEquals(disk.list(store.paths.index).length, indexes.length);
  for (const [at, name] of disk.list(store.paths.index).entries()) {
    const bytes = disk.readFile(`${store.paths.index}/${name}`);
    assertSameIndex(bytes, disk.readFile(`${fresh.paths.index}/${indexes[at]}`), SHAPE, `index file ${at}`);
  }
}

function damage(disk: Disk, store: BuiltStore, index: number): void {
  const record = store.records[index]!;
  withLog(disk, store, (log) => log.write(new Uint8Array([0xff, 0xfe]), 0, 2, record.position + 95));
}

Deno.test("recoveryRow() has exactly one row for each state", () => {
  for (let bits = 0; bits < 8; bits++) {
    const facts = { hasLog: (bits & 1) !== 0, isClean: (bits & 2) !== 0, hasPositions: (bits & 4) !== 0 };
    const rows = RECOVERY_TABLE.filter(({ when }) =>
      Object.entries(when).every(([fact, value]) => facts[fact as keyof typeof facts] === value)
    );
    assertEquals(rows, [recoveryRow(facts)]);
  }
});

testOnDisks("recoverStore() row no-log removes queues and indexes", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 20 });
  disk.removeTree(store.paths.commitLog);
  const result = recover(disk, store);
  assertEquals([result.row, result.logEnd, result.queues.length], ["no-log", 0, 0]);
  assertEquals([disk.exists(store.paths.consumeQueue), disk.exists(store.paths.index)], [false, false]);
});

testOnDisks("recoverStore() row clean reads nothing but the end", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  sealPositions(disk, store, store.logEnd, store.logEnd);
  const result = recover(disk, store);
  assertEquals([result.row, result.logEnd, result.recordsRead, result.wasTorn], ["clean", store.logEnd, 0, false]);
  assertEquals(found(result), rangesOf(store, 50));
  assertEquals(result.dispatchedPosition, store.logEnd);
  assertDerivedAsFresh(disk, store, root, 50);
});

testOnDisks("recoverStore() row clean refuses a log that lost its end", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  sealPositions(disk, store, store.logEnd, store.records[40]!.position);
  damage(disk, store, 45);
  const error = assertThrows(() => recover(disk, store), StoreError);
  assertEquals(error.code, "LOG_DAMAGED");
  assertEquals(error.position, store.records[45]!.position);
});

testOnDisks("recoverStore() row clean-foreign takes a store that has no positions", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  const result = recover(disk, store);
  assertEquals([result.row, result.logEnd, result.wasTorn], ["clean-foreign", store.logEnd, false]);
  assert(result.recordsRead < 50);
  assertEquals(found(result), rangesOf(store, 50));
  assertDerivedAsFresh(disk, store, root, 50);
});

testOnDisks("recoverStore() row clean-foreign rebuilds queues that were removed", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  disk.removeTree(store.paths.consumeQueue);
  disk.removeTree(store.paths.index);
  const result = recover(disk, store);
  assertEquals([result.row, result.logEnd], ["clean-foreign", store.logEnd]);
  assertEquals(found(result), rangesOf(store, 50));
  assertDerivedAsFresh(disk, store, root, 50);
});

testOnDisks("recoverStore() row clean-foreign refuses damage below the end of the queues", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  damage(disk, store, 48);
  assertEquals(assertThrows(() => recover(disk, store), StoreError).position, store.records[48]!.position);
});

testOnDisks("recoverStore() row abrupt cuts a torn tail above the flushed position", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  abort(disk, store);
  sealPositions(disk, store, store.records[40]!.position, store.records[30]!.position);
  damage(disk, store, 45);
  const result = recover(disk, store);
  assertEquals([result.row, result.logEnd, result.wasTorn], ["abrupt", store.records[45]!.position, true]);
  assertEquals(found(result), rangesOf(store, 45));
  assertDerivedAsFresh(disk, store, root, 45);
});

testOnDisks("recoverStore() row abrupt refuses damage below the flushed position", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  abort(disk, store);
  sealPositions(disk, store, store.records[40]!.position, store.records[30]!.position);
  damage(disk, store, 35);
  const error = assertThrows(() => recover(disk, store), StoreError);
  assertEquals([error.code, error.position], ["LOG_DAMAGED", store.records[35]!.position]);
});

testOnDisks(
  "recoverStore() row abrupt fills holes in queues and indexes above the derived position",
  ({ disk, root }) => {
    const store = buildStore(disk, `${root}/s`, { count: 50 });
    abort(disk, store);
    sealPositions(disk, store, store.logEnd, store.records[20]!.position);
    const file = disk.open(`${store.paths.consumeQueue}/TopicA/0/00000000000000000000`, "write");
    file.write(new Uint8Array(40), 0, 40, 6 * 20);
    file.close();
    const index = disk.open(`${store.paths.index}/${disk.list(store.paths.index).at(-2)}`, "write");
    index.write(new Uint8Array(200), 0, 200, 40 + 10 * 4 + 20 * 20);
    index.close();
    const result = recover(disk, store);
    assertEquals([result.row, result.unitsLost], ["abrupt", 0]);
    assertEquals(result.index.missingFrom !== undefined, true);
    assertEquals(found(result), rangesOf(store, 50));
    assertDerivedAsFresh(disk, store, root, 50);
  },
);

testOnDisks("recoverStore() row abrupt-foreign dispatches again from the checkpoint's time", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  sealPositions(disk, store, store.records[40]!.position, store.records[40]!.position);
  disk.remove(store.paths.durablePosition);
  abort(disk, store);
  disk.remove(`${store.paths.consumeQueue}/TopicB/1/00000000000000000200`);
  const result = recover(disk, store);
  assertEquals([result.row, result.logEnd], ["abrupt-foreign", store.logEnd]);
  assert(result.recordsRead < 50);
  assertEquals(found(result), rangesOf(store, 50));
  assertDerivedAsFresh(disk, store, root, 50);
});

testOnDisks("recoverStore() row abrupt-foreign cuts where Apache would", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  abort(disk, store);
  damage(disk, store, 10);
  const result = recover(disk, store);
  assertEquals([result.row, result.logEnd, result.wasTorn], ["abrupt-foreign", store.records[10]!.position, true]);
  assertEquals(found(result), rangesOf(store, 10));
  assertDerivedAsFresh(disk, store, root, 10);
});

testOnDisks("recoverStore() takes a log that begins in the middle", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 30, logStart: 8192, firstOffset: 13 });
  const result = recover(disk, store);
  assertEquals([result.logMin, result.logEnd], [8192, store.logEnd]);
  assertEquals(found(result), rangesOf(store, 30, 13));
  disk.removeTree(store.paths.consumeQueue);
  assertEquals(found(recover(disk, store)), rangesOf(store, 30, 13));
});

testOnDisks("recoverStore() corrects min offsets when log files are gone", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  disk.remove(`${store.paths.commitLog}/00000000000000000000`);
  const result = recover(disk, store);
  const left = store.records.filter(({ position }) => position >= 4096);
  for (const { topic, queueId, minOffset } of result.queues) {
    const first = left.find((record) => record.topic === topic && record.queueId === queueId);
    assertEquals(minOffset, first?.queueOffset, `${topic}/${queueId}`);
  }
});

testOnDisks("recoverStore() finds the same again when it is run twice", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 50 });
  abort(disk, store);
  const first = recover(disk, store);
  const second = recover(disk, store);
  assertEquals(found(second), found(first));
  assertEquals(second.logEnd, first.logEnd);
  assertDerivedAsFresh(disk, store, root, 50);
});

testOnDisks("recoverStore() removes a prepared file and an empty one", ({ disk, root }) => {
  const store = buildStore(disk, `${root}/s`, { count: 20 });
  withLog(disk, store, (log) => log.prepareNext(store.logEnd));
  disk.writeFile(`${store.paths.commitLog}/00000000000000012288`, new Uint8Array(0));
  abort(disk, store);
  const result = recover(disk, store);
  assertEquals(result.logEnd, store.logEnd);
  assertEquals(disk.list(store.paths.commitLog).length, 1 + Math.floor(store.logEnd / 4096));
});

Deno.test("recoverStore() cuts the tail at every byte of the last records", () => {
  const whole = buildStore(new MemoryDisk(), "/s", { count: 12, bodyBytes: 5 });
  const from = whole.records[10]!.position;
  for (let cut = from; cut <= whole.logEnd; cut++) {
    const disk = new MemoryDisk();
    const store = buildStore(disk, "/s", { count: 12, bodyBytes: 5 });
    sealPositions(disk, store, from, from);
    abort(disk, store);
    withLog(disk, store, (log) => {
      const rest = store.logEnd - cut;
      log.write(new Uint8Array(rest), 0, rest, cut);
    });
    const result = recover(disk, store);
    const kept = whole.records.filter(({ position, size }) => position + size <= cut);
    const end = kept.at(-1)!;
    assertEquals(result.logEnd, end.position + end.size, `cut at ${cut}`);
    assertEquals(found(result), rangesOf(store, kept.length), `cut at ${cut}`);
    const tail = new Uint8Array(whole.logEnd - result.logEnd + 8).fill(1);
    withLog(disk, store, (log) => void log.read(tail, 0, tail.length, result.logEnd));
    assertEquals(tail.every((byte) => byte === 0), true, `cut at ${cut}`);
  }
});
