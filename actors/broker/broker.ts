/**
 * Runs a broker: takes the store, recovers it, starts the actors under a supervisor, and stops all of it in order.
 *
 * It owns the store's lock and abort mark. It never serves a request itself, and after the start its thread only supervises.
 */
import { ExitCode } from "../kernel/exit_code.ts";
import { Supervisor, type SupervisorEvent } from "../kernel/supervisor.ts";
import { markClosed } from "../../store/abort_file.ts";
import { parseDelayLevels } from "../../store/delay_levels.ts";
import { systemClock } from "../../store/clock.ts";
import { StoreError } from "../../store/errors.ts";
import { LightDisk } from "../../store/file/light_disk.ts";
import type { DiskLock } from "../../store/file/disk.ts";
import { createGauges, Gauge, Gauges } from "../../store/gauges.ts";
import { LogMemory, LogStatus, ringBytesFor } from "../../store/memory/log_memory.ts";
import { recoverStore, type RecoveryResult } from "../../store/recovery.ts";
import type { Sleeper } from "./awake.ts";
import { activityOf, type ActorActivity } from "./actor_activity.ts";
import { type BrokerChildren, brokerChildren, gatewayName, warmUpChildren } from "./broker_children.ts";
import {
  type BrokerConfiguration,
  type BrokerValues,
  readBrokerConfiguration,
  withPorts,
  withRole,
} from "./broker_configuration.ts";
import { appendBytesMax, type BrokerActorInit, isTailOpen, storeShape } from "./broker_init.ts";
import { createBrokerMemory } from "./broker_memory.ts";
import {
  type BrokerFailure,
  type StopOptions,
  type SupervisedBroker,
  type SupervisedOptions,
  thisMachine,
} from "./broker_options.ts";
import { BrokerReplication, MasterAddress } from "./broker_replication.ts";
import { beginEpoch } from "./failover/master_epoch.ts";
import { checkReplicaRole, withReplicaRole } from "./failover/replica_role.ts";
import { isSlave } from "./ha/replication_rules.ts";

/**
 * Starts a broker.
 *
 * @throws {StoreError} `STORE_LOCKED` when another process has the store, `LOG_DAMAGED` and others when it cannot be served
 * @throws {DiskError} when the disk refuses
 * @throws {InitFailedError} when an actor does not start; a port that is taken is its cause
 */
export async function startBroker(options: SupervisedOptions = {}): Promise<SupervisedBroker> {
  const base = options.configuration ?? readBrokerConfiguration({}, thisMachine());
  const { replicaRole } = options;
  if (replicaRole !== undefined) checkReplicaRole(replicaRole);
  const values = withPorts(base.values, options.settings);
  const configuration = {
    ...base,
    values: withRole(replicaRole === undefined ? values : withReplicaRole(values, replicaRole)),
  };
  // The actors load their modules while this thread recovers the store.
  using _warm = options.isWarm === true
    ? undefined
    : warmUpChildren(options.gateways ?? 1, configuration.values, replicaRole !== undefined);
  const running = new RunningBroker(configuration, options);
  await running.start();
  return running;
}

/** How often the cursors are published for reports. Milliseconds. */
const GAUGE_EVERY_MS = 250;

/** How often they are while nothing is written, and how often the shared memory is checked. Milliseconds. */
const QUIET_EVERY_MS = 1000;

/** Between two warnings that files run out. Milliseconds. */
const FILES_WARN_MS = 60_000;

/** How long the start waits for name servers that do not answer. Milliseconds. */
const REGISTER_WAIT_MS = 3_000;

class RunningBroker implements SupervisedBroker {
  readonly values: BrokerValues;
  readonly failed: Promise<BrokerFailure>;
  readonly recovery: RecoveryResult;
  readonly children: BrokerChildren;
  readonly supervisor: Supervisor;
  readonly memory: LogMemory;
  readonly #options: SupervisedOptions;
  readonly #disk = new LightDisk();
  readonly #lock: DiskLock;
  readonly #gauges: Gauges;
  readonly #failed: PromiseWithResolvers<BrokerFailure> = Promise.withResolvers();
  readonly #replication: BrokerReplication;
  #healthy = true;
  #gaugeTimer: { cancel(): void } | undefined;
  #filesWarnedMs = -Infinity;
  #stopping: Promise<number> | undefined;

