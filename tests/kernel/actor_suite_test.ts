import { fileURLToPath } from "node:url";
import { assert, assertEquals, assertInstanceOf, assertRejects, assertStringIncludes } from "@std/assert";
import { TELLS_WAITING_MAX } from "../../actors/kernel/backlog.ts";
import { type ActorRef, defineRole } from "../../actors/kernel/contract.ts";
import {
  ActorGoneError,
  AskTimeoutError,
  InitFailedError,
  InitTimeoutError,
  InjectedCrashError,
  PeerRefusedError,
  RemoteError,
  StopTimeoutError,
  UnknownMessageError,
} from "../../actors/kernel/errors.ts";
import { inline } from "../../actors/kernel/inline.ts";
import { introduce } from "../../actors/kernel/introduce.ts";
import { spawn, type StartOptions } from "../../actors/kernel/spawn.ts";
import { workersRunning } from "../../actors/kernel/worker_count.ts";
import { until, within } from "../helpers/until.ts";
import { withActors } from "../helpers/with_actors.ts";
import { type ProbeContract, probeRole, startProbe } from "./probe_actor.ts";

type Probe = ActorRef<ProbeContract>;
type Run = (init?: Partial<ProbeContract["init"]>, options?: StartOptions<ProbeContract>) => Promise<Probe>;

const RUNS: Record<string, Run> = {
  spawn: (init, options) => spawn(probeRole, { greeting: "hello", ...init }, options),
  inline: (init, options) => inline(probeRole, startProbe, { greeting: "hello", ...init }, options),
};

const SOON = { timeoutMs: 60_000 };

