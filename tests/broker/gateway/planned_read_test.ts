import { assert, assertEquals } from "@std/assert";
import { PlannedRead, WarmGate } from "../../../actors/broker/gateway/planned_read.ts";
import { PullPlan } from "../../../actors/broker/gateway/pull_plan.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";

const LOG_BYTES = 3 * 1024 * 1024;

const LOG = Uint8Array.from({ length: LOG_BYTES }, (_, i) => (i * 7 + (i >> 8)) & 0xff);

/** A log of bytes that are known, with a hole where a file is missing. */
class FakeLog {
  reads = 0;
  readonly bytes: Uint8Array = LOG;
  readonly hole: readonly [number, number] | undefined;

  constructor(hole?: readonly [number, number]) {
    this.hole = hole;
  }

  readFromFile(position: number, bytes: number, into: Uint8Array, intoStart: number): number {
    this.reads++;
    const [from, to] = this.hole ?? [LOG_BYTES, LOG_BYTES];
    if (position < to && position + bytes > from) return Math.max(0, from - position);
    into.set(this.bytes.subarray(position, position + bytes), intoStart);
    return bytes;
  }
}

/** A plan of records with so many bytes between them. */
function planOf(random: SeededRandom, count: number, gap: number): PullPlan {
  const plan = new PullPlan();
  let position = random.between(0, 1000);
  for (let i = 0; i < count; i++) {
    const size = random.between(91, 2000);
    plan.view.setBigInt64(i * 20, BigInt(position));
    plan.view.setInt32(i * 20 + 8, size);
    position += size + (gap === 0 ? 0 : random.between(0, gap));
  }
  plan.make(0, count, { messages: 32, bytes: 1e9 }, null);
  return plan;
}

/** Whether the records of a plan stand in `into` from a byte on. */
function holds(into: Uint8Array, start: number, plan: PullPlan): boolean {
  let at = start;
  for (let i = 0; i < plan.count; i++) {
    for (let j = 0; j < plan.sizes[i]!; j++) if (into[at++] !== LOG[plan.positions[i]! + j]) return false;
  }
  return at === start + plan.bytes;
}

Deno.test("PlannedRead.read() gives the records one behind the other, whatever lies between them", () => {
  const random = new SeededRandom(5);
  for (const gap of [0, 100, 5_000, 60_000]) {
    for (let count = 1; count <= 32; count++) {
      const log = new FakeLog();
      const plan = planOf(random, count, gap);
      const into = new Uint8Array(plan.bytes + 10).fill(0xee);
      assert(new PlannedRead(log).read(plan, into, 7));
      assert(holds(into, 7, plan));
      assert(
        into.subarray(0, 7).every((byte) => byte === 0xee) && into.subarray(7 + plan.bytes).every((b) => b === 0xee),
      );
      if (gap <= 100) assertEquals(log.reads, 1, "one read for neighbours");
      else assert(log.reads <= count + 1);
    }
  }
});

Deno.test("PlannedRead.read() reads around a hole between records, and refuses one in a record", () => {
  const random = new SeededRandom(6);
  const plan = planOf(random, 4, 3_000);
  const between = plan.positions[1]! + plan.sizes[1]!;
  const log = new FakeLog([between, plan.positions[2]!]);
  const into = new Uint8Array(plan.bytes);
  assert(plan.positions[2]! > between && new PlannedRead(log).read(plan, into, 0));
  assert(holds(into, 0, plan));
  assert(!new PlannedRead(new FakeLog([plan.positions[2]! + 5, plan.positions[2]! + 6])).read(plan, into, 0));
});

Deno.test("WarmGate lets in what was written since the start and is near the end, and closes after a slow read", () => {
  const clock = new SimulatedClock();
  const gate = new WarmGate(clock, 1_000, 10_000);
  assert(!gate.enter(999, 5_000), "older than the process");
  assert(!gate.enter(1_000, 11_001), "too far behind");
  assert(gate.enter(1_000, 11_000));
  clock.advance(3);
  gate.leave();
  assert(gate.enter(2_000, 11_000), "three milliseconds are no wait for a disk");
  clock.advance(4);
  gate.leave();
  assert(!gate.enter(2_000, 11_000));
  clock.advance(999);
  assert(!gate.enter(2_000, 11_000));
  clock.advance(1);
  assert(gate.enter(2_000, 11_000));
});
