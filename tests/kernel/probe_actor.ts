/**
 * The actor that the kernel's suite runs, inline and in a worker.
 *
 * @module
 */

import {
  type ActorContext,
  type Behaviour,
  type Contract,
  defineRole,
  type Role,
  type Start,
} from "../../actors/kernel/contract.ts";
import { transferred } from "../../actors/kernel/transferred.ts";

/** An error of a class that the other side does not know. */
export class ProbeError extends Error {
  override readonly name = "ProbeError";
  readonly code = "probe-broken";
  readonly retryable = true;
}

/** What the probe takes and gives. */
export interface ProbeContract extends Contract {
  init: {
    greeting: string;
    failStart?: boolean;
    hangStart?: boolean;
    giveUpAtStart?: boolean;
    askAtStart?: boolean;
    slowStop?: boolean;
    failStop?: boolean;
  };
  asks: {
    echo: { request: { text: string; bytes?: Uint8Array }; reply: { text: string; bytes?: Uint8Array; from: string } };
    delay: { request: { ms: number }; reply: number };
    never: { request: undefined; reply: undefined };
    fail: { request: "probe" | "range" | "async" | "assertion" | "text"; reply: undefined };
    unclonable: { request: undefined; reply: undefined };
    moved: { request: number; reply: { bytes: Uint8Array<ArrayBuffer> } };
    relay: {
      request: { peer: "left" | "right"; text: string; timeoutMs: number };
      reply: { text: string; from: string };
    };
    relayNever: { request: undefined; reply: undefined };
    connected: { request: undefined; reply: { left: boolean; right: boolean; dropped: number } };
    seen: { request: undefined; reply: string[] };
    atStart: { request: undefined; reply: string };
    share: { request: SharedArrayBuffer; reply: undefined };
    epoch: { request: undefined; reply: number };
    self: { request: undefined; reply: { name: string; stopWord: number; nowMs: number } };
    relayBytes: { request: undefined; reply: number };
    ticks: { request: undefined; reply: number };
  };
  tells: {
    note: string;
    skip: number;
    pass: { peer: "left" | "right"; text: string };
    explode: string;
    rejectLater: string;
    throwInTimer: string;
    throwOutside: string;
    giveUp: string;
    tick: number;
    block: number;
    spin: number;
    loop: string;
    closeSelf: string;
    exitSelf: string;
  };
  signals: { noted: string; lifecycle: "stopping" };
  peers: { left: ProbeContract; right: ProbeContract };
}

/** The probe's role. */
export const probeRole: Role<ProbeContract> = defineRole<ProbeContract>(
  "probe",
  new URL("./probe_worker.ts", import.meta.url),
);

type Context = ActorContext<ProbeContract>;

/** What the probe remembers. */
interface ProbeState {
  readonly greeting: string;
  readonly atStart: string;
  readonly seen: string[];
  ticks: number;
}

/** Starts the probe. */
export const startProbe: Start<ProbeContract> = async (init, context) => {
  if (init.failStart) throw new ProbeError("Cannot start probe: told so");
  if (init.giveUpAtStart) context.fail(new ProbeError("Cannot start probe: gave up"));
  if (init.hangStart) await new Promise(() => {});
  const atStart = init.askAtStart
    ? (await context.peer("left").ask("echo", { text: "at start" }, { timeoutMs: 5_000 })).text
    : "";
  const state: ProbeState = { greeting: init.greeting, atStart, seen: [], ticks: 0 };
  return {
    asks: asksOf(state, context),
    tells: tellsOf(state, context),
    stop: async () => {
      context.signal("lifecycle", "stopping");
      if (init.failStop) throw new ProbeError("Cannot stop probe: told so");
      if (init.slowStop) await new Promise(() => {});
    },
  };
};