for (const [how, run] of Object.entries(RUNS)) {
  Deno.test(`${how}: ask() gives the reply and the asker's name`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const bytes = new Uint8Array([1, 2, 3]);
      assertEquals(await probe.ask("echo", { text: "you", bytes }, SOON), { text: "hello you", bytes, from: "owner" });
    }));

  Deno.test(`${how}: ask() copies its request and the reply`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const bytes = new Uint8Array([1, 2, 3]);
      const asked = probe.ask("echo", { text: "", bytes }, SOON);
      bytes[0] = 9;
      const reply = await asked;
      assertEquals([...reply.bytes!], [1, 2, 3]);
      assert(reply.bytes !== bytes);
    }));

  Deno.test(`${how}: ask() moves what is listed, both ways, and shares shared memory`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const bytes = new Uint8Array(100);
      const reply = await probe.ask("echo", { text: "", bytes }, { ...SOON, transfer: [bytes.buffer] });
      assertEquals(bytes.byteLength, 0);
      assertEquals(reply.bytes?.byteLength, 100);
      assertEquals((await probe.ask("moved", 5, SOON)).bytes, new Uint8Array(5).fill(7));
      const memory = new SharedArrayBuffer(4);
      await probe.ask("share", memory, SOON);
      assertEquals(new Int32Array(memory)[0], 42);
    }));

  Deno.test(`${how}: ask() refuses a request that cannot be copied and stays usable`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const request = { text: "", bytes: (() => {}) as unknown as Uint8Array };
      await assertRejects(() => probe.ask("echo", request, SOON), DOMException);
      await assertRejects(() => probe.ask("unclonable", undefined, SOON), Error, "could not be cloned");
      assertEquals((await probe.ask("echo", { text: "x" }, SOON)).text, "hello x");
    }));

  Deno.test(`${how}: ask() is given up at its deadline and a late reply is dropped`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const late = await assertRejects(
        () => probe.ask("delay", { ms: 60 }, { timeoutMs: 10 }),
        AskTimeoutError,
        'Cannot ask "delay" of probe: no reply within 10 ms',
      );
      assertEquals([late.code, late.retryable], ["ASK_TIMEOUT", true]);
      assertEquals(await probe.ask("delay", { ms: 80 }, SOON), 80);
    }));

  Deno.test(`${how}: ask() rejects with the actor's error, rebuilt`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const error = await assertRejects(() => probe.ask("fail", "probe", SOON), RemoteError, "Cannot probe: told so");
      assertEquals([error.name, error.code, error.retryable], ["ProbeError", "probe-broken", true]);
      assertStringIncludes(error.stack ?? "", "probe_actor.ts");
      assertInstanceOf(error.cause, RangeError);
      await assertRejects(() => probe.ask("fail", "async", SOON), RemoteError, "Cannot probe later");
      await assertRejects(() => probe.ask("fail", "range", SOON), RangeError, "Cannot range");
      await assertRejects(() => probe.ask("fail", "text", SOON), Error, "only text");
      assertEquals((await probe.ask("echo", { text: "x" }, SOON)).text, "hello x");
    }));

  Deno.test(`${how}: ask() of an unknown name is refused and an unknown tell ends the actor`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const untyped = probe as unknown as { ask(name: string, request: unknown, options: unknown): Promise<unknown> };
      await assertRejects(() => untyped.ask("toString", {}, SOON), UnknownMessageError, "probe has no such ask");
      (probe as unknown as { tell(name: string, payload: unknown): void }).tell("nothing", 1);
      const exit = await within(probe.ended, { timeoutMs: 60_000, what: "the crash" });
      assert(exit.kind === "crashed");
      assertInstanceOf(exit.error, UnknownMessageError);
    }));

  Deno.test(`${how}: a failed assertion answers the asker and ends the actor`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const error = await assertRejects(() => probe.ask("fail", "assertion", SOON), Error, "broken invariant");
      assertEquals(error.name, "AssertionError");
      assertEquals((await probe.ended).kind, "crashed");
    }));

  Deno.test(`${how}: tells are taken in order and signals come back`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const noted: string[] = [];
      const off = probe.on("noted", (text) => noted.push(text));
      for (let n = 0; n < 100; n++) probe.tell("note", `${n}`);
      const seen = await probe.ask("seen", undefined, SOON);
      assertEquals(seen, Array.from({ length: 100 }, (_, n) => `owner ${n}`));
      assertEquals(noted.length, 100);
      off();
      probe.tell("note", "more");
      await probe.ask("seen", undefined, SOON);
      assertEquals(noted.length, 100);
      assertEquals(probe.gauges.work, 101);
      assert(probe.gauges.turns >= 103);
    }));

  // Once is enough: between threads this many messages take seconds.
  if (how === "inline") {
    Deno.test(`${how}: tell() is refused and counted when too many wait, and taken again later`, () =>
      withActors(async (keep) => {
        const probe = await keep(run());
        await probe.pause(SOON);
        for (let n = 0; n < TELLS_WAITING_MAX; n++) assert(probe.tell("skip", n));
        assertEquals([probe.tell("skip", 0), probe.tell("skip", 0), probe.tellsDropped], [false, false, 2]);
        probe.resume();
        await probe.ask("epoch", undefined, { timeoutMs: 20_000 });
        assertEquals(probe.tell("skip", 0), true);
      }));
  }

  Deno.test(`${how}: start fails with what the behaviour threw`, async () => {
    const error = await assertRejects(() => run({ failStart: true }), InitFailedError, "Cannot start probe: told so");
    assertEquals((error.cause as RemoteError).code, "probe-broken");
    assertEquals(workersRunning(), []);
  });

  Deno.test(`${how}: start is given up at its deadline`, async () => {
    await assertRejects(() => run({ hangStart: true }, { initTimeoutMs: 400 }), InitTimeoutError, "within 400 ms");
    assertEquals(workersRunning(), []);
  });

  for (const way of ["explode", "rejectLater", "throwInTimer", "throwOutside", "giveUp"] as const) {
    // On the owner's thread a throw outside of every turn cannot be told from one of the owner.
    if ((way === "rejectLater" || way === "throwOutside") && how === "inline") continue;
    Deno.test(`${how}: a throw by ${way} is reported as a crash with its error`, () =>
      withActors(async (keep) => {
        const probe = await keep(run());
        const waiting = assertRejects(() => probe.ask("never", undefined, SOON), ActorGoneError, "it has crashed");
        probe.tell(way, `by ${way}`);
        const exit = await within(probe.ended, { timeoutMs: 60_000, what: "the crash" });
        assert(exit.kind === "crashed");
        assertEquals([exit.error.name, exit.error.message], ["ProbeError", `by ${way}`]);
        await waiting;
        await assertRejects(() => probe.ask("seen", undefined, SOON), ActorGoneError);
        probe.tell("note", "lost");
        assertEquals([probe.connected, probe.tellsDropped], [false, 1]);
        await probe.stop(SOON);
      }));
  }

  Deno.test(`${how}: crash() throws inside the actor`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      probe.crash("for the test");
      const exit = await probe.ended;
      assert(exit.kind === "crashed");
      assertInstanceOf(exit.error, InjectedCrashError);
      assertEquals(exit.error.message, "for the test");
    }));

  Deno.test(`${how}: stop() lets the behaviour stop and is the same when asked for again`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      const said: string[] = [];
      probe.on("lifecycle", (what) => said.push(what));
      await Promise.all([probe.stop(SOON), probe.stop(SOON)]);
      assertEquals(await probe.ended, { kind: "stopped" });
      assertEquals(said, ["stopping"]);
      await assertRejects(() => probe.ask("seen", undefined, SOON), ActorGoneError, "it has stopped");
    }));

  Deno.test(`${how}: stop() terminates at its deadline and says so`, async () => {
    const probe = await run({ slowStop: true });
    await assertRejects(() => probe.stop({ timeoutMs: 50 }), StopTimeoutError, "it runs after 50 ms");
    assertEquals((await probe.ended).kind, "stuck");
    assertEquals(workersRunning(), []);
  });

  Deno.test(`${how}: pause() holds messages and timers until resume()`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      probe.tell("tick", 1);
      await until(async () => await probe.ask("ticks", undefined, SOON) > 1, { timeoutMs: 60_000, what: "ticks" });
      await probe.pause(SOON);
      const turns = probe.gauges.turns;
      probe.tell("note", "held");
      await assertRejects(() => probe.ask("seen", undefined, { timeoutMs: 40 }), AskTimeoutError);
      assertEquals([probe.gauges.turns, probe.gauges.work], [turns, 0]);
      probe.resume();
      assertEquals(await probe.ask("seen", undefined, SOON), ["owner held"]);
      await probe.pause(SOON);
      await probe.stop(SOON);
    }));

  Deno.test(`${how}: a loop that blocks and breathes takes messages, pauses and stops`, () =>
    withActors(async (keep) => {
      const probe = await keep(run());
      probe.tell("loop", "");
      await until(async () => await probe.ask("ticks", undefined, SOON) > 3, { timeoutMs: 60_000, what: "rounds" });
      assertEquals((await probe.ask("echo", { text: "x" }, SOON)).text, "hello x");
      if (how === "spawn") {
        await probe.pause(SOON);
        const turns = probe.gauges.turns;
        await assertRejects(() => probe.ask("ticks", undefined, { timeoutMs: 30 }), AskTimeoutError);
        assertEquals(probe.gauges.turns, turns);
        probe.resume();
        await probe.ask("ticks", undefined, SOON);
      }
      await probe.stop(SOON);
      assertEquals(await probe.ended, { kind: "stopped" });
    }));

  Deno.test(`${how}: introduce() lets two actors ask and tell each other`, () =>
    withActors(async (keep) => {
      const a = await keep(run({ greeting: "a says" }, { name: "a" }));
      const b = await keep(run({ greeting: "b says" }, { name: "b" }));
      await introduce(a, "right", b, "left");
      assertEquals(await a.ask("relay", { peer: "right", text: "x", timeoutMs: 5_000 }, SOON), {
        text: "b says x",
        from: "a",
      });
      assertEquals((await b.ask("relay", { peer: "left", text: "y", timeoutMs: 5_000 }, SOON)).text, "a says y");
      a.tell("pass", { peer: "right", text: "told" });
      await until(async () => (await b.ask("seen", undefined, SOON)).includes("a told"), {
        timeoutMs: 60_000,
        what: "the tell",
      });
    }));

  for (const end of ["stops", "crashes"] as const) {
    Deno.test(`${how}: a peer that ${end} rejects the asks that wait and is rewired by introduce()`, () =>
      withActors(async (keep) => {
        const a = await keep(run({}, { name: "a" }));
        const b = await keep(run({}, { name: "b" }));
        await introduce(a, "right", b, null);
        const waiting = assertRejects(() => a.ask("relayNever", undefined, SOON), ActorGoneError, "not connected");
        await a.ask("seen", undefined, SOON);
        if (end === "stops") await b.stop(SOON);
        else b.crash("for the test");
        await waiting;
        a.tell("pass", { peer: "right", text: "lost" });
        assertEquals(await a.ask("connected", undefined, SOON), { left: false, right: false, dropped: 1 });
        await assertRejects(() => introduce(a, "right", b, null), PeerRefusedError);
        const again = await keep(run({ greeting: "again" }, { name: "b", epoch: 2 }));
        assertEquals(await again.ask("epoch", undefined, SOON), 2);
        await introduce(a, "right", again, null);
        const reply = await a.ask("relay", { peer: "right", text: "x", timeoutMs: 5_000 }, SOON);
        assertEquals(reply.text, "again x");
      }));
  }

  Deno.test(`${how}: peers given at the start can be asked while the behaviour starts`, () =>
    withActors(async (keep) => {
      const left = await keep(run({ greeting: "left" }, { name: "left" }));
      const peers = [{ as: "left", ref: left, knownAs: "right" }] as const;
      const probe = await keep(run({ askAtStart: true }, { name: "probe", peers }));
      assertEquals(await probe.ask("atStart", undefined, SOON), "left at start");
      assertEquals((await left.ask("connected", undefined, SOON)).right, true);
    }));
}

