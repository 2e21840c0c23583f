/** One slave's connection of HAService: who sends what comes while the thread blocks. */
import { assertEquals } from "@std/assert";
import { createBrokerMemory } from "../../../actors/broker/broker_memory.ts";
import { readBrokerConfiguration } from "../../../actors/broker/broker_configuration.ts";
import { thisMachine } from "../../../actors/broker/broker_options.ts";
import { Confirmations } from "../../../actors/broker/ha/confirmations.ts";
import { HaConnection } from "../../../actors/broker/ha/ha_connection.ts";
import { PlainSlave } from "../../../actors/broker/ha/slave_dialect.ts";
import { NearSleep } from "../../../actors/broker/near_sleep.ts";
import { afterIo } from "../../../actors/kernel/after_io.ts";
import { encodeHaReport, HaTransferDecoder } from "../../../protocol/ha_frame.ts";
import { HandleCache } from "../../../store/file/handle_cache.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";
import { SegmentSet } from "../../../store/file/segment_set.ts";
import { createGauges } from "../../../store/gauges.ts";
import { LogReader } from "../../../store/log_reader.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { ReplicationTable } from "../../../store/memory/replication_table.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";
import { until, within } from "../../helpers/until.ts";
import { RecordingSocket } from "../gateway/recording_socket.ts";
import { StandInWaits } from "../../helpers/stand_in_waits.ts";

const FILE_BYTES = 4 * 1024 * 1024;

/** More than one write to the socket takes. */
const LARGE_BYTES = 700_000;

/** The slave's socket: it reports when the test says so. */
class SlaveSocket extends RecordingSocket {
  #report = Promise.withResolvers<Uint8Array | null>();

  report(position: number): void {
    this.#report.resolve(encodeHaReport(position));
    this.#report = Promise.withResolvers();
  }

  /** End of the log that it was sent. */
  get sentUpTo(): number {
    const decoder = new HaTransferDecoder();
    let end = 0;
    for (const piece of this.written) {
      decoder.push(piece);
      for (let next = decoder.next(); next !== undefined; next = decoder.next()) end = next.offset + next.data.length;
    }
    return end;
  }

  override async read(into: Uint8Array): Promise<number | null> {
    const report = await this.#report.promise;
    if (report === null) return null;
    into.set(report);
    return report.length;
  }

  override close(): void {
    super.close();
    this.#report.resolve(null);
  }
}

Deno.test("HaConnection goes on with what one write did not take, when it came while the thread blocked", async () => {
  const { values } = readBrokerConfiguration({}, thisMachine());
  const buffers = createBrokerMemory({ gateways: 1, ringBytes: 1 << 20, appendBytesMax: 1 << 16 });
  const memory = new LogMemory(buffers.log);
  memory.reset({ logStart: 0, logEnd: 0, flushed: 0, dispatched: 0, storeTimestamp: 0 });
  const handles = new HandleCache({ disk: new MemoryDisk(), mode: "read", handlesMax: 1 });
  const files = SegmentSet.open({ directory: "/log", fileBytes: FILE_BYTES, handles });
  const table = new ReplicationTable(buffers.replication);
  const clock = new SimulatedClock();
  const bell = memory.writtenBell;
  const init = {
    values,
    memory: buffers,
    machineMemoryBytes: 1 << 30,
    isDerivedSynced: true,
    gauges: createGauges(),
    replicaRole: undefined,
  };
  const socket = new SlaveSocket();
  const connection = new HaConnection(socket, new PlainSlave(), {
    memory,
    reader: new LogReader(memory, files),
    table,
    clock,
    settings: {
      fileBytes: FILE_BYTES,
      batchBytes: 32_768,
      secondBytesMax: Infinity,
      heartbeatMs: 5000,
      silenceMs: 20_000,
    },
    confirmations: new Confirmations(init, memory, table),
    sleep: {
      clock,
      bell,
      near: new NearSleep({ clock, ownsThread: false, breathe: () => Promise.resolve(true) }, bell),
      isAwaited: true,
      isQuiet: () => true,
    },
    confirmed: () => {},
    gate: () => true,
    log: () => {},
  });
  const served = connection.run();
  try {
    socket.report(0);
    await until(() => bell.sleepers === 1, { timeoutMs: 10_000, what: "the sender sleeps" });
    await afterIo();
    using _waits = new StandInWaits(() => {
      for (const cursor of [memory.reserved, memory.appended, memory.written]) cursor.store(LARGE_BYTES);
      bell.ring();
      return "ok";
    });
    socket.report(0);
    await until(() => socket.sentUpTo === LARGE_BYTES, { timeoutMs: 10_000, what: "all was sent" });
  } finally {
    connection.close();
    await within(served, { timeoutMs: 10_000, what: "the end of the connection" });
  }
  // Nobody had to look for it when the time was over.
  assertEquals(bell.missed, 0);
});
