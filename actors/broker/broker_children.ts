/**
 * The children of a broker, in the order of their start.
 *
 * It owns who is started with what, who talks to whom and what a crash means. An actor whose truth is a cursor or a file is started again; BrokerController's
 * truth is its own, so its crash ends the process.
 */
import { type Child, child } from "../kernel/child.ts";
import { ExitCode } from "../kernel/exit_code.ts";
import { WarmUp } from "../kernel/warm_workers.ts";
import { brokerControllerRole } from "./broker_controller.ts";
import type { BrokerControllerContract, BrokerControllerInit } from "./broker_controller_contract.ts";
import type { BrokerValues } from "./broker_configuration.ts";
import { SCHEDULE_TOPIC } from "../../store/dispatch_files.ts";
import { HALF_TOPIC } from "../../store/half_message.ts";
import { TIMER_TOPIC } from "../../store/timer/timer_message.ts";
import type { BrokerActorInit } from "./broker_init.ts";
import { isWrittenLater } from "./write_mode.ts";
import type { MasterAddress } from "./broker_replication.ts";
import { coldReadRole } from "./cold_read/cold_read_role.ts";
import type { ColdReadContract } from "./cold_read_contract.ts";
import {
  type CommitRealTimeContract,
  commitRealTimeRole,
  type FlushCommitLogContract,
  flushCommitLogRole,
  type FlushConsumeQueueContract,
  flushConsumeQueueRole,
} from "./flush/flush_contract.ts";
import {
  type GroupTransferContract,
  groupTransferRole,
  type HaClientContract,
  haClientRole,
  type HaServiceContract,
  haServiceRole,
} from "./ha/ha_contract.ts";
import { isSlave, ReplicationRules } from "./ha/replication_rules.ts";
import { type GatewayContract, gatewayRole } from "./gateway/gateway_contract.ts";
import { type HousekeepingContract, housekeepingRole } from "./housekeeping/housekeeping_contract.ts";
import { type HoldContract, holdRole } from "./hold/hold_contract.ts";
import { type ReputContract, reputRole } from "./reput/reput_contract.ts";
import { type TransactionsContract, transactionsRole } from "./transactions/transactions_contract.ts";
import { type TimerContract, timerRole } from "./timer/timer_contract.ts";
import { type ScheduleContract, scheduleRole } from "./schedule/schedule_contract.ts";

/** Children of a broker. */
export interface BrokerChildren {
  readonly controller: Child<BrokerControllerContract>;
  /** undefined when what is appended is written before it is acknowledged. */
  readonly commitLog: Child<CommitRealTimeContract> | undefined;
  readonly flushLog: Child<FlushCommitLogContract>;
  readonly reput: Child<ReputContract>;
  readonly flushQueues: Child<FlushConsumeQueueContract>;
  readonly hold: Child<HoldContract>;
  readonly coldRead: Child<ColdReadContract>;
  readonly schedule: Child<ScheduleContract>;
  readonly transactions: Child<TransactionsContract>;
  /** undefined when timers are switched off. */
  readonly timer: Child<TimerContract> | undefined;
  readonly housekeeping: Child<HousekeepingContract>;
  /** Dormant until the first slave comes, where sends do not wait for slaves. */
  readonly haService: Child<HaServiceContract>;
  /** undefined where sends do not wait for slaves. */
  readonly groupTransfer: Child<GroupTransferContract> | undefined;
  /** undefined where the broker is no slave. */
  readonly haClient: Child<HaClientContract> | undefined;
  readonly gateways: readonly Child<GatewayContract>[];
}

/** Milliseconds that an actor gets to stop. */
const STOP_MS = 5000;

/** Name of a gateway. */
export function gatewayName(index: number): string {
  return `gateway-${index}`;
}

