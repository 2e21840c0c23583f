/** Both ends of the switch protocol without sockets: what is answered, what is refused, what is written down. */
import { assertEquals, assertThrows } from "@std/assert";
import { SwitchMasterStream } from "../../../actors/broker/failover/switch_master_stream.ts";
import { SwitchSlave } from "../../../actors/broker/failover/switch_slave.ts";
import type { StreamLog } from "../../../actors/broker/ha/master_stream.ts";
import {
  encodeHaAnswer,
  encodeHaConfirmation,
  encodeHaHandshake,
  encodeHaSwitchTransferHeader,
  type HaEpoch,
  HaMasterDecoder,
} from "../../../protocol/ha_switch_frame.ts";
import { EpochFile, EpochTable } from "../../../store/epoch_table.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";

function entries(...pairs: readonly (readonly [number, number])[]): HaEpoch[] {
  return pairs.map(([epoch, start]) => ({ epoch, start }));
}

interface SlaveBench {
  readonly slave: SwitchSlave;
  confirmOffset: number;
}

function slaveBench(): SlaveBench {
  const bench = { confirmOffset: 0 } as { slave: SwitchSlave; confirmOffset: number };
  bench.slave = new SwitchSlave({
    ownId: 1,
    epoch: 3,
    epochs: new EpochTable(entries([1, 0], [3, 700])),
    end: () => 900,
    confirmOffset: () => bench.confirmOffset,
  });
  return bench;
}

const HANDSHAKE = { isFromLastFile: false, isLearner: false, brokerId: 2 } as const;

Deno.test("SwitchSlave.push() answers a handshake with the epochs and then takes confirmations", () => {
  const { slave } = slaveBench();
  assertEquals(slave.brokerId, 0);
  const { answer, refusal } = slave.push(encodeHaHandshake({ ...HANDSHAKE, isLearner: true }));
  assertEquals([refusal, slave.brokerId, slave.isLearner], [undefined, 2, true]);
  assertEquals(answer, encodeHaAnswer({ end: 900, epoch: 3, epochs: entries([1, 0], [3, 700]) }));
  const both = Uint8Array.from([...encodeHaConfirmation(5), ...encodeHaConfirmation(6)]);
  assertEquals(slave.push(both), { report: 6 });
});

Deno.test("SwitchSlave.push() refuses who does not begin as a follower of the set does", () => {
  const refusals = (...frames: readonly Uint8Array[]): (string | undefined)[] => {
    const { slave } = slaveBench();
    return frames.map((frame) => slave.push(frame).refusal);
  };
  assertEquals(refusals(encodeHaConfirmation(0)), ["it confirmed a position before its handshake"]);
  assertEquals(refusals(encodeHaHandshake(HANDSHAKE), encodeHaHandshake(HANDSHAKE)), [
    undefined,
    "it shook hands twice",
  ]);
  assertEquals(refusals(encodeHaHandshake({ ...HANDSHAKE, brokerId: 1 })), ["its id is 1, as this master's"]);
  for (const brokerId of [0, -1, 2 ** 31]) {
    assertEquals(refusals(encodeHaHandshake({ ...HANDSHAKE, brokerId })), [`its id is ${brokerId}`]);
  }
});

Deno.test("SwitchSlave gives each transfer the epoch of its bytes, and says what is confirmed once", () => {
  const bench = slaveBench();
  const { slave } = bench;
  slave.push(encodeHaHandshake(HANDSHAKE));
  assertEquals([0, 699, 700].map((position) => slave.pieceEnd(position)), [700, 700, Infinity]);
  assertEquals(slave.hasNews, false);
  bench.confirmOffset = 800;
  const header = { position: 690, epoch: 1, epochStart: 0, confirmed: 800 };
  assertEquals(slave.header(690, 10), encodeHaSwitchTransferHeader(header, 10));
  assertEquals(slave.hasNews, false);
  bench.confirmOffset = 850;
  assertEquals(slave.hasNews, true);
  const next = { position: 700, epoch: 3, epochStart: 700, confirmed: 850 };
  assertEquals(slave.header(700, 0), encodeHaSwitchTransferHeader(next, 0));
  assertEquals(slave.hasNews, false);
});

Deno.test("SwitchSlave.firstOf() begins at the first position, or with the last file for who asks for it", () => {
  const log = { first: 4096, end: 20_000, fileBytes: 4096 };
  for (const [isFromLastFile, first] of [[false, 4096], [true, 16_384]] as const) {
    const { slave } = slaveBench();
    slave.push(encodeHaHandshake({ ...HANDSHAKE, isFromLastFile }));
    assertEquals(slave.firstOf(log), first);
  }
});

interface FollowerBench {
  readonly stream: SwitchMasterStream;
  readonly epochs: EpochFile;
  readonly log: { end: number };
  readonly cuts: number[];
  readonly confirmed: number[];
}

function followerBench(own: readonly HaEpoch[], end: number): FollowerBench {
  const disk = new MemoryDisk();
  disk.makeDirectory("/s");
  const epochs = EpochFile.open(disk, "/s/epochs");
  epochs.replace(new EpochTable(own));
  const position = { end };
  const log: StreamLog = {
    end: () => position.end,
    received: () => position.end,
    startAt: (start) => void (position.end = start),
    append: (data) => void (position.end += data.length),
  };
  const cuts: number[] = [];
  const confirmed: number[] = [];
  const stream = new SwitchMasterStream({
    log,
    epochs,
    brokerId: 2,
    masterEpoch: 3,
    isFromLastFile: false,
    isLearner: false,
    confirmed: (at) => confirmed.push(at),
    truncationWanted: (at) => cuts.push(at),
  });
  return { stream, epochs, log: position, cuts, confirmed };
}

