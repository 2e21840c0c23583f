/** The turns of a gateway that no broker is around. */
import { assertEquals } from "@std/assert";
import { AckQueue } from "../../../actors/broker/gateway/ack_hold.ts";
import type { BatchPath } from "../../../actors/broker/gateway/batch_path.ts";
import type { GatewayConnection } from "../../../actors/broker/gateway/connection.ts";
import { Gateway, type GatewayParts } from "../../../actors/broker/gateway/gateway.ts";
import type { SendPath } from "../../../actors/broker/gateway/send_path.ts";
import { afterIo } from "../../../actors/kernel/after_io.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";
import { logBench } from "../../store/log_bench.ts";
import { RecordingSocket } from "./recording_socket.ts";

/** A socket whose reads end when the test says so. */
class QuietSocket extends RecordingSocket {
  #reading = Promise.withResolvers<number | null>();

  /** The read that is under way gets bytes; they are not part of a whole frame. */
  readSome(): void {
    this.#reading.resolve(1);
    this.#reading = Promise.withResolvers();
  }

  override read(): Promise<number | null> {
    return this.#reading.promise;
  }

  override close(): void {
    super.close();
    this.#reading.resolve(null);
  }
}

interface Scene {
  readonly gateway: Gateway;
  readonly clock: SimulatedClock;
  readonly acks: AckQueue;
  readonly socket: QuietSocket;
  readonly connection: GatewayConnection;
  readonly epoch: number;
}

async function withGateway(parts: Partial<GatewayParts>, body: (scene: Scene) => Promise<void>): Promise<void> {
  const clock = new SimulatedClock();
  const acks = new AckQueue();
  const { memory, appender, writer } = logBench({ disk: new MemoryDisk(), fileBytes: 1024 * 1024 });
  const gateway = new Gateway({
    memory,
    appender,
    writer,
    // No frame gets there.
    sends: {} as SendPath,
    batches: {} as BatchPath,
    pulls: { take: () => false },
    ends: undefined,
    general: { take: () => {}, refuseSend: () => {}, closed: () => {} },
    acks,
    clock,
    laterWrite: undefined,
    ackTimeoutMs: 1000,
    refusal: undefined,
    isShortOfReplicas: () => false,
    written: () => {},
    releasable: () => 0,
    isFenced: () => false,
    fail: (error) => {
      throw error;
    },
    ...parts,
  }, 1);
  const socket = new QuietSocket();
  const served = gateway.serve(socket);
  const connection = gateway.connections.get(1)!;
  await body({ gateway, clock, acks, socket, connection, epoch: memory.epoch });
  gateway.closeAll();
  socket.close();
  await served;
}

Deno.test("Gateway looks at the clock for a read although the turn was scheduled by an answer", async () => {
  await withGateway({}, async ({ gateway, clock, socket, connection }) => {
    clock.advance(1000);
    socket.readSome();
    await afterIo();
    assertEquals(connection.lastActiveMs, 1000);
    for (const expectedMs of [61_000, 121_000]) {
      clock.advance(60_000);
      // The answer of another actor and the read come in the same turn of the event loop.
      socket.readSome();
      gateway.markDirty(connection);
      await afterIo();
      assertEquals(connection.lastActiveMs, expectedMs);
    }
  });
});

Deno.test("Gateway releases what slaves confirmed while the end of its turn waited for them, also of what is written later", async () => {
  let confirmed = 0;
  const told: string[] = [];
  const laterWrite = { appended: () => void told.push("appended"), refusesWhenFull: false };
  const written = (): void => {
    told.push("written");
    confirmed = 10;
  };
  await withGateway({ laterWrite, written, releasable: () => confirmed }, async (scene) => {
    const { gateway, acks, connection, socket, epoch } = scene;
    acks.room(3).set(new TextEncoder().encode("ack"), acks.start);
    acks.hold(connection, acks.start + 3, 10);
    gateway.markAppended(epoch);
    await afterIo();
    // Who writes is told first: nobody has what is in memory only.
    assertEquals([told, acks.length, socket.text], [["appended", "written"], 0, "ack"]);
  });
});
