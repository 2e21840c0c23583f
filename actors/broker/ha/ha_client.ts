/**
 * HAClient: follows the master. It is the only appender of a slave.
 *
 * It owns the connection to the master and what of the stream is no whole record yet. It confirms what is written to the log, as one number for everything that came at once. A stream that does not go on where this log ends
 * is left, and its reason logged. Nothing is ever cut off here: without epochs nobody can tell which of two logs is the right one, and in a failover set, whose epochs tell, the broker starts anew for it.
 *
 * Source: apache/rocketmq store/ha/DefaultHAClient.java
 */
import { EpochFile } from "../../../store/epoch_table.ts";
import { DenoDisk } from "../../../store/file/deno_disk.ts";
import { FollowerLog } from "../../../store/follower_log.ts";
import { LogWriter, WriteOutcome } from "../../../store/log_writer.ts";
import { LogMemory, LogStatus } from "../../../store/memory/log_memory.ts";
import { ReplicationTable } from "../../../store/memory/replication_table.ts";
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { type Connection, tcpTransport } from "../../net/transport.ts";
import { openStore, storeShape } from "../broker_init.ts";
import { SwitchMasterStream } from "../failover/switch_master_stream.ts";
import { wakesFlush } from "../write_mode.ts";
import { ByteRate } from "./byte_rate.ts";
import type { HaClientContract, MasterReport } from "./ha_contract.ts";
import { type MasterStream, PlainMasterStream, type StreamLog } from "./master_stream.ts";

/** Wait before the master is tried again. Milliseconds; Apache waits 5 s. */
const RETRY_MS = 1000;

/** The same in a failover set, where a new master may wait for its followers. Milliseconds. */
const FAILOVER_RETRY_MS = 200;

/** Longest wait for a connection. Milliseconds. */
const CONNECT_MS = 3000;

/** Bytes that are read at once. */
const READ_BYTES = 512 * 1024;

/** How often heartbeat and silence are looked at. Milliseconds. */
const WATCH_EVERY_MS = 500;

/** States of the log in which it takes what the master sends; watermarks and slow writes are the business of those who take sends. */
const TAKING: readonly number[] = [LogStatus.Open, LogStatus.Busy, LogStatus.DiskReserved];

/** Starts the behaviour. */
export function startHaClient(
  init: HaClientContract["init"],
  context: ActorContext<HaClientContract>,
): Behaviour<HaClientContract> {
  const client = new HaClient(init, context);
  const loop = client.run();
  const halt = async (): Promise<null> => {
    client.stop();
    await loop;
    return null;
  };
  return {
    asks: { master: () => client.report, halt },
    tells: { follow: ({ address }) => client.follow(address) },
    stop: async () => {
      await halt();
    },
  };
}

