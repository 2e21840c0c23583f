/** How often queues are synced: at most a tenth of the time, and within the bounds of what a start dispatches again. */
import { assertEquals } from "@std/assert";
import { isRestOver } from "../../actors/broker/flush/flush_consume_queue_service.ts";

const MIB = 1024 * 1024;

Deno.test("before syncs of queues comes a rest of nine times as long as they will take, of a minute at most", () => {
  const isOver = (syncMs: number, elapsedMs: number): boolean => isRestOver({ syncMs, elapsedMs, bytes: MIB });
  assertEquals([isOver(0, 0), isOver(100, 899), isOver(100, 900)], [true, false, true]);
  assertEquals([isOver(2_000, 17_999), isOver(2_000, 18_000)], [false, true]);
  assertEquals([isOver(12_000, 59_999), isOver(12_000, 60_000)], [false, true]);
});

Deno.test("the rest ends when a start would have 512 MiB to dispatch again", () => {
  assertEquals([511, 512].map((mib) => isRestOver({ syncMs: 2_000, elapsedMs: 1, bytes: mib * MIB })), [false, true]);
});
