/**
 * Registration with the name servers.
 *
 * Owns: the registration of each name server: what still has to be told to it, and whether it ever accepted.
 * Reads: topics and configuration when a registration is sent.
 * Never: stops for one name server. All are told in parallel, each by itself in order, with a bounded time; what changes
 * while a registration is under way is told by one more when it ends.
 *
 * Source: apache/rocketmq broker BrokerController.registerBrokerAll, registerIncrementBrokerData, BrokerOuterAPI
 */
import { decodeKvTable } from "../../../protocol/kv_table.ts";
import { createRequest, type RemotingCommand } from "../../../protocol/command.ts";
import { bodyCrc } from "../../../protocol/crc32.ts";
import { encodeRegisterBrokerBody } from "../../../protocol/register_broker.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { TopicConfig } from "../../../protocol/topic_config.ts";
import { TopicPerm } from "../../../store/topic_view.ts";
import type { ControllerState } from "./state.ts";

/** How long an unregistration may take, milliseconds. Source: apache/rocketmq broker BrokerOuterAPI.unregisterBroker */
const UNREGISTER_TIMEOUT_MS = 3_000;

/** How long an unregistration waits for a registration that is under way, milliseconds. */
const SETTLE_TIMEOUT_MS = 1_000;

/** Sends a request to a name server and waits for its answer. */
export type NameServerCall = (address: string, command: RemotingCommand, timeoutMs: number) => Promise<RemotingCommand>;

/** What a registration tells the broker. */
export interface RegistrarEvents {
  /** Topics that the name server's order table names. */
  ordered(topics: readonly string[]): void;
  /** Address of the master and of its HA port, on a slave. */
  master(address: string, haAddress: string): void;
  /** A name server accepted for the first time. */
  accepted(nameServer: string): void;
  /** A name server refused or did not answer. */
  failed(nameServer: string, reason: string): void;
}

/** What has to be told: everything (`undefined`), or some topics. */
type Wanted = ReadonlyMap<string, TopicConfig> | undefined;

/** One name server: the registration under way and the one behind it. */
interface Line {
  running: Promise<boolean> | undefined;
  next: { wanted: Wanted; done: Promise<boolean>; resolve: (accepted: boolean) => void } | undefined;
  accepted: boolean;
}

/** Registers one broker. */
export class Registrar {
  readonly #state: ControllerState;
  readonly #call: NameServerCall;
  readonly #events: RegistrarEvents;
  readonly #lines = new Map<string, Line>();
  #closed = false;

  /**
   * @param state topics and configuration
   * @param call the way to a name server
   * @param events what registrations tell
   */
  constructor(state: ControllerState, call: NameServerCall, events: RegistrarEvents) {
    this.#state = state;
    this.#call = call;
    this.#events = events;
  }