/** The behaviour's state and loop. */
export class HaClient {
  readonly #context: ActorContext<HaClientContract>;
  readonly #memory: LogMemory;
  readonly #table: ReplicationTable;
  readonly #log: FollowerLog;
  readonly #writer: LogWriter;
  readonly #stream: () => MasterStream;
  readonly #retryMs: number;
  readonly #heartbeatMs: number;
  readonly #silenceMs: number;
  readonly #rate: ByteRate;
  #address: string | undefined;
  #socket: Connection | undefined;
  #wake = Promise.withResolvers<void>();
  #reported = -1;
  #lastReadMs = 0;
  #lastWriteMs = 0;
  #lastFailure = "";
  /** The log has to be cut by a new start; it is said once, and this log follows nobody any more. */
  #isToBeCut = false;
  #stopping = false;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: HaClientContract["init"], context: ActorContext<HaClientContract>) {
    const { values } = init;
    this.#context = context;
    this.#memory = new LogMemory(init.memory.log);
    this.#table = new ReplicationTable(init.memory.replication);
    this.#table.isMasterConnected = false;
    this.#writer = new LogWriter(
      this.#memory,
      openStore(values, "write", 8).commitLog,
      { restore: () => {} }, // A slave gives out no queue offsets.
      {
        nowMs: () => context.clock.monotonicMs(),
        slowWriteMs: 500,
        busyWriteMs: Infinity,
        wakesFlush: wakesFlush(values),
        onSlow: (elapsedMs, bytes, phase) =>
          this.#say("warn", `the ${phase} of ${bytes} bytes took ${Math.round(elapsedMs)} ms`),
      },
    );
    this.#log = new FollowerLog(this.#memory, this.#writer, { fileBytes: values.mappedFileSizeCommitLog });
    this.#stream = this.#streamsOf(init);
    this.#retryMs = init.replicaRole === undefined ? RETRY_MS : FAILOVER_RETRY_MS;
    this.#heartbeatMs = values.haSendHeartbeatInterval;
    this.#silenceMs = values.haHousekeepingInterval;
    this.#rate = new ByteRate(context.clock.monotonicMs());
    this.#address = init.masterAddress;
  }

  /** How it stands with the master. */
  get report(): MasterReport {
    return {
      address: this.#address,
      isConnected: this.#table.isMasterConnected,
      lastReadMs: this.#lastReadMs,
      lastWriteMs: this.#lastWriteMs,
      bytesPerSecond: this.#rate.at(this.#context.clock.monotonicMs()),
      end: this.#log.end,
    };
  }

  /** What makes the conversation of each connection. */
  #streamsOf({ values, replicaRole: role }: HaClientContract["init"]): () => MasterStream {
    const log: StreamLog = {
      end: () => this.#log.end,
      received: () => this.#log.received,
      startAt: (position) => this.#log.startAt(position),
      append: (data) => this.#append(data),
    };
    if (role === undefined) return () => new PlainMasterStream(log);
    const epochs = EpochFile.open(new DenoDisk(), storeShape(values).epochs);
    return () =>
      new SwitchMasterStream({
        log,
        epochs,
        brokerId: role.brokerId,
        masterEpoch: role.masterEpoch,
        isFromLastFile: values.syncFromLastFile,
        isLearner: values.asyncLearner,
        confirmed: (position) => this.#confirmed(position),
        truncationWanted: (position) => {
          this.#isToBeCut = true;
          this.#context.signal("truncation", { position });
        },
      });
  }

  /** Every member of the sync-state set has the log up to here: that much may be dispatched. */
  #confirmed(position: number): void {
    if (position <= this.#memory.replicated.load()) return;
    this.#memory.writtenBell.willRing();
    this.#memory.replicated.store(position);
    this.#memory.writtenBell.ringAsSaid();
  }

  /** Follows the master at an address from now on. */
  follow(address: string): void {
    if (address === this.#address) return;
    this.#address = address;
    this.#socket?.close();
    this.#wake.resolve();
  }

  /** Ends the loop. */
  stop(): void {
    this.#stopping = true;
    this.#socket?.close();
    this.#wake.resolve();
  }

  /** Follows until {@link stop}. */
  async run(): Promise<void> {
    try {
      while (!this.#stopping) {
        const address = this.#address;
        const isTaking = !this.#isToBeCut && TAKING.includes(this.#memory.status);
        if (address !== undefined && isTaking) await this.#session(address);
        if (this.#stopping || !this.#context.gate()) break;
        await this.#rest();
      }
    } catch (error) {
      if (this.#memory.status !== LogStatus.ReadOnly) this.#context.fail(error);
    }
  }

  async #rest(): Promise<void> {
    const timer = this.#context.clock.setTimer(this.#retryMs, () => this.#wake.resolve());
    await this.#wake.promise;
    timer.cancel();
    this.#wake = Promise.withResolvers();
  }

  /** One connection, until it ends. */
  async #session(address: string): Promise<void> {
    let socket: Connection;
    try {
      socket = await tcpTransport.connect(address, { timeoutMs: CONNECT_MS });
    } catch (error) {
      return this.#failed(`cannot connect to master ${address}: ${messageOf(error)}`);
    }
    if (this.#stopping || address !== this.#address) return socket.close();
    this.#socket = socket;
    this.#log.dropRest();
    this.#reported = -1;
    this.#lastReadMs = this.#context.clock.nowMs();
    this.#lastWriteMs = this.#lastReadMs;
    const stream = this.#stream();
    const watch = this.#watch(socket, stream);
    try {
      if (stream.hello !== undefined) await this.#write(socket, stream.hello);
      await this.#tell(socket, stream);
      this.#begun(stream, address);
      await this.#read(socket, stream, address);
      if (!this.#stopping) this.#failed(`master ${address} closed the connection`);
    } catch (error) {
      if (!this.#stopping) this.#failed(`left master ${address}: ${messageOf(error)}`);
      if (this.#memory.status === LogStatus.ReadOnly) throw error;
    } finally {
      watch.cancel();
      this.#table.isMasterConnected = false;
      this.#socket = undefined;
      socket.close();
    }
  }

  #begun(stream: MasterStream, address: string): void {
    if (this.#table.isMasterConnected || !stream.isFollowing) return;
    this.#table.isMasterConnected = true;
    this.#lastFailure = "";
    this.#say("info", `following master ${address} from ${this.#log.end} on`);
  }

  async #read(socket: Connection, stream: MasterStream, address: string): Promise<void> {
    const into = new Uint8Array(READ_BYTES);
    for (;;) {
      const count = await socket.read(into);
      if (count === null || !this.#context.gate()) return;
      this.#lastReadMs = this.#context.clock.nowMs();
      this.#rate.add(count, this.#context.clock.monotonicMs());
      stream.push(into.subarray(0, count));
      this.#begun(stream, address);
      if (this.#log.end > this.#reported) await this.#tell(socket, stream);
    }
  }

  #append(data: Uint8Array): void {
    const outcome = this.#log.take(data);
    this.#context.countWork(data.length);
    if (outcome === WriteOutcome.Written) return;
    if (outcome === WriteOutcome.Failed) {
      this.#context.signal("failed", { text: `Cannot write the commit log: ${messageOf(this.#writer.lastError)}` });
    }
    throw new Error(`the disk does not take what came: ${messageOf(this.#writer.lastError)}`);
  }

  /** Confirms what is in the log, once that may be said. */
  async #tell(socket: Connection, stream: MasterStream): Promise<void> {
    const end = this.#log.end;
    const report = stream.report(end);
    if (report === undefined) return;
    this.#reported = end;
    await this.#write(socket, report);
  }

  async #write(socket: Connection, bytes: Uint8Array): Promise<void> {
    let sent = await socket.write(bytes);
    while (sent < bytes.length) sent += await socket.write(bytes.subarray(sent));
    this.#lastWriteMs = this.#context.clock.nowMs();
  }

  /** Looks at heartbeat and silence from time to time, until it is cancelled. */
  #watch(socket: Connection, stream: MasterStream): { cancel(): void } {
    let isOver = false;
    let timer = { cancel: (): void => {} };
    const look = (): void => {
      if (isOver) return;
      const nowMs = this.#context.clock.nowMs();
      if (nowMs - this.#lastReadMs > this.#silenceMs) {
        this.#say("warn", `the master was silent for ${nowMs - this.#lastReadMs} ms: it is left`);
        return socket.close();
      }
      if (nowMs - this.#lastWriteMs > this.#heartbeatMs) {
        this.#tell(socket, stream).catch(() => socket.close()); // The read that is under way says why.
      }
      timer = this.#context.clock.setTimer(WATCH_EVERY_MS, look);
    };
    timer = this.#context.clock.setTimer(WATCH_EVERY_MS, look);
    return {
      cancel: (): void => {
        isOver = true;
        timer.cancel();
      },
    };
  }

  /** Logs why there is no master, once for each reason. */
  #failed(text: string): void {
    if (text === this.#lastFailure) return;
    this.#lastFailure = text;
    this.#say("warn", text);
  }

  #say(level: "info" | "warn" | "error", text: string): void {
    this.#context.signal("log", { level, text: `Replication: ${text}` });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