/** Starts the workers of all children, so that their modules load side by side; in the order in which they are needed. */
export function warmUpChildren(gateways: number, values: BrokerValues, isFailover: boolean): WarmUp {
  const follows = isSlave(values);
  const warm = new WarmUp();
  warm.start(brokerControllerRole, "controller");
  if (isWrittenLater(values)) warm.start(commitRealTimeRole, "commit-log");
  warm.start(flushCommitLogRole, "flush-log");
  warm.start(reputRole, "reput");
  for (let index = 0; index < gateways; index++) warm.start(gatewayRole, gatewayName(index));
  warm.start(flushConsumeQueueRole, "flush-queues");
  if (follows) warm.start(haClientRole, "ha-client");
  const { waits } = new ReplicationRules(values, isFailover);
  if (waits || (isFailover && !follows)) warm.start(haServiceRole, "ha-service");
  if (waits) warm.start(groupTransferRole, "group-transfer");
  warm.start(housekeepingRole, "housekeeping");
  return warm;
}

/**
 * Makes the children of a broker.
 *
 * @param init what every actor gets; @param controllerInit what BrokerController gets; @param gateways how many; @param master whom a slave follows
 */
export function brokerChildren(
  init: BrokerActorInit,
  controllerInit: BrokerControllerInit,
  gateways: number,
  master: MasterAddress,
): BrokerChildren {
  const follows = isSlave(init.values);
  // What is delayed, checked or timed is appended by the master alone.
  const hasTimer = init.values.timerWheelEnable && !follows;
  const timerPeer: Record<string, string> = hasTimer ? { "timer": "timer" } : {};
  return {
    controller: controllerChild(controllerInit, { ...timerPeer, ...(follows ? { "ha-client": "ha-client" } : {}) }),
    ...storeChildren(init),
    ...replicationChildren(init, master),
    hold: child<HoldContract>({ name: "hold", role: holdRole, init: () => init, ...ASKS_CONTROLLER, isDormant: true }),
    coldRead: child<ColdReadContract>({
      name: "cold-read",
      role: coldReadRole,
      init: () => init,
      ...ASKS_CONTROLLER,
      isDormant: true,
    }),
    schedule: child<ScheduleContract>({
      name: "schedule",
      role: scheduleRole,
      init: () => init,
      ...ASKS_CONTROLLER,
      peers: { "controller": "controller", "flush-log": "flush-log" },
      isDormant: follows || !controllerInit.queues.some(({ topic }) => topic === SCHEDULE_TOPIC),
    }),
    timer: hasTimer ? timerChild(init, controllerInit) : undefined,
    housekeeping: child<HousekeepingContract>({
      name: "housekeeping",
      role: housekeepingRole,
      init: () => init,
      peers: { controller: "controller", reput: "reput" },
      restart: "restart",
      stopDeadlineMs: STOP_MS,
    }),
    transactions: child<TransactionsContract>({
      name: "transactions",
      role: transactionsRole,
      init: () => init,
      ...ASKS_CONTROLLER,
      peers: { "controller": "controller", "flush-log": "flush-log", ...peersOf(controllerInit.gateways) },
      // It looks after half messages that are there; reput tells when the first one comes.
      isDormant: follows || !controllerInit.queues.some(({ topic }) => topic === HALF_TOPIC),
    }),
    gateways: controllerInit.gateways.map((name, index) =>
      child<GatewayContract>({
        name,
        role: gatewayRole,
        init: ({ epoch }) => ({ ...init, index, incarnation: epoch, reusePort: gateways > 1 }),
        peers: {
          "controller": "controller",
          "cold-read": "cold-read",
          "hold": "hold",
          "transactions": "transactions",
          ...timerPeer,
        },
        restart: "restart",
        stopDeadlineMs: STOP_MS,
      })
    ),
  };
}

/** Timers that are there are looked after from the start; reput tells when the first one comes. */
function timerChild(init: BrokerActorInit, { queues }: BrokerControllerInit): Child<TimerContract> {
  return child<TimerContract>({
    name: "timer",
    role: timerRole,
    init: () => init,
    ...ASKS_CONTROLLER,
    isDormant: !queues.some(({ topic }) => topic === TIMER_TOPIC),
  });
}

