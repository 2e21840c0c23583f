/**
 * A socket that keeps what is written, and lets a test say when a write is done and what is read.
 *
 * Owns: the bytes. Reads: nothing. Never: does anything by itself.
 *
 * @module
 */
import type { Connection } from "../../../actors/net/transport.ts";
import { GatewayConnection } from "../../../actors/broker/gateway/connection.ts";

/** The socket. */
export class RecordingSocket implements Connection {
  readonly remoteAddress: string;
  readonly localAddress = "127.0.0.1:1";
  /** Pieces as they were written. */
  readonly written: Uint8Array[] = [];
  isClosed = false;
  /** Bytes that one write takes. */
  writeBytesMax = Infinity;
  /** What the next write fails with. */
  failure: Error | undefined;
  #gate: Promise<void> | undefined;
  #open: (() => void) | undefined;
  #incoming: Uint8Array[] = [];

  /** @param remoteAddress `ip:port` of the other end */
  constructor(remoteAddress = "10.1.2.3:4567") {
    this.remoteAddress = remoteAddress;
  }

  /** Everything written so far. */
  get text(): string {
    return this.written.map((piece) => new TextDecoder().decode(piece)).join("");
  }

  /** Holds writes until {@link open}. */
  hold(): void {
    this.#gate = new Promise((resolve) => this.#open = resolve);
  }

  /** Lets held writes go on. */
  open(): void {
    this.#gate = undefined;
    this.#open?.();
  }

  /** Bytes that the next reads give. */
  arrive(bytes: Uint8Array): void {
    this.#incoming.push(bytes);
  }

  read(into: Uint8Array): Promise<number | null> {
    const piece = this.#incoming.shift();
    if (piece === undefined) return Promise.resolve(null);
    const count = Math.min(piece.length, into.length);
    into.set(piece.subarray(0, count));
    if (count < piece.length) this.#incoming.unshift(piece.subarray(count));
    return Promise.resolve(count);
  }

  async write(bytes: Uint8Array): Promise<number> {
    await this.#gate;
    if (this.failure !== undefined) throw this.failure;
    const count = Math.min(bytes.length, this.writeBytesMax);
    this.written.push(bytes.slice(0, count));
    return count;
  }

  close(): void {
    this.isClosed = true;
  }
}

let connections = 0;

/** A gateway's connection over a recording socket. */
export function connectionOver(socket: RecordingSocket = new RecordingSocket()): GatewayConnection {
  return new GatewayConnection(++connections, socket);
}

/** The output of a connection that has not left yet. */
export function outputOf(connection: GatewayConnection): Uint8Array {
  return connection.out.slice(0, connection.outEnd);
}
