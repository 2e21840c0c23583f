/** How many bytes a slave may be sent in a second. */
import { assertEquals } from "@std/assert";
import { ByteBudget } from "../../actors/broker/ha/byte_budget.ts";

Deno.test("ByteBudget.left() falls with what is spent and is whole again after a second", () => {
  const budget = new ByteBudget(100, 5000);
  assertEquals(budget.left(5000), 100);
  budget.spend(70);
  assertEquals([budget.left(5500), budget.waitMs(5500)], [30, 500]);
  budget.spend(40);
  assertEquals(budget.left(5999), 0);
  assertEquals([budget.left(6000), budget.waitMs(6000)], [100, 1000]);
});

Deno.test("ByteBudget.left() without a bound is endless", () => {
  const budget = new ByteBudget(Infinity, 0);
  budget.spend(1e12);
  assertEquals(budget.left(1), Infinity);
});
