/**
 * The parts of a gateway and how they hang together.
 *
 * It owns no logic of its own beyond wiring: which part asks whom, and the batches (offset commits, traffic) that are told from time to time.
 */
import { FilterCache } from "../../../store/filter/filter_cache.ts";
import type { ActorContext, PeerRef } from "../../kernel/contract.ts";
import type { RemotingCommand } from "../../../protocol/command.ts";
import { createResponse } from "../../../protocol/command.ts";
import { encodeFrame } from "../../../protocol/frame.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { parseDelayLevels } from "../../../store/delay_levels.ts";
import { GaugeBatch, Gauges } from "../../../store/gauges.ts";
import { type LogAppender, PlaceRefusal } from "../../../store/log_appender.ts";
import { LogReader } from "../../../store/log_reader.ts";
import { LogSync } from "../../../store/log_sync.ts";
import type { LogWriter } from "../../../store/log_writer.ts";
import type { BellSleeper, Doorbell } from "../../../store/memory/doorbell.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { TokenRing } from "../../../store/memory/token_ring.ts";
import { RecordAppender } from "../../../store/record_appender.ts";
import { type TopicEntry, type TopicUpdate, TopicView } from "../../../store/topic_view.ts";
import type { ConfigurationUpdate, ControlSnapshot, OffsetCommit } from "../broker_controller_contract.ts";
import { awake } from "../awake.ts";
import { openStore, type StoreHandles } from "../broker_init.ts";
import { gatewayBells } from "../broker_memory.ts";
import type { ColdReadContract } from "../cold_read_contract.ts";
import { logAppenderOf, logWriterOf, type LogWriterParts } from "../log_writer_of.ts";
import { commitCaller } from "../flush/commit_rule.ts";
import { isWrittenLater } from "../write_mode.ts";
import { isSlave } from "../ha/replication_rules.ts";
import { AckQueue } from "./ack_hold.ts";
import { AckRelease } from "./ack_release.ts";
import { AckEncoder } from "./answer_bytes.ts";
import { ClientCalls } from "./client_calls.ts";
import { BatchPath } from "./batch_path.ts";
import { type GatewayConnection, hostBytes } from "./connection.ts";
import { ControlView } from "./control_view.ts";
import { Gateway } from "./gateway.ts";
import type { GatewayContract, GatewayInit } from "./gateway_contract.ts";
import { EndGatherer } from "./end_gatherer.ts";
import { GatewayGeneralPath } from "./general_path.ts";
import { GatewayReplication } from "./gateway_replication.ts";
import { GeneralSend, type PendingAck } from "./general_send.ts";
import { leaseFence } from "./lease_fence.ts";
import { NameLookup } from "./name_lookup.ts";
import { PlannedRead, WarmGate } from "./planned_read.ts";
import { ProgressAnswers } from "./progress_answers.ts";
import { PullService } from "./pull_service.ts";
import { QueueReaders } from "./queue_readers.ts";
import { RecallMessage, type RecallSettings } from "./recall_message.ts";
import { TimerState } from "./timer_state.ts";
import { timerRules } from "../timer/timer_rules.ts";
import { SendBack, type SendBackHelp } from "./send_back.ts";
import { SendReply, type SendReplyHelp } from "./send_reply.ts";
import { SendPath, type SendPathParts } from "./send_path.ts";
import { isPlain, ServedTopic } from "./served_topic.ts";
import { pullRefusalOf, sendRefusalOf, slaveRejection } from "./slave_refusals.ts";
import { TrafficMeter } from "./traffic_meter.ts";
import { openHoldDoor } from "./hold_door.ts";

/** How long a gateway waits for BrokerController or ColdReadService. Milliseconds. */
const ASK_MS = 10_000;

/** Longest sleep between two looks at wakes and acknowledgements. Milliseconds. */
const IDLE_MS = 1000;

