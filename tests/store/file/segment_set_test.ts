import { assertEquals, assertThrows } from "@std/assert";
import { StoreError } from "../../../store/errors.ts";
import type { Disk } from "../../../store/file/disk.ts";
import { HandleCache } from "../../../store/file/handle_cache.ts";
import { parseSegmentName, segmentName } from "../../../store/file/segment_file.ts";
import { SegmentSet } from "../../../store/file/segment_set.ts";
import { testOnDisks } from "./disks.ts";

const FILE_BYTES = 100;

function open(disk: Disk, root: string, mode: "read" | "write" = "write"): { set: SegmentSet; handles: HandleCache } {
  const handles = new HandleCache({ disk, mode, handlesMax: 2 });
  return { set: SegmentSet.open({ directory: `${root}/log`, fileBytes: FILE_BYTES, handles }), handles };
}

function pattern(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => 1 + index % 250);
}

function readAll(set: SegmentSet, position: number, length: number): Uint8Array {
  const into = new Uint8Array(length);
  return into.subarray(0, set.read(into, 0, length, position));
}

Deno.test("segmentName() is 20 digits and parseSegmentName() reads it back", () => {
  assertEquals(segmentName(1073741824), "00000000001073741824");
  assertEquals(parseSegmentName("00000000001073741824"), 1073741824);
  assertEquals(parseSegmentName("00000000000000000000.bak"), undefined);
});

testOnDisks("SegmentSet.write() crosses file ends and read() joins them", ({ disk, root }) => {
  const { set, handles } = open(disk, root);
  const bytes = pattern(450);
  set.write(bytes, 0, 30, 0);
  set.write(bytes, 30, 420, 30);
  assertEquals(set.count, 5);
  assertEquals(set.end, 500);
  assertEquals(readAll(set, 0, 450), bytes);
  assertEquals(readAll(set, 450, 100), new Uint8Array(50));
  assertEquals(disk.list(`${root}/log`).map((name) => disk.stat(`${root}/log/${name}`)?.bytes), [
    100,
    100,
    100,
    100,
    100,
  ]);
  assertEquals(handles.count, 2);
  set.syncRange(0, 450);
  set.check();
  handles.close();
});

testOnDisks("SegmentSet.write() refuses a position that would leave a gap", ({ disk, root }) => {
  const { set, handles } = open(disk, root);
  set.write(pattern(10), 0, 10, 250);
  assertEquals([set.first, set.end], [200, 300]);
  assertEquals(assertThrows(() => set.write(pattern(1), 0, 1, 400), StoreError).code, "POSITION_RANGE");
  assertEquals(assertThrows(() => set.write(pattern(1), 0, 1, 199), StoreError).code, "POSITION_RANGE");
  handles.close();
});

testOnDisks("SegmentSet.prepareNext() of another thread is found by writer and reader", ({ disk, root }) => {
  const writer = open(disk, root);
  const preparer = open(disk, root);
  const reader = open(disk, root, "read");
  writer.set.write(pattern(10), 0, 10, 0);
  assertEquals(preparer.set.prepareNext(10), true);
  assertEquals(preparer.set.prepareNext(99), false);
  writer.set.write(pattern(150), 0, 150, 10);
  assertEquals(readAll(reader.set, 10, 150), pattern(150));
  assertEquals(writer.set.count, 2);
  for (const { handles } of [writer, preparer, reader]) handles.close();
});

testOnDisks("SegmentSet.truncateAfter() removes later files and clears what follows", ({ disk, root }) => {
  const { set, handles } = open(disk, root);
  set.write(pattern(350), 0, 350, 0);
  set.truncateAfter(120);
  assertEquals(set.end, 200);
  assertEquals(readAll(set, 0, 200), new Uint8Array([...pattern(120), ...new Uint8Array(80)]));
  set.truncateAfter(100);
  assertEquals([set.count, set.end], [2, 200]);
  set.truncateAfter(99);
  assertEquals([set.count, set.end], [1, 100]);
  handles.close();
});

testOnDisks("SegmentSet.removeBefore() keeps the last file", ({ disk, root }) => {
  const { set, handles } = open(disk, root);
  set.write(pattern(350), 0, 350, 0);
  assertEquals(set.removeBefore(199), 1);
  assertEquals(set.removeBefore(400, 1), 1);
  assertEquals(set.removeBefore(400), 1);
  assertEquals([set.first, set.end], [300, 400]);
  assertEquals(readAll(set, 100, 10).length, 0);
  handles.close();
});

testOnDisks("SegmentSet.read() ends where another thread removed the file", ({ disk, root }) => {
  const writer = open(disk, root);
  writer.set.write(pattern(250), 0, 250, 0);
  const reader = open(disk, root, "read");
  writer.set.removeBefore(200);
  assertEquals(readAll(reader.set, 50, 10).length, 0);
  assertEquals(readAll(reader.set, 200, 10), pattern(250).subarray(200, 210));
  writer.handles.close();
  reader.handles.close();
});

testOnDisks("SegmentSet.open() passes over an empty last file and removes it at recovery", ({ disk, root }) => {
  disk.makeDirectory(`${root}/log`);
  disk.writeFile(`${root}/log/${segmentName(0)}`, pattern(FILE_BYTES));
  disk.writeFile(`${root}/log/${segmentName(100)}`, new Uint8Array(0));
  assertEquals(open(disk, root).set.end, 100);
  assertEquals(disk.list(`${root}/log`).length, 2);
  const handles = new HandleCache({ disk, mode: "write" });
  SegmentSet.open({ directory: `${root}/log`, fileBytes: FILE_BYTES, handles, removeEmpty: true });
  assertEquals(disk.list(`${root}/log`), [segmentName(0)]);
});

for (
  const [what, files, code] of [
    ["a wrong size", { [segmentName(0)]: 99 }, "SEGMENT_SIZE"],
    ["an empty file that is not the last", { [segmentName(0)]: 0, [segmentName(100)]: 100 }, "SEGMENT_SIZE"],
    ["a name that is not a number", { "notes.txt": 100 }, "SEGMENT_NAME"],
    ["a missing file", { [segmentName(0)]: 100, [segmentName(200)]: 100 }, "SEGMENT_GAP"],
    ["an unaligned start", { [segmentName(50)]: 100 }, "SEGMENT_GAP"],
  ] as const
) {
  testOnDisks(`SegmentSet.open() refuses ${what}`, ({ disk, root }) => {
    disk.makeDirectory(`${root}/log`);
    for (const [name, bytes] of Object.entries(files)) disk.writeFile(`${root}/log/${name}`, new Uint8Array(bytes));
    assertEquals(assertThrows(() => open(disk, root), StoreError).code, code);
  });
}
