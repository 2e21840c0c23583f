/**
 * The HA port of a broker that no slave has asked for yet.
 *
 * Most brokers have no slave, and a thread that waits for one would cost each of them some megabytes. So the main thread listens; with the first connection it closes the port, starts HAService, which opens it
 * again, and carries that one connection over to it. All others go there directly.
 *
 * Owns: the port until then, and the connection that it carries. Reads: nothing of what passes. Never: opens again.
 */
import { type Connection, type Listener, tcpTransport } from "../../net/transport.ts";

/** Bytes carried at once. */
const CARRY_BYTES = 64 * 1024;

/** Longest wait for HAService to accept. Milliseconds. */
const CONNECT_MS = 5000;

/** What a door needs. */
export interface HaDoorOptions {
  /** Address and port to listen on. */
  readonly hostname: string;
  readonly port: number;
  /** Starts HAService on the same port; the door's own is closed. */
  readonly open: () => Promise<void>;
  /** Tells HAService whose connection it is that comes from an address. */
  readonly alias: (from: string, address: string) => void;
  /** Told when HAService does not start. */
  readonly failed: (error: unknown) => void;
}

/** The port before the first slave. */
export class HaDoor {
  readonly #options: HaDoorOptions;
  readonly #listener: Listener;
  readonly #done: Promise<void>;
  #sockets: Connection[] = [];

  /**
   * Opens the port.
   *
   * @throws {NetError} `LISTEN_FAILED`
   */
  constructor(options: HaDoorOptions) {
    this.#options = options;
    this.#listener = tcpTransport.listen(options);
    this.#done = this.#wait().catch((error) => options.failed(error));
  }

  /** Closes the port and what it carries. */
  async close(): Promise<void> {
    this.#listener.close();
    for (const socket of this.#sockets) socket.close();
    await this.#done;
  }

  async #wait(): Promise<void> {
    for await (const slave of this.#listener) {
      this.#listener.close();
      this.#sockets.push(slave);
      await this.#options.open();
      await this.#carry(slave);
      return;
    }
  }

  async #carry(slave: Connection): Promise<void> {
    const { hostname, port, alias } = this.#options;
    const host = hostname === "0.0.0.0" ? "127.0.0.1" : hostname;
    try {
      const service = await tcpTransport.connect(`${host}:${port}`, { timeoutMs: CONNECT_MS });
      this.#sockets.push(service);
      alias(service.localAddress, slave.remoteAddress);
      await Promise.all([pass(slave, service), pass(service, slave)]);
    } finally {
      for (const socket of this.#sockets) socket.close();
      this.#sockets = [];
    }
  }
}

/** Passes bytes on until one side ends, then ends both. */
async function pass(from: Connection, to: Connection): Promise<void> {
  const bytes = new Uint8Array(CARRY_BYTES);
  try {
    for (let count = await from.read(bytes); count !== null; count = await from.read(bytes)) {
      for (let sent = 0; sent < count;) sent += await to.write(bytes.subarray(sent, count));
    }
  } catch {
    // One of the two is gone; closing the other tells it so.
  } finally {
    from.close();
    to.close();
  }
}
