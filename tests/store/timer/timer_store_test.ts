import { assert, assertEquals, assertThrows } from "@std/assert";
import { DiskError } from "../../../store/file/disk.ts";
import { FaultyDisk } from "../../../store/file/faulty_disk.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";
import { hasTimerFiles, rollWindow, TimerStore } from "../../../store/timer/timer_store.ts";
import { drain, request, START_MS, timerOptions } from "./timer_kit.ts";

const AT = (seconds: number): number => START_MS + seconds * 1000;

/** Forty messages over five slots, which is four files of the log. */
function fill(store: TimerStore, from = 0): void {
  for (let offset = from; offset < from + 40; offset += 4) {
    const some = [0, 1, 2, 3].map((i) => request(offset + i, AT(1 + (offset + i) % 5)));
    store.enqueue(some, offset + 4, START_MS);
  }
}

const IN_ORDER = [0, 1, 2, 3, 4].flatMap((slot) => Array.from({ length: 8 }, (_, i) => String(slot + 5 * i)));

Deno.test("TimerStore gives messages out by slot, in the order in which they came, across files of the log", () => {
  const disk = new MemoryDisk();
  assert(!hasTimerFiles(disk, "/store", "/store/config"));
  const store = TimerStore.open(timerOptions(disk));
  fill(store);
  assert(store.log.fileCount >= 4);
  assertEquals(store.waiting(), 40);
  assertEquals(drain(store, AT(3)), IN_ORDER.slice(0, 16));
  assertEquals(drain(store, AT(60)), IN_ORDER.slice(16));
  assertEquals([store.counts.get("Orders"), store.queueOffset], [40, 40]);
  assert(hasTimerFiles(disk, "/store", "/store/config"));
});

Deno.test("TimerStore opened again after a kill has everything that was enqueued, though no checkpoint was written", () => {
  const disk = new MemoryDisk();
  fill(TimerStore.open(timerOptions(disk)));
  const again = TimerStore.open(timerOptions(disk));
  assertEquals([again.queueOffset, again.recovered], [40, { unitsReplayed: 0, unitsCut: 0, slotsRefilled: 0 }]);
  assertEquals(drain(again, AT(60)), IN_ORDER);
});

Deno.test("TimerStore.save() makes a restart begin where the snapshot was taken", () => {
  const disk = new MemoryDisk();
  const store = TimerStore.open(timerOptions(disk));
  fill(store);
  assertEquals(drain(store, AT(3)).length, 16);
  const snapshot = store.snapshot();
  assertEquals(drain(store, AT(4)).length, 8);
  store.save(snapshot, START_MS);
  store.close();
  const again = TimerStore.open(timerOptions(disk));
  assertEquals(again.checkpoint.version.counter, 1);
  assertEquals(again.counts.get("Orders"), 40);
  assertEquals(drain(again, AT(60)), IN_ORDER.slice(16));
});

Deno.test("TimerStore makes the wheel again from the log when the wheel is gone", () => {
  const disk = new MemoryDisk();
  const store = TimerStore.open(timerOptions(disk));
  fill(store);
  drain(store, AT(2));
  store.save(store.snapshot(), START_MS);
  disk.remove("/store/timerwheel");
  const again = TimerStore.open(timerOptions(disk));
  assertEquals(again.recovered.unitsReplayed, 32);
  assertEquals(drain(again, AT(60)), IN_ORDER.slice(8));
});

Deno.test("TimerStore reads the timer queue again when the log is gone, and knows what was delivered", () => {
  const disk = new MemoryDisk();
  const store = TimerStore.open(timerOptions(disk));
  fill(store);
  drain(store, AT(3));
  store.save(store.snapshot(), START_MS);
  disk.removeTree("/store/timerlog");
  const again = TimerStore.open(timerOptions(disk));
  assertEquals([again.queueOffset, again.replayBelow, again.replayReadMs], [0, 40, AT(3)]);
  assertEquals(drain(again, AT(60)), []);
});

Deno.test("TimerStore cuts off units of records that the commit log lost, and fills their slots again", () => {
  const disk = new MemoryDisk();
  fill(TimerStore.open(timerOptions(disk)));
  const again = TimerStore.open(timerOptions(disk, { commitLogEnd: 2050 }));
  assertEquals([again.queueOffset, again.recovered], [20, { unitsReplayed: 20, unitsCut: 20, slotsRefilled: 5 }]);
  fill(again, 20);
  const slotOf = (slot: number): string[] => Array.from({ length: 12 }, (_, i) => String(slot + 5 * i));
  assertEquals(drain(again, AT(60)), [0, 1, 2, 3, 4].flatMap(slotOf));
});

