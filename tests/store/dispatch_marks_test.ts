import { assertEquals, assertThrows } from "@std/assert";
import { Dispatcher, type DispatchMarks } from "../../store/dispatch.ts";
import { DispatchFiles } from "../../store/dispatch_files.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { buildStore, LOG_FILE_BYTES, QUEUE_FILE_BYTES } from "./store_builder.ts";

Deno.test("a dispatcher tells of units that one before it wrote and did not tell of", () => {
  const disk = new MemoryDisk();
  const store = buildStore(disk, "/s", { count: 12 });
  const handles = new HandleCache({ disk, mode: "write", handlesMax: 8 });
  const log = SegmentSet.open({ directory: store.paths.commitLog, fileBytes: LOG_FILE_BYTES, handles });
  const bytes = new Uint8Array(store.logEnd);
  log.read(bytes, 0, bytes.length, 0);
  const told = new Map<string, number>();
  const dispatch = (mark: (name: string, maxOffset: number) => void): number => {
    const names: string[] = [];
    const marks: DispatchMarks = {
      opened: (queue, topic, queueId) => void (names[queue] = `${topic}/${queueId}`),
      began: () => {},
      mark: (queue, maxOffset) => mark(names[queue]!, maxOffset),
    };
    const dispatcher = new Dispatcher({
      files: new DispatchFiles({ root: "/new", fileBytes: QUEUE_FILE_BYTES, handles }),
      index: undefined,
      marks,
      logFileBytes: LOG_FILE_BYTES,
      delayLevels: [1000],
      position: 0,
    });
    dispatcher.dispatch(bytes, 0, bytes.length, 0);
    return dispatcher.counters.repeated;
  };
  assertThrows(() =>
    dispatch(() => {
      throw new Error("the thread ends here");
    })
  );
  assertEquals(dispatch((name, maxOffset) => told.set(name, maxOffset)), 12);
  const expected = new Map<string, number>();
  for (const { topic, queueId, queueOffset } of store.records) expected.set(`${topic}/${queueId}`, queueOffset + 1);
  assertEquals(told, expected);
});
