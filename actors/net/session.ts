/**
 * The session: what one end of a connection knows about requests and responses. It does no input or output.
 *
 * Owns: the decoder of the incoming bytes, the opaque numbers of the requests of this end, their deadlines.
 * Reads: the clock.
 * Never: touches a connection; bytes go in and out through whoever owns the session.
 *
 * Both ends number their requests by themselves, so a response is looked up among the requests of this end only.
 *
 * @module
 */

import type { Clock } from "../../store/clock.ts";
import type { RemotingCommand } from "../../protocol/command.ts";
import { FRAME_PREFIX_BYTES, FrameDecoder, type FrameTaker } from "../../protocol/frame.ts";
import { HeaderScan } from "../../protocol/hot/header_scan.ts";
import { readInt } from "../../protocol/java_number.ts";
import type { DirectRequest } from "./direct_request.ts";
import { FrameSlab } from "./frame_slab.ts";
import { DeadlineTable } from "../kernel/deadline_table.ts";
import { NetError } from "./errors.ts";
import { OUTSTANDING_MAX } from "./limits.ts";

/** How a session is made. */
export interface SessionOptions<T> {
  /** Counts the deadlines. */
  readonly clock: Clock;
  /** Told of each request whose deadline has passed. */
  readonly expired: (ticket: T) => void;
  /** Offers the scanned header of a response to the request it belongs to; false when it wants the decoded response. */
  readonly answered?: (ticket: T, ...response: Parameters<DirectRequest["answered"]>) => boolean;
  /** Requests that may be outstanding; {@link OUTSTANDING_MAX} when left out. */
  readonly outstandingMax?: number;
  /** Bytes of the largest frame; that of the protocol when left out. */
  readonly frameBytesMax?: number;
  /** Room that a frame which comes in pieces is given at once; that of the protocol when left out. */
  readonly partialBytesMin?: number;
}

/** Largest opaque; Java's counter is an int. */
const OPAQUE_MAX = 0x7fff_ffff;

/** Length word and the word that holds type and length of the header. Source: apache/rocketmq remoting/protocol/RemotingCommand.java */
const TYPE_AT = 4;
const RESPONSE_FLAG = 1;

/** The session. `T` is what the owner keeps for each of its requests. */
export class Session<T> {
  readonly #decoder: FrameDecoder;
  readonly #outstanding: DeadlineTable<T>;
  readonly #outstandingMax: number;
  readonly #slab = new FrameSlab();
  readonly #scan = new HeaderScan();
  readonly #answered: SessionOptions<T>["answered"];
  /** Whether a direct request was ever made: other sessions never scan. */
  #direct = false;
  #opaque = 0;
  #unknownResponses = 0;

