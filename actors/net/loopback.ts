/**
 * A transport in memory: connections between parts of one thread.
 *
 * Owns: its own addresses; two loopback transports know nothing of each other.
 * Reads: nothing.
 * Never: holds more than a bounded number of bytes for a slow reader; a write waits as it does on a socket.
 *
 * @module
 */

import { NetError } from "./errors.ts";
import {
  type Connection,
  type ConnectOptions,
  type Listener,
  type ListenOptions,
  parseAddress,
  type Transport,
} from "./transport.ts";

/** How a loopback transport is made. */
export interface LoopbackOptions {
  /** Bytes that lie between a writer and its reader; 64 KiB when left out. */
  readonly windowBytes?: number;
  /** Bytes that one read gives; asked for each read, so that a test can cut the stream anywhere. */
  readonly readBytesMax?: () => number;
}

const WINDOW_BYTES = 65_536;

/** First of the ports that are given out for 0. */
const FIRST_PORT = 49_152;

/** Bytes under way in one direction. */
class Lane {
  readonly #windowBytes: number;
  readonly #readBytesMax: () => number;
  #chunks: Uint8Array[] = [];
  #bytes = 0;
  #ended = false;
  #broken = false;
  #wake: (() => void)[] = [];

  constructor(options: LoopbackOptions) {
    this.#windowBytes = options.windowBytes ?? WINDOW_BYTES;
    this.#readBytesMax = options.readBytesMax ?? ((): number => Infinity);
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (this.#bytes === 0 && !this.#ended && !this.#broken) await this.#change();
    if (this.#broken) throw new NetError("CLOSED", "Cannot read: the connection is closed");
    const chunk = this.#chunks[0];
    if (chunk === undefined) return null;
    const count = Math.min(chunk.length, into.length, Math.max(1, this.#readBytesMax()));
    into.set(chunk.subarray(0, count));
    if (count === chunk.length) this.#chunks.shift();
    else this.#chunks[0] = chunk.subarray(count);
    this.#bytes -= count;
    this.#changed();
    return count;
  }

  async write(bytes: Uint8Array): Promise<number> {
    while (this.#bytes >= this.#windowBytes && !this.#ended && !this.#broken) await this.#change();
    if (this.#ended || this.#broken) throw new NetError("CLOSED", "Cannot write: the connection is closed");
    const count = Math.min(bytes.length, this.#windowBytes - this.#bytes);
    this.#chunks.push(bytes.slice(0, count));
    this.#bytes += count;
    this.#changed();
    return count;
  }

  /** The writer has closed: what is under way is still read. */
  end(): void {
    this.#ended = true;
    this.#changed();
  }

  /** The reader has closed: nothing more is read. */
  break(): void {
    this.#broken = true;
    this.#chunks = [];
    this.#bytes = 0;
    this.#changed();
  }

  #change(): Promise<void> {
    return new Promise((resolve) => this.#wake.push(resolve));
  }

  #changed(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

class LoopbackConnection implements Connection {
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly #incoming: Lane;
  readonly #outgoing: Lane;

  constructor(localAddress: string, remoteAddress: string, incoming: Lane, outgoing: Lane) {
    this.localAddress = localAddress;
    this.remoteAddress = remoteAddress;
    this.#incoming = incoming;
    this.#outgoing = outgoing;
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#incoming.read(into);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#outgoing.write(bytes);
  }

  close(): void {
    this.#incoming.break();
    this.#outgoing.end();
  }
}

class LoopbackListener implements Listener {
  readonly hostname: string;
  readonly port: number;
  readonly #closed: () => void;
  #waiting: Connection[] = [];
  #wake: (() => void) | undefined;
  #open = true;

  constructor(hostname: string, port: number, closed: () => void) {
    this.hostname = hostname;
    this.port = port;
    this.#closed = closed;
  }

  offer(connection: Connection): void {
    this.#waiting.push(connection);
    this.#wake?.();
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Connection> {
    while (this.#open) {
      const connection = this.#waiting.shift();
      if (connection !== undefined) yield connection;
      else await new Promise<void>((resolve) => this.#wake = resolve);
    }
  }

  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#closed();
    for (const connection of this.#waiting.splice(0)) connection.close();
    this.#wake?.();
  }
}

/** The transport. */
export class LoopbackTransport implements Transport {
  readonly #options: LoopbackOptions;
  readonly #listeners = new Map<number, LoopbackListener>();
  #nextPort = FIRST_PORT;

  /**
   * Makes a LoopbackTransport.
   *
   * @param options Sizes, for tests that want small ones.
   */
  constructor(options: LoopbackOptions = {}) {
    this.#options = options;
  }

  /**
   * Opens a connection to a listener of this transport; only the port counts.
   *
   * @param address `host:port`.
   * @throws {NetError} `CONNECT_FAILED` when nobody listens there.
   */
  // deno-lint-ignore require-await -- so that a refusal is a rejection, as it is over TCP
  async connect(address: string, _options: ConnectOptions): Promise<Connection> {
    const { port } = parseAddress(address);
    const listener = this.#listeners.get(port);
    if (listener === undefined) {
      throw new NetError("CONNECT_FAILED", `Cannot connect to ${address}: nobody listens there`, { address });
    }
    const local = `127.0.0.1:${this.#nextPort++}`;
    const remote = `127.0.0.1:${port}`;
    const there = new Lane(this.#options);
    const back = new Lane(this.#options);
    listener.offer(new LoopbackConnection(remote, local, there, back));
    return new LoopbackConnection(local, remote, back, there);
  }

  /**
   * Listens.
   *
   * @throws {NetError} `LISTEN_FAILED` when the port is taken.
   */
  listen(options: ListenOptions): Listener {
    const port = options.port === 0 ? this.#nextPort++ : options.port;
    if (this.#listeners.has(port)) {
      const address = `${options.hostname}:${port}`;
      throw new NetError("LISTEN_FAILED", `Cannot listen on ${address}: it is taken`, { address });
    }
    const listener = new LoopbackListener(options.hostname, port, () => this.#listeners.delete(port));
    this.#listeners.set(port, listener);
    return listener;
  }
}
