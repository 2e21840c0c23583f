/**
 * The gateway as an actor: builds the parts, listens on both ports, and sleeps for what other actors have for its clients.
 *
 * It owns nothing that outlives it: when it crashes its connections drop and clients connect again.
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { type Listener, tcpTransport } from "../../net/transport.ts";
import type { GatewayContract, GatewayInit, GatewayReport } from "./gateway_contract.ts";
import { GatewayParts } from "./gateway_parts.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import { storeShape } from "../broker_init.ts";
import { ConnectionRoom } from "./connection_room.ts";

/** Milliseconds between two statistics ticks. */
const TICK_MS = 1000;

/** Starts the behaviour. */
export async function startGateway(
  init: GatewayInit,
  context: ActorContext<GatewayContract>,
): Promise<Behaviour<GatewayContract>> {
  const actor = new GatewayActor(init, context);
  await actor.subscribe();
  const loop = actor.run();
  const { parts } = actor;
  return {
    asks: {
      topics: (update) => ({ version: parts.applyTopics(update) }),
      groups: (update) => ({ version: parts.control.applyGroups(update) }),
      subscriptions: (update) => ({ version: parts.control.applySubscriptions(update) }),
      resets: (update) => ({ version: parts.control.applyResets(update) }),
      configuration: (update) => ({ version: parts.applyConfiguration(update) }),
      callClient: ({ channel, command, timeoutMs }) => parts.callClient(channel, command, timeoutMs),
      flushOffsets: () => {
        parts.flushOffsets();
        return null;
      },
      listen: () => actor.listen(),
      drain: () => actor.drain(),
      counters: () => actor.report(),
    },
    tells: {
      push: ({ channel, command }) => parts.push(channel, command),
      closeChannel: ({ channel }) => parts.gateway.connections.get(channel)?.close(),
      holdRestarted: () => parts.pulls.holdRestarted(),
    },
    stop: async () => {
      actor.stop();
      await loop;
    },
  };
}

/** The behaviour's state and loop. */
export class GatewayActor {
  /** Everything that serves requests. */
  readonly parts: GatewayParts;
  readonly #init: GatewayInit;
  readonly #context: ActorContext<GatewayContract>;
  readonly #listeners: Listener[] = [];
  readonly #accepting: Promise<void>[] = [];
  readonly #room: ConnectionRoom;
  #stopping = false;

  /** @param init of this gateway; @param context of the actor */
  constructor(init: GatewayInit, context: ActorContext<GatewayContract>) {
    this.#init = init;
    this.#context = context;
    this.parts = new GatewayParts(init, context);
    this.#room = new ConnectionRoom({
      disk: new LightDisk(),
      path: storeShape(init.values).abort,
      clock: context.clock,
      outOfFiles: () => this.#outOfFiles(),
    });
  }

  /** Gets everything as it is now; the controller sends what changes from then on. */
  async subscribe(): Promise<void> {
    const snapshot = await this.#context.peer("controller").ask("subscribe", {
      name: this.#context.name,
      control: true,
    }, { timeoutMs: 10_000 });
    this.parts.applySnapshot(snapshot);
  }

  /** Opens the main and the fast port. */
  listen(): { port: number; fastPort: number } {
    const { values, reusePort } = this.#init;
    const mayServe = (connections: number): boolean => this.#room.isLeft(connections);
    const open = (port: number, fast: boolean): Listener => {
      const listener = tcpTransport.listen({ hostname: values.bindAddress, port, reusePort });
      this.#listeners.push(listener);
      this.#accepting.push(
        this.parts.gateway.accept(listener, fast, mayServe).catch((error) => this.#context.fail(error)),
      );
      return listener;
    };
    // Source: apache/rocketmq broker BrokerController (fast remoting server on listenPort − 2)
    return { port: open(values.listenPort, false).port, fastPort: open(values.listenPort - 2, true).port };
  }

  /** Connections come before files of queues that are kept open, and both leave files to the rest of the process. */
  #outOfFiles(): void {
    this.parts.giveFilesBack();
    this.#context.signal("outOfFiles", null);
  }

  /** Takes no more requests, answers what is parked, writes what is appended. */
  async drain(): Promise<null> {
    for (const listener of this.#listeners) listener.close();
    await Promise.all(this.#accepting);
    this.parts.gateway.stopReading();
    this.parts.pulls.answerAll();
    this.parts.flushOffsets();
    await this.#context.clock.sleep(0);
    return null;
  }

  /** Ends the loop and closes every connection. */
  stop(): void {
    this.#stopping = true;
    this.parts.bell.ring();
    for (const listener of this.#listeners) listener.close();
    this.parts.gateway.closeAll();
  }

  /** Takes turns until {@link stop}: wakes of parked pulls, acknowledgements that the device or the slaves allow, statistics. */
  async run(): Promise<void> {
    const { parts } = this;
    const hasWork = (): boolean => parts.hasWork();
    let nextTickMs = 0;
    try {
      while (!this.#stopping) {
        parts.takeWork();
        const nowMs = this.#context.clock.monotonicMs();
        if (nowMs >= nextTickMs) {
          nextTickMs = nowMs + TICK_MS;
          parts.tick(nowMs);
        }
        await parts.sleeper.sleep(hasWork);
      }
      parts.tick(this.#context.clock.monotonicMs());
    } catch (error) {
      this.#context.fail(error);
    }
  }

  /** Counters of this gateway. */
  report(): GatewayReport {
    const { gateway, pulls, writer, general, bell, release } = this.parts;
    return {
      ...gateway.counters,
      connections: gateway.connections.size,
      ...pulls.counters,
      writes: writer.counters.writes,
      writtenBytes: writer.counters.bytes,
      syncs: release.syncs,
      ...general.counters,
      missedBells: bell.missed,
    };
  }
}