function answer(end: number, ...pairs: readonly (readonly [number, number])[]): Uint8Array {
  return encodeHaAnswer({ end, epoch: pairs.at(-1)?.[0] ?? 0, epochs: entries(...pairs) });
}

function transfer(
  header: { position: number; epoch: number; epochStart: number; confirmed?: number },
  bytes = 0,
): Uint8Array {
  const head = encodeHaSwitchTransferHeader({ confirmed: 0, ...header }, bytes);
  return Uint8Array.from([...head, ...new Uint8Array(bytes)]);
}

Deno.test("SwitchMasterStream reports nothing before the answer, then the end of the log", () => {
  const { stream } = followerBench(entries([1, 0]), 500);
  assertEquals(stream.hello, encodeHaHandshake(HANDSHAKE));
  assertEquals([stream.isFollowing, stream.report(500)], [false, undefined]);
  stream.push(answer(900, [1, 0], [3, 700]));
  assertEquals([stream.isFollowing, stream.report(500)], [true, encodeHaConfirmation(500)]);
});

Deno.test("SwitchMasterStream writes an epoch down before its first byte, and takes what is confirmed as far as it goes", () => {
  const { stream, epochs, log, confirmed } = followerBench([], 0);
  stream.push(answer(900, [1, 0], [3, 700]));
  stream.push(transfer({ position: 0, epoch: 1, epochStart: 0, confirmed: 800 }, 700));
  assertEquals([log.end, epochs.table.entries], [700, entries([1, 0])]);
  stream.push(transfer({ position: 700, epoch: 3, epochStart: 700, confirmed: 800 }));
  assertEquals(epochs.table.entries, entries([1, 0], [3, 700]));
  stream.push(transfer({ position: 700, epoch: 3, epochStart: 700, confirmed: 800 }, 200));
  assertEquals([log.end, confirmed], [900, [700, 700, 800]]);
});

Deno.test("SwitchMasterStream asks for a cut and leaves, and goes on after it", () => {
  const ahead = followerBench(entries([1, 0], [2, 800]), 950);
  assertThrows(() => ahead.stream.push(answer(990, [1, 0], [3, 780])), Error, "it has to be cut there");
  assertEquals([ahead.cuts, ahead.stream.isFollowing], [[780], false]);
  const cut = followerBench(entries([1, 0]), 780);
  cut.stream.push(answer(990, [1, 0], [3, 780]));
  assertEquals([cut.cuts, cut.stream.isFollowing], [[], true]);
});

Deno.test("SwitchMasterStream forgets an epoch that has no byte, and those of a log that is gone", () => {
  const noByte = followerBench(entries([1, 0], [2, 780]), 780);
  noByte.stream.push(answer(990, [1, 0], [3, 780]));
  assertEquals(noByte.epochs.table.entries, entries([1, 0]));
  const gone = followerBench(entries([1, 0], [2, 780]), 0);
  gone.stream.push(answer(990, [3, 0]));
  assertEquals(gone.epochs.table.entries, []);
});

/** Rows: why; the follower's epochs and end; what the master sends. */
const LEFT: readonly [string, readonly HaEpoch[], number, readonly Uint8Array[]][] = [
  ["its epoch is 2", entries([1, 0]), 500, [answer(900, [1, 0], [2, 700])]],
  ["empty the store", [], 500, [answer(900, [3, 0])]],
  ["no epoch of this log", entries([2, 0]), 500, [answer(900, [1, 0], [3, 700])]],
  ["answered twice", entries([1, 0]), 500, [answer(900, [1, 0], [3, 700]), answer(900, [1, 0], [3, 700])]],
  ["before it answered", entries([1, 0]), 500, [transfer({ position: 500, epoch: 1, epochStart: 0 }, 10)]],
  [
    "begins at 5, this log's at 0",
    entries([1, 0]),
    500,
    [answer(900, [1, 0], [3, 700]), transfer({ position: 500, epoch: 1, epochStart: 5 }, 10)],
  ],
  [
    "does not follow epoch 3",
    entries([1, 0], [3, 400]),
    500,
    [answer(900, [1, 0], [3, 400]), transfer({ position: 500, epoch: 2, epochStart: 500 }, 10)],
  ],
  [
    "does not follow epoch 1",
    entries([1, 0]),
    500,
    [answer(900, [1, 0], [3, 700]), transfer({ position: 500, epoch: 3, epochStart: 700 }, 10)],
  ],
  [
    "which begins at 700",
    [],
    0,
    [answer(900, [1, 0], [3, 700]), transfer({ position: 0, epoch: 3, epochStart: 700 }, 10)],
  ],
  [
    "it goes on at 510",
    entries([1, 0]),
    500,
    [answer(900, [1, 0], [3, 700]), transfer({ position: 510, epoch: 1, epochStart: 0 }, 10)],
  ],
];

for (const [why, own, end, frames] of LEFT) {
  Deno.test(`SwitchMasterStream leaves a master: ${why}`, () => {
    const { stream, log } = followerBench(own, end);
    assertThrows(() => frames.forEach((frame) => stream.push(frame)), Error, why);
    assertEquals(log.end, end);
  });
}

Deno.test("both ends understand each other", () => {
  const { slave } = slaveBench();
  const { stream } = followerBench(entries([1, 0]), 500);
  const { answer: bytes } = slave.push(stream.hello);
  const decoder = new HaMasterDecoder();
  decoder.push(bytes!);
  assertEquals(decoder.next()?.kind, "answer");
  stream.push(bytes!);
  assertEquals(slave.push(stream.report(500)!), { report: 500 });
});
