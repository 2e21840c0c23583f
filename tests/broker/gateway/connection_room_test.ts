/** How often it is looked whether a connection may be taken. */
import { assertEquals } from "@std/assert";
import { ConnectionRoom } from "../../../actors/broker/gateway/connection_room.ts";
import { DiskError, type DiskFile, type OpenMode } from "../../../store/file/disk.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";

class LimitedDisk extends MemoryDisk {
  tries = 0;
  isFull = false;

  override open(path: string, mode: OpenMode): DiskFile {
    this.tries++;
    if (this.isFull) throw new DiskError("TOO_MANY_FILES", "open", path);
    return super.open(path, mode);
  }
}

Deno.test("ConnectionRoom.isLeft() looks every 32 connections, and while there is no room ten times a second", () => {
  const disk = new LimitedDisk();
  disk.makeDirectory("/store");
  disk.open("/store/abort", "create").close();
  let nowMs = 0;
  let told = 0;
  const clock = { monotonicMs: (): number => nowMs };
  const room = new ConnectionRoom({ disk, path: "/store/abort", clock, outOfFiles: () => told++ });
  disk.tries = 0;
  for (let connections = 0; connections < 96; connections++) assertEquals(room.isLeft(connections), true);
  assertEquals([disk.tries, told], [3 * 64, 0]);
  disk.isFull = true;
  disk.tries = 0;
  for (let i = 0; i < 100; i++) assertEquals(room.isLeft(96), false);
  assertEquals([disk.tries, told], [1, 1]);
  nowMs = 100;
  assertEquals([room.isLeft(96), disk.tries, told], [false, 2, 2]);
  disk.isFull = false;
  assertEquals(room.isLeft(96), false);
  nowMs = 200;
  assertEquals(room.isLeft(96), true);
  // Connections that ended leave room, and so many more are looked at again.
  disk.tries = 0;
  assertEquals([room.isLeft(50), room.isLeft(81), disk.tries], [true, true, 0]);
  assertEquals([room.isLeft(82), disk.tries], [true, 64]);
});
