import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { ASKS_OUTSTANDING_MAX, AskTable } from "../../actors/kernel/ask_table.ts";
import { Backlog, TELLS_WAITING_MAX } from "../../actors/kernel/backlog.ts";
import type { ActorRef } from "../../actors/kernel/contract.ts";
import { ControlBlock } from "../../actors/kernel/control_block.ts";
import {
  ActorGoneError,
  AskOverflowError,
  AskTimeoutError,
  decodeError,
  encodeError,
  PeerRefusedError,
  RemoteError,
} from "../../actors/kernel/errors.ts";
import { inline } from "../../actors/kernel/inline.ts";
import { introduce } from "../../actors/kernel/introduce.ts";
import { spawn, type StartOptions } from "../../actors/kernel/spawn.ts";
import { workersRunning } from "../../actors/kernel/worker_count.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";
import { until, within } from "../helpers/until.ts";
import { withActors } from "../helpers/with_actors.ts";
import { type ProbeContract, probeRole, startProbe } from "./probe_actor.ts";

type Run = (
  init?: Partial<ProbeContract["init"]>,
  options?: StartOptions<ProbeContract>,
) => Promise<ActorRef<ProbeContract>>;

const RUNS: Record<string, Run> = {
  spawn: (init, options) => spawn(probeRole, { greeting: "hello", ...init }, options),
  inline: (init, options) => inline(probeRole, startProbe, { greeting: "hello", ...init }, options),
};

const SOON = { timeoutMs: 60_000 };

for (const [how, run] of Object.entries(RUNS)) {
  Deno.test(`${how}: the context names the actor, its clock and its stop word`, () =>
    withActors(async (keep) => {
      const probe = await keep(run({}, { name: "some name" }));
      const { name, stopWord, nowMs } = await probe.ask("self", undefined, SOON);
      assertEquals([name, stopWord], ["some name", 0]);
      assert(Math.abs(nowMs - Date.now()) < 60_000);
    }));

  Deno.test(`${how}: fail() while the behaviour starts fails the start with that error`, async () => {
    await assertRejects(() => run({ giveUpAtStart: true }), RemoteError, "Cannot start probe: gave up");
    assertEquals(workersRunning(), []);
  });

  Deno.test(`${how}: a behaviour that throws while it stops has crashed, and stop() still settles`, () =>
    withActors(async (keep) => {
      const probe = await keep(run({ failStop: true }));
      await probe.stop(SOON);
      const exit = await probe.ended;
      assert(exit.kind === "crashed");
      assertEquals(exit.error.message, "Cannot stop probe: told so");
    }));

  Deno.test(`${how}: ask() refuses a deadline that is no time`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      await assertRejects(() => probe.ask("epoch", undefined, { timeoutMs: NaN }), RangeError, "timeoutMs is NaN");
      await assertRejects(() => probe.ask("epoch", undefined, { timeoutMs: -1 }), RangeError, "timeoutMs is -1");
    }));

  Deno.test(`${how}: what cannot be copied to a peer is refused where it is sent`, () =>
    withActors(async (keep) => {
      const a = await keep(run({}, { name: "a" }));
      const b = await keep(run({}, { name: "b" }));
      await introduce(a, "right", b, null);
      assertEquals(await a.ask("relayBytes", undefined, SOON), 2);
      assertEquals((await a.ask("relay", { peer: "right", text: "x", timeoutMs: 5_000 }, SOON)).from, "a");
    }));

  Deno.test(`${how}: a reply of a peer waits while the actor is paused`, () =>
    withActors(async (keep) => {
      const a = await keep(run({}, { name: "a" }));
      const b = await keep(run({}, { name: "b" }));
      await introduce(a, "right", b, null);
      await b.pause(SOON);
      let settled = false;
      const asked = a.ask("relay", { peer: "right", text: "x", timeoutMs: 20_000 }, { timeoutMs: 20_000 })
        .finally(() => settled = true);
      await a.ask("seen", undefined, SOON);
      await a.pause(SOON);
      b.resume();
      await until(async () => (await b.ask("seen", undefined, SOON)).length === 1, {
        timeoutMs: 60_000,
        what: "the peer's answer",
      });
      assertEquals(settled, false);
      a.resume();
      assertEquals((await asked).text, "hello x");
    }));

  Deno.test(`${how}: one actor given two names of the same kind keeps the last`, () =>
    withActors(async (keep) => {
      const a = await keep(run({}, { name: "a" }));
      const b = await keep(run({ greeting: "b" }, { name: "b" }));
      const c = await keep(run({ greeting: "c" }, { name: "c" }));
      await introduce(a, "right", b, "left");
      await introduce(a, "right", c, null);
      const options = { text: "x", timeoutMs: 5_000 };
      assertEquals((await a.ask("relay", { peer: "right", ...options }, SOON)).text, "c x");
      assertEquals((await b.ask("relay", { peer: "left", ...options }, SOON)).text, "hello x");
      await b.stop(SOON);
      assertEquals((await a.ask("connected", undefined, SOON)).right, true);
    }));

  Deno.test(`${how}: after the end every control is harmless or says so`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const other = await keep(run({}, { name: "other" }));
      await probe.stop(SOON);
      probe.resume();
      probe.crash("nobody there");
      await probe.stop(SOON);
      await assertRejects(() => probe.pause(SOON), ActorGoneError);
      await assertRejects(() => introduce(probe, "right", other, null), PeerRefusedError);
      assertEquals(probe.connected, false);
    }));
}