/** Commits that ride on pulls are told when so many wait, or at the next tick. */
const COMMITS_MAX = 1024;

/** Open consume-queue files of one gateway at most. */
const QUEUE_HANDLES_MAX = 4096;

/** Connections of two gateways, or of one before and after a crash, have no number in common. */
const CHANNELS_PER_GATEWAY = 2 ** 40;
const CHANNELS_PER_INCARNATION = 2 ** 32;

/** Everything that serves requests on one gateway. */
export class GatewayParts {
  readonly view: TopicView = new TopicView();
  readonly control: ControlView = new ControlView();
  readonly gateway: Gateway;
  readonly pulls: PullService;
  readonly general: GatewayGeneralPath;
  readonly writer: LogWriter;
  /** When acknowledgements leave that wait. */
  readonly release: AckRelease;
  readonly bell: Doorbell;
  /** The sleep of this gateway's loop. */
  readonly sleeper: BellSleeper;
  readonly #init: GatewayInit;
  readonly #context: ActorContext<GatewayContract>;
  readonly #memory: LogMemory;
  readonly #store: StoreHandles;
  readonly #topics: NameLookup<ServedTopic>;
  readonly #acks = new AckQueue();
  readonly #filters = new FilterCache();
  readonly #calls: ClientCalls;
  readonly #appender: LogAppender;
  readonly #records: RecordAppender;
  readonly #meter: TrafficMeter;
  readonly #wakes: TokenRing;
  readonly #queues: QueueReaders;
  readonly #settings: RecallSettings;
  readonly #timerState: TimerState;
  readonly #replication: GatewayReplication;
  #commits: OffsetCommit[] = [];
  #sendBacks = new Map<string, { group: string; topic: string; count: number }>();
  #spread = 0;
  #turnsSeen = 0;

