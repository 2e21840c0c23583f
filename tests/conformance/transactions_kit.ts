/**
 * A Java transaction producer and what consumers see of its topic.
 *
 * Owns: producers in the client program, a collector. Reads: nothing. Never: outlives its test.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { until } from "../helpers/until.ts";
import type { ClientProcess } from "./client_process.ts";
import { Collector, fresh, topicOn } from "./client_kit.ts";
import type { SuiteContext } from "./suite.ts";

/** What a producer decides. */
export type State = "COMMIT_MESSAGE" | "ROLLBACK_MESSAGE" | "UNKNOW";

/** A producer of a group of its own in the client program, and a collector of what its topic shows. */
export class Transactions implements AsyncDisposable {
  readonly topic: string;
  readonly group = fresh("PGTX");
  readonly collector: Collector;
  readonly #client: ClientProcess;
  readonly #context: SuiteContext;
  readonly #running = new Set<string>();

  private constructor(context: SuiteContext, client: ClientProcess, topic: string) {
    this.#context = context;
    this.#client = client;
    this.topic = topic;
    this.collector = new Collector(context.target);
  }

  /** Creates a topic and starts the collector. */
  static async open(context: SuiteContext): Promise<Transactions> {
    const topic = await topicOn(context.target, 2, "+message.type=TRANSACTION");
    const opened = new Transactions(context, await context.client("java54"), topic);
    opened.collector.consumer.subscribe(topic);
    await opened.collector.consumer.start();
    return opened;
  }

  /** Starts a producer that answers every check with one state. */
  async producer(name: string, onCheck: State): Promise<void> {
    const namesrv = this.#context.target.nameServer;
    await this.#client.call("tx.start", { name: this.group + name, group: this.group, namesrv, onCheck });
    this.#running.add(name);
  }

  /** Sends; the local transaction ends with the state. */
  async send(name: string, body: string, state: State): Promise<void> {
    assertEquals(
      await this.#client.call("tx.send", { name: this.group + name, topic: this.topic, body, state }),
      state,
    );
  }

  /** Bodies that a producer was asked about. */
  async checked(name: string): Promise<string[]> {
    return await this.#client.call<string[]>("tx.checked", { name: this.group + name });
  }

  /** Stops a producer. */
  async leave(name: string): Promise<void> {
    this.#running.delete(name);
    await this.#client.call("tx.stop", { name: this.group + name });
  }

  /** Bodies that consumers saw, once a marker that was committed last has come. */
  async seen(name: string): Promise<string[]> {
    await this.send(name, "marker", "COMMIT_MESSAGE");
    await until(() => this.collector.bodies.includes("marker"), { timeoutMs: 60_000, what: "the marker" });
    return this.collector.bodies.filter((body) => body !== "marker").sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const name of this.#running) await this.leave(name);
    await this.collector[Symbol.asyncDispose]();
  }
}
