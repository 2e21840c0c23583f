import { assert, assertEquals } from "@std/assert";
import { PAGE_BYTES, PageRule } from "../../store/page_rule.ts";

const FILE = 16 * PAGE_BYTES;
const rule = (leastPages: number, thoroughMs = 1000): PageRule =>
  new PageRule({ leastPages, thoroughMs, fileBytes: FILE });

Deno.test("PageRule.hasPages() counts the pages in which the positions lie, and a full file always", () => {
  const rows: [leastPages: number, from: number, to: number, isEnough: boolean][] = [
    [0, 10, 10, false],
    [0, 10, 11, true],
    [1, 0, PAGE_BYTES - 1, false],
    [1, PAGE_BYTES - 1, PAGE_BYTES, true],
    [4, 100, 4 * PAGE_BYTES - 1, false],
    [4, 100, 4 * PAGE_BYTES, true],
    [4, PAGE_BYTES - 1, 4 * PAGE_BYTES, true],
    [4, PAGE_BYTES, 4 * PAGE_BYTES + 4095, false],
    [4, FILE - 1, FILE, true],
    [1000, FILE - 1, FILE + 1, true],
    [1000, FILE, FILE + 5 * PAGE_BYTES, false],
  ];
  for (const [leastPages, from, to, isEnough] of rows) {
    assertEquals(rule(leastPages).hasPages(from, to), isEnough, `${leastPages} ${from} ${to}`);
  }
});

Deno.test("PageRule.isDue() is content with any byte once in the thorough time, and first of all", () => {
  const each = rule(4, 1000);
  assert(each.isDue(0, 0, 1));
  assert(!each.isDue(1, 1, 2));
  assert(!each.isDue(999, 1, 2));
  assert(each.isDue(1000, 1, 2));
  assert(!each.isDue(1999, 2, 3));
  assert(each.isDue(1999, 2, 5 * PAGE_BYTES), "pages are enough at any time");
  assert(each.isDue(2000, 2, 3), "pages did not begin the time anew");
});

Deno.test("PageRule.isDue() spends the thorough time although nothing was there, as RocketMQ does", () => {
  const each = rule(4, 1000);
  assert(!each.isDue(5000, 7, 7));
  assert(!each.isDue(5001, 7, 8));
  assert(each.isDue(6000, 7, 8));
});

Deno.test("PageRule.restart() begins the thorough time anew", () => {
  const each = rule(4, 1000);
  assert(each.isDue(0, 0, 1));
  each.restart(800);
  assert(!each.isDue(1500, 1, 2));
  assert(each.isDue(1800, 1, 2));
});