Deno.test("introduce() joins an inline actor and one in a worker", () =>
  withActors(async (keep) => {
    const a = await keep(RUNS["inline"]!({ greeting: "inline" }, { name: "a" }));
    const b = await keep(RUNS["spawn"]!({ greeting: "worker" }, { name: "b" }));
    await introduce(a, "right", b, "left");
    const options = { text: "x", timeoutMs: 5_000 };
    assertEquals((await a.ask("relay", { peer: "right", ...options }, SOON)).text, "worker x");
    assertEquals((await b.ask("relay", { peer: "left", ...options }, SOON)).text, "inline x");
    await b.stop(SOON);
    assertEquals((await a.ask("connected", undefined, SOON)).right, false);
  }));

Deno.test("spawn: stop() reaches a loop that blocks on the stop word", () =>
  withActors(async (keep) => {
    const probe = await keep(RUNS["spawn"]!());
    probe.tell("block", 60_000);
    await probe.stop(SOON);
    assertEquals(await probe.ended, { kind: "stopped" });
  }));

Deno.test("spawn: pause() reaches a loop that blocks", () =>
  withActors(async (keep) => {
    const probe = await keep(RUNS["spawn"]!());
    probe.tell("block", 60_000);
    await probe.pause(SOON);
    probe.resume();
    await probe.stop(SOON);
  }));

