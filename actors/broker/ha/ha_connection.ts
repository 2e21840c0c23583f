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
import type { Confirmations } from "./confirmations.ts";
import type { SlaveReport } from "./ha_contract.ts";
import { SenderSleep, type SenderSleepParts } from "./sender_sleep.ts";
import type { SlaveDialect } from "./slave_dialect.ts";

/** Bytes of reports that are read at once; only the last one counts. */
const READ_BYTES = 512;

/** Bytes that one write to the socket takes at most, several transfers; more is of no use to a socket. */
const WRITE_BYTES = 512 * 1024;

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
}

/** What a connection works with. */
export interface HaConnectionParts {
  readonly memory: LogMemory;
  readonly reader: LogReader;
  readonly table: ReplicationTable;
  readonly clock: Clock;
  readonly settings: HaSettings;
  readonly confirmations: Confirmations;
  readonly sleep: SenderSleepParts;
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
  /** Undefined without flow control. */
  readonly #budget: ByteBudget | undefined;
  readonly #out: Uint8Array;
  readonly #sleep: SenderSleep;
  readonly #hasWork = (): boolean => this.#closed || this.#next < this.#parts.reader.end;
  readonly #reported = Promise.withResolvers<void>();
  #place = -1;
  #next = -1;
  #confirmed = 0;
  #lastReadMs: number;
  #lastWriteMs: number;
  /** The write that is under way. */
  #sending: Promise<void> | undefined;
  #closed = false;

  /** @param socket of the slave; @param dialect of this one connection; @param parts what it works with */
  constructor(socket: Connection, dialect: SlaveDialect, parts: HaConnectionParts) {
    const nowMs = parts.clock.monotonicMs();
    const { batchBytes, secondBytesMax } = parts.settings;
    this.#socket = socket;
    this.dialect = dialect;
    this.#parts = parts;
    this.#rate = new ByteRate(nowMs);
    this.#sleep = new SenderSleep(parts.sleep);
    this.#budget = secondBytesMax === Infinity ? undefined : new ByteBudget(secondBytesMax, nowMs);
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

  /** Whether the slave has still to confirm something that it was sent. */
  get isOwed(): boolean {
    return !this.#closed && this.#next > this.#confirmed;
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
        const { report, answer, refusal } = this.dialect.push(into.subarray(0, count));
        // Only before the first report, so nothing else is written meanwhile.
        if (answer !== undefined) await this.#writeAll(answer);
        const problem = refusal ?? this.#hear(report);
        if (problem !== undefined) {
          this.#parts.log("error", `Slave ${this.address} is refused: ${problem}`);
          break;
        }
        if (report === undefined || !this.#sleep.heard(this.#lastReadMs, this.#hasWork)) continue;
        // The ring for what one write does not take, or may not take yet, was for the block alone.
        if (!await this.#sendNext() || this.#hasWork()) this.#sleep.wake();
      }
    } catch (error) {
      this.#lost(error);
    }
    this.close();
  }

  /** Takes a report, if one came. @returns why the slave is refused, or undefined */
  #hear(report: number | undefined): string | undefined {
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
    this.#parts.confirmations.confirm(this.#place, confirmed);
    this.#parts.confirmed(this, "more");
    return report > confirmed ? `it confirmed ${report}, and was sent the log up to ${confirmed}` : undefined;
  }

  async #send(): Promise<void> {
    try {
      await this.#reported.promise;
      while (!this.#closed) {
        // What came while this slept the reader may be sending.
        if (this.#sending !== undefined) await this.#sending;
        if (!await this.#sendNext()) await this.#rest();
        if (!this.#parts.gate()) break;
      }
    } catch (error) {
      this.#lost(error);
    }
    this.close();
  }

  async #rest(): Promise<void> {
    const { clock, settings } = this.#parts;
    const waitMs = this.#throttleMs();
    if (waitMs === undefined) return await this.#sleep.rest(this.#hasWork, this.#silenceMs);
    await clock.sleep(Math.min(waitMs, settings.heartbeatMs));
  }

  /** Silence after which something is sent even without data. */
  get #silenceMs(): number {
    const { heartbeatMs } = this.#parts.settings;
    return this.dialect.hasNews ? Math.min(NEWS_MS, heartbeatMs) : heartbeatMs;
  }

  /** How long what there is to send has to wait, because this second has no bytes left for it. */
  #throttleMs(): number | undefined {
    if (this.#budget === undefined || !this.#hasWork()) return undefined;
    const nowMs = this.#parts.clock.monotonicMs();
    return this.#budget.left(nowMs) === 0 ? this.#budget.waitMs(nowMs) : undefined;
  }

  /** Puts transfers into the buffer. @returns its bytes; 0 when nothing is to be sent now */
  #fill(): number {
    const { reader, settings, clock } = this.#parts;
    const { headerBytes } = this.dialect;
    const allowed = this.#budget?.left(clock.monotonicMs()) ?? Infinity;
    const end = Math.min(reader.end, this.#next + allowed);
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

  /** Sends what there is, or a heartbeat after some silence. @returns false when nothing was sent */
  async #sendNext(): Promise<boolean> {
    if (this.#closed) return false;
    const bytes = this.#fill() || this.#fillHeartbeat();
    if (bytes === 0) return false;
    this.#budget?.spend(bytes);
    this.#sending = this.#writeAll(this.#out.subarray(0, bytes));
    await this.#sending;
    this.#sending = undefined;
    this.#lastWriteMs = this.#parts.clock.monotonicMs();
    this.#rate.add(bytes, this.#lastWriteMs);
    this.#sleep.sent();
    return true;
  }

  #fillHeartbeat(): number {
    if (this.#parts.clock.monotonicMs() - this.#lastWriteMs <= this.#silenceMs) return 0;
    this.#out.set(this.dialect.header(this.#next, 0));
    return this.dialect.headerBytes;
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let sent = await this.#socket.write(bytes);
    while (sent < bytes.length) sent += await this.#socket.write(bytes.subarray(sent));
  }

  #lost(error: unknown): void {
    if (this.#closed) return;
    this.#parts.log("warn", `Slave ${this.address} is lost: ${error instanceof Error ? error.message : error}`);
  }
}
