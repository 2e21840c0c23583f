/**
 * Runs inline actors under a scheduler whose every choice follows from a seed.
 *
 * Which message is delivered next and when time moves on is picked by chance; messages of one channel keep their order,
 * as they do between workers. The seed is printed before a run and stands in every failure:
 *
 *     deno task sim 1234     repeats the runs of that seed alone
 *
 * @module
 */

import { setImmediate } from "node:timers";
import type { Turn, TurnScheduler } from "../../actors/kernel/inline_runtime.ts";
import { Random } from "./random.ts";
import { SimulatedClock } from "./simulated_clock.ts";

/** Turns after which a simulation that does not come to an end is given up. */
const STEPS_MAX = 200_000;

/** How often the machine is busy for a moment, and for how many milliseconds at most. */
const BUSY_ONE_IN = 16;
const BUSY_MS_MAX = 40;

/** A simulated machine: turns, time and chance. */
export class Simulation implements TurnScheduler {
  /** Everything that is left to chance. */
  readonly random: Random;
  /** Time of the simulation. */
  readonly clock: SimulatedClock = new SimulatedClock();
  /** What has happened, in order: who took a turn. */
  readonly trace: string[] = [];
  readonly #channels = new Map<number, Turn[]>();
  /** Channels are numbered anew in each simulation, so that a trace does not depend on what ran before. */
  readonly #numbers = new Map<number, number>();
  readonly #checks: (() => void)[] = [];

  /**
   * Makes a simulated machine.
   *
   * @param seed Everything that is left to chance follows from it.
   */
  constructor(seed: number) {
    this.random = new Random(seed);
  }

  /** Adds an invariant that is checked after every turn. */
  check(invariant: () => void): void {
    this.#checks.push(invariant);
  }

  ready(turn: Turn): void {
    const turns = this.#channels.get(turn.channel);
    if (turns === undefined) this.#channels.set(turn.channel, [turn]);
    else turns.push(turn);
  }

  pass(): Promise<void> {
    return new Promise((resolve) => this.ready({ actor: "breath", channel: -1, run: resolve }));
  }

  /**
   * Runs until a promise has settled.
   *
   * @param goal What is waited for.
   * @returns What it settles with.
   * @throws {Error} When nothing can happen any more before it settles, or too much happens.
   */
  async run<T>(goal: Promise<T>): Promise<T> {
    let settled = false;
    const end = (): void => {
      settled = true;
    };
    goal.then(end, end);
    for (let step = 0;; step++) {
      await settle();
      if (settled) return goal;
      if (step >= STEPS_MAX) throw new Error(`Not at an end after ${STEPS_MAX} steps`);
      if (!this.#step()) throw new Error("Nothing can happen any more, and the goal is not reached");
      for (const check of this.#checks) check();
    }
  }

  /** Does one thing. @returns False when there is nothing to do. */
  #step(): boolean {
    const open = [...this.#channels.keys()];
    const nextMs = this.clock.nextMs;
    if (open.length === 0) {
      if (nextMs === undefined) return false;
      this.trace.push(`time ${nextMs}`);
      this.clock.advance(nextMs);
      return true;
    }
    if (this.random.oneIn(BUSY_ONE_IN)) {
      // Time passes while messages are under way, as it does when a machine is busy.
      const passedMs = this.random.below(BUSY_MS_MAX);
      this.trace.push(`busy ${passedMs}`);
      this.clock.advance(passedMs);
      return true;
    }
    const channel = this.random.pick(open);
    const turns = this.#channels.get(channel) ?? [];
    const turn = turns.shift();
    if (turns.length === 0) this.#channels.delete(channel);
    this.trace.push(`${turn?.actor} ${this.#numberOf(channel)}`);
    turn?.run();
    return true;
  }

  #numberOf(channel: number): number {
    const known = this.#numbers.get(channel);
    if (known !== undefined) return known;
    this.#numbers.set(channel, this.#numbers.size + 1);
    return this.#numbers.size;
  }
}

/** Lets every promise that can settle do so. */
function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

/**
 * Runs a simulation for several seeds, or for the one in `RINGMQ_SEED`.
 *
 * @param count How many seeds.
 * @param body One run.
 * @throws {Error} What the run threw, with its seed in the message.
 */
export async function simulate(
  count: number,
  body: (simulation: Simulation, seed: number) => Promise<void>,
): Promise<void> {
  const given = Deno.env.get("RINGMQ_SEED");
  const first = given === undefined ? crypto.getRandomValues(new Uint32Array(1))[0] ?? 0 : Number(given);
  console.log(`seed ${first}${given === undefined ? `, ${count} runs` : ""}`);
  for (let run = 0; run < (given === undefined ? count : 1); run++) {
    const seed = (first + run) >>> 0;
    try {
      await body(new Simulation(seed), seed);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new Error(`seed ${seed}: ${why} (repeat with: deno task sim ${seed})`, { cause });
    }
  }
}
