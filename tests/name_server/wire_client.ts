/**
 * A client of bare frames for tests: no pooling, no retries, bytes exactly as given.
 */

import { createRequest, type ExtFields, type RemotingCommand } from "../../protocol/command.ts";
import { encodeFrame, FrameDecoder } from "../../protocol/frame.ts";
import { within } from "../helpers/until.ts";

/** Milliseconds a test waits for an answer. */
const ANSWER_TIMEOUT_MS = 10_000;

/** One connection. */
export class WireClient implements Disposable {
  readonly #conn: Deno.TcpConn;
  readonly #decoder = new FrameDecoder();
  #opaque = 1;
  #closed = false;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects to a port of this machine. */
  static async connect(port: number): Promise<WireClient> {
    return new WireClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Speaks over a connection that was accepted. */
  static over(conn: Deno.TcpConn): WireClient {
    return new WireClient(conn);
  }

  /** Sends bytes as they are. */
  async send(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }

  /** The next frame; undefined when the server closed the connection. */
  async receive(): Promise<RemotingCommand | undefined> {
    for (;;) {
      const command = this.#decoder.next();
      if (command !== undefined) return command;
      const chunk = new Uint8Array(65_536);
      const count = await within(this.#conn.read(chunk), { timeoutMs: ANSWER_TIMEOUT_MS, what: "an answer" })
        .catch((error) => {
          if (error instanceof Deno.errors.ConnectionReset) return null;
          throw error;
        });
      if (count === null) return undefined;
      this.#decoder.push(chunk.subarray(0, count));
    }
  }

  /** Sends a frame and waits for the next one. */
  async exchange(frame: Uint8Array): Promise<RemotingCommand> {
    await this.send(frame);
    const answer = await this.receive();
    if (answer === undefined) throw new Error("The server closed the connection");
    return answer;
  }

  /** Sends a request and waits for its answer. */
  invoke(code: number, ext: ExtFields = {}, body?: Uint8Array, version?: number): Promise<RemotingCommand> {
    const request = createRequest(code, ext, body);
    return this.exchange(encodeFrame({ ...request, opaque: this.#opaque++, version: version ?? request.version }));
  }

  [Symbol.dispose](): void {
    if (!this.#closed) this.#conn.close();
    this.#closed = true;
  }
}

/** Body text of a command. */
export function textOf(command: RemotingCommand): string {
  return new TextDecoder().decode(command.body);
}
