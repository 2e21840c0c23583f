/**
 * One slave of this master: reads what it confirms, sends what it lacks.
 *
 * Owns: the socket, the position that is sent next, the slave's place in the replication table. Reads: the log, ring first. Never: sends before the first report, across the end of a file, or what is
 * not written; never takes a confirmation of what was not sent.
 *
 * Source: apache/rocketmq store/ha/DefaultHAConnection.java
 */
import type { Clock } from "../../../store/clock.ts";
import type { LogReader } from "../../../store/log_reader.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import type { ReplicationTable } from "../../../store/memory/replication_table.ts";
import type { Connection } from "../../net/transport.ts";
import { ByteBudget } from "./byte_budget.ts";
import { ByteRate } from "./byte_rate.ts";
import type { SlaveReport } from "./ha_contract.ts";
import type { SlaveDialect } from "./slave_dialect.ts";

/** Bytes of reports that are read at once; only the last one counts. */
const READ_BYTES = 512;

/** Bytes that one write to the socket takes at most, several transfers; more is of no use to a socket. */
const WRITE_BYTES = 512 * 1024;

/** Longest sleep while there is nothing to send. Milliseconds. */
const IDLE_MS = 1000;

/** One doze of a connection that nobody waits for. Milliseconds. */
const DOZE_MS = 2;

/** Dozes without anything to send before it sleeps until it is woken: a fifth of a second. */
const DOZES_MAX = 100;

/** Shortest time between two transfers that carry nothing but news. Milliseconds. */
const NEWS_MS = 100;

/** Settings of all connections. */
export interface HaSettings {
  /** Bytes of a commit-log file. */
  readonly fileBytes: number;
  /** Bytes of one transfer at most. */
  readonly batchBytes: number;
  /** Bytes of a second at most, for each slave; Infinity without flow control. */
  readonly secondBytesMax: number;
  /** Silence after which a heartbeat is sent. Milliseconds. */
  readonly heartbeatMs: number;
  /** Silence of the slave after which it is given up. Milliseconds. */
  readonly silenceMs: number;
  /** Whether sends wait for slaves: then each write wakes the connection; else it dozes and finds many records at once. */
  readonly isAwaited: boolean;
}

/** What a connection works with. */
export interface HaConnectionParts {
  readonly memory: LogMemory;
  readonly reader: LogReader;
  readonly table: ReplicationTable;
  readonly clock: Clock;
  readonly settings: HaSettings;
  /** A slave has come, has confirmed more, or is gone. */
  readonly confirmed: (connection: HaConnection, change: "came" | "more" | "gone") => void;
  /** False when the service is to end; blocks while it is paused. */
  readonly gate: () => boolean;
  readonly log: (level: "info" | "warn" | "error", text: string) => void;
}

/** Serves one slave. */
export class HaConnection {
  /** Another address to name the slave by, when its connection came through another one. */
  alias: string | undefined;
  /** How the slave is spoken to. */
  readonly dialect: SlaveDialect;
  readonly #parts: HaConnectionParts;
  readonly #socket: Connection;
  readonly #rate: ByteRate;
  readonly #budget: ByteBudget;
  readonly #out: Uint8Array;
  readonly #hasWork = (): boolean => this.#closed || this.#next < this.#parts.reader.end;
  readonly #reported = Promise.withResolvers<void>();
  #place = -1;
  #next = -1;
  #confirmed = 0;
  #lastReadMs: number;
  #lastWriteMs: number;
  #dozes = 0;
  #closed = false;

  /** @param socket of the slave; @param dialect of this one connection; @param parts what it works with */
  constructor(socket: Connection, dialect: SlaveDialect, parts: HaConnectionParts) {
    const nowMs = parts.clock.monotonicMs();
    const { batchBytes, secondBytesMax } = parts.settings;
    this.#socket = socket;
    this.dialect = dialect;
    this.#parts = parts;
    this.#rate = new ByteRate(nowMs);
    this.#budget = new ByteBudget(secondBytesMax, nowMs);
    this.#out = new Uint8Array(Math.max(WRITE_BYTES, dialect.headerBytes + batchBytes));
    this.#lastReadMs = nowMs;
    this.#lastWriteMs = nowMs;
  }

