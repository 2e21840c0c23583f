import { assert, assertEquals, assertThrows } from "@std/assert";
import { StoreError } from "../../../store/errors.ts";
import type { Disk, DiskFile, OpenMode } from "../../../store/file/disk.ts";
import { HandleCache } from "../../../store/file/handle_cache.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
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

testOnDisks("SegmentSet.write() goes on when its file was closed, removed or replaced meanwhile", ({ disk, root }) => {
  const handles = new HandleCache({ disk, mode: "write", handlesMax: 2 });
  const sets = ["a", "b", "c"].map((name) => {
    return SegmentSet.open({ directory: `${root}/${name}`, fileBytes: FILE_BYTES, handles });
  });
  for (let round = 0; round < 3; round++) for (const set of sets) set.write(pattern(10), 0, 10, round * 10);
  for (const set of sets) {
    assertEquals(readAll(set, 0, 30), new Uint8Array([...pattern(10), ...pattern(10), ...pattern(10)]));
  }
  const [set] = sets as [SegmentSet];
  set.write(pattern(150), 0, 150, 30);
  set.truncateAfter(40);
  set.write(pattern(90), 0, 90, 40);
  assertEquals(readAll(set, 40, 90), pattern(90));
  set.removeAll();
  set.write(pattern(20), 0, 20, 0);
  assertEquals(readAll(set, 0, 20), pattern(20));
  handles.close();
  set.write(pattern(20), 0, 20, 20);
  assertEquals(readAll(set, 20, 20), pattern(20));
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

/** A disk of this machine that counts the bytes that are read from it. */
class CountingDisk extends LightDisk {
  bytesRead = 0;

  override open(path: string, mode: OpenMode): DiskFile {
    const file = super.open(path, mode);
    const read = file.read.bind(file);
    file.read = (into, intoStart, length, position): number => {
      this.bytesRead += length;
      return read(into, intoStart, length, position);
    };
    return file;
  }
}

const LARGE_FILE_BYTES = 64 << 20;

for (
  const [what, behind, far, readBytesMax] of [
    ["zeros behind the end", new Uint8Array(200_000), -1, 4096],
    ["records behind the end", pattern(200_000), -1, 4096],
    ["a record far behind the end", new Uint8Array(0), 40 << 20, Infinity],
    ["zeros behind the end, a record far behind them", new Uint8Array(200_000), 40 << 20, Infinity],
    ["more than is written over unseen", pattern(5 << 20), -1, Infinity],
  ] as const
) {
  Deno.test(`SegmentSet.truncateAfter() clears a large file with ${what}`, async () => {
    const root = await Deno.makeTempDir({ prefix: "ringmq-segments-" });
    try {
      const disk = new CountingDisk();
      const handles = new HandleCache({ disk, mode: "write" });
      const set = SegmentSet.open({ directory: `${root}/log`, fileBytes: LARGE_FILE_BYTES, handles });
      set.write(pattern(10_000), 0, 10_000, 0);
      if (behind.length > 0) set.write(behind, 0, behind.length, 10_000);
      if (far >= 0) set.write(pattern(100), 0, 100, far);
      disk.bytesRead = 0;
      set.truncateAfter(10_000);
      assert(disk.bytesRead <= readBytesMax, `${disk.bytesRead} bytes were read`);
      const all = readAll(set, 0, LARGE_FILE_BYTES);
      assertEquals(all.subarray(0, 10_000), pattern(10_000));
      assertEquals(all.subarray(10_000).findIndex((byte) => byte !== 0), -1);
      handles.close();
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}

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
