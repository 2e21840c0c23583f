// hot
/**
 * One client connection of a gateway: what came in and is not yet taken, what goes out and is not yet sent.
 *
 * Answers gather in `out` and leave in one write. A turn releases them only when the log has taken what they acknowledge; what is not
 * released stays where it is, even while an earlier write is under way. Both directions are bounded: input by the frame bound, output
 * by {@link OUT_BYTES_MAX}, above which the client counts as one that does not read and is cut off.
 */
import { freeBytes } from "../../../protocol/free_bytes.ts";
import type { Connection } from "../../net/transport.ts";

/** First size of both buffers: small, because ten thousand idle connections must not cost more. */
const FIRST_BYTES = 8 * 1024;

/** Input buffers grow in reads up to this size; beyond it only as far as a frame needs. */
const READ_BYTES_MAX = 256 * 1024;

/** Output that waits for a client at most. 64 MiB: two of the largest pulls of each of its queues, and some. */
export const OUT_BYTES_MAX = 64 * 1024 * 1024;

/** A client connection. */
export class GatewayConnection {
  /** Number of this connection; never reused in a process. */
  readonly id: number;
  /** Whether it came in at the fast port, which serves no pulls. */
  readonly fast: boolean;
  /** `ip:port` of the client. */
  readonly remoteAddress: string;
  /** Address bytes and port as a record stores them: 8 bytes for IPv4, 20 for IPv6. */
  readonly bornHost: Uint8Array;
  /** Bytes that came in; those from `start` to `end` are not yet taken. */
  input: Uint8Array = new Uint8Array(FIRST_BYTES);
  /** The same as words. */
  inputView: DataView = new DataView(this.input.buffer);
  /** First byte not yet taken. */
  start = 0;
  /** Byte behind the last that came in. */
  end = 0;
  /** Bytes that go out. */
  out: Uint8Array = new Uint8Array(FIRST_BYTES);
  /** The same as words. */
  outView: DataView = new DataView(this.out.buffer);
  /** Byte behind the last that goes out. */
  outEnd = 0;
  /** Whether this connection is in the turn's list of those to release. */
  dirty = false;
  /** Requests that wait for another actor. */
  pending = 0;
  /** Tokens of its parked pulls; undefined until it parks one. */
  parked: Set<number> | undefined = undefined;
  /** Milliseconds of the monotonic clock when bytes last came in or went out. */
  lastActiveMs = 0;
  #released = 0;
  #spare: Uint8Array = new Uint8Array(FIRST_BYTES);
  #spareView: DataView = new DataView(this.#spare.buffer);
  /** What is on its way to the client; undefined when nothing is. */
  #sending: Uint8Array | undefined = undefined;
  #sendingView: DataView = this.outView;
  #sent = 0;
  #sendEnd = 0;
  #closed = false;
  readonly #socket: Connection;

  /**
   * @param id of this connection
   * @param socket the transport's connection
   * @param fast whether it came in at the fast port
   */
  constructor(id: number, socket: Connection, fast = false) {
    this.id = id;
    this.fast = fast;
    this.#socket = socket;
    this.remoteAddress = socket.remoteAddress;
    this.bornHost = hostBytes(socket.remoteAddress);
  }

  /** Whether the connection is closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Reads once into the free part of the input. @returns null at the end of the stream */
  read(): Promise<number | null> {
    if (this.start === this.end) {
      this.start = 0;
      this.end = 0;
    }
    return this.#socket.read(this.end === 0 ? this.input : this.input.subarray(this.end));
  }

  /**
   * Makes room for the next read, after whole frames were taken. A read that filled the buffer doubles it up to {@link READ_BYTES_MAX};
   * beyond that it grows only for a frame that is larger, and with what arrives, not with what is announced.
   *
   * @param frameBytes of the frame that begins at `start`; 0 when not even its length is there
   */
  makeRoom(frameBytes: number): void {
    const held = this.end - this.start;
    const capacity = this.input.length;
    const filled = this.end === capacity;
    if (!filled && (held === 0 || frameBytes <= capacity - this.start)) return;
    let size = capacity;
    if (filled && capacity < READ_BYTES_MAX) size = capacity * 2;
    else if (held > capacity / 2) size = Math.max(capacity, Math.min(held * 2, frameBytes));
    const into = size > capacity ? new Uint8Array(size) : this.input;
    if (held > 0) into.set(this.input.subarray(this.start, this.end));
    if (into !== this.input) {
      freeBytes(this.input);
      this.inputView = new DataView(into.buffer);
    }
    this.input = into;
    this.start = 0;
    this.end = held;
  }

