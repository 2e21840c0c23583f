/**
 * How late delayed messages are, as statistics: what ScheduleMessageService and TimerMessageService added to the gauges since it was looked at last.
 *
 * Owns: what it saw last. Reads: gauges. Never: a timer.
 */
import { type LateCount, StatsName } from "../../../store/broker_stats.ts";
import { Gauge, type Gauges } from "../../../store/gauges.ts";
import type { ControllerState } from "./state.ts";

const SOURCES = [
  { name: StatsName.BrokerScheduleLateMs, times: Gauge.ScheduleDelivered, lateMs: Gauge.ScheduleLateMs },
  { name: StatsName.BrokerTimerLateMs, times: Gauge.TimerDelivered, lateMs: Gauge.TimerLateMs },
] as const;

/** Carries lateness from the gauges to the statistics. */
export class Lateness {
  readonly #state: ControllerState;
  readonly #seen: LateCount[];

  /** @param state whose gauges and statistics */
  constructor(state: ControllerState) {
    this.#state = state;
    this.#seen = SOURCES.map((source) => countOf(state.gauges, source));
  }

  /** Counts what was delivered since the last call. */
  count(): void {
    const { gauges, stats } = this.#state;
    SOURCES.forEach((source, index) => {
      const now = countOf(gauges, source);
      const before = this.#seen[index]!;
      this.#seen[index] = now;
      stats.late(source.name, { times: now.times - before.times, lateMs: now.lateMs - before.lateMs });
    });
  }
}

function countOf(gauges: Gauges, { times, lateMs }: typeof SOURCES[number]): LateCount {
  return { times: gauges.get(times), lateMs: gauges.get(lateMs) };
}
