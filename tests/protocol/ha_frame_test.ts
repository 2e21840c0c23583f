import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  encodeHaReport,
  encodeHaTransferHeader,
  HA_TRANSFER_BATCH_BYTES,
  HA_TRANSFER_BYTES_MAX,
  HA_TRANSFER_HEADER_BYTES,
  HaReportDecoder,
  HaTransferDecoder,
} from "../../protocol/ha_frame.ts";
import { randomPieces, seededRandom, withInt } from "./fuzz.ts";

const HA = new URL("../golden/ha/", import.meta.url);
const FILE_BYTES = 65_536;

/** All bytes of one side of a recorded conversation. */
function recorded(file: string, side: "master" | "slave"): Uint8Array {
  const lines = Deno.readTextFileSync(new URL(`${file}.jsonl`, HA)).trim().split("\n");
  const chunks = lines.map((line): { from: string; bytes?: string } => JSON.parse(line))
    .filter((line) => line.from === side && line.bytes !== undefined)
    .map((line) => Uint8Array.from(atob(line.bytes ?? ""), (unit) => unit.charCodeAt(0)));
  return join(chunks);
}

function join(chunks: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(chunks.reduce((sum, chunk) => sum + chunk.length, 0));
  chunks.reduce((position, chunk) => {
    joined.set(chunk, position);
    return position + chunk.length;
  }, 0);
  return joined;
}

/** The master's log when its last recording ended. */
function masterLog(): Uint8Array {
  const names = [...Deno.readDirSync(new URL("ha-commitlog/", HA))].map((entry) => entry.name).sort();
  return join(names.map((name) => Deno.readFileSync(new URL(`ha-commitlog/${name}`, HA))));
}

function transfersOf(pieces: Iterable<Uint8Array>): { offset: number; data: Uint8Array }[] {
  const decoder = new HaTransferDecoder();
  const transfers: { offset: number; data: Uint8Array }[] = [];
  for (const piece of pieces) {
    decoder.push(piece);
    for (let transfer = decoder.next(); transfer !== undefined; transfer = decoder.next()) {
      transfers.push({ offset: transfer.offset, data: transfer.data.slice() });
    }
  }
  return transfers;
}

const CONVERSATIONS = ["ha-empty-slave", "ha-empty-slave-two-files", "ha-resumed-slave"];

for (const file of CONVERSATIONS) {
  Deno.test(`HaTransferDecoder.next() reads the master of golden ${file} as slices of its log`, () => {
    const log = masterLog();
    const stream = recorded(file, "master");
    const transfers = transfersOf([stream]);
    assert(transfers.some(({ data }) => data.length > 0));
    assert(transfers.some(({ data }) => data.length === 0));
    let next = transfers[0]?.offset ?? 0;
    for (const { offset, data } of transfers) {
      assertEquals(offset, next);
      assert(data.length <= HA_TRANSFER_BATCH_BYTES);
      assertEquals(Math.floor(offset / FILE_BYTES), Math.floor((offset + Math.max(data.length - 1, 0)) / FILE_BYTES));
      if (file !== "ha-empty-slave-two-files") assertEquals(data, log.slice(offset, offset + data.length));
      next = offset + data.length;
    }
    const again = transfers.flatMap(({ offset, data }) => [encodeHaTransferHeader(offset, data.length), data]);
    assertEquals(join(again), stream);
  });

  Deno.test(`HaTransferDecoder.next() reads golden ${file} in random pieces`, () => {
    const stream = recorded(file, "master");
    const expected = transfersOf([stream]);
    for (const [seed, sizeMax] of [[1, 5], [2, 300], [3, 40_000]] as const) {
      assertEquals(transfersOf(randomPieces(stream, sizeMax, seededRandom(seed))), expected, `seed ${seed}`);
    }
  });

  Deno.test(`HaReportDecoder.push() reads the slave of golden ${file}`, () => {
    const stream = recorded(file, "slave");
    const reports: number[] = [];
    for (let position = 0; position < stream.length; position += 8) {
      const report = new HaReportDecoder().push(stream.subarray(position, position + 8));
      if (report !== undefined) reports.push(report);
    }
    assertEquals(join(reports.map(encodeHaReport)), stream);
    assertEquals(reports, [...reports].sort((left, right) => left - right));
    assertEquals(new HaReportDecoder().push(stream), reports.at(-1));
  });
}

Deno.test("HaReportDecoder.push() returns the newest report however the bytes are cut", () => {
  const reports = Array.from({ length: 40 }, (_, index) => index * 1_000_003);
  const stream = join(reports.map(encodeHaReport));
  for (let seed = 1; seed <= 20; seed++) {
    const decoder = new HaReportDecoder();
    let arrived = 0;
    let newest: number | undefined;
    for (const piece of randomPieces(stream, 1 + seed * 2, seededRandom(seed))) {
      arrived += piece.length;
      newest = decoder.push(piece) ?? newest;
      assertEquals(newest, arrived < 8 ? undefined : reports[Math.floor(arrived / 8) - 1], `seed ${seed}`);
    }
  }
  assertEquals(new HaReportDecoder().push(new Uint8Array()), undefined);
});

Deno.test("HaTransferDecoder.next() refuses sizes that are negative or above the bound", () => {
  for (const size of [-1, 0x7fffffff, HA_TRANSFER_BYTES_MAX + 1]) {
    const decoder = new HaTransferDecoder();
    decoder.push(withInt(encodeHaTransferHeader(5, 0), 8, size));
    assertEquals(assertThrows(() => decoder.next(), ProtocolError).code, "BODY_MALFORMED");
  }
  const decoder = new HaTransferDecoder();
  decoder.push(encodeHaTransferHeader(5, HA_TRANSFER_BYTES_MAX));
  assertEquals(decoder.next(), undefined);
  assertEquals(HA_TRANSFER_HEADER_BYTES, 12);
});
