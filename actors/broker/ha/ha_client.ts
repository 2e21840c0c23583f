/**
 * HAClient: follows the master. It is the only appender of a slave.
 *
 * It owns the connection to the master and what of the stream is no whole record yet. It confirms what is written to the log, as one number for everything that came at once. A stream that does not go on where this log ends
 * is left, and its reason logged: nothing is ever cut off here, because without epochs nobody can tell which of two logs is the right one.
 *
 * Source: apache/rocketmq store/ha/DefaultHAClient.java
 */
import { encodeHaReport, type HaTransfer, HaTransferDecoder } from "../../../protocol/ha_frame.ts";
import { FollowerLog } from "../../../store/follower_log.ts";
import { LogWriter, WriteOutcome } from "../../../store/log_writer.ts";
import { LogMemory, LogStatus } from "../../../store/memory/log_memory.ts";
import { ReplicationTable } from "../../../store/memory/replication_table.ts";
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { type Connection, tcpTransport } from "../../net/transport.ts";
import { openStore } from "../broker_init.ts";
import { wakesFlush } from "../write_mode.ts";
import { ByteRate } from "./byte_rate.ts";
import type { HaClientContract, MasterReport } from "./ha_contract.ts";

/** Wait before the master is tried again. Milliseconds; Apache waits 5 s. */
const RETRY_MS = 1000;

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
        if (address !== undefined && TAKING.includes(this.#memory.status)) await this.#session(address);
        if (this.#stopping || !this.#context.gate()) break;
        await this.#rest();
      }
    } catch (error) {
      if (this.#memory.status !== LogStatus.ReadOnly) this.#context.fail(error);
    }
  }

  async #rest(): Promise<void> {
    const timer = this.#context.clock.setTimer(RETRY_MS, () => this.#wake.resolve());
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
    const watch = this.#watch(socket);
    try {
      await this.#tell(socket);
      this.#table.isMasterConnected = true;
      this.#lastFailure = "";
      this.#say("info", `following master ${address} from ${this.#log.end} on`);
      await this.#read(socket);
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

  async #read(socket: Connection): Promise<void> {
    const decoder = new HaTransferDecoder();
    const into = new Uint8Array(READ_BYTES);
    for (;;) {
      const count = await socket.read(into);
      if (count === null || !this.#context.gate()) return;
      this.#lastReadMs = this.#context.clock.nowMs();
      this.#rate.add(count, this.#context.clock.monotonicMs());
      decoder.push(into.subarray(0, count));
      for (let transfer = decoder.next(); transfer !== undefined; transfer = decoder.next()) this.#take(transfer);
      if (this.#log.end > this.#reported) await this.#tell(socket);
    }
  }

  #take({ offset, data }: HaTransfer): void {
    const { received } = this.#log;
    if (received === 0) {
      if (offset > 0 && data.length > 0) this.#log.startAt(offset);
    } else if (offset !== received) {
      throw new Error(`it goes on at ${offset}, this log ends at ${received}`);
    }
    if (data.length === 0) return;
    const outcome = this.#log.take(data);
    this.#context.countWork(data.length);
    if (outcome === WriteOutcome.Written) return;
    if (outcome === WriteOutcome.Failed) {
      this.#context.signal("failed", { text: `Cannot write the commit log: ${messageOf(this.#writer.lastError)}` });
    }
    throw new Error(`the disk does not take what came: ${messageOf(this.#writer.lastError)}`);
  }

  /** Confirms what is in the log. */
  async #tell(socket: Connection): Promise<void> {
    const end = this.#log.end;
    const report = encodeHaReport(end);
    this.#reported = end;
    for (let sent = 0; sent < report.length;) sent += await socket.write(report.subarray(sent));
    this.#lastWriteMs = this.#context.clock.nowMs();
  }

  /** Looks at heartbeat and silence from time to time, until it is cancelled. */
  #watch(socket: Connection): { cancel(): void } {
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
        this.#tell(socket).catch(() => socket.close()); // The read that is under way says why.
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