  constructor(configuration: BrokerConfiguration, options: SupervisedOptions) {
    const { values } = configuration;
    this.values = values;
    this.#options = options;
    this.failed = this.#failed.promise;
    this.#lock = this.#takeLock(values);
    try {
      this.recovery = this.#recover(values);
      const { replicaRole } = options;
      if (replicaRole?.isMaster === true) beginEpoch(this.#disk, storeShape(values), replicaRole, this.recovery);
    } catch (error) {
      this.#lock.release();
      throw error;
    }
    const gateways = options.gateways ?? 1;
    const buffers = createBrokerMemory({
      gateways,
      ringBytes: options.ringBytes ?? ringBytesFor(appendBytesMax(values)),
      appendBytesMax: appendBytesMax(values),
    });
    this.memory = new LogMemory(buffers.log);
    const { replicaRole } = options;
    const { logMin, logEnd, dispatchedPosition, lastTimestampMs } = this.recovery;
    this.memory.reset({
      logStart: logMin,
      logEnd,
      flushed: logEnd,
      dispatched: dispatchedPosition,
      replicated: dispatchedPosition,
      storeTimestamp: lastTimestampMs,
    });
    const gauges = createGauges();
    this.#gauges = new Gauges(gauges);
    const init: BrokerActorInit = {
      values,
      memory: buffers,
      isDerivedSynced: this.recovery.isDerivedSynced,
      machineMemoryBytes: Deno.systemMemoryInfo().total,
      gauges,
      replicaRole,
    };
    const master = new MasterAddress(values);
    this.children = brokerChildren(
      init,
      {
        configuration,
        configurationPath: options.configurationPath,
        gauges,
        gateways: Array.from({ length: gateways }, (_, index) => gatewayName(index)),
        queues: this.recovery.queues,
        memoryBytes: Deno.systemMemoryInfo().total,
        bootTimestamp: systemClock.nowMs(),
        lease: replicaRole?.lease,
        replicaRole,
      },
      gateways,
      master,
    );
    this.supervisor = new Supervisor({ children: this.#inOrder(), onEvent: (event) => this.#onEvent(event) });
    this.#listen();
    this.#replication = new BrokerReplication({
      values,
      supervisor: this.supervisor,
      children: this.children,
      replicaRole,
      failover: options.failover,
      memory: buffers,
      log: (level, text) => this.#log(level, text),
    }, master);
  }

  get address(): string {
    return `${this.values.brokerIP1}:${this.values.listenPort}`;
  }

  setSyncStateSet(syncStateSet: readonly number[], syncStateSetEpoch: number): void {
    this.#replication.setSyncStateSet(syncStateSet, syncStateSetEpoch);
  }

  get port(): number {
    return this.values.listenPort;
  }

  async start(): Promise<void> {
    try {
      await this.supervisor.start();
      for (const gateway of this.children.gateways) {
        await this.supervisor.ref(gateway).ask("listen", null, { timeoutMs: 10_000 });
      }
      this.#replication.start();
    } catch (error) {
      await this.supervisor.stop();
      this.#lock.release();
      throw error;
    }
    void this.supervisor.ended.then((exit) => {
      if (exit.error !== undefined) {
        this.#fail(exit.exitCode, `"${exit.child}" crashed too often: ${exit.error.message}`);
      }
    });
    this.#publishGauges();
    await this.#register();
  }

  /** Registers, and waits for the name servers a while: who reads that the broker has started expects to find it there. */
  async #register(): Promise<void> {
    const registered = this.supervisor.ref(this.children.controller).ask("register", null, { timeoutMs: 60_000 }).catch(
      (error) => this.#log("warn", `First registration failed: ${error instanceof Error ? error.message : error}`),
    );
    const late = Promise.withResolvers<void>();
    const timer = systemClock.setTimer(REGISTER_WAIT_MS, late.resolve);
    await Promise.race([registered, late.promise]);
    timer.cancel();
  }