  /** Where the slave's connection comes from. */
  get remoteAddress(): string {
    return this.#socket.remoteAddress;
  }

  /** Address that the slave is named by. */
  get address(): string {
    return this.alias ?? this.#socket.remoteAddress;
  }

  /** Position that the slave has confirmed. */
  get confirmed(): number {
    return this.#confirmed;
  }

  /** How it stands; undefined before the first report. */
  get report(): SlaveReport | undefined {
    if (this.#place < 0) return undefined;
    return {
      address: this.address,
      confirmed: this.#confirmed,
      next: this.#next,
      brokerId: this.dialect.brokerId,
      bytesPerSecond: this.#rate.at(this.#parts.clock.monotonicMs()),
    };
  }

  /** Serves the slave until its connection ends. Never rejects. */
  async run(): Promise<void> {
    try {
      await Promise.all([this.#read(), this.#send()]);
    } finally {
      this.close();
    }
  }

  /** Ends the connection. Harmless when it has ended. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#reported.resolve();
    this.#socket.close();
    if (this.#place >= 0) this.#parts.table.release(this.#place);
    this.#place = -1;
    this.#parts.confirmed(this, "gone");
    this.#parts.memory.writtenBell.ring();
  }

  /** Gives the slave up when it was silent for too long. Source: apache/rocketmq store/ha/DefaultHAConnection.java ReadSocketService.run */
  expire(nowMs: number): void {
    const silentMs = nowMs - this.#lastReadMs;
    if (this.#closed || silentMs <= this.#parts.settings.silenceMs) return;
    this.#parts.log("warn", `Slave ${this.address} was silent for ${Math.round(silentMs)} ms: it is given up`);
    this.close();
  }

  async #read(): Promise<void> {
    const into = new Uint8Array(READ_BYTES);
    try {
      while (!this.#closed) {
        const count = await this.#socket.read(into);
        if (count === null || !this.#parts.gate()) break;
        this.#lastReadMs = this.#parts.clock.monotonicMs();
        const refusal = await this.#hear(into.subarray(0, count));
        if (refusal === undefined) continue;
        this.#parts.log("error", `Slave ${this.address} is refused: ${refusal}`);
        break;
      }
    } catch (error) {
      this.#lost(error);
    }
    this.close();
  }

  /** Takes what was read. @returns why the slave is refused, or undefined */
  async #hear(chunk: Uint8Array): Promise<string | undefined> {
    const { report, answer, refusal } = this.dialect.push(chunk);
    if (refusal !== undefined) return refusal;
    // Only before the first report, so nothing else is written meanwhile.
    if (answer !== undefined) await this.#writeAll(answer);
    if (report === undefined) return undefined;
    return this.#next < 0 ? this.#begin(report) : this.#confirm(report);
  }

  /** Takes the first report. @returns why the slave is refused, or undefined */
  #begin(report: number): string | undefined {
    const { reader, memory, table, settings } = this.#parts;
    const end = reader.end;
    const first = memory.logStart.load();
    if (report < 0) return `it reported ${report}`;
    if (report > end) return `it is ahead of this master: its log ends at ${report}, this one at ${end}`;
    if (report > 0 && report < first) return `it needs the log from ${report} on, this one begins at ${first}`;
    const next = report > 0 ? report : this.dialect.firstOf({ first, end, fileBytes: settings.fileBytes });
    this.#place = table.take(report, this.dialect.brokerId);
    if (this.#place < 0) return "there are too many slaves";
    this.#confirmed = report;
    this.#next = next;
    this.#parts.log("info", `Slave ${this.address} has the log up to ${report}, it is sent from ${next} on`);
    this.#reported.resolve();
    this.#parts.confirmed(this, "came");
    return undefined;
  }

  /** Takes a later report; what was not sent does not count. @returns why the slave is refused, or undefined */
  #confirm(report: number): string | undefined {
    const confirmed = Math.min(report, this.#next);
    if (report < 0) return `it reported ${report}`;
    this.#confirmed = confirmed;
    this.#parts.table.confirm(this.#place, confirmed);
    this.#parts.confirmed(this, "more");
    return report > confirmed ? `it confirmed ${report}, and was sent the log up to ${confirmed}` : undefined;
  }

  async #send(): Promise<void> {
    try {
      await this.#reported.promise;
      while (!this.#closed) {
        const bytes = this.#fill();
        if (bytes > 0) {
          await this.#write(bytes);
          this.#dozes = 0;
        } else if (this.#parts.clock.monotonicMs() - this.#lastWriteMs > this.#silenceMs) {
          this.#out.set(this.dialect.header(this.#next, 0));
          await this.#write(this.dialect.headerBytes);
        } else {
          await this.#rest();
        }
        if (!this.#parts.gate()) break;
      }
    } catch (error) {
      this.#lost(error);
    }
    this.close();
  }

  async #rest(): Promise<void> {
    const { clock, memory, settings } = this.#parts;
    if (this.#isThrottled) {
      await clock.sleep(Math.min(this.#budget.waitMs(clock.monotonicMs()), settings.heartbeatMs));
      return;
    }
    if (!settings.isAwaited && this.#dozes < DOZES_MAX) {
      this.#dozes++;
      await clock.sleep(DOZE_MS);
      return;
    }
    await memory.writtenBell.sleepAsync(this.#hasWork, Math.min(IDLE_MS, this.#silenceMs));
  }

  /** Silence after which something is sent even without data. */
  get #silenceMs(): number {
    const { heartbeatMs } = this.#parts.settings;
    return this.dialect.hasNews ? Math.min(NEWS_MS, heartbeatMs) : heartbeatMs;
  }

  /** Whether there is something to send, and this second has no bytes left for it. */
  get #isThrottled(): boolean {
    return this.#hasWork() && this.#budget.left(this.#parts.clock.monotonicMs()) === 0;
  }

  /** Puts transfers into the buffer. @returns its bytes; 0 when nothing is to be sent now */
  #fill(): number {
    const { reader, settings, clock } = this.#parts;
    const { headerBytes } = this.dialect;
    const end = Math.min(reader.end, this.#next + this.#budget.left(clock.monotonicMs()));
    let at = 0;
    while (this.#next < end) {
      const fileLeft = settings.fileBytes - this.#next % settings.fileBytes;
      const pieceLeft = this.dialect.pieceEnd(this.#next) - this.#next;
      const bytes = Math.min(end - this.#next, fileLeft, pieceLeft, settings.batchBytes);
      if (at + headerBytes + bytes > this.#out.length) break;
      const read = reader.read(this.#next, bytes, this.#out, at + headerBytes);
      if (read < bytes) throw new Error(`the log has only ${read} of ${bytes} bytes at ${this.#next}`);
      this.#out.set(this.dialect.header(this.#next, bytes), at);
      at += headerBytes + bytes;
      this.#next += bytes;
    }
    return at;
  }

  async #write(bytes: number): Promise<void> {
    this.#budget.spend(bytes);
    await this.#writeAll(this.#out.subarray(0, bytes));
    this.#lastWriteMs = this.#parts.clock.monotonicMs();
    this.#rate.add(bytes, this.#lastWriteMs);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let sent = 0; sent < bytes.length;) sent += await this.#socket.write(bytes.subarray(sent));
  }

  #lost(error: unknown): void {
    if (this.#closed) return;
    this.#parts.log("warn", `Slave ${this.address} is lost: ${error instanceof Error ? error.message : error}`);
  }
}
