/**
 * A whole broker in this process, with handles on its actors.
 *
 * Owns: its folder, ports and clients, which are gone when the body ends. Reads: nothing. Never: shares anything between tests.
 *
 * @module
 */
import { assert, assertEquals } from "@std/assert";
import { readBrokerConfiguration } from "../../actors/broker/broker_configuration.ts";
import type { BrokerValues } from "../../actors/broker/broker_configuration.ts";
import { startBroker } from "../../actors/broker/broker.ts";
import { type SupervisedBroker, type SupervisedOptions, thisMachine } from "../../actors/broker/broker_options.ts";
import type { ActorHandle } from "../../actors/kernel/contract.ts";
import { workersRunning } from "../../actors/kernel/worker_count.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { topicFields, type TopicOptions } from "../conformance/broker_requests.ts";
import { freeBrokerPort } from "../../tools/free_ports.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";

/** Longest wait of these tests; a machine under load needs it, another one never comes near. Milliseconds. */
export const PATIENCE_MS = 60_000;

/** Names of a broker's actors. */
export type ActorName =
  | "controller"
  | "commit-log"
  | "flush-log"
  | "reput"
  | "flush-queues"
  | "hold"
  | "cold-read"
  | "schedule"
  | "transactions"
  | "timer"
  | "housekeeping"
  | "ha-service"
  | "ha-client"
  | "group-transfer"
  | "gateway-0"
  | "gateway-1";

/** What a test works with. */
export interface BrokerBench {
  readonly broker: SupervisedBroker;
  readonly address: string;
  readonly fastAddress: string;
  readonly root: string;
  /** What the actors logged. */
  readonly logs: readonly string[];
  /** A connection of its own, closed when the test ends. */
  client(): Promise<RawClient>;
  /** Makes a topic. */
  topic(name: string, options?: TopicOptions): Promise<void>;
  /** An actor's present incarnation. */
  actor(name: ActorName): ActorHandle;
  /** Starts an actor that sleeps until it is needed; harmless when it is up. */
  wake(name: ActorName): Promise<void>;
  /** Number of an actor's incarnation, and whether it is up. */
  incarnation(name: ActorName): { readonly epoch: number; readonly isUp: boolean };
  /** Runs a body while an actor is paused, and lets it go on afterwards. */
  whilePaused(name: ActorName, body: () => Promise<void>): Promise<void>;
  /** Runs a body while nothing comes to the device, as if that took long, and lets it go on afterwards. */
  whileUnsynced(body: () => Promise<void>): Promise<void>;
}

/** How the broker is started. */
export interface BenchOptions {
  readonly settings?: Partial<BrokerValues>;
  readonly ringBytes?: number;
  /** Gateways that share the ports; 1 when left out. */
  readonly gateways?: number;
  /** Folder that stays; one of its own when left out, removed at the end. */
  readonly root?: string;
  /** Role in a failover set, and what goes with it. */
  readonly replica?: Pick<SupervisedOptions, "replicaRole" | "truncateTo" | "failover">;
  /** Exit code that the stop must give; 0 when left out. */
  readonly expectedExit?: number;
}

/** Brokers that run in each other's bodies. */
let depth = 0;

/** Small files and a small ring, so that a test reaches their ends. */
const SMALL = {
  mappedFileSizeCommitLog: 4 * 1024 * 1024,
  mappedFileSizeConsumeQueue: 20_000,
  maxHashSlotNum: 1000,
  maxIndexNum: 4000,
  maxMessageSize: 128 * 1024,
  diskMaxUsedSpaceRatio: 98,
  waitTimeMillsInSendQueue: 60_000,
  // One slow write of a busy machine must not have sends refused while a test holds the flush service still.
  osPageCacheBusyTimeOutMills: 60_000,
} as const satisfies Partial<BrokerValues>;

/** Bytes of the ring that these tests use: the smallest that fits {@link SMALL}. */
export const SMALL_RING_BYTES = 1024 * 1024;

/**
 * Runs a body with a broker, and stops that.
 *
 * @param options How it is configured.
 * @param body The test.
 */
