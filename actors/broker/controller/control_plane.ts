/**
 * The control plane: the state, everything that changes it, and the handlers of all requests, put together.
 *
 * Owns: the parts and how they are connected; the order of work on one connection.
 * Reads: the configuration files at its start.
 * Never: knows an actor. `broker_controller.ts` wraps it in a behaviour.
 */
import { isOneway, type RemotingCommand } from "../../../protocol/command.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { Clock } from "../../../store/clock.ts";
import type { ClientChannel } from "../../../store/client_channel.ts";
import type { Disk } from "../../../store/file/disk.ts";
import { readTextFile, writeTextFile } from "../../../store/file/json_file.ts";
import { Gauge } from "../../../store/gauges.ts";
import { TableFullError } from "../../../store/table_limit.ts";
import { DLQ_TOPIC_PREFIX, RETRY_TOPIC_PREFIX } from "../../../store/topic_names.ts";
import { TopicPerm } from "../../../store/topic_view.ts";
import type {
  BrokerControllerContract,
  BrokerControllerInit,
  ControlSnapshot,
  GetCount,
} from "../broker_controller_contract.ts";
import type { ReplicaRole } from "../failover/replica_role.ts";
import { isSlave } from "../ha/replication_rules.ts";
import { brokerRequests } from "./broker_requests.ts";
import { ChannelOrder } from "./channel_order.ts";
import { ClientChanges } from "./client_changes.ts";
import { clientRequests } from "./client_requests.ts";
import { ConfigFile, ConfigFiles } from "./config_files.ts";
import { ConfigSaver } from "./config_saver.ts";
import { ConfigurationChanges } from "./configuration_changes.ts";
import { consumeStatsRequests } from "./consume_stats_requests.ts";
import { GroupChanges } from "./group_changes.ts";
import { groupRequests } from "./group_requests.ts";
import { inspectionRequests } from "./inspection_requests.ts";
import { lockRequests } from "./lock_requests.ts";
import { LogLimit } from "./log_limit.ts";
import { MemberGroup } from "./member_group.ts";
import { memberRequests } from "./member_requests.ts";
import { OffsetChanges } from "./offset_changes.ts";
import { offsetRequests } from "./offset_requests.ts";
import type { Outputs } from "./outputs.ts";
import { queueRequests } from "./queue_requests.ts";
import { type NameServerCall, Registrar } from "./registrar.ts";
import { type Call, type HandlerTable, refuse, type Room } from "./request_desk.ts";
import { replicationRequests } from "./replication_requests.ts";
import { resetRequests } from "./reset_requests.ts";
import { SlaveSynchronize } from "./slave_synchronize.ts";
import { ControllerState } from "./state.ts";
import { PublicationError, Subscribers } from "./subscribers.ts";
import { TopicChanges } from "./topic_changes.ts";
import { topicRequests } from "./topic_requests.ts";

/** What the control plane works with. */
export interface ControlPlaneWorld {
  readonly clock: Clock;
  readonly disk: Disk;
  readonly outputs: Outputs;
  readonly callNameServer: NameServerCall;
  /** Tells that the other actor of an ask ended. */
  readonly isGone: (error: unknown) => boolean;
  /** A name server accepted the broker for the first time. */
  readonly registered: (nameServer: string) => void;
  /** Sends a request to the master of this slave and waits for its answer. */
  readonly callMaster: NameServerCall;
  /** A slave learned its master. */
  readonly master: (address: string, haAddress: string) => void;
}

/** Codes whose work on one connection must keep its order. */
const ORDERED_CODES: ReadonlySet<number> = new Set([RequestCode.HEART_BEAT, RequestCode.UNREGISTER_CLIENT]);

/** Queues of a topic that the transaction service needs. Source: apache/rocketmq broker TopicConfigManager.createTopicOfTranCheckMaxTime */
const TRANSACTION_TOPIC_QUEUES = 1;

type Asks = BrokerControllerContract["asks"];

/** The control plane of one broker. */
export class ControlPlane {
  readonly state: ControllerState;
  readonly registrar: Registrar;
  /** What a slave takes over from its master. */
  readonly slave: SlaveSynchronize;
  /** Brokers of this one's name, where slaves act as masters. */
  readonly members: MemberGroup;
  readonly #world: ControlPlaneWorld;
  readonly #subscribers: Subscribers;
  readonly #room: Room;
  readonly #handlers: HandlerTable;
  readonly #order = new ChannelOrder();
  readonly #failures: LogLimit;
  readonly #directory: string;
  readonly #role: ReplicaRole | undefined;
  #isSavingOffsets = false;
  #isStopped = false;

