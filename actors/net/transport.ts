/**
 * The transport: connections of bytes, and TCP as one of them.
 *
 * Owns: the interface that everything above sockets is written against, and its implementation over `Deno.connect` and
 * `Deno.listen`.
 * Reads: nothing.
 * Never: looks into the bytes.
 *
 * @module
 */

import { systemClock } from "../../store/clock.ts";
import { NetError } from "./errors.ts";

/** A connection. */
export interface Connection {
  /** Address of the other end, `ip:port`. */
  readonly remoteAddress: string;
  /** Address of this end, `ip:port`. */
  readonly localAddress: string;
  /**
   * Reads what is there.
   *
   * @param into Where the bytes go.
   * @returns How many bytes were read, or null at the end of the stream.
   */
  read(into: Uint8Array): Promise<number | null>;
  /**
   * Writes some of the bytes.
   *
   * @param bytes What is written; not to be changed until this settles.
   * @returns How many bytes were taken; fewer than given is possible.
   */
  write(bytes: Uint8Array): Promise<number>;
  /** Closes both directions; a read or write in flight ends or fails. Harmless when closed. */
  close(): void;
}

/** An open listening address. */
export interface Listener extends AsyncIterable<Connection> {
  /** Host that is listened on. */
  readonly hostname: string;
  /** Port that is listened on; the one given by the system when 0 was asked for. */
  readonly port: number;
  /** Ends the iteration; accepted connections stay. Harmless when closed. */
  close(): void;
}

/** How a connection is opened. */
export interface ConnectOptions {
  /** Milliseconds until it is given up. */
  readonly timeoutMs: number;
}

/** How an address is listened on. */
export interface ListenOptions {
  /** Host to listen on, `0.0.0.0` for all. */
  readonly hostname: string;
  /** Port to listen on, 0 for any free one. */
  readonly port: number;
  /** Shares the port with other listeners of this process; needs `--unstable-net`. */
  readonly reusePort?: boolean;
}

/** A way to open and accept connections. */
export interface Transport {
  /**
   * Opens a connection.
   *
   * @param address `host:port`.
   * @throws {NetError} `CONNECT_FAILED` or `CONNECT_TIMEOUT`, with the address.
   */
  connect(address: string, options: ConnectOptions): Promise<Connection>;
  /**
   * Listens.
   *
   * @throws {NetError} `LISTEN_FAILED`, with the address.
   */
  listen(options: ListenOptions): Listener;
}

/** Wait before a connection is accepted again that the process had no file for. Milliseconds. */
const FILES_PAUSE_MS = 100;

/** Length of the queue of connections that wait to be accepted. Source: apache/rocketmq remoting/src/main/java/org/apache/rocketmq/remoting/netty/NettySystemConfig.java socketBacklog */
const BACKLOG = 1024;

/**
 * Splits an address.
 *
 * @param address `host:port`, `[v6]:port` included.
 * @returns Host and port.
 * @throws {NetError} `BAD_ADDRESS` when it is neither.
 */
export function parseAddress(address: string): { hostname: string; port: number } {
  const at = address.lastIndexOf(":");
  const port = /^:[0-9]{1,5}$/.test(address.slice(at)) ? Number(address.slice(at + 1)) : NaN;
  let hostname = address.slice(0, Math.max(at, 0));
  if (hostname.startsWith("[") && hostname.endsWith("]")) hostname = hostname.slice(1, -1);
  if (hostname === "" || !(port <= 65535)) {
    throw new NetError("BAD_ADDRESS", `Cannot parse address "${address}": it is not host:port`, { address });
  }
  return { hostname, port };
}

function formatAddress(address: Deno.Addr): string {
  if (address.transport !== "tcp" && address.transport !== "udp") return address.transport;
  return address.hostname.includes(":")
    ? `[${address.hostname}]:${address.port}`
    : `${address.hostname}:${address.port}`;
}

class TcpConnection implements Connection {
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly #conn: Deno.TcpConn;
  #closed = false;

  constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
    conn.setNoDelay(true);
    this.remoteAddress = formatAddress(conn.remoteAddr);
    this.localAddress = formatAddress(conn.localAddr);
  }

  read(into: Uint8Array): Promise<number | null> {
    return this.#conn.read(into);
  }

  write(bytes: Uint8Array): Promise<number> {
    return this.#conn.write(bytes);
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }
}

class TcpListener implements Listener {
  readonly hostname: string;
  readonly port: number;
  readonly #listener: Deno.TcpListener;
  #closed = false;

  constructor(listener: Deno.TcpListener) {
    this.#listener = listener;
    this.hostname = listener.addr.hostname;
    this.port = listener.addr.port;
  }

  async *[Symbol.asyncIterator](): AsyncIterableIterator<Connection> {
    while (!this.#closed) {
      let conn: Deno.TcpConn;
      try {
        conn = await this.#listener.accept();
      } catch (error) {
        if (this.#closed || error instanceof Deno.errors.BadResource) return;
        // One connection that was reset before it was accepted does not end the listening.
        if (error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.ConnectionAborted) continue;
        if (!isOutOfFiles(error)) throw error;
        await systemClock.sleep(FILES_PAUSE_MS);
        continue;
      }
      yield new TcpConnection(conn);
    }
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#listener.close();
  }
}

/** True for an error of a process, or a machine, that has as many open files as it may. */
function isOutOfFiles(error: unknown): boolean {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return code === "EMFILE" || code === "ENFILE";
}

async function connectTcp(address: string, options: ConnectOptions): Promise<Connection> {
  const { hostname, port } = parseAddress(address);
  const abort = new AbortController();
  const timer = systemClock.setTimer(options.timeoutMs, () => abort.abort());
  try {
    return new TcpConnection(await Deno.connect({ hostname, port, signal: abort.signal }));
  } catch (cause) {
    const late = abort.signal.aborted;
    throw new NetError(
      late ? "CONNECT_TIMEOUT" : "CONNECT_FAILED",
      late
        ? `Cannot connect to ${address}: no answer within ${options.timeoutMs} ms`
        : `Cannot connect to ${address}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { address, cause },
    );
  } finally {
    timer.cancel();
  }
}

function listenTcp(options: ListenOptions): Listener {
  const address = `${options.hostname}:${options.port}`;
  try {
    return new TcpListener(
      Deno.listen({
        hostname: options.hostname,
        port: options.port,
        tcpBacklog: BACKLOG,
        ...(options.reusePort === true ? { reusePort: true } : {}),
      }),
    );
  } catch (cause) {
    throw new NetError(
      "LISTEN_FAILED",
      `Cannot listen on ${address}: ${cause instanceof Error ? cause.message : String(cause)}`,
      { address, cause },
    );
  }
}

/** TCP, without delay for small writes. */
export const tcpTransport: Transport = { connect: connectTcp, listen: listenTcp };
