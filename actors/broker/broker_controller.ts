/**
 * The BrokerController actor: owner of topics, groups, clients, offsets, locks, registration and statistics.
 *
 * Owns: the control plane of one broker, its timers, its connections to name servers.
 * Reads: the messages of its peers.
 * Never: is restarted by itself: its truth is its own, so when it crashes the process ends and starts anew from the files.
 */
import { ActorGoneError } from "../kernel/errors.ts";
import { type ActorContext, type Behaviour, defineRole, type Role, type Start } from "../kernel/contract.ts";
import { PeerPool } from "../net/peer_pool.ts";
import type { Transport } from "../net/transport.ts";
import type { Disk } from "../../store/file/disk.ts";
import { MINUTE_SAMPLE_INTERVAL_MS } from "../../store/stats_table.ts";
import type { BrokerControllerContract, BrokerControllerInit } from "./broker_controller_contract.ts";
import { ControlPlane } from "./controller/control_plane.ts";
import { Lateness } from "./controller/lateness.ts";
import { NameServerReturn } from "./controller/name_server_return.ts";
import { peerOutputs } from "./controller/peer_outputs.ts";
import { PeriodicRounds } from "./controller/periodic.ts";
import { TIMER_SYNC_INTERVAL_MS } from "./controller/slave_synchronize.ts";
import { isSlave } from "./ha/replication_rules.ts";

/** First save of offsets after the start, milliseconds. Source: apache/rocketmq broker BrokerController.initializeBrokerScheduledTasks */
const FIRST_OFFSET_SAVE_MS = 10_000;
/** Interval at which silent clients are looked for, milliseconds. Source: apache/rocketmq broker ClientHousekeepingService.start */
const EXPIRE_INTERVAL_MS = 10_000;
/** First periodic registration after the first one, milliseconds. Source: apache/rocketmq broker BrokerController.start */
const FIRST_REGISTER_MS = 10_000;
/** Bounds of the registration interval, milliseconds. Source: apache/rocketmq broker BrokerController.start */
const REGISTER_INTERVAL_MIN_MS = 10_000;
const REGISTER_INTERVAL_MAX_MS = 60_000;
/** Interval of the samples of store rates, milliseconds. Source: apache/rocketmq store StoreStatsService FREQUENCY_OF_SAMPLING */
const RATE_INTERVAL_MS = 1_000;
/** First save of filters and the interval of the next ones, milliseconds. Source: apache/rocketmq broker BrokerController.initializeBrokerScheduledTasks */
const FILTER_SAVE_MS = 10_000;
/** First look for groups that read too far behind, and interval of the next ones, milliseconds. Source: apache/rocketmq broker BrokerController.initializeBrokerScheduledTasks */
const PROTECT_INTERVAL_MS = 180_000;
/** First heartbeat and first look at the members of the group, milliseconds. Source: apache/rocketmq broker BrokerController.start */
const MEMBERS_FIRST_MS = 1_000;
/** Interval at which expired locks are dropped and midnight is looked for, milliseconds. */
const SLOW_INTERVAL_MS = 60_000;

/** The role of this actor. */
export const brokerControllerRole: Role<BrokerControllerContract> = defineRole<BrokerControllerContract>(
  "broker-controller",
  new URL("./broker_controller_worker.ts", import.meta.url),
);

/** What the actor is given besides its context. */
export interface BrokerControllerWorld {
  readonly disk: Disk;
  readonly transport: Transport;
}

/**
 * Makes the start function of the actor.
 *
 * @param world disk and network
 */
export function brokerControllerStart(world: BrokerControllerWorld): Start<BrokerControllerContract> {
  return (init, context) => start(init, context, world);
}

function start(
  init: BrokerControllerInit,
  context: ActorContext<BrokerControllerContract>,
  { disk, transport }: BrokerControllerWorld,
): Behaviour<BrokerControllerContract> {
  const { clock } = context;
  const pool = new PeerPool({ transport, clock, closed: ({ address }) => returns.lost(address) });
  const plane = new ControlPlane(init, {
    clock,
    disk,
    outputs: peerOutputs(context, init.gateways),
    callNameServer: (address, command, timeoutMs) => pool.invoke(address, command, { timeoutMs }),
    callMaster: (address, command, timeoutMs) => pool.invoke(address, command, { timeoutMs }),
    isGone: (error) => error instanceof ActorGoneError,
    registered: (nameServer) => context.signal("registered", { nameServer }),
    master: (address, haAddress) => context.signal("master", { address, haAddress }),
  });
  const returns = new NameServerReturn({
    clock,
    registrar: plane.registrar,
    mayRegister: () => plane.members.isOnline,
  });
  const rounds = new PeriodicRounds(clock, (name, error) => {
    const text = error instanceof Error ? error.message : String(error);
    context.signal("log", { level: "error", text: `Cannot finish round of "${name}": ${text}` });
  });
  startRounds(rounds, plane);
  if (isSlave(plane.state.values)) startSlaveRounds(rounds, plane);
  if (plane.members.isWatched) startMemberRounds(rounds, plane);
  const behaviour = behaviourOf(plane, startRegistration(rounds, plane));
  return {
    ...behaviour,
    stop: async (): Promise<void> => {
      rounds.stop();
      returns.stop();
      plane.stop();
      await pool.close();
    },
  };
}