  /** @param init of this gateway; @param context of the actor */
  constructor(init: GatewayInit, context: ActorContext<GatewayContract>) {
    const { values } = init;
    this.#init = init;
    this.#context = context;
    const memory = this.#memory = new LogMemory(init.memory.log);
    this.#store = openStore(values, "write", QUEUE_HANDLES_MAX);
    this.#queues = new QueueReaders(this.#store, this.view.queues);
    this.#replication = new GatewayReplication(init, memory);
    const markDirty = (connection: GatewayConnection): void => this.gateway.markDirty(connection);
    const acks = this.#acks;
    this.bell = memory.waiterBell(init.index);
    this.sleeper = this.bell.sleeper(IDLE_MS);
    const sync = new LogSync(memory, this.#store.commitLog, gatewayBells(memory, init.index));
    const reads = (): number => this.gateway.counters.reads;
    const loop = { sleeper: this.sleeper, hasOther: () => !this.#wakes.isEmpty, reads };
    const waits = { values, memory, acks, replication: this.#replication, sync, loop, clock: context.clock, markDirty };
    // What another thread writes later no slave has soon.
    this.release = new AckRelease({ ...waits, mayBlock: context.ownsThread && !isWrittenLater(values) });
    this.#settings = this.#sendSettings();
    this.#topics = new NameLookup((name) => this.#serve(name));
    this.#meter = new TrafficMeter(new GaugeBatch(new Gauges(init.gauges)));
    const log = this.#logParts();
    this.#appender = logAppenderOf(log);
    this.#records = new RecordAppender(memory, this.#appender, this.view.queues, values.enabledAppendPropCRC);
    this.#wakes = new TokenRing(init.memory.wakes[init.index]!);
    // With SYNC_FLUSH the end of the turn decides who syncs.
    this.writer = logWriterOf({ ...log, leavesSync: values.flushDiskType === "SYNC_FLUSH" });
    this.#calls = new ClientCalls(context.clock, markDirty);
    this.#timerState = new TimerState(values, this.#store, context);
    const help = this.#sendHelp();
    const sends = new GeneralSend(this.#settings, help);
    const ends = new EndGatherer(async (headers) => {
      const transactions = await awake(context, context.peer("transactions"), "transactions");
      return await transactions.ask("ends", headers, { timeoutMs: ASK_MS });
    });
    const { storeReplyMessageEnable } = values;
    const address = `${values.brokerIP1}:${values.listenPort}`;
    this.general = new GatewayGeneralPath({
      sends,
      replies: new SendReply({ ...this.#settings, storeReplyMessageEnable, address }, help, sends),
      recalls: new RecallMessage(this.#settings, help, sends),
      timerState: (command) => this.#timerState.ask(command),
      progress: new ProgressAnswers({ memory, clock: context.clock, awaitsSet: this.#replication.awaitsSet }),
      sendBack: new SendBack(this.#settings, help),
      pulls: () => this.pulls,
      calls: this.#calls,
      control: (command, connection) => this.#askController(command, connection),
      query: async (command) => await (await this.#reader()).ask("query", { command }, { timeoutMs: ASK_MS }),
      endTransaction: (command) => ends.end(command),
      ensureGroup: (group) => this.#ensureGroup(group),
      markDirty,
      rejects: slaveRejection(values),
      channelClosed: (connection) => {
        this.pulls.closed(connection);
        context.peer("controller").tell("channelClosed", { gateway: init.index, channel: connection.id });
      },
    });
    this.pulls = this.#makePulls(markDirty);
    this.gateway = this.#makeGateway(isSlave(values) ? undefined : ends);
  }

  #sendSettings(): RecallSettings {
    const { values } = this.#init;
    return {
      brokerIP1: values.brokerIP1,
      brokerPermission: values.brokerPermission,
      clusterName: values.brokerClusterName,
      regionId: values.regionId,
      traceOn: values.traceOn,
      maxMessageSize: values.maxMessageSize,
      enabledAppendPropCRC: values.enabledAppendPropCRC,
      rejectTransactionMessage: values.rejectTransactionMessage,
      delayLevels: parseDelayLevels(values.messageDelayLevel).length,
      storeHost: hostBytes(`${values.brokerIP1}:${values.listenPort}`),
      startAcceptMs: values.startAcceptSendRequestTimeStamp,
      brokerName: values.brokerName,
      timers: timerRules(values),
      recallMessageEnable: values.recallMessageEnable,
      allowRecallWhenBrokerNotWriteable: values.allowRecallWhenBrokerNotWriteable,
      appendTopicForTimerDeleteKey: values.appendTopicForTimerDeleteKey,
      isSlave: isSlave(values),
    };
  }

  #logParts(): LogWriterParts {
    return {
      values: this.#init.values,
      memory: this.#memory,
      files: this.#store.commitLog,
      view: this.view,
      monotonicMs: () => this.#context.clock.monotonicMs(),
      name: "Commit log",
      warn: (text) => this.#log("warn", text),
    };
  }

  #makeGateway(ends: EndGatherer | undefined): Gateway {
    const { values, index, incarnation } = this.#init;
    const parts: SendPathParts = {
      memory: this.#memory,
      appender: this.#appender,
      queues: this.view.queues,
      topics: this.#topics,
      puts: this.#meter.puts,
      acks: new AckEncoder(this.#settings.storeHost, values),
      hold: this.release.holds ? this.#acks : undefined,
      ...this.#settings,
      // The short path knows no checksum of properties: with it, every send takes the general one.
      bodyBytesMax: values.enabledAppendPropCRC ? 0 : values.maxMessageSize,
    };
    return new Gateway({
      memory: this.#memory,
      appender: this.#appender,
      writer: this.writer,
      sends: new SendPath(parts),
      batches: new BatchPath(parts),
      pulls: this.pulls,
      ends,
      general: this.general,
      acks: this.#acks,
      clock: this.#context.clock,
      laterWrite: isWrittenLater(values) ? commitCaller(values, this.#memory) : undefined,
      ackTimeoutMs: this.release.timeoutMs,
      refusal: sendRefusalOf(values),
      isShortOfReplicas: () => this.#replication.isShort,
      written: () => this.release.written(),
      releasable: () => this.release.position(),
      isFenced: leaseFence(this.#init.replicaRole?.lease, this.#context.clock),
      fail: (error) =>
        this.#context.signal("failed", {
          text: `Cannot write the commit log: ${error instanceof Error ? error.message : error}`,
        }),
    }, index * CHANNELS_PER_GATEWAY + incarnation * CHANNELS_PER_INCARNATION + 1);
  }

  #makePulls(markDirty: (connection: GatewayConnection) => void): PullService {
    const { values } = this.#init;
    const controller = this.#context.peer("controller");
    const reader = new LogReader(this.#memory, this.#store.commitLog);
    const pageCacheBytes = this.#init.machineMemoryBytes * values.accessMessageInMemoryMaxRatio / 100;
    return new PullService({
      control: this.control,
      topics: this.#topics,
      queues: this.view.queues,
      units: {
        readUnits: (topic, queueId, offset, count, into) => {
          const served = this.#topics.byName(topic);
          return served === undefined ? 0 : this.#queues.read(served, queueId, offset, count, into);
        },
      },
      reader,
      planned: new PlannedRead(reader),
      warm: new WarmGate(this.#context.clock, this.#memory.written.load(), pageCacheBytes),
      settings: {
        brokerPermission: values.brokerPermission,
        brokerIP1: values.brokerIP1,
        litePullMessageEnable: values.litePullMessageEnable,
        enablePropertyFilter: values.enablePropertyFilter,
        isExpression: (text) => this.#filters.isValid(text),
        longPollingEnable: values.longPollingEnable,
        shortPollingTimeMs: values.shortPollingTimeMills,
        refusal: pullRefusalOf(values),
      },
      wakes: this.#wakes,
      suggestion: this.#replication.suggestion,
      hold: openHoldDoor(this.#init, this.#context, this.#memory),
      clock: this.#context.clock,
      meter: this.#meter,
      cold: async (pull) => await (await this.#reader()).ask("pull", pull, { timeoutMs: ASK_MS }),
      markDirty,
      commit: (group, topic, queueId, offset, connection) => {
        this.#commits.push({ group, topic, queueId, offset, clientHost: connection.remoteAddress });
        if (this.#commits.length >= COMMITS_MAX) this.flushOffsets();
      },
      refuse: (connection, opaque, refusal) => this.general.refuse(connection, opaque, refusal),
      resetTaken: (group, topic, queueId) => controller.tell("resetTaken", { group, topic, queueId }),
    });
  }

  /** Closes half of the queues' files: connections wait for them. */
  giveFilesBack(): void {
    this.#store.handles.giveBack();
  }

  /** ColdReadService, which sleeps until it is needed. */
  #reader(): Promise<PeerRef<ColdReadContract>> {
    return awake(this.#context, this.#context.peer("cold-read"), "cold-read");
  }

  #sendHelp(): SendBackHelp & SendReplyHelp {
    const controller = this.#context.peer("controller");
    return {
      topic: (name) => this.view.get(name),
      ensureTopic: async (topic, { defaultTopic, queueNums, topicSysFlag, kind, remoteAddress }) => {
        const request = { topic, defaultTopic, defaultTopicQueueNums: queueNums, topicSysFlag, kind, remoteAddress };
        const { entry } = await controller.ask("ensureTopic", request, { timeoutMs: ASK_MS });
        return entry === null ? undefined : this.view.get(topic) ?? entry;
      },
      group: (name) => this.#ensureGroup(name),
      queueLockHeld: async (group) => (await controller.ask("queueLockHeld", { group }, { timeoutMs: ASK_MS })).held,
      spread: () => this.#spread++,
      nowMs: () => this.#context.clock.nowMs(),
      isCongested: (outMs) => this.#timerState.isCongested(outMs, this.#spread),
      append: (records, entry, queueId, ack) => this.#append(records, entry, queueId, ack),
      readMessage: async (offset) =>
        (await (await this.#reader()).ask("readMessage", { offset }, { timeoutMs: ASK_MS })).record,
      callProducer: async (clientId, command, timeoutMs) => {
        const request = { clientId, command, timeoutMs };
        const { answer } = await controller.ask("callProducer", request, { timeoutMs: timeoutMs + ASK_MS });
        return answer ?? undefined;
      },
      countSendBack: (group, topic) => {
        const key = `${topic}@${group}`;
        const counted = this.#sendBacks.get(key);
        if (counted === undefined) this.#sendBacks.set(key, { group, topic, count: 1 });
        else counted.count++;
      },
    };
  }

  /** Appends encoded records and puts their acknowledgement where the end of the turn, or the device, releases it. */
  #append(records: Uint8Array[], entry: TopicEntry, queueId: number, ack: PendingAck): RemotingCommand | undefined {
    if (ack.wait && this.#replication.isShort) {
      return createResponse(ack.command, ResponseCode.SYSTEM_ERROR, "in-sync replicas not enough");
    }
    const nowMs = this.#context.clock.nowMs();
    for (let attempt = 0; attempt < 2; attempt++) {
      this.gateway.fence();
      if (this.#acks.isFull || !this.#appender.begin()) return unavailable(ack.command, "service not available now");
      this.gateway.markAppended(this.#memory.epoch);
      const slot = entry.slots[queueId]!;
      const placed = this.#records.append(records, slot, nowMs);
      this.#appender.end(nowMs);
      if (typeof placed !== "number") {
        const served = this.#topics.byName(entry.topic);
        if (served !== undefined) {
          this.#meter.puts.count(served, queueId, slot, records.length, placed.end - placed.position);
        }
        if ((ack.command.flag & 2) === 0) this.#acknowledge(ack, placed.queueOffset, placed.position, placed.end);
        return undefined;
      }
      if (placed === PlaceRefusal.TooLarge) {
        return createResponse(
          ack.command,
          ResponseCode.MESSAGE_ILLEGAL,
          "the message is larger than a commit log file can hold",
        );
      }
      this.gateway.makeRoom();
    }
    return createResponse(
      ack.command,
      ResponseCode.SYSTEM_BUSY,
      "[PC_SYNCHRONIZED]broker busy, start flow control for a while",
    );
  }

  #acknowledge(ack: PendingAck, queueOffset: number, position: number, end: number): void {
    const frame = encodeFrame(ack.answer(queueOffset, position));
    if (this.release.holds && ack.wait) {
      this.#acks.deadlineMs = this.#context.clock.monotonicMs() + this.release.timeoutMs;
      const room = this.#acks.room(frame.length);
      room.set(frame, this.#acks.start);
      this.#acks.hold(ack.connection, this.#acks.start + frame.length, end);
    } else {
      ack.connection.push(frame);
      this.gateway.markDirty(ack.connection);
    }
  }

  async #askController(command: RemotingCommand, connection: GatewayConnection): Promise<RemotingCommand | null> {
    this.flushOffsets();
    const channel = { gateway: this.#init.index, channel: connection.id };
    return await this.#context.peer("controller").ask("request", {
      command,
      channel,
      remoteAddress: connection.remoteAddress,
    }, { timeoutMs: 60_000 });
  }

  async #ensureGroup(name: string): ReturnType<SendBackHelp["group"]> {
    const known = this.control.groups.byName(name);
    if (known !== undefined) return known;
    const { entry } = await this.#context.peer("controller").ask("ensureGroup", { group: name }, { timeoutMs: ASK_MS });
    if (entry === null) return undefined;
    return this.control.groups.byName(name) ?? { name, config: entry, live: undefined, subscriptions: new Map() };
  }

  #serve(name: string): ServedTopic | undefined {
    const entry = this.view.get(name);
    if (entry === undefined) return undefined;
    return new ServedTopic(entry, isPlain(entry, this.#settings, this.#context.clock.nowMs()));
  }

  /** Applies everything that the controller knows. */
  applySnapshot(snapshot: ControlSnapshot): void {
    this.applyTopics(snapshot.topics);
    this.control.applyGroups(snapshot.groups);
    this.control.applySubscriptions(snapshot.subscriptions);
    this.control.applyResets(snapshot.resets);
    this.applyConfiguration(snapshot.configuration);
  }

  /** Applies a step of the topic table. */
  applyTopics(update: TopicUpdate): number {
    const gone = update.whole
      ? [...this.view.entries()].map((entry) => entry.topic)
      : [...update.removed, ...update.changed.map((entry) => entry.topic)];
    for (const topic of gone) this.#forget(topic);
    if (update.whole || update.removed.length > 0) this.#meter.puts.cut();
    const version = this.view.apply(update);
    this.#topics.forget(gone);
    return version;
  }

  #forget(topic: string): void {
    const served = this.#topics.byName(topic);
    if (served === undefined) return;
    this.#queues.forget(served);
  }

  /** Applies configuration values changed at run time. */
  applyConfiguration(update: ConfigurationUpdate): number {
    return this.control.applyConfiguration(update);
  }

  /** Sends a one-way request to a client. */
  push(channel: number, command: RemotingCommand): void {
    const connection = this.gateway.connections.get(channel);
    if (connection !== undefined) this.#calls.push(connection, command);
  }

  /** Sends a request to a client and waits for its answer. */
  callClient(channel: number, command: RemotingCommand, timeoutMs: number): Promise<RemotingCommand> {
    const connection = this.gateway.connections.get(channel);
    if (connection === undefined) return Promise.reject(new Error(`Cannot ask client: channel ${channel} is closed`));
    return this.#calls.call(connection, command, timeoutMs);
  }

  /** Tells BrokerController the commits that rode on pulls. */
  flushOffsets(): void {
    if (this.#commits.length === 0) return;
    this.#context.peer("controller").tell("offsets", this.#commits);
    this.#commits = [];
  }

  /** Whether a wake or an acknowledgement waits. */
  hasWork(): boolean {
    return !this.#wakes.isEmpty || this.#acks.nextPosition <= this.release.position();
  }

  /** Takes wakes and acknowledgements. */
  takeWork(): void {
    if (!this.#wakes.isEmpty) this.pulls.takeWakes();
    if (this.#acks.length > 0) this.gateway.releaseAcks(this.release.position(), this.release.late);
  }

  /** Once a second: statistics, commits, idle connections. */
  tick(nowMs: number): void {
    this.flushOffsets();
    const sendBacks = [...this.#sendBacks.values()];
    this.#sendBacks.clear();
    const traffic = this.#meter.take(sendBacks);
    if (traffic !== undefined) this.#context.peer("controller").tell("traffic", traffic);
    this.#meter.gauges.flush();
    const { frames } = this.gateway.counters;
    this.#context.countWork(frames - this.#turnsSeen);
    this.#turnsSeen = frames;
    this.pulls.takeWakes();
    this.pulls.lookUnheld();
    const idleMs = this.#init.values.serverChannelMaxIdleTimeSeconds * 1000;
    for (const connection of this.gateway.connections.values()) {
      if (nowMs - connection.lastActiveMs > idleMs && connection.lastActiveMs > 0) connection.close();
    }
  }

  #log(level: "info" | "warn" | "error", text: string): void {
    this.#context.signal("log", { level, text });
  }
}

function unavailable(command: RemotingCommand, remark: string): RemotingCommand {
  return createResponse(command, ResponseCode.SERVICE_NOT_AVAILABLE, remark);
}
