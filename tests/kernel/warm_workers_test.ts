import { assert, assertEquals } from "@std/assert";
import { type Contract, defineRole } from "../../actors/kernel/contract.ts";
import { spawn } from "../../actors/kernel/spawn.ts";
import { takeWorker, WarmUp } from "../../actors/kernel/warm_workers.ts";
import { workerEnded, workersRunning } from "../../actors/kernel/worker_count.ts";
import { until } from "../helpers/until.ts";
import { probeRole } from "./probe_actor.ts";

const SOON = { timeoutMs: 60_000 };

Deno.test("spawn() takes the worker that was warmed up under its role and name", async () => {
  using warm = new WarmUp();
  warm.start(probeRole, "warm probe");
  assertEquals(workersRunning(), ["warm probe"]);
  const probe = await spawn(probeRole, { greeting: "hello" }, { name: "warm probe" });
  assertEquals(workersRunning(), ["warm probe"]);
  assertEquals((await probe.ask("self", undefined, SOON)).name, "warm probe");
  await probe.stop(SOON);
  assertEquals(workersRunning(), []);
});

Deno.test("WarmUp ends what nobody took, and nothing else", async () => {
  let probe;
  {
    using mine = new WarmUp();
    using _others = new WarmUp();
    for (const name of ["a", "b", "b"]) mine.start(probeRole, name);
    _others.start(probeRole, "b");
    probe = await spawn(probeRole, { greeting: "hello" }, { name: "a" });
    assertEquals(workersRunning(), ["a", "b", "b", "b"]);
  }
  assertEquals(workersRunning(), ["a"]);
  await probe.stop(SOON);
});

Deno.test("takeWorker() hands on what a warm worker failed with before it was taken", async () => {
  const role = defineRole<Contract>("broken", new URL("broken_worker.ts", import.meta.url));
  using warm = new WarmUp();
  warm.start(role);
  const taken = takeWorker(role, "broken");
  await until(() => taken.failures.length > 0, { timeoutMs: 60_000, what: "the worker to fail" });
  assert(taken.failures[0]!.message.length > 0);
  taken.worker.terminate();
  workerEnded(taken.counted, false);
});