Deno.test("spawn: pause() that is not heard says so at its deadline", () =>
  withActors(async (keep) => {
    const probe = await keep(RUNS["spawn"]!());
    probe.tell("spin", 300);
    await assertRejects(() => probe.pause({ timeoutMs: 20 }), AskTimeoutError, "it takes turns after 20 ms");
    probe.resume();
    assertEquals(await probe.ask("epoch", undefined, SOON), 1);
  }));

Deno.test("inline: a crash() while paused is taken when it resumes", () =>
  withActors(async (keep) => {
    const probe = await keep(RUNS["inline"]!());
    await probe.pause(SOON);
    probe.crash("later");
    probe.resume();
    const exit = await within(probe.ended, { timeoutMs: 60_000, what: "the crash" });
    assertEquals(exit.kind, "crashed");
  }));

Deno.test("AskTable.open() is refused when too many asks wait, and posts nothing", async () => {
  const clock = new SimulatedClock();
  const table = new AskTable(clock, "target");
  let posted = 0;
  const open = (): Promise<unknown> => table.open("name", 1_000, () => posted++);
  const waiting = Array.from({ length: ASKS_OUTSTANDING_MAX }, () => open().catch((error: Error) => error.message));
  await assertRejects(open, AskOverflowError, 'Cannot ask "name" of target: 65536 asks wait already');
  assertEquals([posted, table.size], [ASKS_OUTSTANDING_MAX, ASKS_OUTSTANDING_MAX]);
  table.settle({ kind: "reply", id: 1, value: 5 });
  table.settle({ kind: "reply", id: 1, value: 5 });
  assertEquals([await waiting[0], table.lateReplies], [5, 1]);
  table.rejectAll((name) => new ActorGoneError(`${name} is gone`));
  assertEquals([await waiting.at(-1), table.size, clock.timers], ["name is gone", 0, 0]);
});

Deno.test("Backlog counts what is under way in each direction, across the wrap", () => {
  const left = new Backlog(0);
  const right = new Backlog(1, left.memory);
  for (let n = 0; n < TELLS_WAITING_MAX; n++) assert(left.claim());
  assertEquals([left.claim(), left.waiting, right.waiting, right.claim()], [false, TELLS_WAITING_MAX, 0, true]);
  right.take();
  assertEquals([left.claim(), left.claim()], [true, false]);
  left.unclaim();
  assertEquals(left.waiting, TELLS_WAITING_MAX - 1);
  const words = new Int32Array(left.memory);
  words[32] = 0x7fff_ffff;
  right.take();
  assertEquals(words[32], -0x8000_0000);
});

Deno.test("introduce() refuses an address that this kernel did not make", async () => {
  const stranger = { name: "stranger" } as ActorRef<ProbeContract>;
  await assertRejects(() => introduce(stranger, "right", stranger, null), PeerRefusedError, "not made by this kernel");
});

Deno.test("ControlBlock and Backlog refuse memory of another size", () => {
  assertThrows(() => new ControlBlock(new SharedArrayBuffer(4)), RangeError, "it has 4 bytes");
  assertThrows(() => new Backlog(0, new SharedArrayBuffer(4)), RangeError, "it has 4 bytes");
});

Deno.test("decodeError(encodeError()) keeps name, code, stack and causes, to a depth", () => {
  let error = new Error("deepest");
  for (let depth = 0; depth < 8; depth++) error = new RangeError(`depth ${depth}`, { cause: error });
  const back = decodeError(structuredClone(encodeError(error)));
  assertInstanceOf(back, RangeError);
  assertEquals(back.stack, error.stack);
  let causes = 0;
  for (let at: unknown = back.cause; at instanceof Error; at = at.cause) causes++;
  assertEquals(causes, 4);
  const coded = decodeError(encodeError(Object.assign(new TypeError("x"), { code: "ERR_X" })));
  assertEquals([coded instanceof TypeError, (coded as { code?: unknown }).code], [true, "ERR_X"]);
  assertEquals(decodeError(encodeError(undefined)).message, "undefined");
  // A name that every object has is no class of errors.
  assertInstanceOf(decodeError({ name: "constructor", message: "x" }), RemoteError);
});
