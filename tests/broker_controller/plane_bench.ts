/**
 * A control plane with everything around it made by hand: a memory disk, a clock that stands still, recorded pushes.
 *
 * Owns: the parts of the world.
 * Reads: what a test tells it.
 * Never: opens a socket or a file.
 */
import { createRequest, type ExtFields, type RemotingCommand } from "../../protocol/command.ts";
import type { ClientChannel } from "../../store/client_channel.ts";
import { type Clock, sleepOn, systemClock, type Timer } from "../../store/clock.ts";
import { MemoryDisk } from "../../store/file/memory_disk.ts";
import { createGauges } from "../../store/gauges.ts";
import type { RecoveredQueue } from "../../store/queue_slots.ts";
import { readBrokerConfiguration } from "../../actors/broker/broker_configuration.ts";
import { ControlPlane } from "../../actors/broker/controller/control_plane.ts";
import type { DelayOffsets, Outputs, QueuePoint } from "../../actors/broker/controller/outputs.ts";
import type { SnapshotKind } from "../../actors/broker/controller/subscribers.ts";

/** Wall time that stands still; timers are those of the machine. */
export class StandingClock implements Clock {
  now = 1_795_254_000_000;

  nowMs(): number {
    return this.now;
  }

  monotonicMs(): number {
    return systemClock.monotonicMs();
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return sleepOn(this, ms, signal);
  }

  setTimer(ms: number, fn: () => void): Timer {
    return systemClock.setTimer(ms, fn);
  }
}

/** What a test decides of a bench. */
export interface BenchOptions {
  /** Lines of broker.conf. */
  readonly conf?: string;
  /** Files of the configuration directory by name. */
  readonly files?: Readonly<Record<string, string>>;
  readonly queues?: readonly RecoveredQueue[];
  /** Store time of a message, milliseconds; −1 when it is not there. */
  readonly storeTime?: (point: QueuePoint) => number;
  /** Answers requests that go to clients. */
  readonly client?: (channel: ClientChannel, request: RemotingCommand) => RemotingCommand | Promise<RemotingCommand>;
  /** Answers requests that go to name servers. */
  readonly nameServer?: (address: string, request: RemotingCommand) => Promise<RemotingCommand>;
  readonly coldReads?: Partial<Outputs["coldReads"]>;
  readonly delayOffsets?: DelayOffsets;
  /** Brings the log to the device; it is there when left out. */
  readonly syncLog?: () => Promise<boolean>;
}

/** Directory of the configuration files on the memory disk. */
export const CONFIG_DIRECTORY = "/store/config";

/** An update as a subscriber got it. */
export interface GivenUpdate {
  readonly name: string;
  readonly kind: SnapshotKind;
  readonly update: { readonly version: number };
}

/** A control plane and its world. */
export class PlaneBench {
  readonly clock = new StandingClock();
  readonly disk = new MemoryDisk();
  readonly pushes: { channel: ClientChannel; command: RemotingCommand }[] = [];
  readonly closed: ClientChannel[] = [];
  readonly logs: string[] = [];
  readonly flushes: number[] = [];
  readonly given: GivenUpdate[] = [];
  readonly housekeeping: string[] = [];
  readonly registered: string[] = [];
  /** Called before a subscriber acknowledges. */
  acknowledge: (given: GivenUpdate) => Promise<void> = () => Promise.resolve();
  readonly plane: ControlPlane;

