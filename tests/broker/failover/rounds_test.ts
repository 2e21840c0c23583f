import { assertEquals } from "@std/assert";
import { Rounds } from "../../../actors/broker/failover/rounds.ts";

Deno.test("Rounds: a look in any moment around the end of the last job is served", async () => {
  for (let moments = 0; moments < 12; moments++) {
    const wanted = ["first"];
    const done: string[] = [];
    const gate = Promise.withResolvers<void>();
    const rounds = new Rounds({
      next: () => {
        const name = wanted.shift();
        return name === undefined ? undefined : async () => {
          await gate.promise;
          done.push(name);
        };
      },
      failed: () => {},
    });
    rounds.look();
    const looking = gate.promise.then(async () => {
      for (let moment = 0; moment < moments; moment++) await Promise.resolve();
      wanted.push("second");
      rounds.look();
    });
    gate.resolve();
    await looking;
    await rounds.ended;
    assertEquals(done, ["first", "second"], `after ${moments} moments`);
  }
});

Deno.test("Rounds: one job at a time; one that fails is told of, and the next look goes on", async () => {
  const jobs = [() => Promise.reject(new Error("broken")), () => Promise.resolve()];
  const failures: unknown[] = [];
  let running = 0;
  const rounds = new Rounds({
    next: () => {
      const job = jobs.shift();
      return job === undefined ? undefined : async () => {
        assertEquals(++running, 1);
        try {
          await job();
        } finally {
          running--;
        }
      };
    },
    failed: (error) => failures.push((error as Error).message),
  });
  rounds.look();
  rounds.look();
  await rounds.ended;
  assertEquals([failures, jobs.length], [["broken"], 1]);
  rounds.look();
  await rounds.ended;
  assertEquals([failures, jobs.length], [["broken"], 0]);
});
