import { assertEquals } from "@std/assert";
import { QUEUE_LOCK_LIFETIME_MS, QueueLocks } from "../../store/queue_locks.ts";

const QUEUES = [0, 1].map((queueId) => ({ topic: "T", brokerName: "b", queueId }));
const [FIRST, SECOND] = QUEUES as [typeof QUEUES[number], typeof QUEUES[number]];

Deno.test("QueueLocks.lock() gives a queue to the first client and refuses the second", () => {
  const locks = new QueueLocks();
  assertEquals(locks.lock("g", [FIRST], "a", 0), [FIRST]);
  assertEquals(locks.lock("g", QUEUES, "b", 1), [SECOND]);
  assertEquals(locks.holderOf("g", FIRST, 1), "a");
});

Deno.test("QueueLocks.lock() renews a lock when its holder asks again", () => {
  const locks = new QueueLocks();
  locks.lock("g", [FIRST], "a", 0);
  assertEquals(locks.lock("g", [FIRST], "a", QUEUE_LOCK_LIFETIME_MS), [FIRST]);
  assertEquals(locks.lock("g", [FIRST], "b", QUEUE_LOCK_LIFETIME_MS + 1), []);
});

Deno.test("QueueLocks.lock() hands an expired lock over, not one that is exactly at its lifetime", () => {
  const locks = new QueueLocks();
  locks.lock("g", [FIRST], "a", 0);
  assertEquals(locks.lock("g", [FIRST], "b", QUEUE_LOCK_LIFETIME_MS), []);
  assertEquals(locks.lock("g", [FIRST], "b", QUEUE_LOCK_LIFETIME_MS + 1), [FIRST]);
  assertEquals(locks.holderOf("g", FIRST, QUEUE_LOCK_LIFETIME_MS + 1), "b");
});

Deno.test("QueueLocks.unlock() frees the locks of the client and leaves those of others", () => {
  const locks = new QueueLocks();
  locks.lock("g", [FIRST], "a", 0);
  locks.lock("g", [SECOND], "b", 0);
  locks.unlock("g", QUEUES, "a");
  assertEquals(locks.lock("g", QUEUES, "c", 1), [FIRST]);
});

Deno.test("QueueLocks keeps groups apart", () => {
  const locks = new QueueLocks();
  locks.lock("g", [FIRST], "a", 0);
  assertEquals(locks.lock("h", [FIRST], "b", 0), [FIRST]);
});

Deno.test("QueueLocks.holdsAny() is true while any lock of the group is alive", () => {
  const locks = new QueueLocks();
  assertEquals(locks.holdsAny("g", 0), false);
  locks.lock("g", [FIRST], "a", 0);
  assertEquals(locks.holdsAny("g", QUEUE_LOCK_LIFETIME_MS), true);
  assertEquals(locks.holdsAny("g", QUEUE_LOCK_LIFETIME_MS + 1), false);
});

Deno.test("QueueLocks.sweep() drops only what has expired", () => {
  const locks = new QueueLocks();
  locks.lock("g", [FIRST], "a", 0);
  locks.lock("h", [FIRST], "a", 50_000);
  assertEquals(locks.sweep(QUEUE_LOCK_LIFETIME_MS + 1), 1);
  assertEquals(locks.holdsAny("h", QUEUE_LOCK_LIFETIME_MS + 1), true);
});
