// hot
/**
 * The gateway: reads sockets, appends what is sent, answers when the log has it, and passes on what others answer.
 *
 * Everything that became readable in one turn of the event loop is appended first; then one write hands it to the kernel, whoever appended it, and only then
 * do the answers leave. That is the group commit of this broker: writing once a turn rather than once a socket read is the difference between 34,000 and
 * 55,000 sends a second at 64 connections with one request in flight each.
 *
 * It owns the connections. It never reads the files of the log, and never waits for another actor inside a turn.
 */
import { HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { FRAME_BYTES_MAX } from "../../../protocol/limits.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import type { LogAppender } from "../../../store/log_appender.ts";
import { type LogWriter, WriteOutcome, type WriteOutcomeValue } from "../../../store/log_writer.ts";
import { LogStatus } from "../../../store/memory/log_memory.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import type { Clock } from "../../../store/clock.ts";
import type { Connection, Listener } from "../../net/transport.ts";
import { ackOpaque, isAck } from "./answer_bytes.ts";
import type { AckQueue, LateAck } from "./ack_hold.ts";
import { GatewayConnection } from "./connection.ts";
import type { BatchPath } from "./batch_path.ts";
import { ReadRounds } from "./read_rounds.ts";
import { SendOutcome, type SendPath } from "./send_path.ts";

/** Connections of one gateway at most. */
export const CONNECTIONS_MAX = 20_000;

/** Takes what has no short path. */
export interface GeneralPath {
  /**
   * Takes one frame. Called outside of any batch of the log.
   *
   * @param frame the whole frame, a copy of its own
   */
  take(connection: GatewayConnection, frame: Uint8Array): void;
  /** Takes a send that cannot be appended now. @param reason why */
  refuseSend(connection: GatewayConnection, opaque: number, reason: SendRefusalValue): void;
  /** A connection is gone. */
  closed(connection: GatewayConnection): void;
}

/** Why a send was not appended. */
export const SendRefusal = {
  /** The ring is full, or the last write was slow. */
  Busy: "busy",
  /** The disk is full, the log is read-only or the broker stops. */
  Unavailable: "unavailable",
  /** The broker follows another one. */
  Follower: "follower",
} as const;

/** One of {@link SendRefusal}. */
export type SendRefusalValue = (typeof SendRefusal)[keyof typeof SendRefusal];

/** The short path of pulls. */
export interface PullTaker {
  /**
   * Takes a pull.
   *
   * @returns false when the general path has to take it
   */
  take(connection: GatewayConnection, scan: HeaderScan, bytes: Uint8Array): boolean;
}

/** The short path of ends of transactions. */
export interface EndTaker {
  /**
   * Takes an end that nobody waits for.
   *
   * @returns false when the general path has to take it
   */
  take(connection: GatewayConnection, scan: HeaderScan, bytes: Uint8Array): boolean;
}

/** What is acknowledged in memory is written by another thread. */
export interface LaterWrite {
  /** Tells that thread that a turn appended something. */
  readonly appended: () => void;
  /** Whether sends are refused while memory is full of what is not written; else this thread writes it. */
  readonly refusesWhenFull: boolean;
}

/** What a gateway works with. */
export interface GatewayParts {
  readonly memory: LogMemory;
  readonly appender: LogAppender;
  readonly writer: LogWriter;
  readonly sends: SendPath;
  readonly batches: BatchPath;
  readonly pulls: PullTaker;
  /** Undefined on a slave, which takes none. */
  readonly ends: EndTaker | undefined;
  readonly general: GeneralPath;
  readonly acks: AckQueue;
  readonly clock: Clock;
  /** How what was appended comes to the file when not this thread writes it at the end of the turn; undefined when it does. */
  readonly laterWrite: LaterWrite | undefined;
  /** How long an acknowledgement waits for the device or the slaves. Milliseconds. */
  readonly ackTimeoutMs: number;
  /** Why no send is taken here, whatever state the log is in; undefined for a master. */
  readonly refusal: SendRefusalValue | undefined;
  /** Whether too few replicas are in step for messages that wait for them. Once a batch. */
  readonly isShortOfReplicas: () => boolean;
  /** Something was written; acknowledgements may wait for more. Once a turn. @throws {LogSyncError} when the device failed */
  readonly written: () => void;
  /** Position up to which acknowledgements may leave. */
  readonly releasable: () => number;
  /** Whether this mastership's lease is over: nothing is answered any more, and who waits learns that the outcome is unknown. Once a turn. */
  readonly isFenced: () => boolean;
  /** Told when the log failed for good; the process must end. */
  readonly fail: (error: unknown) => void;
}

/** Counters of a gateway; they only grow. */
export interface GatewayCounters {
  reads: number;
  frames: number;
  shortSends: number;
  generalFrames: number;
  turns: number;
  refusedSends: number;
  badFrames: number;
}

/** An answer of so many bytes is worth a write of its own. */
const LONG_ANSWER_BYTES = 16 * 1024;

/** A gateway over any transport. */
export class Gateway {
  readonly #parts: GatewayParts;
  readonly #scan = new HeaderScan();
  readonly #rounds = new ReadRounds();
  readonly #connections = new Map<number, GatewayConnection>();
  readonly #dirty: GatewayConnection[] = [];
  readonly #deferred: { connection: GatewayConnection; frame: Uint8Array }[] = [];
  readonly #endTurn = (): void => this.#turn();
  readonly #touch = (connection: GatewayConnection): void => this.markDirty(connection);
  #nextId: number;
  #turnScheduled = false;
  #lookedAtMs = NaN;
  #appended = false;
  #inBatch = false;
  #turnEpoch = -1;
  #reading = true;
  /** Counters of this gateway. */
  readonly counters: GatewayCounters = {
    reads: 0,
    frames: 0,
    shortSends: 0,
    generalFrames: 0,
    turns: 0,
    refusedSends: 0,
    badFrames: 0,
  };

  /**
   * @param parts what it works with
   * @param firstId number of the first connection; ids of gateways must not overlap
   */
  constructor(parts: GatewayParts, firstId: number) {
    this.#parts = parts;
    this.#nextId = firstId;
  }

  /** Open connections. */
  get connections(): ReadonlyMap<number, GatewayConnection> {
    return this.#connections;
  }

  /**
   * Accepts connections until the listener is closed.
   *
   * @param fast whether it is the fast port's
   * @param mayServe whether there is room for one more beside so many
   */
  async accept(listener: Listener, fast = false, mayServe = (_open: number): boolean => true): Promise<void> {
    for await (const socket of listener) {
      if (this.#connections.size >= CONNECTIONS_MAX || !mayServe(this.#connections.size)) {
        socket.close();
        continue;
      }
      this.serve(socket, fast);
    }
  }

  /** Serves one connection until it ends. */
  serve(socket: Connection, fast = false): Promise<void> {
    const connection = new GatewayConnection(this.#nextId++, socket, fast);
    this.#connections.set(connection.id, connection);
    return this.#read(connection);
  }

  /** Takes no more frames; what was taken is still answered. */
  stopReading(): void {
    this.#reading = false;
  }

  /** Closes every connection. */
  closeAll(): void {
    for (const connection of this.#connections.values()) connection.close();
  }

  /**
   * Notes that a connection has output; the end of this turn releases it. An answer that is long leaves at once, so that its client reads it while the
   * answers to others are made: a connection that is not in the list has no acknowledgement which waits for the write of the turn.
   */
  markDirty(connection: GatewayConnection): void {
    if (!connection.dirty) {
      if (connection.outEnd - connection.releasedEnd >= LONG_ANSWER_BYTES) {
        return this.#parts.isFenced() ? connection.close() : connection.release();
      }
      connection.dirty = true;
      this.#dirty.push(connection);
    }
    this.#scheduleTurn();
  }

  /** Notes that something was appended outside of the short path; the end of this turn writes it. */
  markAppended(epoch: number): void {
    if (!this.#appended) this.#turnEpoch = epoch;
    this.#appended = true;
    this.#scheduleTurn();
  }

  /** The ring is full of what is not written: writes it, unless sends are to be refused then. @returns whether there can be room now */
  makeRoom(): boolean {
    const { laterWrite, writer } = this.#parts;
    if (laterWrite?.refusesWhenFull === true) return false;
    return this.#isWritten(writer.write());
  }

  /** Before a batch: ends the turn when the ring was voided meanwhile, so that no acknowledgement outlives its record. */
  fence(): void {
    if (this.#appended && this.#parts.memory.epoch !== this.#turnEpoch) this.#turn();
  }

  /** Moves acknowledgements whose position the device or the slaves have reached, and gives up those that are late. */
  releaseAcks(
    position: number,
    late: LateAck,
  ): void {
    const { acks, clock } = this.#parts;
    if (acks.nextPosition <= position) acks.releaseUpTo(position, this.#touch);
    const now = clock.monotonicMs();
    if (acks.nextDeadlineMs <= now) acks.expire(now, late);
  }

  async #read(connection: GatewayConnection): Promise<void> {
    try {
      while (!connection.closed) {
        const count = await connection.read();
        if (count === null || !this.#reading) break;
        connection.end += count;
        this.counters.reads++;
        this.#takeFrames(connection);
        const round = this.#rounds.served();
        if (round !== undefined) await round;
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource || isConnectionLoss(error))) {
        this.#connections.delete(connection.id);
        connection.close();
        throw error;
      }
    }
    if (!this.#reading) return;
    this.#connections.delete(connection.id);
    connection.close();
    connection.free();
    this.#parts.general.closed(connection);
  }

  #takeFrames(connection: GatewayConnection): void {
    connection.lastActiveMs = this.#turnMs();
    try {
      while (connection.end - connection.start >= 8) {
        const input = connection.input;
        const start = connection.start;
        const length = int32(input, start);
        const word = int32(input, start + 4);
        const headerBytes = word & 0xffffff;
        const kind = word >>> 24;
        if (length < 4 || length > FRAME_BYTES_MAX || headerBytes > length - 4 || kind > 1) {
          this.counters.badFrames++;
          connection.close();
          return;
        }
        if (connection.end - start < 4 + length) break;
        this.#frame(connection, input, start, start + 8 + headerBytes, start + 4 + length, kind);
        if (connection.closed) return;
        connection.start = start + 4 + length;
      }
    } finally {
      if (this.#inBatch) this.#endBatch();
    }
    const held = connection.end - connection.start;
    connection.makeRoom(held >= 4 ? 4 + int32(connection.input, connection.start) : 0);
    if (this.#deferred.length > 0) this.#takeDeferred();
  }

  #frame(
    connection: GatewayConnection,
    input: Uint8Array,
    start: number,
    bodyStart: number,
    end: number,
    kind: number,
  ): void {
    const scan = this.#scan;
    this.counters.frames++;
    const scanned = kind === 0
      ? scan.scanJson(input, start + 8, bodyStart, connection.inputView)
      : scan.scanBinary(input, start + 8, bodyStart);
    if (scanned && (scan.flag & 1) === 0) {
      if (scan.code === RequestCode.SEND_MESSAGE_V2 || scan.code === RequestCode.SEND_BATCH_MESSAGE) {
        if (this.#send(connection, input, bodyStart, end)) return;
      } else if (scan.code === RequestCode.PULL_MESSAGE || scan.code === RequestCode.LITE_PULL_MESSAGE) {
        if (!connection.fast && this.#parts.pulls.take(connection, scan, input)) return;
      } else if (scan.code === RequestCode.END_TRANSACTION) {
        if (this.#parts.ends?.take(connection, scan, input) === true) return;
      }
    }
    this.counters.generalFrames++;
    this.#deferred.push({ connection, frame: input.slice(start, end) });
  }

  /** @returns false when the general path has to take it */
  #send(connection: GatewayConnection, input: Uint8Array, bodyStart: number, end: number): boolean {
    const { sends, batches } = this.#parts;
    const isBatch = this.#scan.code === RequestCode.SEND_BATCH_MESSAGE;
    for (let attempt = 0; attempt < 2; attempt++) {
      if (!this.#inBatch && !this.#beginBatch()) return this.#refuse(connection);
      // The producer of a batch waits; the general path tells it why it is refused.
      if (isBatch && sends.isShortOfReplicas) return false;
      const outcome = isBatch
        ? batches.append(connection, this.#scan, input, bodyStart, end, sends.storeTimestampMs)
        : sends.append(connection, this.#scan, input, bodyStart, end);
      if (outcome === SendOutcome.Appended) {
        this.counters.shortSends++;
        if (!connection.dirty) {
          connection.dirty = true;
          this.#dirty.push(connection);
        }
        return true;
      }
      if (outcome === SendOutcome.General) return false;
      this.#endBatch();
      this.#turn();
      if (!this.makeRoom()) break;
    }
    return this.#refuse(connection);
  }

  #refuse(connection: GatewayConnection): boolean {
    this.counters.refusedSends++;
    const status = this.#parts.memory.status;
    const reason = this.#parts.refusal ??
      (status === LogStatus.Open || status === LogStatus.Busy ? SendRefusal.Busy : SendRefusal.Unavailable);
    if ((this.#scan.flag & 2) === 0) this.#parts.general.refuseSend(connection, this.#scan.opaque, reason);
    return true;
  }

  #beginBatch(): boolean {
    const { appender, acks, clock, sends, memory, ackTimeoutMs, refusal, isShortOfReplicas } = this.#parts;
    if (acks.isFull || refusal !== undefined) return false;
    const turnMs = this.#turnMs();
    this.fence();
    if (!appender.begin()) return false;
    this.#inBatch = true;
    this.markAppended(memory.epoch);
    sends.storeTimestampMs = clock.nowMs();
    sends.isShortOfReplicas = isShortOfReplicas();
    acks.deadlineMs = turnMs + ackTimeoutMs;
    return true;
  }

  #endBatch(): void {
    this.#inBatch = false;
    this.#parts.appender.end(this.#parts.sends.storeTimestampMs);
  }

  #takeDeferred(): void {
    for (const { connection, frame } of this.#deferred) {
      if (!connection.closed) this.#parts.general.take(connection, frame);
    }
    this.#deferred.length = 0;
  }

  /** The monotonic clock at the first look since the end of this turn was scheduled, perhaps by an answer of another actor; before that each look is its own. */
  #turnMs(): number {
    if (!this.#turnScheduled) return this.#parts.clock.monotonicMs();
    if (Number.isNaN(this.#lookedAtMs)) this.#lookedAtMs = this.#parts.clock.monotonicMs();
    return this.#lookedAtMs;
  }

  #scheduleTurn(): void {
    if (this.#turnScheduled) return;
    this.#turnScheduled = true;
    this.#lookedAtMs = NaN;
    queueMicrotask(this.#endTurn);
  }

  #turn(): void {
    this.#turnScheduled = false;
    this.counters.turns++;
    this.#rounds.turnEnded();
    if (this.#appended) this.#write();
    const dirty = this.#dirty;
    const isFenced = dirty.length > 0 && this.#parts.isFenced();
    for (let i = 0; i < dirty.length; i++) {
      dirty[i]!.dirty = false;
      if (isFenced) dirty[i]!.close();
      else dirty[i]!.release();
    }
    dirty.length = 0;
  }

  #write(): void {
    const { memory, writer, laterWrite, written } = this.#parts;
    this.#appended = false;
    if (laterWrite !== undefined && memory.status !== LogStatus.ReadOnly) {
      laterWrite.appended();
      written();
      this.#releaseNow();
      return;
    }
    if (this.#isWritten(writer.write()) && memory.epoch === this.#turnEpoch) {
      try {
        written();
      } catch (error) {
        return this.#parts.fail(error);
      }
      this.#releaseNow();
      return;
    }
    this.#refuseAcks();
  }

  /** What may leave after {@link GatewayParts.written}, which may have taken the ring for it. */
  #releaseNow(): void {
    const { acks, releasable } = this.#parts;
    if (acks.length > 0) acks.releaseUpTo(releasable(), this.#touch);
  }

  #isWritten(outcome: WriteOutcomeValue): boolean {
    if (outcome === WriteOutcome.Failed) this.#parts.fail(this.#parts.writer.lastError);
    return outcome === WriteOutcome.Written;
  }

  /** Turns the acknowledgements of this turn into refusals: their records are not in the log. */
  #refuseAcks(): void {
    const { memory, acks, general } = this.#parts;
    const refused: { connection: GatewayConnection; opaque: number }[] = [];
    for (const connection of this.#dirty) takeAcks(connection, refused);
    acks.dropAbove(memory.written.load(), (connection, arena, start, end) => {
      refused.push({ connection, opaque: ackOpaque(arena, start, end) });
    });
    for (const { connection, opaque } of refused) general.refuseSend(connection, opaque, SendRefusal.Unavailable);
  }
}

/** Takes the acknowledgements that are not released out of a connection's output; other answers stay. */
function takeAcks(connection: GatewayConnection, refused: { connection: GatewayConnection; opaque: number }[]): void {
  const out = connection.out;
  let at = connection.releasedEnd;
  let kept = at;
  while (at < connection.outEnd) {
    const end = at + 4 + int32(out, at);
    if (isAck(out, at)) {
      refused.push({ connection, opaque: ackOpaque(out, at, end) });
    } else {
      out.copyWithin(kept, at, end);
      kept += end - at;
    }
    at = end;
  }
  connection.outEnd = kept;
}

function isConnectionLoss(error: unknown): boolean {
  return error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.ConnectionAborted ||
    error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.UnexpectedEof ||
    error instanceof Deno.errors.Interrupted ||
    error instanceof Deno.errors.TimedOut;
}

function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