  activity(): ActorActivity[] {
    return activityOf(this.supervisor);
  }

  stop(options: StopOptions = {}): Promise<number> {
    this.#stopping ??= this.#stop(options);
    return this.#stopping;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  #takeLock(values: BrokerValues): DiskLock {
    const { root, config } = storeShape(values);
    this.#disk.makeDirectory(root);
    this.#disk.makeDirectory(config);
    const lock = this.#disk.lock(`${root}/lock`);
    if (lock !== undefined) return lock;
    throw new StoreError(
      "STORE_LOCKED",
      `Cannot open store "${root}": another process holds it. Stop that broker, or set storePathRootDir to another directory`,
      {
        path: root,
      },
    );
  }

  #recover(values: BrokerValues): RecoveryResult {
    const shape = storeShape(values);
    return recoverStore({
      disk: this.#disk,
      paths: shape,
      logFileBytes: shape.commitLogFileBytes,
      queueFileBytes: shape.consumeQueueFileBytes,
      indexShape: shape.indexShape,
      delayLevels: parseDelayLevels(values.messageDelayLevel),
      nowMs: () => systemClock.nowMs(),
      processId: Deno.pid,
      checkCrc: values.checkCRCOnRecover,
      syncDerivedLater: true,
      truncateTo: this.#options.truncateTo,
      timerLogFileBytes: values.timerWheelEnable ? values.mappedFileSizeTimerLog : undefined,
      leavesTail: this.#options.replicaRole?.isMaster === false,
      propertyCrc: values.forceVerifyPropCRC ? "required" : values.enabledAppendPropCRC ? "checked" : "ignored",
      ...(this.#options.onProgress === undefined ? {} : { onProgress: this.#options.onProgress }),
    });
  }

