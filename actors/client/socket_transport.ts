/**
 * The client's own transport: node sockets, plain or TLS, on runtimes without `Deno.connect` and wherever TLS is asked for.
 *
 * Owns: the adapter from node streams to connections. Reads: node:net, node:tls. Never does: look into the bytes.
 */

import { connect as connectPlain, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { NetError } from "../net/errors.ts";
import { type Connection, parseAddress, tcpTransport, type Transport } from "../net/transport.ts";
import type { TlsOptions } from "./options.ts";

/**
 * @param tls encryption, if any
 * @returns the transport for this runtime
 */
export function clientTransport(tls: TlsOptions | undefined): Transport {
  return tls === undefined && "Deno" in globalThis ? tcpTransport : socketTransport(tls);
}

/**
 * @param tls encryption, if any
 * @returns a transport over node sockets
 */
export function socketTransport(tls: TlsOptions | undefined): Transport {
  return {
    connect: (address, options) => connectSocket(address, options.timeoutMs, tls),
    listen: () => {
      throw new NetError("LISTEN_FAILED", "Cannot listen: this transport only connects");
    },
  };
}

function connectSocket(address: string, timeoutMs: number, tls: TlsOptions | undefined): Promise<Connection> {
  const { hostname, port } = parseAddress(address);
  return new Promise((resolve, reject) => {
    const ready = tls === undefined ? "connect" : "secureConnect";
    const socket = tls === undefined ? connectPlain({ host: hostname, port, noDelay: true }) : connectTls({
      host: hostname,
      port,
      rejectUnauthorized: tls.authServer ?? false,
      ...(tls.caCerts === undefined ? {} : { ca: [...tls.caCerts] }),
      ...(tls.cert === undefined ? {} : { cert: tls.cert }),
      ...(tls.key === undefined ? {} : { key: tls.key }),
    });
    const fail = (cause: Error): void => {
      clear();
      socket.destroy();
      reject(new NetError("CONNECT_FAILED", `Cannot connect to ${address}: ${cause.message}`, { address, cause }));
    };
    const late = (): void => {
      clear();
      socket.destroy();
      reject(
        new NetError("CONNECT_TIMEOUT", `Cannot connect to ${address}: no answer within ${timeoutMs} ms`, { address }),
      );
    };
    const open = (): void => {
      clear();
      socket.setTimeout(0);
      socket.setNoDelay(true);
      resolve(new SocketConnection(socket, address));
    };
    const clear = (): void => {
      socket.off("error", fail);
      socket.off("timeout", late);
      socket.off(ready, open);
    };
    socket.once("error", fail);
    socket.once("timeout", late);
    socket.once(ready, open);
    socket.setTimeout(timeoutMs);
  });
}

/** A node socket as a connection: one read and one write at a time. */
class SocketConnection implements Connection {
  readonly remoteAddress: string;
  readonly localAddress: string;
  readonly #socket: Socket;
  #waiting: (() => void) | undefined;
  #ended = false;
  #error: Error | undefined;

  constructor(socket: Socket, address: string) {
    this.#socket = socket;
    this.remoteAddress = `${socket.remoteAddress ?? address}:${socket.remotePort ?? 0}`;
    this.localAddress = `${socket.localAddress ?? ""}:${socket.localPort ?? 0}`;
    const wake = (): void => this.#waiting?.();
    socket.on("readable", wake);
    socket.on("end", () => {
      this.#ended = true;
      wake();
    });
    socket.on("close", () => {
      this.#ended = true;
      wake();
    });
    socket.on("error", (error: Error) => {
      this.#error = error;
      wake();
    });
  }

  async read(into: Uint8Array): Promise<number | null> {
    while (true) {
      const wanted = Math.min(into.length, this.#socket.readableLength);
      const chunk: Uint8Array | null = wanted > 0 ? this.#socket.read(wanted) : null;
      if (chunk !== null) {
        into.set(chunk);
        return chunk.length;
      }
      if (this.#error !== undefined) throw this.#error;
      if (this.#ended) return null;
      // A read of nothing asks the stream for more.
      this.#socket.read(0);
      await new Promise<void>((resolve) => {
        this.#waiting = resolve;
      });
      this.#waiting = undefined;
    }
  }

  write(bytes: Uint8Array): Promise<number> {
    return new Promise((resolve, reject) => {
      this.#socket.write(bytes, (error?: Error | null) => error ? reject(error) : resolve(bytes.length));
    });
  }

  close(): void {
    this.#socket.destroy();
    this.#ended = true;
    this.#waiting?.();
  }
}