  /** @param options what the test decides */
  constructor(options: BenchOptions = {}) {
    this.disk.makeDirectory(CONFIG_DIRECTORY);
    for (const [name, text] of Object.entries(options.files ?? {})) {
      this.disk.writeFile(`${CONFIG_DIRECTORY}/${name}`, new TextEncoder().encode(text));
    }
    const file = `brokerName=broker-a\nbrokerIP1=127.0.0.1\nbrokerIP2=127.0.0.1\nstorePathRootDir=/store\n${
      options.conf ?? ""
    }`;
    this.plane = new ControlPlane({
      configuration: readBrokerConfiguration({ file }, {
        hostName: "host",
        localAddress: "192.0.2.1",
        homeDirectory: "/home",
      }),
      configurationPath: "/broker.conf",
      gauges: createGauges(),
      gateways: ["gateway-0", "gateway-1"],
      queues: [...options.queues ?? []],
      bootTimestamp: this.clock.now,
      memoryBytes: 1 << 30,
    }, {
      clock: this.clock,
      disk: this.disk,
      outputs: this.#outputs(options),
      callNameServer: (address, command) =>
        options.nameServer?.(address, command) ?? Promise.reject(new Error("no name server")),
      callMaster: () => Promise.reject(new Error("no master")),
      isGone: (error) => error instanceof Error && error.name === "Gone",
      registered: (nameServer) => this.registered.push(nameServer),
      master: () => {},
    });
  }

  /** Sends a request and returns the answer; null when it is one-way. */
  ask(
    command: RemotingCommand,
    channel = 1,
    remoteAddress = `127.0.0.1:${40000 + channel}`,
  ): Promise<RemotingCommand | null> {
    return this.plane.answer({ command, channel: { gateway: 0, channel }, remoteAddress });
  }

  /** Sends a request made of its parts and returns the answer. */
  async request(code: number, ext: ExtFields = {}, body?: Uint8Array, channel = 1): Promise<RemotingCommand> {
    const answer = await this.ask(createRequest(code, ext, body), channel);
    if (answer === null) throw new TypeError(`Request ${code} was not answered`);
    return answer;
  }

  /** Text of a configuration file, or undefined. */
  file(name: string): string | undefined {
    const path = `${CONFIG_DIRECTORY}/${name}`;
    return this.disk.exists(path) ? new TextDecoder().decode(this.disk.readFile(path)) : undefined;
  }

  #outputs(options: BenchOptions): Outputs {
    const note = (what: string) => (): Promise<void> => {
      this.housekeeping.push(what);
      return Promise.resolve();
    };
    return {
      coldReads: {
        storeTimes: (points) => Promise.resolve(points.map((point) => options.storeTime?.(point) ?? -1)),
        offsetByTime: () => Promise.resolve(0),
        readMessage: () => Promise.resolve(null),
        queueUnits: () => Promise.resolve({ units: [], minOffset: 0, maxOffset: 0 }),
        ...options.coldReads,
      },
      deleteQueues: (topics) => {
        this.housekeeping.push(`delete ${topics.join(" ")}`);
        return Promise.resolve();
      },
      housekeeping: {
        cleanExpiredConsumeQueues: note("queues"),
        cleanUnusedTopics: (keep) => note(`topics ${keep.length}`)(),
        deleteExpiredCommitLog: note("log"),
        diskUse: () => Promise.resolve(undefined),
      },
      push: (channel, command) => void this.pushes.push({ channel, command }),
      callClient: (channel, command) => {
        if (options.client === undefined) return Promise.reject(new Error("channel is gone"));
        return Promise.resolve(options.client(channel, command));
      },
      closeChannel: (channel) => void this.closed.push(channel),
      flushOffsets: (except) => {
        this.flushes.push(except);
        return Promise.resolve();
      },
      replication: { slaves: () => Promise.resolve(undefined), master: () => Promise.resolve(undefined) },
      syncLog: () => options.syncLog?.() ?? Promise.resolve(true),
      delayOffsets: () => Promise.resolve(options.delayOffsets ?? { text: '{"offsetTable":{}}', levels: [] }),
      subscriberLink: (name) => ({
        connected: true,
        give: async (kind, update) => {
          this.given.push({ name, kind, update });
          await this.acknowledge({ name, kind, update });
          return { version: update.version };
        },
      }),
      log: (level, text) => void this.logs.push(`${level} ${text}`),
    };
  }
}
