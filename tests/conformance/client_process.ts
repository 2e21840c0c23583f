/**
 * A client program that does what a test asks: one JSON request a line in, one JSON answer a line out.
 *
 * Owns: the process, its pipes, the calls in flight. It reads the answers only while a call is open, so that nothing is in
 * flight when a test ends.
 * Reads: what the program prints.
 * Never: starts a program for each operation; one process serves a whole test file.
 *
 * @module
 */
import { systemClock } from "../../store/clock.ts";
import type { ClientProgram } from "./toolbox.ts";

/** A value that crosses as JSON. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json | undefined };

/** An operation failed inside the client program. */
export class ClientError extends Error {
  override readonly name = "ClientError";
  /** Class of the exception there. */
  readonly type: string;
  /** Response code that the exception carries. */
  readonly code: number | undefined;
  /** Text of the server, where the exception carries it. */
  readonly remark: string | undefined;

  constructor(op: string, error: Record<string, unknown>) {
    super(
      `${op}: ${error.type} ${error.message}${error.causes ?? ""}${
        error.stack === undefined ? "" : `\n${error.stack}`
      }`,
    );
    this.type = String(error.type);
    this.code = typeof error.code === "number" ? error.code : undefined;
    this.remark = typeof error.remark === "string" ? error.remark : undefined;
  }
}

interface Call {
  readonly op: string;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** One running client program. */
export class ClientProcess {
  readonly #child: Deno.ChildProcess;
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #calls = new Map<number, Call>();
  readonly #decoder = new TextDecoder();
  readonly #stderrPath: string;
  #rest = "";
  #nextId = 0;
  #reading = false;

  private constructor(child: Deno.ChildProcess, stderrPath: string) {
    this.#child = child;
    this.#stderrPath = stderrPath;
    this.#reader = child.stdout.getReader();
    this.#writer = child.stdin.getWriter();
  }

  /**
   * Starts a client program and waits for its first line.
   *
   * @param program What is run.
   * @param dir Folder that is its home and takes its error output.
   */
  static async start(program: ClientProgram, dir: string): Promise<ClientProcess> {
    const [name, ...args] = program.command;
    const homed = name === "java" ? ["java", `-Duser.home=${dir}`, ...args] : [name!, ...args];
    const stderrPath = `${dir}/${crypto.randomUUID().slice(0, 8)}.err`;
    const child = new Deno.Command("sh", {
      args: ["-c", 'err=$1; shift; exec "$@" 2>"$err"', "client", stderrPath, ...homed],
      env: { HOME: dir, ROCKETMQ_HOME: dir },
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const client = new ClientProcess(child, stderrPath);
    await client.#line();
    return client;
  }

  /** Process id. */
  get pid(): number {
    return this.#child.pid;
  }

  /**
   * Asks for one operation.
   *
   * @param op Its name.
   * @param args Its arguments.
   * @param options Longest wait; 60 s when left out.
   * @returns What it answered; the caller knows the shape.
   * @throws {ClientError} When the operation failed there.
   */
  async call<T = unknown>(
    op: string,
    args: { readonly [key: string]: Json | undefined } = {},
    options: { readonly timeoutMs?: number } = {},
  ): Promise<T> {
    const id = this.#nextId++;
    const answer = new Promise<unknown>((resolve, reject) => this.#calls.set(id, { op, resolve, reject }));
    const timeoutMs = options.timeoutMs ?? 60_000;
    const timer = systemClock.setTimer(timeoutMs, () => {
      this.#calls.get(id)?.reject(new Error(`${op} did not answer within ${timeoutMs} ms${this.#errors()}`));
      this.#calls.delete(id);
      // The read that is in flight would otherwise wait for a client that may never speak again.
      if (this.#calls.size === 0) this.#child.kill("SIGKILL");
    });
    try {
      await this.#writer.write(new TextEncoder().encode(`${JSON.stringify({ id, op, args })}\n`));
      void this.#pump();
      return await answer as T;
    } finally {
      timer.cancel();
    }
  }

  /** Kills the program without a farewell, as a crash would. */
  async kill(): Promise<void> {
    this.#child.kill("SIGKILL");
    await this.#ended();
  }

  /** Ends the program by closing its input. */
  async stop(): Promise<void> {
    const timer = systemClock.setTimer(10_000, () => this.#child.kill("SIGKILL"));
    await this.#writer.close().catch(() => undefined);
    await this.#ended();
    timer.cancel();
  }

  async #ended(): Promise<void> {
    await this.#child.status;
    await this.#reader.cancel();
    await this.#writer.abort().catch(() => undefined);
  }

  async #pump(): Promise<void> {
    if (this.#reading) return;
    this.#reading = true;
    try {
      while (this.#calls.size > 0) this.#settle(JSON.parse(await this.#line()));
    } catch (error) {
      const failure = new Error(`Client program failed${this.#errors()}`, { cause: error });
      for (const call of this.#calls.values()) call.reject(failure);
      this.#calls.clear();
    } finally {
      this.#reading = false;
    }
  }

  #settle(answer: { id: number; ok?: unknown; error?: Record<string, unknown> }): void {
    const call = this.#calls.get(answer.id);
    this.#calls.delete(answer.id);
    if (answer.error === undefined) call?.resolve(answer.ok);
    else call?.reject(new ClientError(call.op, answer.error));
  }

  async #line(): Promise<string> {
    for (;;) {
      const end = this.#rest.indexOf("\n");
      if (end >= 0) {
        const line = this.#rest.slice(0, end);
        this.#rest = this.#rest.slice(end + 1);
        if (line.startsWith("{")) return line;
        continue;
      }
      const { value, done } = await this.#reader.read();
      if (done) throw new Error(`Client program ended${this.#errors()}`);
      this.#rest += this.#decoder.decode(value, { stream: true });
    }
  }

  #errors(): string {
    const text = Deno.readTextFileSync(this.#stderrPath);
    return text === "" ? "" : `:\n${text.split("\n").slice(-40).join("\n")}`;
  }
}
