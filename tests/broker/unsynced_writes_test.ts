/** What a trace says of bytes that the device never got. */
import { assertEquals } from "@std/assert";
import { injectedCalls, unsyncedWrites } from "./unsynced_writes.ts";

const write = (thread: number, path: string, bytes: number, start: number, end = `) = ${bytes}`): string =>
  `${thread} pwrite64(13<${path}>, "\\0\\0x) = 4"..., ${bytes}, ${start}${end}`;

Deno.test("unsyncedWrites() takes out what a sync covers, file by file", () => {
  const trace = [write(1, "/a", 10, 0), write(1, "/b", 5, 0), "2 fdatasync(9</a>) = 0", write(1, "/a", 7, 10), ""];
  assertEquals(unsyncedWrites(trace), [{ path: "/b", start: 0, bytes: 5 }, { path: "/a", start: 10, bytes: 7 }]);
});

Deno.test("unsyncedWrites() keeps what was written while a sync was under way", () => {
  const trace = [
    write(1, "/a", 10, 0),
    write(3, "/a", 4, 10, " <unfinished ...>"),
    "2 fdatasync(9</a> <unfinished ...>",
    "3 <... pwrite64 resumed>) = 4",
    write(1, "/a", 6, 14),
    "2 <... fdatasync resumed>) = 0",
  ];
  assertEquals(unsyncedWrites(trace), [{ path: "/a", start: 10, bytes: 4 }, { path: "/a", start: 14, bytes: 6 }]);
});

Deno.test("unsyncedWrites() believes no sync that failed, and counts no write that failed", () => {
  const trace = [
    write(1, "/a", 10, 0),
    "2 fdatasync(9</a>) = -1 EIO (Input/output error) (INJECTED)",
    write(1, "/a", 10, 10, ") = -1 ENOSPC (No space left on device) (INJECTED)"),
  ];
  assertEquals(unsyncedWrites(trace), [{ path: "/a", start: 0, bytes: 10 }]);
  assertEquals(injectedCalls(trace).length, 2);
});