function asksOf(state: ProbeState, context: Context): Behaviour<ProbeContract>["asks"] {
  return {
    echo: ({ text, bytes }, from) => {
      state.seen.push(`echo ${text}`);
      return { text: `${state.greeting} ${text}`, from, ...(bytes === undefined ? {} : { bytes }) };
    },
    delay: async ({ ms }) => {
      await context.clock.sleep(ms);
      return ms;
    },
    never: () => new Promise(() => {}),
    fail: (kind) => {
      if (kind === "probe") throw new ProbeError("Cannot probe: told so", { cause: new RangeError("deep") });
      if (kind === "range") throw new RangeError("Cannot range: told so");
      if (kind === "text") throw "only text";
      if (kind === "async") return Promise.reject(new ProbeError("Cannot probe later: told so"));
      throw Object.assign(new Error("broken invariant"), { name: "AssertionError" });
    },
    unclonable: () => (() => {}) as unknown as undefined,
    moved: (count) => {
      const bytes = new Uint8Array(count).fill(7);
      return transferred({ bytes }, [bytes.buffer]);
    },
    relay: ({ peer, text, timeoutMs }) => context.peer(peer).ask("echo", { text }, { timeoutMs }),
    relayNever: () => context.peer("right").ask("never", undefined, { timeoutMs: 60_000 }),
    connected: () => ({
      left: context.peer("left").connected,
      right: context.peer("right").connected,
      dropped: context.peer("right").tellsDropped,
    }),
    seen: () => [...state.seen],
    atStart: () => state.atStart,
    share: (memory) => {
      Atomics.store(new Int32Array(memory), 0, 42);
    },
    epoch: () => context.epoch,
    self: () => ({ name: context.name, stopWord: context.stopWord[0] ?? -1, nowMs: context.clock.nowMs() }),
    relayBytes: async () => {
      const unclonable = { text: "", bytes: (() => {}) as unknown as Uint8Array };
      const failed = await context.peer("right").ask("echo", unclonable, { timeoutMs: 5_000 }).catch(() => 1);
      let thrown = 0;
      try {
        context.peer("right").tell("note", (() => {}) as unknown as string);
      } catch {
        thrown++; // What cannot be copied is refused where it is sent.
      }
      return (failed === 1 ? 1 : 0) + thrown;
    },
    ticks: () => state.ticks,
  };
}

function tellsOf(state: ProbeState, context: Context): Behaviour<ProbeContract>["tells"] {
  return {
    note: (text, from) => {
      state.seen.push(`${from} ${text}`);
      context.countWork(1);
      context.signal("noted", text);
    },
    skip: () => {},
    pass: ({ peer, text }) => context.peer(peer).tell("note", text),
    explode: (text) => {
      throw new ProbeError(text);
    },
    rejectLater: (text) => {
      void Promise.reject(new ProbeError(text));
    },
    throwInTimer: (text) => {
      context.clock.setTimer(0, () => {
        throw new ProbeError(text);
      });
    },
    throwOutside: (text) => {
      setTimeout(() => {
        throw new ProbeError(text);
      }, 0);
    },
    giveUp: (text) => context.fail(new ProbeError(text)),
    tick: (ms) => {
      const again = (): void => {
        state.ticks++;
        context.clock.setTimer(ms, again);
      };
      context.clock.setTimer(ms, again);
    },
    spin: (ms) => {
      const untilMs = context.clock.monotonicMs() + ms;
      const word = new Int32Array(new SharedArrayBuffer(4));
      // A loop that looks at nothing: what a stop cannot reach.
      while (context.clock.monotonicMs() < untilMs) Atomics.wait(word, 0, 0, 20);
    },
    loop: () => {
      const word = new Int32Array(new SharedArrayBuffer(4));
      const run = async (): Promise<void> => {
        while (await context.breathe()) {
          Atomics.wait(word, 0, 0, 5);
          state.ticks++;
        }
      };
      run().catch((error) => context.fail(error));
    },
    closeSelf: () => self.close(),
    exitSelf: () => Deno.exit(3),
    block: (ms) => {
      const untilMs = context.clock.monotonicMs() + ms;
      while (context.gate() && context.clock.monotonicMs() < untilMs) Atomics.wait(context.stopWord, 0, 0, 50);
    },
  };
}
