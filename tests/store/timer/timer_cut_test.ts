import { assertEquals } from "@std/assert";
import type { Disk } from "../../../store/file/disk.ts";
import { HandleCache } from "../../../store/file/handle_cache.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";
import { cutTimerFiles } from "../../../store/timer/timer_cut.ts";
import { TimerStore } from "../../../store/timer/timer_store.ts";
import { drain, RECORD_BYTES, request, START_MS, timerOptions } from "./timer_kit.ts";

const AT = (seconds: number): number => START_MS + seconds * 1000;
const COUNT = 40;

function cut(disk: Disk, offset: number): void {
  const { root, config, logFileBytes } = timerOptions(disk);
  const handles = new HandleCache({ disk, mode: "write", handlesMax: 4 });
  const to = { position: offset * RECORD_BYTES, queueOffset: offset };
  cutTimerFiles({ disk, handles, root, config, logFileBytes }, to);
  handles.close();
}

for (const isSaved of [true, false]) {
  Deno.test(`cutTimerFiles() leaves what is kept, ${isSaved ? "with" : "without"} a checkpoint behind it`, () => {
    for (let kept = 0; kept <= COUNT; kept += 5) {
      const disk = new MemoryDisk();
      const store = TimerStore.open(timerOptions(disk));
      for (let offset = 0; offset < COUNT; offset++) {
        store.enqueue([request(offset, AT(1 + offset % 5))], offset + 1, START_MS);
      }
      if (isSaved) store.save(store.snapshot(), START_MS);
      store.close();
      cut(disk, kept);
      // The log has grown again with other records before the wheel is opened.
      const again = TimerStore.open(timerOptions(disk));
      assertEquals(again.queueOffset, kept, `${kept} kept`);
      assertEquals(again.replayBelow, isSaved ? kept : 0);
      const out = drain(again, AT(60)).map(Number).sort((left, right) => left - right);
      assertEquals(out, Array.from({ length: kept }, (_, offset) => offset), `${kept} kept`);
      again.close();
    }
  });
}

Deno.test("cutTimerFiles() brings back how far the master was, and makes no files where there are none", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("/store/config");
  cut(disk, 3);
  assertEquals([disk.list("/store/config"), disk.exists("/store/timerlog")], [[], false]);
  const store = TimerStore.open(timerOptions(disk));
  store.enqueue([request(0, AT(1))], 5, START_MS);
  store.save(store.snapshot(), START_MS);
  store.close();
  cut(disk, 3);
  const again = TimerStore.open(timerOptions(disk));
  assertEquals([again.checkpoint.queueOffset, again.checkpoint.masterQueueOffset], [3, 3]);
  again.close();
});
