import { assert, assertEquals, assertThrows } from "@std/assert";
import type { HaEpoch } from "../../protocol/ha_switch_frame.ts";
import { type ConsistentPoint, decodeEpochs, encodeEpochs, EpochFile, EpochTable } from "../../store/epoch_table.ts";
import { StoreError } from "../../store/errors.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";

const PATH = "/s/epochFileCheckpoint";

/** The example of RocketMQ's CheckpointFile. */
const EXAMPLE = "2\n773307083\n7-7000\n8-8000\n";

function table(...entries: readonly (readonly [number, number])[]): EpochTable {
  return new EpochTable(entries.map(([epoch, start]): HaEpoch => ({ epoch, start })));
}

const at = (position: number): ConsistentPoint => ({ kind: "at", position });

/** Rows: what is special; the follower's epochs and end; the master's epochs and end; the point. */
const POINTS: readonly [string, EpochTable, number, EpochTable, number, ConsistentPoint][] = [
  ["the follower has nothing", table(), 0, table([1, 0]), 900, { kind: "empty" }],
  ["its log is gone, its epochs are not", table([1, 0]), 0, table([1, 0]), 900, { kind: "empty" }],
  ["a log of before there were epochs", table(), 500, table([1, 0]), 900, { kind: "unknown" }],
  ["no epoch in common", table([2, 0]), 500, table([1, 0], [3, 900]), 950, { kind: "foreign" }],
  ["the same epoch with another start", table([3, 100]), 500, table([3, 200]), 900, { kind: "foreign" }],
  ["behind in the same epoch", table([1, 0]), 500, table([1, 0]), 900, at(500)],
  ["as far as the master", table([1, 0]), 900, table([1, 0]), 900, at(900)],
  ["ahead in the same epoch", table([1, 0]), 950, table([1, 0]), 900, at(900)],
  ["ahead of where the master's next epoch begins", table([1, 0]), 950, table([1, 0], [2, 800]), 990, at(800)],
  ["behind where the master's next epoch begins", table([1, 0]), 700, table([1, 0], [2, 800]), 990, at(700)],
  ["an epoch that the master does not know", table([1, 0], [2, 800]), 900, table([1, 0], [3, 800]), 990, at(800)],
  ["the same, from an earlier end on", table([1, 0], [2, 700]), 900, table([1, 0], [3, 800]), 990, at(700)],
  ["the same, from a later end on", table([1, 0], [2, 800]), 900, table([1, 0], [3, 700]), 990, at(700)],
  ["an epoch with no byte", table([1, 0], [2, 800]), 800, table([1, 0], [3, 800]), 800, at(800)],
  ["two back", table([1, 0], [2, 300], [4, 600]), 900, table([1, 0], [2, 300], [5, 500]), 700, at(500)],
  ["an epoch behind a log that lost its end", table([1, 0], [2, 900]), 800, table([1, 0], [2, 900]), 990, at(800)],
];

for (const [what, own, end, master, masterEnd, point] of POINTS) {
  Deno.test(`EpochTable.consistentPoint(): ${what}`, () => {
    assertEquals(own.consistentPoint(end, master, masterEnd), point);
  });
}

/** Rows: what is special; the epochs; first and end of the log; the new epoch; the epochs then. */
const MASTERS: readonly [string, EpochTable, number, number, number, EpochTable][] = [
  ["an empty store", table(), 0, 0, 1, table([1, 0])],
  ["a log of before there were epochs", table(), 4096, 9000, 1, table([1, 4096])],
  ["the next epoch", table([1, 0]), 0, 500, 2, table([1, 0], [2, 500])],
  ["an epoch with no byte before it", table([1, 0], [2, 500]), 0, 500, 3, table([1, 0], [3, 500])],
  ["an epoch behind a log that lost its end", table([1, 0], [2, 600]), 0, 500, 3, table([1, 0], [3, 500])],
  [
    "an epoch that has left the log",
    table([1, 0], [2, 100], [3, 400]),
    200,
    500,
    4,
    table([2, 100], [3, 400], [4, 500]),
  ],
];