Deno.test("TimerStore loses nothing when the power fails at any moment after a checkpoint", () => {
  for (let survivor = 0; survivor <= 4; survivor++) {
    const disk = new FaultyDisk();
    disk.makeDirectory("/store");
    const store = TimerStore.open(timerOptions(disk));
    fill(store);
    store.save(store.snapshot(), START_MS);
    fill(store, 40);
    disk.crash({ keepsSector: (path, sector) => (path.length + sector) % 4 === survivor });
    const again = TimerStore.open(timerOptions(disk));
    assert(again.queueOffset >= 40, `queue offset is ${again.queueOffset}`);
    const rest = Array.from({ length: 80 - again.queueOffset }, (_, i) => again.queueOffset + i);
    again.enqueue(rest.map((offset) => request(offset, AT(1 + offset % 5))), 80, START_MS);
    const all = drain(again, AT(60)).map(Number).sort((a, b) => a - b);
    assertEquals(all, Array.from({ length: 80 }, (_, offset) => offset), `survivor ${survivor}`);
  }
});

for (const what of ["timerwheel", "timerlog"]) {
  Deno.test(`TimerStore writes again what a sync of the ${what} lost, when it is opened again`, () => {
    const disk = new FaultyDisk();
    disk.makeDirectory("/store/config");
    const store = TimerStore.open(timerOptions(disk));
    fill(store);
    disk.plan = ({ kind, path }) => kind === "sync" && path.includes(what) ? { code: "IO" } : undefined;
    assertThrows(() => store.save(store.snapshot(), START_MS), DiskError);
    disk.plan = () => undefined;
    // The process starts again; to the kernel all is on the device.
    const again = TimerStore.open(timerOptions(disk));
    again.save(again.snapshot(), START_MS);
    disk.crash();
    assertEquals(drain(TimerStore.open(timerOptions(disk)), AT(60)), IN_ORDER);
  });
}

Deno.test("TimerStore.enqueue() changes nothing when the disk is full, and takes the same messages later", () => {
  for (let failing = 0; failing < 6; failing++) {
    const disk = new FaultyDisk();
    disk.makeDirectory("/store");
    const store = TimerStore.open(timerOptions(disk));
    store.enqueue([0, 1, 2].map((offset) => request(offset, AT(1))), 3, START_MS);
    let write = 0;
    disk.plan = ({ kind }) => kind === "write" && write++ === failing ? { code: "NO_SPACE" } : undefined;
    const more = [3, 4, 5, 6].map((offset) => request(offset, AT(1 + offset % 4)));
    let queueOffset = store.queueOffset;
    try {
      store.enqueue(more, 7, START_MS);
    } catch (error) {
      assert(error instanceof DiskError);
      queueOffset = store.queueOffset;
    }
    disk.plan = () => undefined;
    store.wheel.flush();
    if (queueOffset === 3) store.enqueue(more.slice(store.queueOffset - 3), 7, START_MS);
    assertEquals(drain(store, AT(60)), ["0", "1", "2", "4", "5", "6", "3"], `write ${failing}`);
  }
});

Deno.test("TimerStore rolls what lies beyond the window: to its end, or to its middle when little is left", () => {
  const disk = new MemoryDisk();
  const store = TimerStore.open(timerOptions(disk));
  store.enqueue(
    [request(0, AT(59)), request(1, AT(60)), request(2, AT(79)), request(3, AT(80)), request(4, AT(500))],
    5,
    START_MS,
  );
  assertEquals(drain(store, AT(31)), ["1r", "2r"]);
  assertEquals(drain(store, AT(60)), ["0"]);
  assertEquals(drain(store, AT(61)), ["3r", "4r"]);
  assertEquals([rollWindow(172_800), rollWindow(1), rollWindow(604_800)], [172_800, 604_740, 604_740]);
});

Deno.test("TimerStore counts recalls off, and never files a message before what was read", () => {
  const disk = new MemoryDisk();
  const store = TimerStore.open(timerOptions(disk));
  store.enqueue([request(0, AT(5)), request(1, AT(5), { isRecall: true })], 2, START_MS);
  assertEquals([store.counts.get("Orders"), store.wheel.get(AT(5))?.count], [0, 0]);
  store.moveReadTime(AT(8));
  store.enqueue([request(2, AT(6))], 3, START_MS);
  assertEquals(drain(store, AT(60)), ["2"]);
});

Deno.test("TimerLog.removeExpired() removes files whose messages are all gone from the commit log", () => {
  const disk = new MemoryDisk();
  const store = TimerStore.open(timerOptions(disk));
  fill(store);
  const files = store.log.fileCount;
  assertEquals(store.log.removeExpired(0), 0);
  assertEquals(store.log.removeExpired(1500), 1);
  assertEquals(store.log.removeExpired(1_000_000), files - 2);
  store.save(store.snapshot(), START_MS);
  store.close();
  const again = TimerStore.open(timerOptions(disk));
  assertEquals([again.queueOffset, again.log.end], [40, store.log.end]);
});

Deno.test("TimerStore refuses a wheel of another size", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("/store");
  disk.writeFile("/store/timerwheel", new Uint8Array(64));
  assertThrows(() => TimerStore.open(timerOptions(disk)), Error, "it has 64 bytes, expected are 38707200");
});