  /**
   * Makes room for `bytes` more of output.
   *
   * @returns false when the client does not read; the connection is closed then
   */
  reserve(bytes: number): boolean {
    if (this.#closed) return false;
    const need = this.outEnd + bytes;
    if (need <= this.out.length) return true;
    if (need > OUT_BYTES_MAX) {
      this.close();
      return false;
    }
    const grown = new Uint8Array(Math.max(need, this.out.length * 2));
    grown.set(this.out.subarray(0, this.outEnd));
    freeBytes(this.out);
    this.out = grown;
    this.outView = new DataView(grown.buffer);
    return true;
  }

  /** First byte of output that is not released yet. */
  get releasedEnd(): number {
    return this.#released;
  }

  /** Lets everything that is in `out` go to the client. */
  release(): void {
    this.#released = this.outEnd;
    if (this.#sending === undefined && this.#released > 0) this.#drain();
  }

  /** Puts a whole frame out. The turn releases it. */
  push(frame: Uint8Array): void {
    if (!this.reserve(frame.length)) return;
    this.out.set(frame, this.outEnd);
    this.outEnd += frame.length;
  }

  /** Closes the connection. What was not sent is lost. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.outEnd = 0;
    this.#released = 0;
    this.#socket.close();
  }

  /** Gives the buffers back. The connection is closed, and its last read is over. */
  free(): void {
    freeBytes(this.input);
    freeBytes(this.out);
    freeBytes(this.#spare);
  }

  /** Sends what is released. Callbacks that are made once cost less than a function that waits, each time a connection is answered. */
  #drain(): void {
    this.#sending = this.out;
    this.#sendingView = this.outView;
    this.#sent = 0;
    this.#sendEnd = this.#released;
    this.#swap(this.#released);
    this.#sendRest();
  }

  #sendRest(): void {
    void this.#socket.write(this.#sending!.subarray(this.#sent, this.#sendEnd)).then(this.#tookBytes, this.#isLost);
  }

  readonly #tookBytes = (bytes: number): void => {
    this.#sent += bytes;
    if (this.#closed) return;
    if (this.#sent < this.#sendEnd) return this.#sendRest();
    const sent = this.#sending!;
    this.#sending = undefined;
    const isKept = sent.length <= READ_BYTES_MAX;
    if (!isKept) freeBytes(sent);
    this.#spare = isKept ? sent : new Uint8Array(FIRST_BYTES);
    this.#spareView = isKept ? this.#sendingView : new DataView(this.#spare.buffer);
    if (this.#released > 0) this.#drain();
  };

  /** The client is gone; its reader sees the same and cleans up. */
  readonly #isLost = (): void => {
    this.#sending = undefined;
    this.close();
  };

  /** Takes the released bytes out of the way of new output; what is not released moves over. */
  #swap(count: number): void {
    const rest = this.outEnd - count;
    let into = this.#spare;
    let view = this.#spareView;
    if (into.length < rest) {
      freeBytes(into);
      into = new Uint8Array(Math.max(rest, FIRST_BYTES));
      view = new DataView(into.buffer);
    }
    if (rest > 0) into.set(this.out.subarray(count, this.outEnd));
    this.out = into;
    this.outView = view;
    this.outEnd = rest;
    this.#released = 0;
  }
}

/** Address bytes and port of `ip:port`, as a stored record holds them. */
export function hostBytes(address: string): Uint8Array {
  const colon = address.lastIndexOf(":");
  const host = address.slice(0, colon).replace(/^\[|\]$/g, "");
  const port = Number(address.slice(colon + 1));
  const ip = host.includes(":") ? ipv6Bytes(host) : Uint8Array.from(host.split("."), Number);
  const bytes = new Uint8Array(ip.length + 4);
  bytes.set(ip);
  new DataView(bytes.buffer).setInt32(ip.length, port);
  return bytes;
}

function ipv6Bytes(host: string): Uint8Array {
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(host);
  if (mapped !== null) return Uint8Array.from(mapped[1]!.split("."), Number);
  const [head, tail] = host.split("%")[0]!.split("::");
  const left = head === undefined || head === "" ? [] : head.split(":");
  const right = tail === undefined || tail === "" ? [] : tail.split(":");
  const bytes = new Uint8Array(16);
  const view = new DataView(bytes.buffer);
  left.forEach((group, i) => view.setUint16(i * 2, parseInt(group, 16)));
  right.forEach((group, i) => view.setUint16(16 - (right.length - i) * 2, parseInt(group, 16)));
  return bytes;
}
