/**
 * A transaction producer on bare frames, of which a trial can stop every step at a byte of its choice. A killed producer process is, for the broker, a connection that ends.
 *
 * Owns: one connection and its reading. Reads: checks, which it answers as the trial says. Never: connects again.
 *
 * @module
 */
import { createRequest, isResponse, markOneway, type RemotingCommand } from "../../protocol/command.ts";
import { encodeFrame, FrameDecoder } from "../../protocol/frame.ts";
import { decodeOffsetMessageId } from "../../protocol/message_id.ts";
import { decodeRecord } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until, within } from "../helpers/until.ts";
import { heartbeat, sendFields } from "../conformance/broker_requests.ts";

/** How a transaction ends. Source: apache/rocketmq common MessageSysFlag */
export const Ending = { Unknown: 0, Commit: 8, Rollback: 12 } as const;

/** One of {@link Ending}. */
export type EndingValue = (typeof Ending)[keyof typeof Ending];

/** Where a half message lies, as the broker told its producer. */
export interface Half {
  readonly uniqueId: string;
  readonly fields: Readonly<Record<string, string>>;
}

const PATIENCE_MS = 60_000;

let names = 0;

/** One connection of a producer group. */
export class TransactionProducer {
  readonly #connection: Deno.TcpConn;
  readonly #group: string;
  readonly #onCheck: (body: string) => EndingValue | undefined;
  readonly #answers = new Map<number, (command: RemotingCommand) => void>();
  readonly #checked = new Set<string>();
  readonly #reading: Promise<void>;
  #writing: Promise<void> = Promise.resolve();
  #opaque = 1;
  #isClosed = false;

  private constructor(connection: Deno.TcpConn, group: string, onCheck: (body: string) => EndingValue | undefined) {
    this.#connection = connection;
    this.#group = group;
    this.#onCheck = onCheck;
    this.#reading = this.#read();
  }

  /**
   * Connects and makes itself known.
   *
   * @param address host:port of the broker; @param group of producers
   * @param onCheck what a check of a body is answered with; undefined for no answer at all
   */
  static async connect(
    address: string,
    group: string,
    onCheck: (body: string) => EndingValue | undefined,
  ): Promise<TransactionProducer> {
    const [hostname = "", port] = address.split(":");
    const producer = new TransactionProducer(await Deno.connect({ hostname, port: Number(port) }), group, onCheck);
    const body = new TextEncoder().encode(heartbeat(`producer-${++names}`, { producerGroup: group }));
    await producer.#ask(createRequest(RequestCode.HEART_BEAT, {}, body));
    return producer;
  }

  /** Bodies that it was asked about. */
  get checked(): ReadonlySet<string> {
    return this.#checked;
  }

  /** Waits until it was asked about all of these. */
  async untilChecked(bodies: readonly string[]): Promise<void> {
    await until(() => bodies.every((body) => this.#checked.has(body)), {
      timeoutMs: PATIENCE_MS,
      what: `checks of ${bodies.filter((body) => !this.#checked.has(body)).join(", ")}`,
    });
  }

  /** Sends a half message and waits for its place. */
  async half(topic: string, body: string): Promise<Half> {
    const { request, uniqueId } = this.#halfRequest(topic, body);
    const answer = await this.#ask(request);
    if (answer.code !== 0) throw new Error(`Half message "${body}": ${answer.code} ${answer.remark}`);
    const { offset } = decodeOffsetMessageId(answer.ext["msgId"]!);
    return {
      uniqueId,
      fields: {
        topic,
        producerGroup: this.#group,
        tranStateTableOffset: answer.ext["queueOffset"]!,
        commitLogOffset: String(offset),
        fromTransactionCheck: "false",
        msgId: uniqueId,
        transactionId: uniqueId,
      },
    };
  }

  /** Writes a half message and waits for nothing. */
  async writeHalf(topic: string, body: string): Promise<void> {
    await this.#write(encodeFrame({ ...this.#halfRequest(topic, body).request, opaque: this.#opaque++ }));
  }

