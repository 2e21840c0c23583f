import { assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { type Child, child, type ChildSpec } from "../../actors/kernel/child.ts";
import { ActorGoneError, InitFailedError, InjectedCrashError } from "../../actors/kernel/errors.ts";
import { RestartBudget } from "../../actors/kernel/restart_budget.ts";
import { Supervisor, type SupervisorEvent, type SupervisorOptions } from "../../actors/kernel/supervisor.ts";
import { workersRunning } from "../../actors/kernel/worker_count.ts";
import { until, within } from "../helpers/until.ts";
import { type ProbeContract, probeRole, startProbe } from "./probe_actor.ts";

const SOON = { timeoutMs: 60_000 };

type Spec = Partial<ChildSpec<ProbeContract>>;

/** Runs every test with children in workers and inline. */
const PLACES: Record<string, Spec> = { spawn: {}, inline: { start: startProbe } };

function probe(name: string, spec: Spec = {}): Child<ProbeContract> {
  return child<ProbeContract>({
    name,
    role: probeRole,
    init: ({ epoch }) => ({ greeting: `${name} ${epoch} says` }),
    restart: "restart",
    stopDeadlineMs: 5_000,
    ...spec,
  });
}

/** An event in short: kind, child and epoch. */
function brief(event: SupervisorEvent): string {
  return `${event.kind} ${event.child}${"epoch" in event ? ` ${event.epoch}` : ""}`;
}

async function supervised(
  children: readonly Child<ProbeContract>[],
  body: (supervisor: Supervisor, events: SupervisorEvent[]) => Promise<void>,
  options: Partial<SupervisorOptions> = {},
): Promise<void> {
  const events: SupervisorEvent[] = [];
  const supervisor = new Supervisor({ children, onEvent: (event) => events.push(event), ...options });
  try {
    await body(supervisor, events);
  } finally {
    await within(supervisor.stop(), { timeoutMs: 60_000, what: "the supervisor's stop" });
  }
  assertEquals(workersRunning(), []);
}

const kinds = (events: readonly SupervisorEvent[]): string[] => events.map(brief);

for (const [place, where] of Object.entries(PLACES)) {
  Deno.test(`${place}: Supervisor starts left to right and stops right to left`, async () => {
    const children = ["a", "b", "c"].map((name) => probe(name, where));
    let seen: SupervisorEvent[] = [];
    await supervised(children, async (supervisor, events) => {
      seen = events;
      await supervisor.start();
      assertEquals(kinds(events), ["started a 1", "started b 1", "started c 1"]);
      events.length = 0;
      assertEquals(supervisor.gauges().map(({ child, epoch }) => [child, epoch]), [["a", 1], ["b", 1], ["c", 1]]);
    });
    assertEquals(kinds(seen), ["stopped c", "stopped b", "stopped a"]);
  });

  Deno.test(`${place}: Supervisor wires peers both ways, the earlier ones while a child starts`, () => {
    const a = probe("a", { ...where, peers: { right: "b" } });
    const b = probe("b", {
      ...where,
      peers: { left: "a" },
      init: () => ({ greeting: "b says", askAtStart: true }),
    });
    return supervised([a, b], async (supervisor) => {
      await supervisor.start();
      assertEquals(await supervisor.ref(b).ask("atStart", undefined, SOON), "a 1 says at start");
      const asked = await supervisor.ref(a).ask("relay", { peer: "right", text: "x", timeoutMs: 5_000 }, SOON);
      assertEquals(asked, { text: "b says x", from: "a" });
    });
  });

  Deno.test(`${place}: Supervisor restarts with the next epoch, rewires peers and keeps listening`, () => {
    const a = probe("a", { ...where, peers: { right: "b" } });
    const b = probe("b", where);
    return supervised([a, b], async (supervisor, events) => {
      const noted: string[] = [];
      supervisor.on(b, "noted", (text) => noted.push(text));
      await supervisor.start();
      supervisor.ref(b).tell("note", "before");
      await supervisor.ref(b).ask("seen", undefined, SOON);
      supervisor.ref(b).crash("for the test");
      await until(() => kinds(events).includes("restarted b 2"), { timeoutMs: 60_000, what: "the restart" });
      const crash = events.find((event) => event.kind === "crashed");
      assertInstanceOf(crash?.kind === "crashed" ? crash.error : undefined, InjectedCrashError);
      const asked = await supervisor.ref(a).ask("relay", { peer: "right", text: "x", timeoutMs: 5_000 }, SOON);
      assertEquals(asked.text, "b 2 says x");
      supervisor.ref(b).tell("note", "after");
      await supervisor.ref(b).ask("seen", undefined, SOON);
      assertEquals(noted, ["before", "after"]);
    });
  });

  Deno.test(`${place}: Supervisor.wake() starts a dormant child, which is then kept running as the others are`, () => {
    const a = probe("a", { ...where, peers: { right: "b" } });
    const b = probe("b", { ...where, isDormant: true });
    return supervised([a, b], async (supervisor, events) => {
      await supervisor.start();
      assertEquals([supervisor.isUp(a), supervisor.isUp(b)], [true, false]);
      await Promise.all([supervisor.wake(b), supervisor.wake(b)]);
      const asked = await supervisor.ref(a).ask("relay", { peer: "right", text: "x", timeoutMs: 5_000 }, SOON);
      assertEquals(asked.text, "b 1 says x");
      supervisor.ref(b).crash("for the test");
      await until(() => kinds(events).includes("restarted b 2"), { timeoutMs: 60_000, what: "the restart" });
      assertEquals(kinds(events), ["started a 1", "started b 1", "crashed b 1", "restarted b 2"]);
    });
  });

  Deno.test(`${place}: Supervisor runs one incarnation of a child that somebody wakes between its crash and its restart`, async () => {
    const b = probe("b", { ...where, isDormant: true });
    const woken: Promise<void>[] = [];
    let waker: Supervisor | undefined;
    const seen: SupervisorEvent[] = [];
    await supervised([b], async (supervisor) => {
      waker = supervisor;
      await supervisor.start();
      await supervisor.wake(b);
      supervisor.ref(b).crash("for the test");
      await until(() => woken.length === 1, { timeoutMs: 60_000, what: "the crash" });
      await Promise.all(woken);
      // A turn of its own after the restart, if there was one.
      await supervisor.wake(b);
      assertEquals((await supervisor.ref(b).ask("echo", { text: "up" }, SOON)).text, "b 2 says up");
    }, {
      onEvent: (event): void => {
        seen.push(event);
        if (event.kind === "crashed") woken.push(waker!.wake(b));
      },
    });
    assertEquals(kinds(seen), ["started b 1", "crashed b 1", "started b 2", "stopped b"]);
  });

  Deno.test(`${place}: Supervisor gives up when the budget is used up`, () => {
    const a = probe("a", where);
    const b = probe("b", { ...where, exitCode: () => 42 });
    return supervised([a, b], async (supervisor, events) => {
      await supervisor.start();
      for (let epoch = 1; epoch <= 4; epoch++) {
        supervisor.ref(b).crash(`crash ${epoch}`);
        await until(
          () => kinds(events).includes(`restarted b ${epoch + 1}`) || kinds(events).includes("gave-up b"),
          { timeoutMs: 60_000, what: `the end of crash ${epoch}` },
        );
      }
      const exit = await supervisor.ended;
      assertEquals([exit.exitCode, exit.child, exit.error?.message], [42, "b", "crash 4"]);
      assertThrows(() => supervisor.ref(b), ActorGoneError, '"b": it is not up');
      assertEquals((await supervisor.ref(a).ask("echo", { text: "still" }, SOON)).text, "a 1 says still");
      assertEquals((await supervisor.stop()).exitCode, 42);
    });
  });

  Deno.test(`${place}: Supervisor counts a restart that fails to start against the budget`, () => {
    const a = probe("a", {
      ...where,
      init: ({ epoch }) => ({ greeting: "", ...(epoch > 1 ? { failStart: true } : {}) }),
    });
    return supervised([a], async (supervisor, events) => {
      await supervisor.start();
      supervisor.ref(a).crash("once");
      const exit = await within(supervisor.ended, { timeoutMs: 60_000, what: "giving up" });
      assertEquals(exit.exitCode, 7);
      assertInstanceOf(exit.error, InitFailedError);
      assertEquals(kinds(events).filter((kind) => kind.startsWith("crashed")).length, 4);
    });
  });

  Deno.test(`${place}: Supervisor gives up at once when the child's truth is its own`, () => {
    const a = probe("a", { ...where, restart: "exit-process" });
    return supervised([a], async (supervisor) => {
      await supervisor.start();
      supervisor.ref(a).crash("for the test");
      const exit = await supervisor.ended;
      assertEquals([exit.exitCode, exit.child, exit.stuck], [7, "a", []]);
    });
  });

  Deno.test(`${place}: Supervisor.start() stops what it has started when a child fails`, async () => {
    const a = probe("a", where);
    const b = probe("b", { ...where, init: () => ({ greeting: "", failStart: true }) });
    let seen: SupervisorEvent[] = [];
    await supervised([a, b], async (supervisor, events) => {
      seen = events;
      await assertRejects(() => supervisor.start(), InitFailedError, "Cannot start b");
      await assertRejects(() => supervisor.start(), RangeError, "it is stopped");
    });
    assertEquals(kinds(seen), ["started a 1", "stopped a"]);
  });

  Deno.test(`${place}: Supervisor.stop() reports what it had to terminate`, () => {
    const a = probe("a", where);
    const b = probe("b", { ...where, init: () => ({ greeting: "", slowStop: true }), stopDeadlineMs: 50 });
    return supervised([a, b], async (supervisor) => {
      await supervisor.start();
      const exit = await supervisor.stop();
      assertEquals([exit.exitCode, exit.stuck], [8, ["b"]]);
    });
  });

  Deno.test(`${place}: Supervisor restarts two that crash at once and wires them to each other`, () => {
    const a = probe("a", { ...where, peers: { right: "b" } });
    const b = probe("b", { ...where, peers: { left: "a" } });
    return supervised([a, b], async (supervisor, events) => {
      await supervisor.start();
      supervisor.ref(a).crash("both");
      supervisor.ref(b).crash("both");
      await until(() => ["restarted a 2", "restarted b 2"].every((kind) => kinds(events).includes(kind)), {
        timeoutMs: 60_000,
        what: "both restarts",
      });
      const options = { text: "x", timeoutMs: 5_000 };
      assertEquals((await supervisor.ref(a).ask("relay", { peer: "right", ...options }, SOON)).text, "b 2 says x");
      assertEquals((await supervisor.ref(b).ask("relay", { peer: "left", ...options }, SOON)).text, "a 2 says x");
    });
  });
}

Deno.test("Supervisor refuses children that cannot be wired", () => {
  const make = (...children: Child<ProbeContract>[]): Supervisor => new Supervisor({ children });
  assertThrows(() => make(probe("a"), probe("a")), RangeError, 'two children named "a"');
  assertThrows(() => make(probe("a", { peers: { left: "b" } })), RangeError, 'no child "b"');
  assertThrows(() => make(probe("a", { peers: { left: "a" } })), RangeError, "to itself");
  assertThrows(() => make(probe("a")).ref(probe("b")), RangeError, "no child of this supervisor");
});

Deno.test("RestartBudget.take() forgets restarts that are long past", () => {
  const budget = new RestartBudget(3, 30_000);
  assertEquals([0, 10_000, 20_000, 29_999].map((atMs) => budget.take(atMs)), [true, true, true, false]);
  assertEquals([30_000, 39_999, 40_000].map((atMs) => budget.take(atMs)), [true, false, true]);
});
