/**
 * An actor that works on shared memory from a thread of its own: what the two-thread tests of the rooms of `store/memory` need.
 *
 * Owns: loops that wait, count, offer and append until they are done or their deadline has come.
 * Reads: the buffers that it is given.
 * Never: asserts anything; it reports, and the test judges.
 *
 * @module
 */

import {
  type ActorContext,
  type ActorRef,
  type Behaviour,
  type Contract,
  defineRole,
  type Role,
} from "../../../actors/kernel/contract.ts";
import { spawn } from "../../../actors/kernel/spawn.ts";
import type { KeepActor } from "../../helpers/with_actors.ts";
import { Doorbell } from "../../../store/memory/doorbell.ts";
import { SharedLock } from "../../../store/memory/lock.ts";
import { LogMemory, type LogMemoryBuffers } from "../../../store/memory/log_memory.ts";
import { TokenRing } from "../../../store/memory/token_ring.ts";
import { TurnLoan } from "../../../store/memory/turn_loan.ts";
import { shareUnits } from "../shared_units.ts";
import { appendPatterns, copyPatterns, type CopyTotals } from "./patterns.ts";

/** Where the parts of a {@link threadArena} lie, in bytes. */
export const ARENA = { bell: 0, lock: 128, counter: 256, flag: 384, bytes: 512 } as const;

/** A region with a bell, a lock, a counter and a flag. */
export function threadArena(): SharedArrayBuffer {
  return new SharedArrayBuffer(ARENA.bytes);
}

/** What the thread does. */
export interface ThreadContract extends Contract {
  init: null;
  asks: {
    /** Sleeps on the bell until the counter reaches `upTo`. */
    follow: { request: { arena: SharedArrayBuffer; upTo: number }; reply: { rounds: number; missed: number } };
    /** Raises the counter `times` times and rings after each. */
    ringTimes: { request: { arena: SharedArrayBuffer; times: number }; reply: null };
    /** Takes the lock, puts the flag up, gives it back when the flag is put down. */
    holdLock: { request: { arena: SharedArrayBuffer; patienceMs: number }; reply: null };
    /** Adds to the counter under the lock, by a load and a store that are not atomic together. */
    addUnderLock: { request: { arena: SharedArrayBuffer; times: number; patienceMs: number }; reply: null };
    /** Lends its turn again and again, and adds to the counter in its own turns, by a load and a store that are not atomic together. */
    lendTurns: { request: { arena: SharedArrayBuffer; times: number }; reply: { lent: number } };
    /** Adds to the counter in turns that are lent, in the same way. */
    useTurns: { request: { arena: SharedArrayBuffer; times: number }; reply: { used: number } };
    /** Offers 1 … count, each again until it is taken. */
    offerTokens: { request: { ring: SharedArrayBuffer; count: number }; reply: { refused: number } };
    /** Accepts until `count` came; counts what is not in order. */
    acceptTokens: { request: { ring: SharedArrayBuffer; count: number }; reply: { disorder: number } };
    /** Appends `count` records of a pattern, and counts as written what is appended. */
    append: {
      request: { log: LogMemoryBuffers; count: number; seed: number; doneFlag: SharedArrayBuffer };
      reply: null;
    };
    /** Shares the units of one queue in batches of 1 to 5, and writes them, as ReputMessageService does. */
    shareUnits: { request: { root: string; chunk: SharedArrayBuffer; count: number }; reply: null };
    /** Copies records out of the ring while another thread appends. */
    copy: {
      request: { log: LogMemoryBuffers; guard: "reserved" | "appended"; seed: number; doneFlag: SharedArrayBuffer };
      reply: CopyTotals;
    };
  };
  tells: Record<never, never>;
  signals: Record<never, never>;
}

/** The thread's role. */
export const threadRole: Role<ThreadContract> = defineRole<ThreadContract>(
  "thread",
  new URL("./threads_worker.ts", import.meta.url),
);

/**
 * Starts threads.
 *
 * @param keep Stops them after the test.
 * @param names One for each.
 */
export function startThreads(keep: KeepActor, ...names: string[]): Promise<ActorRef<ThreadContract>[]> {
  return Promise.all(names.map((name) => keep(spawn(threadRole, null, { name, initTimeoutMs: 60_000 }))));
}

/** No loop of the thread runs longer. Milliseconds. */
const LOOP_MS_MAX = 300_000;

