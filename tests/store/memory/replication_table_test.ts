import { assertEquals } from "@std/assert";
import { createReplicationTable, ReplicationTable, SLAVES_MAX } from "../../../store/memory/replication_table.ts";

Deno.test("ReplicationTable.confirmedBy() is what so many slaves have, whoever they are", () => {
  const table = new ReplicationTable(createReplicationTable());
  assertEquals(table.confirmedBy(1), -1);
  const [a, b, c] = [table.take(100), table.take(300), table.take(200)];
  assertEquals([1, 2, 3, 4].map((slaves) => table.confirmedBy(slaves)), [300, 200, 100, -1]);
  table.confirm(a!, 400);
  table.release(b!);
  assertEquals([1, 2, 3].map((slaves) => table.confirmedBy(slaves)), [400, 200, -1]);
  assertEquals([table.slaves, table.inSync(500, 200), table.inSync(500, 301)], [2, 1, 2]);
  table.confirm(c!, 5 * 2 ** 32);
  assertEquals(table.confirmedBy(1), 5 * 2 ** 32);
});

Deno.test("ReplicationTable.take() gives no more places than there are, and takes them back", () => {
  const buffer = createReplicationTable();
  const table = new ReplicationTable(buffer);
  for (let slave = 0; slave < SLAVES_MAX; slave++) assertEquals(table.take(0), slave);
  assertEquals(table.take(0), -1);
  const other = new ReplicationTable(buffer);
  other.releaseAll();
  assertEquals([table.slaves, table.take(7), other.confirmedBy(1)], [0, 0, 7]);
});

Deno.test("ReplicationTable.confirmedOf() is what one member has, and the lower of two places of the same one", () => {
  const buffer = createReplicationTable();
  const table = new ReplicationTable(buffer);
  const reader = new ReplicationTable(buffer);
  assertEquals(reader.confirmedOf(2), -1);
  const first = table.take(500, 2);
  table.take(900, 3);
  assertEquals([2, 3, 4].map((id) => reader.confirmedOf(id)), [500, 900, -1]);
  const second = table.take(300, 2);
  assertEquals(reader.confirmedOf(2), 300);
  table.confirm(second, 700);
  assertEquals(reader.confirmedOf(2), 500);
  table.release(first);
  table.release(first);
  assertEquals([reader.confirmedOf(2), reader.slaves], [700, 2]);
  table.take(100, 5);
  assertEquals([2, 3, 5].map((id) => reader.confirmedOf(id)), [700, 900, 100]);
  table.releaseAll();
  assertEquals([2, 3, 5].map((id) => reader.confirmedOf(id)), [-1, -1, -1]);
});