  /** Ends a transaction and waits for the answer. */
  async end(half: Half, how: EndingValue): Promise<void> {
    const answer = await this.#ask(this.#endRequest(half.fields, how));
    if (answer.code !== 0) throw new Error(`End of a transaction: ${answer.code} ${answer.remark}`);
  }

  /** Writes the end of a transaction, or the first part of it, and waits for nothing. */
  async writeEnd(half: Half, how: EndingValue, part = 1): Promise<void> {
    const frame = encodeFrame({ ...markOneway(this.#endRequest(half.fields, how)), opaque: this.#opaque++ });
    await this.#write(frame.subarray(0, Math.floor(frame.length * part)));
  }

  /** Ends the connection, as a kill of the process does. */
  async kill(): Promise<void> {
    if (!this.#isClosed) {
      this.#isClosed = true;
      this.#connection.close();
    }
    await this.#reading;
  }

  #halfRequest(topic: string, body: string): { request: RemotingCommand; uniqueId: string } {
    const uniqueId = crypto.randomUUID().replaceAll("-", "").toUpperCase();
    const properties =
      `UNIQ_KEY\u0001${uniqueId}\u0002WAIT\u0001true\u0002TRAN_MSG\u0001true\u0002PGROUP\u0001${this.#group}\u0002`;
    // An age is counted from the time of birth.
    const fields = { ...sendFields(topic, { properties, sysFlag: 4, group: this.#group }), g: String(Date.now()) };
    return { request: createRequest(RequestCode.SEND_MESSAGE_V2, fields, new TextEncoder().encode(body)), uniqueId };
  }

  #endRequest(fields: Readonly<Record<string, string>>, how: EndingValue): RemotingCommand {
    return createRequest(RequestCode.END_TRANSACTION, { ...fields, commitOrRollback: String(how) });
  }

  async #ask(request: RemotingCommand): Promise<RemotingCommand> {
    const opaque = this.#opaque++;
    const { promise, resolve } = Promise.withResolvers<RemotingCommand>();
    this.#answers.set(opaque, resolve);
    await this.#write(encodeFrame({ ...request, opaque }));
    return await within(promise, { timeoutMs: PATIENCE_MS, what: `an answer to request ${request.code}` });
  }

  /** One frame behind the other, whoever writes. */
  #write(bytes: Uint8Array): Promise<void> {
    const writing = this.#writing.then(async () => {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    });
    this.#writing = writing.catch(() => {});
    return writing;
  }

  async #read(): Promise<void> {
    const decoder = new FrameDecoder();
    try {
      for (;;) {
        const chunk = new Uint8Array(64 * 1024);
        const count = await this.#connection.read(chunk);
        if (count === null) return;
        decoder.push(chunk.subarray(0, count));
        for (let command = decoder.next(); command !== undefined; command = decoder.next()) this.#take(command);
      }
    } catch (error) {
      // Whether it is closed here or the broker dies: the connection is over.
      const isOver = this.#isClosed || error instanceof Deno.errors.ConnectionReset ||
        error instanceof Deno.errors.BrokenPipe;
      if (!isOver) throw error;
    }
  }

  #take(command: RemotingCommand): void {
    if (isResponse(command)) {
      this.#answers.get(command.opaque)?.(command);
      this.#answers.delete(command.opaque);
      return;
    }
    if (command.code !== RequestCode.CHECK_TRANSACTION_STATE) return;
    const body = new TextDecoder().decode(decodeRecord(command.body).body);
    const how = this.#onCheck(body);
    this.#checked.add(body);
    if (how === undefined) return;
    const { tranStateTableOffset, commitLogOffset, msgId, transactionId } = command.ext;
    const fields = {
      topic: "",
      producerGroup: this.#group,
      tranStateTableOffset: tranStateTableOffset!,
      commitLogOffset: commitLogOffset!,
      fromTransactionCheck: "true",
      msgId: msgId!,
      transactionId: transactionId!,
    };
    const frame = encodeFrame({ ...markOneway(this.#endRequest(fields, how)), opaque: this.#opaque++ });
    // An answer to a connection that ended meanwhile is lost, as it would be with its process.
    this.#write(frame).catch(() => {});
  }
}
