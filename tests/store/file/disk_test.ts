import { assertEquals, assertThrows } from "@std/assert";
import { DiskError } from "../../../store/file/disk.ts";
import { testOnDisks } from "./disks.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

testOnDisks("Disk.open() makes a file only in mode create", ({ disk, root }) => {
  const error = assertThrows(() => disk.open(`${root}/a`, "write"), DiskError);
  assertEquals(error.code, "NOT_FOUND");
  disk.open(`${root}/a`, "create").close();
  disk.open(`${root}/a`, "read").close();
  assertEquals(disk.stat(`${root}/a`)?.bytes, 0);
});

testOnDisks("DiskFile.write() writes at a position and grows the file", ({ disk, root }) => {
  const file = disk.open(`${root}/a`, "create");
  assertEquals(file.write(text("xxabc"), 2, 3, 5), 3);
  assertEquals(file.bytes(), 8);
  const into = new Uint8Array(10).fill(255);
  assertEquals(file.read(into, 1, 9, 0), 8);
  assertEquals([...into], [255, 0, 0, 0, 0, 0, 97, 98, 99, 255]);
  file.syncData();
  file.close();
});

testOnDisks("DiskFile.truncate() shrinks and grows with zeros", ({ disk, root }) => {
  const file = disk.open(`${root}/a`, "create");
  file.write(new Uint8Array(70000).fill(7), 0, 70000, 0);
  file.truncate(65540);
  file.truncate(70000);
  const into = new Uint8Array(4470);
  assertEquals(file.read(into, 0, 4470, 65530), 4470);
  assertEquals(into.indexOf(0), 10);
  assertEquals(into.subarray(10).every((byte) => byte === 0), true);
  file.close();
});

testOnDisks("Disk.remove() leaves open handles readable", ({ disk, root }) => {
  disk.writeFile(`${root}/a`, text("abc"));
  const file = disk.open(`${root}/a`, "read");
  disk.remove(`${root}/a`);
  assertEquals(disk.exists(`${root}/a`), false);
  const into = new Uint8Array(3);
  assertEquals(file.read(into, 0, 3, 0), 3);
  assertEquals(into, text("abc"));
  file.close();
});

testOnDisks("Disk.writeFile() replaces a longer file", ({ disk, root }) => {
  disk.writeFile(`${root}/a`, text("long content"));
  disk.writeFile(`${root}/a`, text("short"));
  assertEquals(disk.readFile(`${root}/a`), text("short"));
});

testOnDisks("Disk.list() sorts names and rename() replaces the target", ({ disk, root }) => {
  disk.makeDirectory(`${root}/d/e`);
  disk.writeFile(`${root}/d/b`, text("b"));
  disk.writeFile(`${root}/d/a`, text("a"));
  assertEquals(disk.list(`${root}/d`), ["a", "b", "e"]);
  disk.rename(`${root}/d/b`, `${root}/d/a`);
  disk.syncDirectory(`${root}/d`);
  assertEquals(disk.list(`${root}/d`), ["a", "e"]);
  assertEquals(disk.readFile(`${root}/d/a`), text("b"));
  assertEquals(disk.stat(`${root}/d/e`)?.isDirectory, true);
  disk.removeTree(`${root}/d`);
  disk.removeTree(`${root}/d`);
  assertEquals(disk.exists(`${root}/d`), false);
});

testOnDisks("Disk.remove() refuses a directory that is not empty", ({ disk, root }) => {
  disk.makeDirectory(`${root}/d/e`);
  assertEquals(assertThrows(() => disk.remove(`${root}/d`), DiskError).code, "EXISTS");
  disk.remove(`${root}/d/e`);
  disk.remove(`${root}/d`);
  assertEquals(assertThrows(() => disk.remove(`${root}/d`), DiskError).code, "NOT_FOUND");
});

testOnDisks("Disk.lock() gives the lock to one holder at a time", ({ disk, root }) => {
  const first = disk.lock(`${root}/lock`);
  assertEquals(first === undefined, false);
  assertEquals(disk.lock(`${root}/lock`), undefined);
  first?.release();
  const second = disk.lock(`${root}/lock`);
  assertEquals(second === undefined, false);
  second?.release();
});

testOnDisks("Disk.space() reports a size", ({ disk, root }) => {
  const space = disk.space(root);
  assertEquals(space.totalBytes > 0 && space.freeBytes <= space.totalBytes, true);
});
