import { assertEquals, assertThrows } from "@std/assert";
import { RegionMismatchError } from "../../../store/memory/region.ts";
import { createSyncState, SYNC_STATE_MEMBERS_MAX, SyncStateRegion } from "../../../store/memory/sync_state.ts";

Deno.test("SyncStateRegion.read() gives what was published last, to every view", () => {
  const buffer = createSyncState();
  const writer = new SyncStateRegion(buffer);
  const reader = new SyncStateRegion(buffer);
  assertEquals(reader.read(), { epoch: 0, members: [], required: [] });
  for (let epoch = 1; epoch < 100; epoch++) {
    const members = Array.from({ length: epoch % (SYNC_STATE_MEMBERS_MAX + 1) }, (_, index) => epoch + index);
    const required = [...members].reverse();
    writer.publish({ epoch, members, required });
    if (epoch % 3 === 0) continue;
    assertEquals(reader.read(), { epoch, members, required });
    assertEquals(reader.read() === reader.read(), true);
  }
});

Deno.test("SyncStateRegion.publish() refuses more members than there is room for", () => {
  const region = new SyncStateRegion(createSyncState());
  const many = Array.from({ length: SYNC_STATE_MEMBERS_MAX + 1 }, (_, index) => index + 1);
  assertThrows(() => region.publish({ epoch: 1, members: [1], required: many }), RangeError, "limit is");
  assertEquals(region.read().epoch, 0);
  assertThrows(() => new SyncStateRegion(new SharedArrayBuffer(4096)), RegionMismatchError);
});
