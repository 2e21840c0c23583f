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
import type { BrokerActorInit } from "./broker_init.ts";
import { isWrittenLater } from "./write_mode.ts";
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
  readonly gateways: readonly Child<GatewayContract>[];
}

/** Milliseconds that an actor gets to stop. */
const STOP_MS = 5000;

/** Name of a gateway. */
export function gatewayName(index: number): string {
  return `gateway-${index}`;
}

/** Starts the workers of all children, so that their modules load side by side; in the order in which they are needed. */
export function warmUpChildren(gateways: number, values: BrokerValues): WarmUp {
  const warm = new WarmUp();
  warm.start(brokerControllerRole, "controller");
  if (isWrittenLater(values)) warm.start(commitRealTimeRole, "commit-log");
  warm.start(flushCommitLogRole, "flush-log");
  warm.start(reputRole, "reput");
  for (let index = 0; index < gateways; index++) warm.start(gatewayRole, gatewayName(index));
  warm.start(flushConsumeQueueRole, "flush-queues");
  warm.start(holdRole, "hold");
  warm.start(coldReadRole, "cold-read");
  warm.start(scheduleRole, "schedule");
  warm.start(transactionsRole, "transactions");
  if (values.timerWheelEnable) warm.start(timerRole, "timer");
  warm.start(housekeepingRole, "housekeeping");
  return warm;
}

/**
 * Makes the children of a broker.
 *
 * @param init what every actor gets; @param controllerInit what BrokerController gets; @param gateways how many
 */
export function brokerChildren(
  init: BrokerActorInit,
  controllerInit: BrokerControllerInit,
  gateways: number,
): BrokerChildren {
  const { timerWheelEnable } = init.values;
  const timerPeer: Record<string, string> = timerWheelEnable ? { "timer": "timer" } : {};
  return {
    controller: controllerChild(controllerInit, timerPeer),
    ...storeChildren(init),
    hold: child<HoldContract>({ name: "hold", role: holdRole, init: () => init, ...ASKS_CONTROLLER }),
    coldRead: child<ColdReadContract>({ name: "cold-read", role: coldReadRole, init: () => init, ...ASKS_CONTROLLER }),
    schedule: child<ScheduleContract>({ name: "schedule", role: scheduleRole, init: () => init, ...ASKS_CONTROLLER }),
    timer: timerWheelEnable
      ? child<TimerContract>({ name: "timer", role: timerRole, init: () => init, ...ASKS_CONTROLLER })
      : undefined,
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
      peers: { controller: "controller", ...peersOf(controllerInit.gateways) },
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

/** Gateways as peers under their own names. */
function peersOf(gateways: readonly string[]): Record<string, string> {
  return Object.fromEntries(gateways.map((name) => [name, name]));
}

const ASKS_CONTROLLER = {
  peers: { controller: "controller" },
  restart: "restart",
  stopDeadlineMs: STOP_MS,
} as const;

function controllerChild(init: BrokerControllerInit, timerPeer: Record<string, string>): BrokerChildren["controller"] {
  return child<BrokerControllerContract>({
    name: "controller",
    role: brokerControllerRole,
    init: () => init,
    peers: {
      "cold-read": "cold-read",
      "schedule": "schedule",
      "reput": "reput",
      "hold": "hold",
      "housekeeping": "housekeeping",
      "transactions": "transactions",
      ...timerPeer,
      ...peersOf(init.gateways),
    },
    restart: "exit-process",
    stopDeadlineMs: STOP_MS,
  });
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
