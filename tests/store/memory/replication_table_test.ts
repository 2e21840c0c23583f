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