/** Starts the thread. */
export function startThread(_init: null, context: ActorContext<ThreadContract>): Behaviour<ThreadContract> {
  const deadline = (): () => boolean => {
    const endMs = context.clock.monotonicMs() + LOOP_MS_MAX;
    let looks = 0;
    return (): boolean => {
      if ((++looks & 1023) === 0 && context.clock.monotonicMs() > endMs) {
        throw new Error("Loop of a test thread is late");
      }
      return Atomics.load(context.stopWord, 0) === 0;
    };
  };
  return {
    asks: {
      follow: ({ arena, upTo }) => follow(arena, upTo, deadline()),
      ringTimes: ({ arena, times }) => ringTimes(arena, times),
      holdLock: ({ arena, patienceMs }) => holdLock(arena, patienceMs, deadline()),
      addUnderLock: ({ arena, times, patienceMs }) => addUnderLock(arena, times, patienceMs),
      lendTurns: ({ arena, times }) => lendTurns(arena, times),
      useTurns: ({ arena, times }) => useTurns(arena, times),
      offerTokens: ({ ring, count }) => offerTokens(ring, count, deadline()),
      acceptTokens: ({ ring, count }) => acceptTokens(ring, count, deadline()),
      shareUnits: ({ root, chunk, count }) => shareUnits(root, chunk, count, deadline()),
      append: ({ log, count, seed, doneFlag }) => {
        try {
          appendPatterns(new LogMemory(log), count, seed);
        } finally {
          Atomics.store(new Int32Array(doneFlag), 0, 1);
        }
        return null;
      },
      copy: ({ log, guard, seed, doneFlag }) =>
        copyPatterns(new LogMemory(log), guard, seed, new Int32Array(doneFlag), deadline()),
    },
    tells: {},
    stop: () => {},
  };
}

function counterOf(arena: SharedArrayBuffer): Int32Array {
  return new Int32Array(arena, ARENA.counter, 1);
}

function follow(arena: SharedArrayBuffer, upTo: number, going: () => boolean): { rounds: number; missed: number } {
  const bell = new Doorbell(arena, ARENA.bell);
  const counter = counterOf(arena);
  let rounds = 0;
  for (let seen = 0; seen < upTo && going(); rounds++) {
    bell.sleep(() => Atomics.load(counter, 0) > seen, 100);
    seen = Atomics.load(counter, 0);
  }
  return { rounds, missed: bell.missed };
}

function ringTimes(arena: SharedArrayBuffer, times: number): null {
  const bell = new Doorbell(arena, ARENA.bell);
  const counter = counterOf(arena);
  for (let i = 0; i < times; i++) {
    bell.willRing();
    Atomics.add(counter, 0, 1);
    bell.ringAsSaid();
    // Now and then the sleeper gets time to fall asleep, so that both orders of the race are met.
    if (i % 64 === 0) pauseShortly();
  }
  return null;
}

function holdLock(arena: SharedArrayBuffer, patienceMs: number, going: () => boolean): null {
  const lock = new SharedLock(arena, ARENA.lock, { name: "test", patienceMs });
  const flag = new Int32Array(arena, ARENA.flag, 1);
  lock.acquire();
  Atomics.store(flag, 0, 1);
  while (Atomics.load(flag, 0) === 1 && going()) Atomics.wait(flag, 0, 1, 50);
  lock.release();
  return null;
}

/** Adds with some time between the load and the store, in which another thread may come. */
function addSlowly(counter: Int32Array): void {
  const before = Atomics.load(counter, 0);
  for (let spin = 0; spin < 20; spin++) Atomics.load(counter, 0);
  Atomics.store(counter, 0, before + 1);
}

/** @returns turns of the other thread that this one has seen */
function lendTurns(arena: SharedArrayBuffer, times: number): { lent: number } {
  const loan = new TurnLoan(arena, ARENA.lock);
  const counter = counterOf(arena);
  for (let i = 0; i < times; i++) {
    addSlowly(counter);
    loan.lend();
    if (i % 64 === 0) pauseShortly();
    loan.takeBack();
  }
  return { lent: loan.uses };
}

function useTurns(arena: SharedArrayBuffer, times: number): { used: number } {
  const loan = new TurnLoan(arena, ARENA.lock);
  const counter = counterOf(arena);
  let used = 0;
  for (let i = 0; i < times; i++) {
    const isUsed = loan.use(() => {
      addSlowly(counter);
      return true;
    });
    if (isUsed) used++;
  }
  return { used };
}

function addUnderLock(arena: SharedArrayBuffer, times: number, patienceMs: number): null {
  const lock = new SharedLock(arena, ARENA.lock, { name: "test", patienceMs });
  const counter = counterOf(arena);
  for (let i = 0; i < times; i++) {
    lock.acquire();
    counter[0] = counter[0]! + 1;
    lock.release();
  }
  return null;
}

function offerTokens(buffer: SharedArrayBuffer, count: number, going: () => boolean): { refused: number } {
  const ring = new TokenRing(buffer);
  const record = new Int32Array(2);
  let refused = 0;
  for (let i = 1; i <= count && going();) {
    record[0] = i;
    record[1] = ~i;
    if (ring.offer(record)) i++;
    else if ((++refused & 15) === 0) pauseShortly();
  }
  return { refused };
}

function acceptTokens(buffer: SharedArrayBuffer, count: number, going: () => boolean): { disorder: number } {
  const ring = new TokenRing(buffer);
  const record = new Int32Array(2);
  let disorder = 0;
  let empty = 0;
  for (let next = 1; next <= count && going();) {
    if (!ring.accept(record)) {
      if ((++empty & 15) === 0) pauseShortly();
      continue;
    }
    if (record[0] !== next || record[1] !== ~next) disorder++;
    next++;
  }
  return { disorder };
}

const nothing = new Int32Array(new SharedArrayBuffer(4));

/** Gives the processor to the other thread. */
function pauseShortly(): void {
  Atomics.wait(nothing, 0, 0, 0.05);
}
