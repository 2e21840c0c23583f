import { assert, assertEquals } from "@std/assert";
import { PULL_BYTES_MAX, PULL_MESSAGES_MAX, PullPlan } from "../../../actors/broker/gateway/pull_plan.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";

interface Unit {
  readonly position: number;
  readonly size: number;
  readonly tag: number;
}

const ALL = { messages: 1000, bytes: 1e9 };

/** Plans over units, which begin at offset 100. */
function planned(units: readonly Unit[], limits = ALL, codes: ReadonlySet<number> | null = null): PullPlan {
  const plan = new PullPlan();
  const view = new DataView(plan.units.buffer);
  units.forEach(({ position, size, tag }, i) => {
    view.setBigUint64(i * 20, BigInt(position));
    view.setInt32(i * 20 + 8, size);
    view.setBigInt64(i * 20 + 12, BigInt(tag));
  });
  plan.make(100, units.length, limits, codes);
  assert(plan.count <= PULL_MESSAGES_MAX);
  assertEquals(plan.bytes, plan.sizes.subarray(0, plan.count).reduce((sum, size) => sum + size, 0));
  return plan;
}

const run = (count: number, size: number): Unit[] =>
  Array.from({ length: count }, (_, i) => ({ position: i * size, size, tag: i % 3 }));

Deno.test("PullPlan.make() takes as many as were asked for, at least one and at most 32", () => {
  for (const [asked, got] of [[1, 1], [5, 5], [32, 32], [1000, 32], [0, 1], [-7, 1]] as const) {
    const plan = planned(run(40, 100), { messages: asked, bytes: 1e9 });
    assertEquals([plan.count, plan.nextOffset], [got, 100 + got], `${asked} asked`);
  }
  const few = planned(run(3, 100));
  assertEquals([few.count, few.nextOffset, few.bytes], [3, 103, 300]);
  const none = planned([]);
  assertEquals([none.count, none.nextOffset], [0, 100]);
});

Deno.test("PullPlan.make() stops before the bytes are too many, but always takes one", () => {
  const plan = planned(run(10, 400), { messages: 32, bytes: 1000 });
  assertEquals([plan.count, plan.bytes, plan.nextOffset], [2, 800, 102]);
  assertEquals(planned(run(10, 400), { messages: 32, bytes: 800 }).count, 2);
  assertEquals(planned(run(10, 5000), { messages: 32, bytes: 100 }).count, 1);
  assertEquals(planned(run(10, PULL_BYTES_MAX / 2), ALL).count, 2);
  assertEquals(planned(run(2, PULL_BYTES_MAX + 1), ALL).count, 1);
});

Deno.test("PullPlan.make() passes over what does not match, and says how far it looked", () => {
  const plan = planned(run(9, 10), ALL, new Set([1]));
  assertEquals([...plan.positions.subarray(0, plan.count)], [10, 40, 70]);
  assertEquals(plan.nextOffset, 109);
  const nothing = planned(run(9, 10), ALL, new Set([5]));
  assertEquals([nothing.count, nothing.nextOffset], [0, 109]);
  const full = planned(run(9, 10), { messages: 2, bytes: 1e9 }, new Set([1]));
  // It looks on until it finds the next that would match or not; what it passed over needs no second look.
  assertEquals(full.count, 2);
  assert(full.nextOffset >= 105);
});

Deno.test("PullPlan.make() compares tag hashes as the 32-bit numbers that they are, negative ones too", () => {
  const units = [{ position: 2 ** 40, size: 10, tag: -5 }, { position: 2 ** 40 + 10, size: 10, tag: 5 }];
  const plan = planned(units, ALL, new Set([-5]));
  assertEquals([plan.count, plan.positions[0]], [1, 2 ** 40]);
});

Deno.test("PullPlan.make() never skips a match and never gives one twice, whatever the limits", () => {
  const random = new SeededRandom(5);
  for (let round = 0; round < 300; round++) {
    const units = Array.from({ length: random.between(1, 200) }, (_, i) => ({
      position: i,
      size: random.between(1, 5000),
      tag: random.between(0, 4),
    }));
    const codes = random.next() < 0.3 ? null : new Set([random.between(0, 4), random.between(0, 4)]);
    const limits = { messages: random.between(1, 40), bytes: random.between(1, 20_000) };
    const got: number[] = [];
    for (let from = 0; from < units.length;) {
      const plan = planned(units.slice(from), limits, codes);
      got.push(...plan.positions.subarray(0, plan.count));
      assert(plan.nextOffset > 100, "it gets on");
      from += plan.nextOffset - 100;
    }
    assertEquals(got, units.filter(({ tag }) => codes?.has(tag) ?? true).map(({ position }) => position));
  }
});
