/** Which files stay open when there are more than may be, and what happens when the process has no file left. */
import { assert, assertEquals, assertThrows } from "@std/assert";
import { DiskError, type DiskFile, type OpenMode } from "../../../store/file/disk.ts";
import { HandleCache } from "../../../store/file/handle_cache.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";
import { FILES_OF_OTHERS, hasRoom } from "../../../store/file/open_files.ts";

/** A disk that counts what is open, and has no more than so many files at once. */
class CountingDisk extends MemoryDisk {
  opened = 0;
  openNow = 0;
  filesMax = Infinity;

  override open(path: string, mode: OpenMode): DiskFile {
    if (this.openNow >= this.filesMax) {
      throw new DiskError("TOO_MANY_FILES", "open", path);
    }
    const file = super.open(path, mode);
    this.opened++;
    this.openNow++;
    const close = file.close.bind(file);
    file.close = (): void => {
      this.openNow--;
      close();
    };
    return file;
  }
}

function bench(files: number, handlesMax: number): { disk: CountingDisk; handles: HandleCache; paths: string[] } {
  const disk = new CountingDisk();
  disk.makeDirectory("/store");
  const paths = Array.from({ length: files }, (_, index) => `/store/${index}`);
  for (const path of paths) disk.open(path, "create").close();
  disk.opened = 0;
  return { disk, handles: new HandleCache({ disk, mode: "write", handlesMax }), paths };
}

Deno.test("of some more files than the bound, used in turn, most stay open", () => {
  const { disk, handles, paths } = bench(100, 80);
  for (let round = 0; round < 4; round++) for (const path of paths) handles.acquire(path);
  disk.opened = 0;
  for (let round = 0; round < 10; round++) for (const path of paths) handles.acquire(path);
  assert(disk.opened < 500, `${disk.opened} of 1,000 uses opened a file`);
  assertEquals([handles.count, disk.openNow], [80, 80]);
  handles.close();
  assertEquals(disk.openNow, 0);
});

Deno.test("files that are used now take the places of those that are used no more", () => {
  const { disk, handles, paths } = bench(20, 10);
  const [before, now] = [paths.slice(0, 10), paths.slice(10)];
  for (const path of before) handles.acquire(path);
  for (let round = 0; round < 20; round++) for (const path of now) handles.acquire(path);
  disk.opened = 0;
  for (const path of now) handles.acquire(path);
  assert(disk.opened <= 2, `${disk.opened} of 10 were not open`);
});

Deno.test("a file that was closed for another is opened again when it is used", () => {
  const { handles, paths } = bench(5, 1);
  const bytes = Uint8Array.of(7);
  for (const path of paths) handles.acquire(path).write(bytes, 0, 1, 0);
  const into = new Uint8Array(1);
  for (const path of paths) assertEquals([handles.acquire(path).read(into, 0, 1, 0), into[0]], [1, 7]);
  assertEquals(handles.count, 1);
});

Deno.test("when the process has no file left, half are given back and it goes on with as many", () => {
  const { disk, handles, paths } = bench(30, 20);
  disk.filesMax = 12;
  for (const path of paths) handles.acquire(path);
  assert(handles.count <= 6, `${handles.count} are open`);
  const count = handles.count;
  for (const path of paths) handles.acquire(path);
  assertEquals(handles.count, count);
  handles.close();
  disk.filesMax = 0;
  assertThrows(() => handles.acquire(paths[0]!), DiskError, "open");
});

Deno.test("a bound that was lowered is raised again while there is room", () => {
  const { disk, handles, paths } = bench(40, 32);
  const use = (times: number): void => {
    for (let index = 0; index < times; index++) handles.acquire(paths[index % paths.length]!);
  };
  use(40);
  while (handles.count > 2) handles.giveBack();
  use(40);
  const lowered = handles.count;
  disk.filesMax = lowered + FILES_OF_OTHERS - 1;
  use(20_000);
  assertEquals(handles.count, lowered, "there is no room");
  disk.filesMax = Infinity;
  use(200_000);
  assertEquals(handles.count, 32);
});

Deno.test("withRoom() closes files of the cache for what is opened beside it, and passes other errors on", () => {
  const { disk, handles, paths } = bench(10, 10);
  for (const path of paths) handles.acquire(path);
  disk.filesMax = 10;
  handles.withRoom(() => disk.open("/store/new", "create")).close();
  assert(handles.count < 10);
  assertThrows(() => handles.withRoom(() => disk.open("/store/none", "read")), DiskError, "none");
});

Deno.test("a cache that grows leaves files to the rest of the process", () => {
  const { disk, handles, paths } = bench(400, 400);
  disk.filesMax = 300;
  for (const path of paths) handles.acquire(path);
  assert(disk.openNow <= 300 - FILES_OF_OTHERS, `${disk.openNow} of 300 are open`);
  assert(hasRoom(disk, paths[0]!));
  disk.filesMax = disk.openNow + FILES_OF_OTHERS - 1;
  assertEquals([hasRoom(disk, paths[0]!), hasRoom(disk, "/store/none")], [false, true]);
  assertEquals(disk.openNow, handles.count);
});