for (const [what, own, first, end, epoch, then] of MASTERS) {
  Deno.test(`EpochTable.asMaster(): ${what}`, () => {
    assertEquals(own.asMaster(epoch, { first, end }), then);
  });
}

Deno.test("EpochTable.asMaster() refuses an epoch that is known, and those before it", () => {
  assertThrows(() => table([1, 0], [5, 300]).asMaster(5, { first: 0, end: 500 }), StoreError, "epoch 5");
  assertThrows(() => table([1, 0], [5, 300]).asMaster(4, { first: 0, end: 500 }), StoreError, "epoch 5");
  assertThrows(() => table([1, 0], [5, 600]).asMaster(5, { first: 0, end: 500 }), StoreError, "epoch 5");
});

Deno.test("EpochTable.at() and endAt() find the epoch of a position", () => {
  const epochs = table([1, 100], [2, 300], [3, 300]);
  assertEquals([50, 100, 299, 300, 9999].map((position) => epochs.at(position)?.epoch), [undefined, 1, 1, 3, 3]);
  assertEquals([50, 100, 299, 300].map((position) => epochs.endAt(position)), [100, 300, 300, Infinity]);
  assertEquals(epochs.cutAt(300), table([1, 100]));
  assertThrows(() => epochs.with({ epoch: 3, start: 400 }), StoreError);
  assertThrows(() => epochs.with({ epoch: 4, start: 299 }), StoreError);
});

Deno.test("the text of epochs is RocketMQ's", () => {
  const epochs = table([7, 7000], [8, 8000]);
  assertEquals(encodeEpochs(epochs), EXAMPLE);
  assertEquals(decodeEpochs(EXAMPLE), epochs);
  assertEquals(decodeEpochs(EXAMPLE.replaceAll("\n", "\r\n")), epochs);
  assertEquals(decodeEpochs("1\n0\n7-7000"), table([7, 7000]));
  assertEquals(decodeEpochs(encodeEpochs(table())), table());
});

Deno.test("decodeEpochs() refuses what is damaged", () => {
  const damaged = [
    EXAMPLE.replace("2\n", "3\n"),
    EXAMPLE.replace("773307083", "773307084"),
    EXAMPLE.replace("8-8000", "8-8001"),
    EXAMPLE.replace("8-8000", "8_8000"),
    EXAMPLE.slice(0, -5),
    "2\n0\n8-8000\n7-9000\n",
    "2\n0\n7-8000\n8-7000\n",
    "x",
  ];
  for (const text of damaged) assertThrows(() => decodeEpochs(text), StoreError, undefined, text);
});

Deno.test("EpochFile keeps the table over a restart and falls back to the text before when the file is damaged", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("/s");
  const file = EpochFile.open(disk, PATH);
  assertEquals(file.table, table());
  file.replace(table([1, 0]));
  file.replace(table([1, 0], [2, 500]));
  assertEquals(EpochFile.open(disk, PATH).table, table([1, 0], [2, 500]));
  disk.writeFile(PATH, new TextEncoder().encode("2\n17\n1-0\n"));
  assertEquals(EpochFile.open(disk, PATH).table, table([1, 0]));
  disk.writeFile(`${PATH}.bak`, new TextEncoder().encode("2\n17\n1-0\n"));
  assertThrows(() => EpochFile.open(disk, PATH), StoreError);
});

Deno.test("EpochFile.replace() with no epochs leaves no file that RocketMQ would read", () => {
  const disk = new MemoryDisk();
  disk.makeDirectory("/s");
  const file = EpochFile.open(disk, PATH);
  file.replace(table([1, 0]));
  file.replace(table([1, 0], [2, 500]));
  file.replace(table());
  assert(!disk.exists(PATH));
  assert(!disk.exists(`${PATH}.bak`));
  assertEquals(EpochFile.open(disk, PATH).table, table());
});