  /**
   * Loads the configuration files and puts system topics and groups in place.
   *
   * @param init start values
   * @param world what the control plane works with
   * @throws {ProtocolError} when a file and its backup are both unreadable
   * @throws {QueueTableError} when the topics have more queues than the queue table
   */
  constructor(init: BrokerControllerInit, world: ControlPlaneWorld) {
    this.#world = world;
    this.#failures = new LogLimit(world.clock, (text) => world.outputs.log("warn", text));
    this.#directory = `${init.configuration.values.storePathRootDir}/config`;
    const state = new ControllerState(init, world.clock);
    const files = new ConfigFiles(state);
    const saver = new ConfigSaver(world.clock, (name, text) => writeTextFile(world.disk, this.#path(name), text));
    for (const file of Object.values(ConfigFile)) {
      readTextFile(world.disk, this.#path(file), (text) => files.load(file, text));
      saver.define(file, () => files.encode(file));
    }
    const subscribers = new Subscribers(world.isGone);
    const { outputs } = world;
    const registrar = new Registrar(state, world.callNameServer, {
      ordered: (names) => this.#inBackground("mark order topics", topics.markOrdered(names)),
      master: (address, haAddress) => this.#follow(address, haAddress),
      accepted: world.registered,
      failed: (nameServer, reason) => outputs.log("warn", `Cannot register with name server ${nameServer}: ${reason}`),
    });
    const topics = new TopicChanges(state, { subscribers, saver, registrar, deleteQueues: outputs.deleteQueues });
    const groups = new GroupChanges(state, { subscribers, saver });
    const clients = new ClientChanges(state, { subscribers, topics, groups, outputs });
    const offsets = new OffsetChanges(state, subscribers);
    const configuration = new ConfigurationChanges(state, {
      subscribers,
      writeFile: (text) => {
        if (init.configurationPath !== undefined) writeTextFile(world.disk, init.configurationPath, text);
      },
      permissionChanged: async () => {
        state.topics.touch(state.nowMs());
        await Promise.all([saver.save(ConfigFile.Topics), registrar.registerAll()]);
      },
    });
    topics.start();
    groups.start();
    this.state = state;
    this.registrar = registrar;
    this.slave = new SlaveSynchronize({
      state,
      topics,
      groups,
      saver,
      disk: world.disk,
      directory: this.#directory,
      call: world.callMaster,
      log: outputs.log,
    });
    this.members = new MemberGroup({
      state,
      nameServers: () => registrar.nameServers(),
      callNameServer: world.callNameServer,
      callBroker: world.callMaster,
      follow: (address, haAddress) => this.#follow(address, haAddress),
      leave: () => this.slave.leave(),
      log: outputs.log,
    });
    this.#subscribers = subscribers;
    this.#room = { state, topics, groups, clients, offsets, configuration, files, saver, outputs };
    const members = memberRequests(this.#room, {
      members: this.members,
      // Its tables are taken over once it is registered: before that it may know less than this slave.
      followLog: (address, haAddress) => isSlave(state.values) && world.master(address, haAddress),
    });
    this.#handlers = { ...handlersOf(this.#room), ...members };
    this.#role = init.replicaRole;
    if (this.#role?.master !== undefined) this.slave.follow(this.#role.master.address);
  }

  /** Registers with every name server, once a master has taken over what was done in its absence. @returns how many accepted */
  async register(): Promise<number> {
    await this.members.prepare();
    return await this.registrar.registerAll();
  }

  /** Answers a request; null when it is one-way. What a handler throws becomes code 1. */
  async answer(call: Call): Promise<RemotingCommand | null> {
    const reply = await this.#answer(call);
    return isOneway(call.command) ? null : reply;
  }

  /** Makes a peer a subscriber. */
  subscribe({ name, control, configuration: wanted }: Asks["subscribe"]["request"]): ControlSnapshot {
    const link = this.#world.outputs.subscriberLink(name);
    this.#subscribers.add(name, { link, control, configuration: wanted ?? false });
    const { topics, groups, clients, offsets, configuration } = this.#room;
    return {
      topics: topics.snapshot(),
      groups: groups.snapshot(),
      subscriptions: clients.snapshot(),
      resets: offsets.snapshot(),
      configuration: configuration.snapshot(),
    };
  }

  /** Creates a topic that a gateway or the transaction service misses. */
  async ensureTopic(request: Asks["ensureTopic"]["request"]): Promise<Asks["ensureTopic"]["reply"]> {
    const { topic, kind, defaultTopic, defaultTopicQueueNums, topicSysFlag } = request;
    const { topics, state } = this.#room;
    const isFixed = kind !== "send" || topic.startsWith(RETRY_TOPIC_PREFIX) || topic.startsWith(DLQ_TOPIC_PREFIX);
    const entry = isFixed
      ? await topics.ensureFixed({
        topic,
        queueNums: kind === "transaction" ? TRANSACTION_TOPIC_QUEUES : Math.max(1, defaultTopicQueueNums),
        perm: TopicPerm.Read | TopicPerm.Write,
        order: false,
        topicSysFlag,
      })
      : await topics.ensureForSend({
        topic,
        defaultTopic,
        queueNums: defaultTopicQueueNums,
        topicSysFlag,
        autoCreate: state.values.autoCreateTopicEnable,
      });
    const version = this.#subscribers.versionOf("topics");
    const remark = entry === undefined ? `topic[${topic}] not exist, apply first please!` : undefined;
    return { entry: entry ?? null, version, remark };
  }

  /** Settings of a group that a gateway misses. */
  async ensureGroup({ group }: Asks["ensureGroup"]["request"]): Promise<Asks["ensureGroup"]["reply"]> {
    const config = await this.#room.groups.find(group);
    return { entry: config === undefined ? null : this.#room.groups.entryOf(config) };
  }

  /** Sends a request to a producer and waits for its answer. */
  async callProducer(
    { clientId, command, timeoutMs }: Asks["callProducer"]["request"],
  ): Promise<RemotingCommand | null> {
    const channel = this.state.producers.channelOf(clientId);
    return channel === undefined ? null : await this.#world.outputs.callClient(channel, command, timeoutMs);
  }

  /** A connection is gone. */
  channelClosed(channel: ClientChannel): void {
    this.#inBackground("leave of a client", this.#order.run(channel, () => this.#room.clients.channelClosed(channel)));
  }

  /** Commits that rode on pulls. What finds no room is dropped, and the log says so. */
  commitOffsets(commits: BrokerControllerContract["tells"]["offsets"]): void {
    let dropped = 0;
    for (const { group, topic, queueId, offset } of commits) {
      try {
        this.#room.offsets.commit(group, topic, queueId, offset);
      } catch (error) {
        if (!(error instanceof TableFullError)) throw error;
        dropped++;
      }
    }
    if (dropped > 0) this.#world.outputs.log("error", `Cannot keep ${dropped} offset commits: the table is full`);
  }

  /** A gateway answered a pull with a reset. */
  resetTaken(reset: BrokerControllerContract["tells"]["resetTaken"]): void {
    this.#inBackground("taken reset", this.#room.offsets.taken(reset));
  }

  /** Traffic of about one second. */
  countTraffic({ puts, gets, sendBacks }: BrokerControllerContract["tells"]["traffic"]): void {
    for (const count of puts) this.state.stats.put(count);
    for (const count of gets) this.#got(count);
    for (const { topic, group, count } of sendBacks) this.state.stats.sendBack(topic, group, count);
  }

  /**
   * Disables groups that read too far behind, when that is asked for. An operator enables them again.
   * Source: apache/rocketmq broker BrokerController.protectBroker
   */
  async protect(): Promise<void> {
    const { state } = this;
    if (!state.values.disableConsumeIfConsumerReadSlowly) return state.readLag.clear();
    const slow = state.readLag.slowGroups(
      state.values.consumerFallbehindThreshold,
      (topic, queueId) => state.maxOffset(topic, queueId),
    );
    for (const [group, behindBytes] of slow) {
      state.readLag.forget(group);
      if (!await this.#room.groups.disableConsume(group)) continue;
      this.#world.outputs.log("warn", `Group "${group}" is disabled: it reads ${behindBytes} bytes behind`);
    }
  }

  #got(count: GetCount): void {
    const { topic, group, queueId, nextOffset, behindBytes = 0 } = count;
    this.state.stats.got(count);
    if (nextOffset === undefined) return;
    this.state.offsets.commitPulled(group, topic, queueId, nextOffset);
    if (!this.state.values.disableConsumeIfConsumerReadSlowly) return;
    this.state.readLag.record({ group, topic, queueId, nextOffset, behindBytes });
  }

  /** Drops clients that have not been heard for too long. */
  async expireClients(): Promise<void> {
    await this.#room.clients.expire();
  }

  /**
   * Writes the offsets when they have changed, behind the messages that they call consumed: after a loss of power a group would pass over what is stored in their place.
   *
   * @throws {DiskError} when the disk refuses
   */
  async saveOffsets(): Promise<void> {
    const { offsets } = this.state;
    if (!offsets.dirty) return;
    const text = this.#room.files.encode(ConfigFile.Offsets);
    offsets.markSaved();
    let isSaved = false;
    this.#isSavingOffsets = true;
    try {
      const isSynced = await this.#room.outputs.syncLog();
      if (!isSynced || this.#isStopped) return;
      this.#room.saver.saveTextNow(ConfigFile.Offsets, text);
      isSaved = true;
    } finally {
      this.#isSavingOffsets = false;
      if (!isSaved) offsets.markUnsaved();
    }
  }

  /** Writes the filters of groups when they have changed. @throws {DiskError} when the disk refuses */
  saveFilters(): void {
    const { filters, values } = this.state;
    filters.clean(this.state.nowMs(), values.filterDataCleanTimeSpan);
    if (!filters.dirty) return;
    this.#room.saver.saveNow(ConfigFile.Filters);
    filters.markSaved();
  }

  /** Takes the totals of the day that ends. */
  turnDay(): void {
    const { days, gauges } = this.state;
    this.state.days = {
      putYesterday: days.putToday,
      getYesterday: days.getToday,
      putToday: gauges.get(Gauge.PutMessagesOfUsers),
      getToday: gauges.get(Gauge.GetMessagesOfUsers),
    };
  }

  /** Writes everything that is not written. The end of the broker. */
  stop(): void {
    this.members.stop();
    this.#room.saver.flush();
    // The log was synced before, in the order of the stop. What is on its way is older than this.
    this.#isStopped = true;
    if (this.#isSavingOffsets || this.state.offsets.dirty) this.#room.saver.saveNow(ConfigFile.Offsets);
    this.saveFilters();
  }

  async #answer(call: Call): Promise<RemotingCommand> {
    const handler = this.#handlers[call.command.code];
    if (handler === undefined) {
      const remark = ` request type ${call.command.code} not supported`;
      return refuse(call, ResponseCode.REQUEST_CODE_NOT_SUPPORTED, remark);
    }
    try {
      if (!ORDERED_CODES.has(call.command.code)) return await handler(call);
      return await this.#order.run(call.channel, () => handler(call));
    } catch (error) {
      const busy = error instanceof PublicationError || error instanceof TableFullError;
      const code = busy ? ResponseCode.SYSTEM_BUSY : ResponseCode.SYSTEM_ERROR;
      const text = error instanceof Error ? error.message : String(error);
      this.#failures.write(`Cannot answer request ${call.command.code} of ${call.remoteAddress}: ${text}`);
      return refuse(call, code, text);
    }
  }

  #follow(address: string, haAddress: string): void {
    // In a failover set the agreement says who is master; a name server may still know the one before.
    if (!isSlave(this.state.values) || this.#role !== undefined) return;
    this.#world.master(address, haAddress);
    if (this.slave.follow(address)) this.#inBackground("first take-over from the master", this.slave.syncAll());
  }

  #inBackground(what: string, work: Promise<unknown>): void {
    work.catch((error: unknown) => {
      const text = error instanceof Error ? error.message : String(error);
      this.#world.outputs.log("warn", `Cannot finish ${what}: ${text}`);
    });
  }

  #path(file: string): string {
    return `${this.#directory}/${file}`;
  }
}

function handlersOf(room: Room): HandlerTable {
  return {
    ...clientRequests(room),
    ...lockRequests(room),
    ...offsetRequests(room),
    ...resetRequests(room),
    ...queueRequests(room),
    ...topicRequests(room),
    ...groupRequests(room),
    ...consumeStatsRequests(room),
    ...inspectionRequests(room),
    ...brokerRequests(room),
    ...replicationRequests(room),
  };
}