  #inOrder(): Parameters<typeof this.supervisor.ref>[0][] {
    const { controller, commitLog, flushLog, reput, flushQueues, hold, coldRead, schedule } = this.children;
    const { transactions, timer, housekeeping, haService, groupTransfer, haClient, gateways } = this.children;
    const stages = [
      controller,
      ...(commitLog === undefined ? [] : [commitLog]),
      flushLog,
      reput,
      flushQueues,
      hold,
      coldRead,
      schedule,
      transactions,
      timer,
      housekeeping,
      haService,
      groupTransfer,
      haClient,
      ...gateways,
    ].filter((stage) => stage !== undefined);
    return stages as unknown as Parameters<typeof this.supervisor.ref>[0][];
  }

  #listen(): void {
    const {
      commitLog,
      flushLog,
      reput,
      flushQueues,
      schedule,
      transactions,
      timer,
      coldRead,
      controller,
      housekeeping,
      haClient,
      gateways,
    } = this.children;
    const supervisor = this.supervisor;
    const diskFailed = ({ text }: { text: string }): void => this.#fail(ExitCode.DISK_FAILED, text);
    supervisor.on(flushLog, "failed", diskFailed);
    supervisor.on(flushQueues, "failed", diskFailed);
    supervisor.on(schedule, "failed", diskFailed);
    supervisor.on(transactions, "failed", diskFailed);
    const log = ({ level, text }: { level: "info" | "warn" | "error"; text: string }): void => this.#log(level, text);
    supervisor.on(flushLog, "log", log);
    supervisor.on(reput, "log", log);
    supervisor.on(coldRead, "log", log);
    supervisor.on(schedule, "log", log);
    supervisor.on(transactions, "log", log);
    if (commitLog !== undefined) {
      supervisor.on(commitLog, "failed", diskFailed);
      supervisor.on(commitLog, "log", log);
    }
    if (timer !== undefined) {
      supervisor.on(timer, "failed", diskFailed);
      supervisor.on(timer, "log", log);
    }
    if (haClient !== undefined) supervisor.on(haClient, "failed", diskFailed);
    supervisor.on(flushQueues, "log", log);
    supervisor.on(housekeeping, "log", log);
    supervisor.on(controller, "log", log);
    const wake = ({ child }: { readonly child: Sleeper }): void => this.#wake(child);
    supervisor.on(controller, "wake", wake);
    supervisor.on(reput, "wake", wake);
    for (const gateway of gateways) {
      supervisor.on(gateway, "wake", wake);
      supervisor.on(gateway, "failed", diskFailed);
      supervisor.on(gateway, "log", log);
      supervisor.on(gateway, "outOfFiles", () => this.#giveFilesBack());
    }
  }

  /** Starts an actor that slept until it was needed. */
  #wake(child: Sleeper): void {
    // A slave's delayed messages, transactions and timers are its master's.
    if (child !== "cold-read" && child !== "hold" && isSlave(this.values)) return;
    this.#start(child).catch((error) => {
      if (this.#stopping !== undefined) return;
      this.#log("error", `Cannot start "${child}": ${error instanceof Error ? error.message : error}`);
    });
  }

  async #start(child: Sleeper): Promise<void> {
    const { coldRead, hold, schedule, transactions, timer } = this.children;
    if (child === "cold-read") await this.supervisor.wake(coldRead);
    else if (child === "schedule") await this.supervisor.wake(schedule);
    else if (child === "transactions") await this.supervisor.wake(transactions);
    else if (child === "timer" && timer !== undefined) await this.supervisor.wake(timer);
    else if (child === "hold" && !this.supervisor.isUp(hold)) {
      await this.supervisor.wake(hold);
      this.#tellHoldStarted();
    }
  }

  /** What is parked is told to PullRequestHoldService anew, with the filters. A gateway that is down parks anew by itself. */
  #tellHoldStarted(): void {
    for (const gateway of this.children.gateways) {
      if (this.supervisor.isUp(gateway)) this.supervisor.ref(gateway).tell("holdRestarted", null);
    }
  }

  /** No files are left for connections: those of the queues are given back. */
  #giveFilesBack(): void {
    const { reput } = this.children;
    if (this.supervisor.isUp(reput)) this.supervisor.ref(reput).tell("giveFilesBack", null);
    const nowMs = systemClock.monotonicMs();
    if (nowMs - this.#filesWarnedMs < FILES_WARN_MS) return;
    this.#filesWarnedMs = nowMs;
    this.#log(
      "warn",
      "Cannot take more connections: too many open files. Raise the limit of the process (`ulimit -n`, the hard one too)",
    );
  }

  #onEvent(event: SupervisorEvent): void {
    if (event.kind === "crashed") this.#log("error", `"${event.child}" crashed: ${event.error.message}`);
    if (event.kind !== "restarted") return;
    this.#log("info", `"${event.child}" was started again (incarnation ${event.epoch})`);
    if (event.child === "hold") this.#tellHoldStarted();
    const gateway = this.children.gateways.find((one) => one.name === event.child);
    if (gateway === undefined) return;
    this.supervisor.ref(gateway).ask("listen", null, { timeoutMs: 10_000 }).catch((error) => {
      this.#fail(
        ExitCode.PORT_TAKEN,
        `"${event.child}" cannot listen again: ${error instanceof Error ? error.message : error}`,
      );
    });
  }

  #log(level: "info" | "warn" | "error", text: string): void {
    this.#options.onLog?.(level, text);
  }

  #fail(exitCode: number, text: string): void {
    this.#healthy = false;
    this.#log("error", text);
    this.#failed.resolve({ exitCode, text });
  }

  /** Levels that request 28 reports: cursors four times a second while the log grows, else once; the disk once a second. */
  #publishGauges(checkMs = 0): void {
    const { memory } = this;
    const gauges = this.#gauges;
    gauges.set(Gauge.LogMinPosition, memory.logStart.load());
    gauges.set(Gauge.LogDispatchedPosition, memory.dispatched.load());
    gauges.set(Gauge.LogFlushedPosition, memory.flushed.load());
    const isQuiet = gauges.get(Gauge.LogMaxPosition) === memory.written.load();
    gauges.set(Gauge.LogMaxPosition, memory.written.load());
    gauges.set(Gauge.LogAppendedPosition, memory.appended.load());
    const nowMs = systemClock.monotonicMs();
    if (nowMs >= checkMs) memory.check();
    const nextCheckMs = nowMs >= checkMs ? nowMs + QUIET_EVERY_MS : checkMs;
    const waitMs = isQuiet ? QUIET_EVERY_MS : GAUGE_EVERY_MS;
    this.#gaugeTimer = systemClock.setTimer(waitMs, () => this.#publishGauges(nextCheckMs));
  }

  async #stop({ staysRegistered = false }: StopOptions): Promise<number> {
    this.#gaugeTimer?.cancel();
    const { supervisor, children, memory } = this;
    const { controller } = children;
    if (!staysRegistered) {
      await this.#step("unregister", () => supervisor.ref(controller).ask("unregister", null, { timeoutMs: 3000 }));
    }
    for (const gateway of children.gateways) {
      await this.#step(
        `drain "${gateway.name}"`,
        () => supervisor.ref(gateway).ask("drain", null, { timeoutMs: 3000 }),
      );
    }
    await this.#step("leave the master", () => this.#replication.halt());
    memory.setStatus(LogStatus.Closing);
    const { commitLog } = children;
    if (commitLog !== undefined) await this.#step("write what is in memory", () => this.#commit(commitLog));
    await this.#step("dispatch what is written", () => this.#untilDispatched(20_000));
    await this.#step(
      "sync the commit log",
      () => supervisor.ref(children.flushLog).ask("flush", null, { timeoutMs: 10_000 }),
    );
    const isDerived = await this.#step(
      "sync queues and indexes",
      () => supervisor.ref(children.flushQueues).ask("flush", null, { timeoutMs: 10_000 }),
    );
    await this.#replication.stop();
    const exit = await supervisor.stop();
    const clean = this.#healthy && exit.exitCode === ExitCode.OK && isDerived &&
      memory.appended.load() === memory.written.load() &&
      memory.dispatched.load() >= this.#dispatchEnd() &&
      memory.flushed.load() === memory.written.load();
    if (clean) markClosed(this.#disk, storeShape(this.values).abort);
    this.#lock.release();
    return exit.exitCode;
  }

  async #commit(child: NonNullable<BrokerChildren["commitLog"]>): Promise<void> {
    const { isWhole } = await this.supervisor.ref(child).ask("commit", null, { timeoutMs: 10_000 });
    const bytes = this.memory.appended.load() - this.memory.written.load();
    if (!isWhole) throw new Error(`the disk is full, ${bytes} acknowledged bytes are lost`);
  }

  async #untilDispatched(timeoutMs: number): Promise<void> {
    const deadlineMs = systemClock.monotonicMs() + timeoutMs;
    while (this.memory.dispatched.load() < this.#dispatchEnd()) {
      if (systemClock.monotonicMs() > deadlineMs) throw new Error(`not everything is dispatched after ${timeoutMs} ms`);
      await systemClock.sleep(5);
    }
  }

  /** Where dispatch comes to rest: the end of the log, or of what cannot be cut any more. */
  #dispatchEnd(): number {
    const { written, replicated } = this.memory;
    const { values, replicaRole } = { values: this.values, replicaRole: this.#options.replicaRole };
    return isTailOpen({ values, replicaRole }) ? Math.min(written.load(), replicated.load()) : written.load();
  }

  /** @returns whether it was done */
  async #step(name: string, work: () => Promise<unknown>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (error) {
      this.#log("warn", `Stop: cannot ${name}: ${error instanceof Error ? error.message : error}`);
      return false;
    }
  }
}