export async function withBroker(options: BenchOptions, body: (bench: BrokerBench) => Promise<void>): Promise<void> {
  // A broker beside this one may wake an actor meanwhile, so the outermost looks at the workers of all.
  const before = depth++ === 0 ? workersRunning().length : undefined;
  const root = options.root ?? await Deno.makeTempDir({ prefix: "ringmq-broker-" });
  const clients: RawClient[] = [];
  const logs: string[] = [];
  const port = freeBrokerPort();
  try {
    const broker = await startBroker({
      configuration: readBrokerConfiguration({}, thisMachine()),
      settings: {
        ...SMALL,
        storePathRootDir: `${root}/store`,
        storePathCommitLog: `${root}/store/commitlog`,
        listenPort: port,
        brokerIP1: "127.0.0.1",
        ...options.settings,
      },
      ringBytes: options.ringBytes ?? SMALL_RING_BYTES,
      gateways: options.gateways ?? 1,
      onLog: (level, text) => logs.push(`${level} ${text}`),
      ...options.replica,
    });
    try {
      await body(benchOf(broker, { port, root, logs, clients }));
      broker.memory.check();
    } finally {
      for (const client of clients) client[Symbol.dispose]();
      assertEquals(await broker.stop(), options.expectedExit ?? 0, logs.join("\n"));
    }
  } finally {
    depth--;
    if (options.root === undefined) await Deno.remove(root, { recursive: true });
  }
  if (before !== undefined) assertEquals(workersRunning().length, before);
}

function benchOf(
  broker: SupervisedBroker,
  parts: { readonly port: number; readonly root: string; readonly logs: string[]; readonly clients: RawClient[] },
): BrokerBench {
  const { port, root, logs, clients } = parts;
  const { gateways, ...others } = broker.children;
  const children = [...Object.values(others), ...gateways].filter((child) => child !== undefined);
  const address = `127.0.0.1:${port}`;
  const childOf = (name: ActorName): Parameters<typeof broker.supervisor.ref>[0] => {
    const child = children.find((each) => each.name === name);
    assert(child !== undefined, `no actor is called "${name}"`);
    return child as Parameters<typeof broker.supervisor.ref>[0];
  };
  const actor = (name: ActorName): ActorHandle => broker.supervisor.ref(childOf(name));
  const wake = (name: ActorName): Promise<void> => broker.supervisor.wake(childOf(name));
  const client = async (): Promise<RawClient> => {
    const made = await RawClient.connect(address);
    clients.push(made);
    return made;
  };
  return {
    broker,
    address,
    fastAddress: `127.0.0.1:${port - 2}`,
    root,
    logs,
    client,
    actor,
    wake,
    topic: async (name, options = {}) => {
      using maker = await RawClient.connect(address);
      const fields = topicFields(name, options);
      const answer = await maker.call(RequestCode.UPDATE_AND_CREATE_TOPIC, fields, "", { timeoutMs: PATIENCE_MS });
      assertEquals(answer.code, 0, answer.remark);
    },
    incarnation: (name) => {
      const found = broker.supervisor.gauges().find(({ child }) => child === name);
      assert(found !== undefined, `no actor is called "${name}"`);
      return { epoch: found.epoch, isUp: found.gauges !== undefined };
    },
    whilePaused: async (name, body) => {
      await wake(name);
      const paused = actor(name);
      await paused.pause({ timeoutMs: PATIENCE_MS });
      try {
        await body();
      } finally {
        paused.resume();
      }
    },
    whileUnsynced: async (body) => {
      const { syncLock } = broker.memory;
      await until(() => syncLock.tryAcquire(), { timeoutMs: PATIENCE_MS, what: "a moment in which nobody syncs" });
      try {
        await body();
      } finally {
        syncLock.release();
      }
    },
  };
}

/** Sends that the short paths of the first gateway took so far. */
export async function shortSends(bench: BrokerBench): Promise<number> {
  const gateway = bench.broker.supervisor.ref(bench.broker.children.gateways[0]!);
  return (await gateway.ask("counters", null, { timeoutMs: PATIENCE_MS })).shortSends;
}

/** Waits until an actor runs in a later incarnation. */
export async function untilRestarted(bench: BrokerBench, name: ActorName, epoch: number): Promise<void> {
  await until(() => {
    const now = bench.incarnation(name);
    return now.epoch >= epoch && now.isUp;
  }, { timeoutMs: PATIENCE_MS, what: `incarnation ${epoch} of "${name}"` });
}
