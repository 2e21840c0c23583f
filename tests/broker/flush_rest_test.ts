/** How often queues are synced: at most a tenth of the time, and within the bound of what a start dispatches again. */
import { assertEquals } from "@std/assert";
import { restMsAfter } from "../../actors/broker/flush/flush_consume_queue_service.ts";

Deno.test("after syncs of queues comes a rest of nine times as long, of 5 s at most", () => {
  assertEquals([0, 2, 100, 555, 556, 60_000].map(restMsAfter), [0, 18, 900, 4_995, 5_000, 5_000]);
});
