import { assert, assertEquals } from "@std/assert";
import { type Child, child } from "../../actors/kernel/child.ts";
import { type Contract, defineRole, type Start } from "../../actors/kernel/contract.ts";
import { ActorGoneError, AskTimeoutError } from "../../actors/kernel/errors.ts";
import { Supervisor } from "../../actors/kernel/supervisor.ts";
import { simulate, type Simulation, Simulation as Machine } from "../helpers/simulation.ts";

/** Keeps numbers; each incarnation starts with none. */
interface StoreContract extends Contract {
  init: { epoch: number };
  asks: { add: { request: { writer: string; number: number }; reply: { epoch: number; count: number } } };
  tells: { note: { writer: string; number: number } };
  signals: Record<never, never>;
}

/** Adds numbers to the store, one after the other, and again when it was told nothing. */
interface WriterContract extends Contract {
  init: { name: string; adds: number };
  asks: { outcome: { request: undefined; reply: Outcome } };
  tells: Record<never, never>;
  signals: { done: string };
  peers: { store: StoreContract };
}

interface Outcome {
  acknowledged: number;
  gone: number;
  late: number;
  epochs: number[];
}

const url = new URL("./unused_worker.ts", import.meta.url);
const storeRole = defineRole<StoreContract>("store", url);
const writerRole = defineRole<WriterContract>("writer", url);

/** What the live incarnations hold, looked at by the invariants. */
interface World {
  store: { epoch: number; notes: Map<string, number[]> } | undefined;
  turnsSeen: number;
}

const startStore = (world: World): Start<StoreContract> => (init) => {
  const own = { epoch: init.epoch, notes: new Map<string, number[]>() };
  world.store = own;
  let count = 0;
  return {
    asks: { add: () => ({ epoch: init.epoch, count: ++count }) },
    tells: { note: ({ writer, number }) => void own.notes.set(writer, [...own.notes.get(writer) ?? [], number]) },
    stop: () => {},
  };
};

const startWriter: Start<WriterContract> = (init, context) => {
  const outcome: Outcome = { acknowledged: 0, gone: 0, late: 0, epochs: [] };
  const store = context.peer("store");
  const write = async (): Promise<void> => {
    for (let number = 0; number < init.adds;) {
      store.tell("note", { writer: init.name, number });
      try {
        const { epoch } = await store.ask("add", { writer: init.name, number }, { timeoutMs: 500 });
        outcome.acknowledged++;
        outcome.epochs.push(epoch);
        number++;
      } catch (error) {
        if (error instanceof ActorGoneError) outcome.gone++;
        else if (error instanceof AskTimeoutError) outcome.late++;
        else throw error;
        await context.clock.sleep(100);
      }
    }
    context.signal("done", init.name);
  };
  void write().catch((error) => context.fail(error));
  return { asks: { outcome: () => outcome }, tells: {}, stop: () => {} };
};

const ADDS = 12;
const WRITERS = ["a", "b", "c"];

/** Notes of one writer arrive in the order in which they were told; none comes twice in an incarnation but for repeats. */
function checkOrder(world: World): void {
  world.turnsSeen++;
  for (const [writer, numbers] of world.store?.notes ?? []) {
    for (let at = 1; at < numbers.length; at++) {
      const step = (numbers[at] ?? 0) - (numbers[at - 1] ?? 0);
      assert(step === 0 || step === 1, `notes of ${writer} out of order: ${numbers.join(" ")}`);
    }
  }
}

async function runWorld(simulation: Simulation, crashes: number): Promise<Outcome[]> {
  const world: World = { store: undefined, turnsSeen: 0 };
  simulation.check(() => checkOrder(world));
  const store: Child<StoreContract> = child<StoreContract>({
    name: "store",
    role: storeRole,
    start: startStore(world),
    init: ({ epoch }) => ({ epoch }),
    restart: "restart",
    stopDeadlineMs: 1_000,
  });
  const writers = WRITERS.map((name) =>
    child<WriterContract>({
      name,
      role: writerRole,
      start: startWriter,
      init: () => ({ name, adds: ADDS }),
      peers: { store: "store" },
      restart: "exit-process",
      stopDeadlineMs: 1_000,
    })
  );
  const supervisor = new Supervisor({
    children: [store, ...writers],
    clock: simulation.clock,
    scheduler: simulation,
    budget: { restarts: 1_000, withinMs: 1 },
  });
  const done = writers.map((writer) => new Promise<string>((resolve) => supervisor.on(writer, "done", resolve)));
  await simulation.run(supervisor.start());
  for (let crash = 0; crash < crashes; crash++) {
    await simulation.run(simulation.clock.sleep(simulation.random.below(300)));
    if (world.store !== undefined) supervisor.gauges();
    const up = supervisor.gauges().find((row) => row.child === "store")?.gauges !== undefined;
    if (up) supervisor.ref(store).crash(`crash ${crash}`);
  }
  await simulation.run(Promise.all(done));
  const outcomes = await simulation.run(
    Promise.all(writers.map((writer) => supervisor.ref(writer).ask("outcome", undefined, { timeoutMs: 60_000 }))),
  );
  assertEquals((await simulation.run(supervisor.stop())).exitCode, 0);
  assert(world.turnsSeen > ADDS * WRITERS.length, "the invariants ran on live state");
  return outcomes;
}

Deno.test("simulation: every add is acknowledged once, in order, whoever takes the next turn", () =>
  simulate(60, async (simulation) => {
    const outcomes = await runWorld(simulation, 0);
    for (const outcome of outcomes) {
      assertEquals([outcome.acknowledged, outcome.gone], [ADDS, 0]);
    }
  }));

Deno.test("simulation: adds survive crashes of the store, with epochs that only grow", () =>
  simulate(60, async (simulation) => {
    const outcomes = await runWorld(simulation, 6);
    for (const { acknowledged, epochs } of outcomes) {
      assertEquals(acknowledged, ADDS);
      assertEquals(epochs, epochs.toSorted((a, b) => a - b));
    }
  }));

Deno.test("simulation: a seed gives the same run again, and another one another run", async () => {
  const traces: string[] = [];
  for (const seed of [42, 42, 43]) {
    const simulation = new Machine(seed);
    await runWorld(simulation, 3);
    traces.push(simulation.trace.join("\n"));
  }
  assertEquals(traces[0], traces[1]);
  assert(traces[0] !== traces[2]);
});
