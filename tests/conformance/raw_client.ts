/**
 * One TCP connection that speaks bare frames: for answers whose code and text a client library would hide.
 *
 * Owns: the connection, the opaque numbers, requests that the server starts. It reads only while a call is open.
 * Reads: nothing. Never: retries or reconnects.
 *
 * @module
 */
import { createRequest, type ExtFields, isResponse, markOneway, type RemotingCommand } from "../../protocol/command.ts";
import { encodeFrame, FrameDecoder } from "../../protocol/frame.ts";
import { systemClock } from "../../store/clock.ts";

/** One connection to a server. */
export class RawClient implements Disposable {
  readonly #connection: Deno.TcpConn;
  readonly #decoder = new FrameDecoder();
  readonly #fromServer: RemotingCommand[] = [];
  readonly #awaited = new Set<number>();
  readonly #answers = new Map<number, RemotingCommand>();
  #sending: Promise<void> = Promise.resolve();
  #reading: Promise<void> | undefined;
  #opaque = 1;

  private constructor(connection: Deno.TcpConn) {
    this.#connection = connection;
  }

  /**
   * Connects.
   *
   * @param address host:port.
   */
  static async connect(address: string): Promise<RawClient> {
    const [hostname, port] = address.split(":");
    const connection = await Deno.connect({ hostname: hostname!, port: Number(port) });
    connection.setNoDelay(true);
    return new RawClient(connection);
  }

  /** Requests that the server has sent by itself, in order, up to the last answer that was read. */
  get fromServer(): readonly RemotingCommand[] {
    return this.#fromServer;
  }

  /**
   * Sends a request and waits for its answer. Several may be under way.
   *
   * @param code Request code.
   * @param ext Header fields.
   * @param body Body.
   * @param options Longest wait, in milliseconds; 10 s when left out. What to change in the request before it is sent.
   * @returns The answer; its body stays valid.
   * @throws {Error} When none comes in time, or the connection closes.
   */
  async call(
    code: number,
    ext: ExtFields = {},
    body: Uint8Array | string = new Uint8Array(0),
    options: { readonly timeoutMs?: number; readonly change?: Partial<RemotingCommand> } = {},
  ): Promise<RemotingCommand> {
    const opaque = this.#opaque++;
    this.#awaited.add(opaque);
    await this.#send({ ...createRequest(code, ext, bytesOf(body)), opaque, ...options.change });
    const timeoutMs = options.timeoutMs ?? 60_000;
    let late = false;
    const timer = systemClock.setTimer(timeoutMs, () => {
      late = true;
      this.#connection.close();
    });
    try {
      return await this.#answerTo(opaque);
    } catch (error) {
      throw late ? new Error(`Request ${code} was not answered within ${timeoutMs} ms`, { cause: error }) : error;
    } finally {
      timer.cancel();
      this.#awaited.delete(opaque);
    }
  }

  /**
   * Sends a request that nobody answers.
   *
   * @param code Request code.
   * @param ext Header fields.
   * @param body Body.
   */
  async oneway(code: number, ext: ExtFields = {}, body: Uint8Array | string = new Uint8Array(0)): Promise<void> {
    await this.#send({ ...markOneway(createRequest(code, ext, bytesOf(body))), opaque: this.#opaque++ });
  }

  /** Closes the connection. */
  [Symbol.dispose](): void {
    try {
      this.#connection.close();
    } catch (error) {
      // A call that ran out of time has closed it already.
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  /** Frames go out whole, one behind the other. */
  #send(command: RemotingCommand): Promise<void> {
    const frame = encodeFrame(command);
    const sent = this.#sending.then(async () => {
      for (let at = 0; at < frame.length;) at += await this.#connection.write(frame.subarray(at));
    });
    this.#sending = sent.catch(() => {});
    return sent;
  }

  async #answerTo(opaque: number): Promise<RemotingCommand> {
    for (;;) {
      const answer = this.#answers.get(opaque);
      if (answer !== undefined) {
        this.#answers.delete(opaque);
        return answer;
      }
      this.#reading ??= this.#read().finally(() => this.#reading = undefined);
      await this.#reading;
    }
  }

  /** Takes what comes next, for whoever waits for it. */
  async #read(): Promise<void> {
    const chunk = new Uint8Array(256 * 1024);
    const count = await this.#connection.read(chunk);
    if (count === null) throw new Error("The server closed the connection");
    this.#decoder.push(chunk.subarray(0, count));
    for (let command = this.#decoder.next(); command !== undefined; command = this.#decoder.next()) {
      if (!isResponse(command)) this.#fromServer.push(command);
      else if (this.#awaited.has(command.opaque)) this.#answers.set(command.opaque, command);
    }
  }
}

/**
 * Text of a body.
 *
 * @param command The command.
 */
export function bodyText(command: RemotingCommand): string {
  return new TextDecoder().decode(command.body);
}

function bytesOf(body: Uint8Array | string): Uint8Array {
  return typeof body === "string" ? new TextEncoder().encode(body) : body;
}