/** Gateways as peers under their own names. */
function peersOf(gateways: readonly string[]): Record<string, string> {
  return Object.fromEntries(gateways.map((name) => [name, name]));
}

const ASKS_CONTROLLER = {
  peers: { controller: "controller" },
  restart: "restart",
  stopDeadlineMs: STOP_MS,
} as const;

function controllerChild(init: BrokerControllerInit, morePeers: Record<string, string>): BrokerChildren["controller"] {
  return child<BrokerControllerContract>({
    name: "controller",
    role: brokerControllerRole,
    init: () => init,
    peers: {
      "cold-read": "cold-read",
      "schedule": "schedule",
      "flush-log": "flush-log",
      "reput": "reput",
      "hold": "hold",
      "housekeeping": "housekeeping",
      "transactions": "transactions",
      "ha-service": "ha-service",
      ...morePeers,
      ...peersOf(init.gateways),
    },
    restart: "exit-process",
    stopDeadlineMs: STOP_MS,
  });
}

/** What sends the log to slaves and follows a master; as few threads as the role needs. */
function replicationChildren(
  init: BrokerActorInit,
  master: MasterAddress,
): Pick<BrokerChildren, "haService" | "groupTransfer" | "haClient"> {
  const isFailover = init.replicaRole !== undefined;
  const { waits } = new ReplicationRules(init.values, isFailover);
  return {
    haService: child<HaServiceContract>({
      name: "ha-service",
      role: haServiceRole,
      init: () => init,
      restart: "restart",
      stopDeadlineMs: STOP_MS,
      isDormant: !waits && !(isFailover && !isSlave(init.values)),
    }),
    groupTransfer: waits
      ? child<GroupTransferContract>({
        name: "group-transfer",
        role: groupTransferRole,
        init: () => init,
        restart: "restart",
        stopDeadlineMs: STOP_MS,
      })
      : undefined,
    haClient: isSlave(init.values)
      ? child<HaClientContract>({
        name: "ha-client",
        role: haClientRole,
        init: () => ({ ...init, masterAddress: master.now }),
        restart: "restart",
        stopDeadlineMs: STOP_MS,
      })
      : undefined,
  };
}

/** What writes behind the log: its flush, dispatch, and the flush of what dispatch wrote. */
function storeChildren(
  init: BrokerActorInit,
): Pick<BrokerChildren, "commitLog" | "flushLog" | "reput" | "flushQueues"> {
  return {
    commitLog: isWrittenLater(init.values)
      ? child<CommitRealTimeContract>({
        name: "commit-log",
        role: commitRealTimeRole,
        init: () => init,
        restart: "restart",
        exitCode: () => ExitCode.DISK_FAILED,
        stopDeadlineMs: STOP_MS,
      })
      : undefined,
    flushLog: child<FlushCommitLogContract>({
      name: "flush-log",
      role: flushCommitLogRole,
      init: () => init,
      restart: "restart",
      exitCode: () => ExitCode.DISK_FAILED,
      stopDeadlineMs: STOP_MS,
    }),
    reput: child<ReputContract>({
      name: "reput",
      role: reputRole,
      init: ({ epoch }) => ({ ...init, incarnation: epoch }),
      peers: { controller: "controller" },
      restart: "restart",
      exitCode: () => ExitCode.STORE_DAMAGED,
      stopDeadlineMs: 4 * STOP_MS,
    }),
    flushQueues: child<FlushConsumeQueueContract>({
      name: "flush-queues",
      role: flushConsumeQueueRole,
      init: ({ epoch }) => ({ ...init, incarnation: epoch }),
      peers: { reput: "reput" },
      restart: "restart",
      stopDeadlineMs: STOP_MS,
    }),
  };
}