function behaviourOf(
  plane: ControlPlane,
  register: () => Promise<number>,
): Omit<Behaviour<BrokerControllerContract>, "stop"> {
  const { state } = plane;
  return {
    asks: {
      request: (call) => plane.answer(call),
      subscribe: (request) => plane.subscribe(request),
      ensureTopic: (request) => plane.ensureTopic(request),
      ensureGroup: (request) => plane.ensureGroup(request),
      queueLockHeld: ({ group }) => ({ held: state.locks.holdsAny(group, state.nowMs()) }),
      availableProducerChannel: ({ group }) => ({ channel: state.producers.nextChannel(group) ?? null }),
      callProducer: async (request) => ({ answer: await plane.callProducer(request) }),
      consumerOffsets: ({ items }) => ({
        offsets: items.map(({ group, topic, queueId }) => state.offsets.query(group, topic, queueId)),
      }),
      register: async () => ({ registered: await register() }),
      unregister: async () => {
        await plane.registrar.unregister();
        return null;
      },
    },
    tells: {
      channelClosed: (channel) => plane.channelClosed(channel),
      failover: (state) => void (plane.state.failover = state),
      offsets: (commits) => plane.commitOffsets(commits),
      resetTaken: (reset) => plane.resetTaken(reset),
      traffic: (counts) => plane.countTraffic(counts),
    },
  };
}

/** Registers, and from the first time on again and again. */
function startRegistration(rounds: PeriodicRounds, plane: ControlPlane): () => Promise<number> {
  let started = false;
  return () => {
    const registered = plane.register();
    if (started) return registered;
    started = true;
    rounds.start({
      name: "register",
      firstMs: FIRST_REGISTER_MS,
      intervalMs: () =>
        Math.max(
          REGISTER_INTERVAL_MIN_MS,
          Math.min(plane.state.values.registerNameServerPeriod, REGISTER_INTERVAL_MAX_MS),
        ),
      run: async () => {
        if (plane.members.isOnline) await plane.registrar.registerAll();
      },
    });
    return registered;
  };
}

function startRounds(rounds: PeriodicRounds, plane: ControlPlane): void {
  const { state } = plane;
  const lateness = new Lateness(state);
  let day = dayOf(state.nowMs());
  rounds.start({
    name: "save offsets",
    firstMs: FIRST_OFFSET_SAVE_MS,
    intervalMs: () => state.values.flushConsumerOffsetInterval,
    run: () => plane.saveOffsets(),
  });
  rounds.start({
    name: "save filters",
    firstMs: FILTER_SAVE_MS,
    intervalMs: () => FILTER_SAVE_MS,
    run: () => plane.saveFilters(),
  });
  rounds.start({
    name: "protect from slow readers",
    firstMs: PROTECT_INTERVAL_MS,
    intervalMs: () => PROTECT_INTERVAL_MS,
    run: () => plane.protect(),
  });
  rounds.start({
    name: "expire clients",
    firstMs: EXPIRE_INTERVAL_MS,
    intervalMs: () => EXPIRE_INTERVAL_MS,
    run: () => plane.expireClients(),
  });
  rounds.start({
    name: "sample statistics",
    firstMs: 0,
    intervalMs: () => MINUTE_SAMPLE_INTERVAL_MS,
    run: () => {
      lateness.count();
      state.stats.sample(state.nowMs());
    },
  });
  rounds.start({
    name: "sample rates",
    firstMs: 0,
    intervalMs: () => RATE_INTERVAL_MS,
    run: () => state.storeStats.sample(state.nowMs()),
  });
  rounds.start({
    name: "sweep locks",
    firstMs: SLOW_INTERVAL_MS,
    intervalMs: () => SLOW_INTERVAL_MS,
    run: () => {
      state.locks.sweep(state.nowMs());
      const today = dayOf(state.nowMs());
      if (today !== day) plane.turnDay();
      day = today;
    },
  });
}

/** When a slave that knows its master from the start takes everything over for the first time. Milliseconds. */
const FIRST_TAKE_OVER_MS = 100;

/** What a slave takes over from its master, again and again. */
function startSlaveRounds(rounds: PeriodicRounds, plane: ControlPlane): void {
  const { slave } = plane;
  rounds.start({
    name: "follow the master",
    // Who learns its master later takes everything over then.
    firstMs: slave.isFollowing ? FIRST_TAKE_OVER_MS : slave.waitMs,
    intervalMs: () => slave.waitMs,
    run: () => slave.syncAll(),
  });
  rounds.start({
    name: "follow the master's timers",
    firstMs: TIMER_SYNC_INTERVAL_MS,
    intervalMs: () => TIMER_SYNC_INTERVAL_MS,
    run: () => slave.syncTimerCheckpoint(),
  });
}

/** Signs of life, and a look at who else lives. */
function startMemberRounds(rounds: PeriodicRounds, plane: ControlPlane): void {
  const { members, state } = plane;
  rounds.start({
    name: "tell that this broker lives",
    firstMs: MEMBERS_FIRST_MS,
    intervalMs: () => state.values.brokerHeartbeatInterval,
    run: () => members.heartbeat(),
  });
  rounds.start({
    name: "look at who lives",
    firstMs: MEMBERS_FIRST_MS,
    intervalMs: () => state.values.syncBrokerMemberGroupPeriod,
    run: () => members.sync(),
  });
}

/** Local day of the month. */
function dayOf(nowMs: number): number {
  return new Date(nowMs).getDate();
}
