/**
 * HAService: sends the log to slaves and keeps the table of what they have confirmed.
 *
 * It owns the HA port and the connections of slaves. It follows `written`, as dispatch does. With it paused sends go on, but those of a SYNC_MASTER are not confirmed. When it crashes, slaves connect again.
 *
 * Source: apache/rocketmq store/ha/DefaultHAService.java
 */
import type { ActorContext, Behaviour } from "../../kernel/contract.ts";
import { type Connection, type Listener, tcpTransport } from "../../net/transport.ts";
import { Gauge, Gauges } from "../../../store/gauges.ts";
import { LogReader } from "../../../store/log_reader.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { ReplicationTable, SLAVES_MAX } from "../../../store/memory/replication_table.ts";
import { type BrokerActorInit, openStore } from "../broker_init.ts";
import { NearSleep } from "../near_sleep.ts";
import { Confirmations } from "./confirmations.ts";
import { HaConnection, type HaConnectionParts } from "./ha_connection.ts";
import type { HaServiceContract, SlaveReport } from "./ha_contract.ts";
import { SwitchService } from "../failover/switch_service.ts";
import { ReplicationRules } from "./replication_rules.ts";
import { PlainSlave } from "./slave_dialect.ts";

/** How often silent slaves are looked for. Milliseconds. */
const EXPIRE_EVERY_MS = 1000;

/** Connections at most: those that have not reported yet, besides the slaves. */
const CONNECTIONS_MAX = 2 * SLAVES_MAX;

/** Starts the behaviour: listens at once. */
export function startHaService(
  init: BrokerActorInit,
  context: ActorContext<HaServiceContract>,
): Behaviour<HaServiceContract> {
  const service = new HaService(init, context);
  service.listen();
  return {
    asks: { slaves: () => ({ slaves: service.slaves(), end: service.end }) },
    tells: { alias: ({ from, address }) => service.alias(from, address) },
    stop: () => service.stop(),
  };
}

/** The behaviour's state. */
export class HaService {
  readonly #init: BrokerActorInit;
  readonly #context: ActorContext<HaServiceContract>;
  readonly #parts: HaConnectionParts;
  readonly #gauges: Gauges;
  readonly #switch: SwitchService | undefined;
  readonly #connections = new Map<HaConnection, Promise<void>>();
  readonly #aliases = new Map<string, string>();
  #listener: Listener | undefined;
  #accepting: Promise<void> = Promise.resolve();
  #timer: { cancel(): void } | undefined;

  /** @param init shared memory and configuration; @param context of the actor */
  constructor(init: BrokerActorInit, context: ActorContext<HaServiceContract>) {
    const { values, replicaRole: role } = init;
    const memory = new LogMemory(init.memory.log);
    const table = new ReplicationTable(init.memory.replication);
    const confirmations = new Confirmations(init, memory, table);
    const gauges = new Gauges(init.gauges);
    table.releaseAll();
    this.#init = init;
    this.#context = context;
    this.#gauges = gauges;
    this.#parts = {
      memory,
      reader: new LogReader(memory, openStore(values, "read", 16).commitLog),
      table,
      clock: context.clock,
      settings: {
        fileBytes: values.mappedFileSizeCommitLog,
        batchBytes: Math.max(1, values.haTransferBatchSize),
        secondBytesMax: values.haFlowControlEnable ? Math.max(1, values.maxHaTransferByteInSecond) : Infinity,
        heartbeatMs: values.haSendHeartbeatInterval,
        silenceMs: values.haHousekeepingInterval,
      },
      confirmations,
      sleep: {
        clock: context.clock,
        bell: memory.writtenBell,
        near: new NearSleep(context, memory.writtenBell),
        isAwaited: new ReplicationRules(values, role !== undefined).waits,
        isQuiet: () => context.ownsThread && this.#isQuiet(),
      },
      confirmed: (connection, change) => {
        if (change !== "more") {
          gauges.set(Gauge.SlavesConnected, table.slaves);
          confirmations.changed();
        }
        this.#switch?.changed(connection, change, this.#connections.keys());
      },
      gate: () => context.gate(),
      log: (level, text) => context.signal("log", { level, text: `Replication: ${text}` }),
    };
    this.#switch = role === undefined ? undefined : new SwitchService({
      init,
      role,
      memory,
      clock: context.clock,
      wish: (wanted) => context.signal("syncStateSet", { wanted: [...wanted] }),
    });
  }

  /** Opens the port. @throws {NetError} `LISTEN_FAILED` */
  listen(): void {
    const { bindAddress, haListenPort } = this.#init.values;
    this.#listener = tcpTransport.listen({ hostname: bindAddress, port: haListenPort });
    this.#accepting = this.#accept(this.#listener).catch((error) => this.#context.fail(error));
    this.#expire();
  }

  /** The slaves that have reported. */
  slaves(): SlaveReport[] {
    const reports = [...this.#connections.keys()].map(({ report }) => report).filter((report) => report !== undefined);
    const switching = this.#switch;
    if (switching === undefined) return reports;
    return reports.map((report) => ({ ...report, isMember: switching.isMember(report.brokerId) }));
  }

  /** Position behind what may be sent. */
  get end(): number {
    return this.#parts.reader.end;
  }

  /** Names the slave whose connection comes from an address. */
  alias(from: string, address: string): void {
    const connection = [...this.#connections.keys()].find(({ remoteAddress }) => remoteAddress === from);
    if (connection === undefined) this.#aliases.set(from, address);
    else connection.alias = address;
  }

  /** Ends every connection. */
  async stop(): Promise<void> {
    this.#timer?.cancel();
    this.#listener?.close();
    await this.#accepting;
    for (const connection of this.#connections.keys()) connection.close();
    await Promise.all(this.#connections.values());
    this.#gauges.set(Gauge.SlavesConnected, 0);
  }

  #isQuiet(): boolean {
    for (const connection of this.#connections.keys()) if (connection.isOwed) return false;
    return true;
  }

  async #accept(listener: Listener): Promise<void> {
    for await (const socket of listener) this.#serve(socket);
  }

  #serve(socket: Connection): void {
    if (this.#connections.size >= CONNECTIONS_MAX) return socket.close();
    const dialect = this.#switch?.dialect() ?? new PlainSlave();
    const connection = new HaConnection(socket, dialect, this.#parts);
    connection.alias = this.#aliases.get(socket.remoteAddress);
    this.#aliases.delete(socket.remoteAddress);
    const served = connection.run().finally(() => this.#connections.delete(connection));
    this.#connections.set(connection, served);
  }

  #expire(): void {
    const nowMs = this.#context.clock.monotonicMs();
    for (const connection of this.#connections.keys()) connection.expire(nowMs);
    this.#switch?.look();
    this.#timer = this.#context.clock.setTimer(EXPIRE_EVERY_MS, () => this.#expire());
  }
}
