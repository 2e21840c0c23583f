/**
 * What a gateway knows of timers: the slots of the wheel, where a limit is set for them, and the answers to requests 60 and 61.
 *
 * Owns: a handle on the wheel, opened when it is looked at. Reads: the wheel. Never: writes it.
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor.getTimerCheckPoint, getTimerMetrics
 */
import type { ActorContext } from "../../kernel/contract.ts";
import { createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { TimerWheel } from "../../../store/timer/timer_wheel.ts";
import { awake } from "../awake.ts";
import type { BrokerValues } from "../broker_configuration.ts";
import type { StoreHandles } from "../broker_init.ts";
import { isSlotFull } from "../timer/timer_rules.ts";
import type { GatewayContract } from "./gateway_contract.ts";

/** Limit that nothing reaches. Source: apache/rocketmq store MessageStoreConfig.timerCongestNumEachSlot */
const NO_LIMIT = 2 ** 31 - 1;

const ASK_MS = 10_000;

/** A gateway's view of the timers. */
export class TimerState {
  readonly #values: BrokerValues;
  readonly #store: StoreHandles;
  readonly #context: ActorContext<GatewayContract>;

  /** @param values of the broker; @param store files of this thread; @param context of the actor */
  constructor(values: BrokerValues, store: StoreHandles, context: ActorContext<GatewayContract>) {
    this.#values = values;
    this.#store = store;
    this.#context = context;
  }

  /** Whether the slot of a time takes no more. */
  isCongested(outMs: number, spread: number): boolean {
    const { timerCongestNumEachSlot, timerPrecisionMs, storePathRootDir } = this.#values;
    if (timerCongestNumEachSlot >= NO_LIMIT) return false;
    const { disk } = this.#store.handles;
    const path = TimerWheel.pathIn(storePathRootDir);
    if (!disk.exists(path)) return false;
    const wheel = TimerWheel.open(disk, path, timerPrecisionMs);
    try {
      return isSlotFull(wheel.get(outMs)?.count ?? 0, timerCongestNumEachSlot, spread % 1000);
    } finally {
      wheel.close();
    }
  }

  /** Answers 60 and 61. */
  async ask(command: RemotingCommand): Promise<RemotingCommand> {
    const isCheckpoint = command.code === RequestCode.GET_TIMER_CHECK_POINT;
    if (!this.#values.timerWheelEnable) {
      const remark = isCheckpoint ? "The checkpoint is null" : "The timer message store is null";
      return createResponse(command, ResponseCode.SYSTEM_ERROR, remark);
    }
    const timer = await awake(this.#context, this.#context.peer("timer"), "timer");
    const body = isCheckpoint
      ? (await timer.ask("checkpoint", null, { timeoutMs: ASK_MS })).bytes
      : new TextEncoder().encode((await timer.ask("metrics", null, { timeoutMs: ASK_MS })).text);
    return createResponse(command, ResponseCode.SUCCESS, undefined, {}, body);
  }
}
