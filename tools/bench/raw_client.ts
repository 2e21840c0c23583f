/**
 * One connection that sends requests and waits for their answers, for looking at a broker from outside.
 *
 * Owns: the connection. Never: keeps more than one request in flight.
 */
import { createRequest, type ExtFields, type RemotingCommand } from "../../protocol/command.ts";
import { encodeFrame, FrameDecoder } from "../../protocol/frame.ts";

/** A connection to a broker or name server. */
export class RawClient implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #decoder = new FrameDecoder();
  readonly #buffer = new Uint8Array(1 << 16);
  #opaque = 1;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /** Connects to a port on this machine. */
  static async connect(port: number): Promise<RawClient> {
    return new RawClient(await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends a request and waits for its answer. */
  async ask(code: number, ext: ExtFields = {}, body?: Uint8Array): Promise<RemotingCommand> {
    const request = { ...createRequest(code, ext, body), opaque: this.#opaque++ };
    const frame = encodeFrame(request);
    for (let sent = 0; sent < frame.length;) sent += await this.#connection.write(frame.subarray(sent));
    for (;;) {
      const answer = this.#decoder.next();
      if (answer !== undefined) {
        if (answer.opaque === request.opaque && (answer.flag & 1) !== 0) return answer;
        continue;
      }
      const count = await this.#connection.read(this.#buffer);
      if (count === null) throw new Error("The broker closed the connection");
      this.#decoder.push(this.#buffer.slice(0, count));
    }
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }
}