Deno.test("spawn: the CPU time of a worker is seen from outside", () =>
  withActors(async (keep) => {
    const probe = await keep(RUNS["spawn"]!());
    await until(async () => {
      for (let n = 0; n < 200; n++) probe.tell("note", "x".repeat(1_000));
      await probe.ask("epoch", undefined, SOON);
      return probe.gauges.cpuUs > 0;
    }, { timeoutMs: 60_000, what: "CPU time above zero" });
  }));

for (const way of ["closeSelf", "exitSelf"] as const) {
  Deno.test(`spawn: a worker that ends itself by ${way} is reported as crashed`, () =>
    withActors(async (keep) => {
      const probe = await keep(RUNS["spawn"]!());
      const waiting = assertRejects(() => probe.ask("never", undefined, SOON), ActorGoneError);
      probe.tell(way, "");
      const exit = await within(probe.ended, { timeoutMs: 60_000, what: "the end to be seen" });
      assert(exit.kind === "crashed");
      assertStringIncludes(exit.error.message, "The worker was ended by");
      await waiting;
    }));
}

Deno.test("spawn: a role that the worker does not serve is refused", async () => {
  const other = defineRole<ProbeContract>("other", probeRole.module);
  await assertRejects(() => spawn(other, { greeting: "" }), InitFailedError, 'this worker serves "probe"');
  assertEquals(workersRunning(), []);
});

Deno.test("spawn: a module that throws while it is loaded is reported as a crash", async () => {
  const broken = defineRole<ProbeContract>("broken", new URL("./broken_worker.ts", import.meta.url));
  await assertRejects(() => spawn(broken, { greeting: "" }), Error, "Cannot be loaded");
  assertEquals(workersRunning(), []);
});

for (const [mode, expected] of [["stuck", 8], ["orderly", 0]] as const) {
  Deno.test(`a process with a worker that is ${mode} ends with exit code ${expected}, without unstable flags`, async () => {
    const { code, stdout, stderr } = await within(
      new Deno.Command(Deno.execPath(), {
        args: [
          "run",
          "--quiet",
          "--no-config",
          `--allow-read=${fileURLToPath(new URL("../../", import.meta.url))}`,
          fileURLToPath(new URL("./stop_program.ts", import.meta.url)),
          mode,
        ],
        env: { NO_COLOR: "1" },
      }).output(),
      { timeoutMs: 60_000, what: "the process to end" },
    );
    const said = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assertStringIncludes(said, mode === "stuck" ? 'stuck ["probe"]' : "stuck []");
    assertEquals(code, expected, said);
  });
}