  /**
   * Makes a Session.
   *
   * @param options Clock, bounds, and who is told of deadlines.
   */
  constructor(options: SessionOptions<T>) {
    const { frameBytesMax, partialBytesMin, answered } = options;
    const taker: FrameTaker = (bytes, start, end, own) => this.#direct && this.#takeDirect(bytes, start, end, own);
    this.#decoder = new FrameDecoder({
      ...(frameBytesMax === undefined ? {} : { frameBytesMax }),
      ...(partialBytesMin === undefined ? {} : { partialBytesMin }),
      ...(answered === undefined ? {} : { taker }),
    });
    this.#outstanding = new DeadlineTable(options.clock, options.expired);
    this.#outstandingMax = options.outstandingMax ?? OUTSTANDING_MAX;
    this.#answered = answered;
  }

  /** Requests that wait for their response. */
  get outstanding(): number {
    return this.#outstanding.size;
  }

  /** Responses that belonged to no request of this end: late, or made up. */
  get unknownResponses(): number {
    return this.#unknownResponses;
  }

  /**
   * Takes incoming bytes.
   *
   * @param bytes As read; they may be reused once the commands' bodies are no longer needed.
   * @param into Where the commands go; those before a broken frame go there even when this throws.
   * @returns The commands that are now whole, in order.
   * @throws {ProtocolError} When the bytes break the protocol; the connection is of no more use.
   */
  receive(bytes: Uint8Array, into: RemotingCommand[] = []): RemotingCommand[] {
    this.#decoder.push(bytes);
    for (;;) {
      const command = this.#decoder.next();
      if (command === undefined) return into;
      into.push(command);
    }
  }

  /**
   * Enters a request and encodes it.
   *
   * @param request The request; its opaque is set.
   * @param timeoutMs Milliseconds until it is given up.
   * @param ticket What is kept for it.
   * @returns The frame to be written.
   * @throws {NetError} `OVERFLOW` when too many requests wait.
   * @throws {ProtocolError} When the request cannot be encoded.
   */
  request(request: RemotingCommand, timeoutMs: number, ticket: T): Uint8Array {
    this.#requireRoom(request.code);
    request.opaque = this.#nextOpaque();
    const frame = this.#slab.encode(request);
    this.#outstanding.add(request.opaque, timeoutMs, ticket);
    return frame;
  }

  /**
   * Enters a request that writes its own frame.
   *
   * @param request The request.
   * @param ticket What is kept for it.
   * @returns Its number.
   * @throws {NetError} `OVERFLOW` when too many requests wait.
   */
  enter(request: DirectRequest, ticket: T): number {
    this.#requireRoom(request.code);
    this.#direct = true;
    const opaque = this.#nextOpaque();
    this.#outstanding.add(opaque, request.timeoutMs, ticket);
    return opaque;
  }

  /**
   * Encodes a request that nobody answers.
   *
   * @param request The request, marked one-way; its opaque is set.
   * @throws {ProtocolError} When the request cannot be encoded.
   */
  oneway(request: RemotingCommand): Uint8Array {
    request.opaque = this.#nextOpaque();
    return this.#slab.encode(request);
  }

  /**
   * Takes out the request that a response belongs to.
   *
   * @returns Undefined when there is none; it is counted.
   */
  take(response: RemotingCommand): T | undefined {
    const ticket = this.#outstanding.take(response.opaque);
    if (ticket === undefined) this.#unknownResponses++;
    return ticket;
  }

  /** Takes out a request that its asker has given up. */
  forget(opaque: number): T | undefined {
    return this.#outstanding.take(opaque);
  }

  /** Takes out everything that waits. */
  end(): T[] {
    return this.#outstanding.drain();
  }

  /** Gives a response to the direct request that it belongs to. @returns false for every other frame */
  #takeDirect(bytes: Uint8Array, start: number, end: number, own: boolean): boolean {
    if (bytes[start + TYPE_AT] !== 0) return false;
    const scan = this.#scan;
    const headerStart = start + FRAME_PREFIX_BYTES;
    const headerEnd = headerStart + readInt(bytes, start + TYPE_AT);
    if (headerEnd > end || !scan.scanJson(bytes, headerStart, headerEnd)) return false;
    if ((scan.flag & RESPONSE_FLAG) === 0) return false;
    const ticket = this.#outstanding.get(scan.opaque);
    if (ticket === undefined || this.#answered?.(ticket, bytes, scan, headerEnd, end, own) !== true) return false;
    this.#outstanding.take(scan.opaque);
    return true;
  }

  #requireRoom(code: number): void {
    if (this.#outstanding.size < this.#outstandingMax) return;
    throw new NetError("OVERFLOW", `Cannot send request ${code}: ${this.#outstandingMax} wait already`);
  }

  /** Opaque numbers start at 1: some clients take 0 for none. */
  #nextOpaque(): number {
    do this.#opaque = this.#opaque >= OPAQUE_MAX ? 1 : this.#opaque + 1; while (this.#outstanding.has(this.#opaque));
    return this.#opaque;
  }
}
