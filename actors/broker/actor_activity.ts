/**
 * What each actor of a broker did so far: turns, work and CPU time of its thread.
 *
 * Owns: the rows and their text. Reads: what the actors publish in shared memory. Never: asks an actor, so that a stuck one shows too.
 */
import type { Supervisor } from "../kernel/supervisor.ts";

/** One actor. */
export interface ActorActivity {
  /** Name of the actor. */
  readonly name: string;
  /** Number of its present incarnation; above 1 it was started again, 0 while it sleeps until it is needed. */
  readonly incarnation: number;
  /** Whether it runs now. */
  readonly isUp: boolean;
  /** Messages and timers taken since it started. */
  readonly turns: number;
  /** Work that it counts itself: frames, bytes dispatched, syncs, messages delivered. */
  readonly work: number;
  /** CPU time of its thread in milliseconds; 0 until it has looked for the first time, which the first question makes it do. */
  readonly cpuMs: number;
}

/**
 * What the children of a supervisor did so far.
 *
 * @param supervisor of the broker
 */
export function activityOf(supervisor: Pick<Supervisor, "gauges">): ActorActivity[] {
  return supervisor.gauges().map(({ child, epoch, gauges }) => ({
    name: child,
    incarnation: epoch,
    isUp: gauges !== undefined,
    turns: gauges?.turns ?? 0,
    work: gauges?.work ?? 0,
    cpuMs: (gauges?.cpuUs ?? 0) / 1000,
  }));
}

/** Rows as a table of text. */
export function describeActivity(rows: readonly ActorActivity[]): string[] {
  const table = rows.map(({ name, incarnation, isUp, turns, work, cpuMs }) => [
    name,
    isUp ? String(incarnation) : incarnation === 0 ? "asleep" : `${incarnation} (down)`,
    String(turns),
    String(work),
    cpuMs.toFixed(0),
  ]);
  const all = [["actor", "incarnation", "turns", "work", "cpu ms"], ...table];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  return all.map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd());
}