  /** The name servers of the configuration, "host:port" each. */
  nameServers(): string[] {
    return this.#state.values.namesrvAddr.split(";").map((address) => address.trim()).filter((address) =>
      address !== ""
    );
  }

  /** Tells every topic to every name server. @returns how many accepted */
  async registerAll(): Promise<number> {
    return await this.#tell(undefined);
  }

  /** Tells changed topics to every name server. @returns how many accepted */
  async registerChanged(configs: Iterable<TopicConfig>): Promise<number> {
    return await this.#tell(new Map([...configs].map((config) => [config.topicName, config])));
  }

  /**
   * Tells every topic to one name server that was lost. That it is not back is no news and is not logged.
   *
   * @returns whether it accepted
   */
  async registerAgain(address: string): Promise<boolean> {
    return !this.#closed && await this.#queue(address, undefined, { isQuiet: true });
  }

  /** Takes the broker out of every name server and registers no more. */
  async unregister(): Promise<void> {
    this.#closed = true;
    await Promise.all(
      this.nameServers().map(async (address) => {
        const { brokerName, brokerClusterName, brokerId } = this.#state.values;
        const command = createRequest(RequestCode.UNREGISTER_BROKER, {
          brokerName,
          brokerAddr: this.#state.brokerAddress,
          clusterName: brokerClusterName,
          brokerId: String(brokerId),
        });
        try {
          const answer = await this.#call(address, command, UNREGISTER_TIMEOUT_MS);
          if (answer.code !== ResponseCode.SUCCESS) {
            this.#events.failed(address, answer.remark ?? `code ${answer.code}`);
          }
        } catch (error) {
          this.#events.failed(address, messageOf(error));
        }
      }),
    );
  }

  async #settled(address: string): Promise<void> {
    const running = this.#lines.get(address)?.running;
    if (running === undefined) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = this.#state.clock.setTimer(SETTLE_TIMEOUT_MS, resolve);
    await Promise.race([running, promise]);
    timer.cancel();
  }

  async #tell(wanted: Wanted): Promise<number> {
    if (this.#closed) return 0;
    const results = await Promise.all(this.nameServers().map((address) => this.#queue(address, wanted)));
    return results.filter((accepted) => accepted).length;
  }

  #queue(address: string, wanted: Wanted, options: { readonly isQuiet?: boolean } = {}): Promise<boolean> {
    let line = this.#lines.get(address);
    if (line === undefined) this.#lines.set(address, line = { running: undefined, next: undefined, accepted: false });
    if (line.running === undefined) return this.#run(address, line, wanted, options);
    if (line.next === undefined) {
      const { promise, resolve } = Promise.withResolvers<boolean>();
      line.next = { wanted, done: promise, resolve };
    } else {
      line.next.wanted = merge(line.next.wanted, wanted);
    }
    return line.next.done;
  }

  #run(
    address: string,
    line: Line,
    wanted: Wanted,
    options: { readonly isQuiet?: boolean } = {},
  ): Promise<boolean> {
    const running = this.#register(address, line, wanted, options).then((accepted) => {
      const next = line.next;
      line.running = undefined;
      line.next = undefined;
      if (next !== undefined) void this.#run(address, line, next.wanted).then(next.resolve);
      return accepted;
    });
    line.running = running;
    return running;
  }

  async #register(
    address: string,
    line: Line,
    wanted: Wanted,
    { isQuiet = false }: { readonly isQuiet?: boolean },
  ): Promise<boolean> {
    if (this.#closed || this.#state.lease?.isOver === true) return false;
    try {
      const answer = await this.#call(address, this.#command(wanted), this.#state.values.registerBrokerTimeoutMills);
      if (answer.code !== ResponseCode.SUCCESS) {
        this.#events.failed(address, answer.remark ?? `code ${answer.code}`);
        return false;
      }
      this.#accept(address, line, answer);
      return true;
    } catch (error) {
      if (!isQuiet) this.#events.failed(address, messageOf(error));
      return false;
    }
  }

  #accept(address: string, line: Line, answer: RemotingCommand): void {
    if (!line.accepted) this.#events.accepted(address);
    line.accepted = true;
    const { masterAddr, haServerAddr } = answer.ext;
    if (masterAddr !== undefined && haServerAddr !== undefined) this.#events.master(masterAddr, haServerAddr);
    if (answer.body.length > 0) this.#events.ordered([...decodeKvTable(answer.body).table.keys()]);
  }

  #command(wanted: Wanted): RemotingCommand {
    const { values, topics } = this.#state;
    const configs = wanted === undefined ? topics.configs() : wanted.values();
    const body = encodeRegisterBrokerBody({
      filterServerList: [],
      topicConfigSerializeWrapper: {
        dataVersion: topics.version,
        mappingDataVersion: { stateVersion: 0, timestamp: this.#state.nowMs(), counter: 0 },
        topicConfigTable: new Map([...configs].map((config) => [config.topicName, this.#masked(config)])),
        topicQueueMappingDetailMap: new Map(),
        topicQueueMappingInfoMap: new Map(),
      },
    });
    const ext: Record<string, string> = {
      brokerName: values.brokerName,
      brokerAddr: this.#state.brokerAddress,
      clusterName: values.brokerClusterName,
      haServerAddr: this.#state.haAddress,
      brokerId: String(values.brokerId),
      enableActingMaster: String(values.enableSlaveActingMaster),
      compressed: "false",
      bodyCrc32: String(bodyCrc(body)),
    };
    if (values.enableSlaveActingMaster) ext.heartbeatTimeoutMillis = String(values.brokerNotActiveTimeoutMillis);
    return createRequest(RequestCode.REGISTER_BROKER, ext, body);
  }

  /** A broker that may not be read or written says so for each topic. */
  #masked(config: TopicConfig): TopicConfig {
    const broker = this.#state.values.brokerPermission;
    const full = TopicPerm.Read | TopicPerm.Write;
    return (broker & full) === full ? config : { ...config, perm: config.perm & broker };
  }
}

function merge(left: Wanted, right: Wanted): Wanted {
  return left === undefined || right === undefined ? undefined : new Map([...left, ...right]);
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
