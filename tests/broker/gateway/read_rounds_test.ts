import { assertEquals } from "@std/assert";
import { ReadRounds } from "../../../actors/broker/gateway/read_rounds.ts";

const FULL = 128;

class Turns {
  #calls: (() => void)[] = [];

  readonly next = (call: () => void): void => {
    this.#calls.push(call);
  };

  get waiting(): number {
    return this.#calls.length;
  }

  pass(): void {
    for (const call of this.#calls.splice(0)) call();
  }
}

function serve(rounds: ReadRounds, times: number): (Promise<void> | undefined)[] {
  return Array.from({ length: times }, () => rounds.served());
}

Deno.test("reads go on at once while turns have room", () => {
  const turns = new Turns();
  const rounds = new ReadRounds(turns.next);
  for (let turn = 0; turn < 3; turn++) {
    assertEquals(serve(rounds, FULL - 1).filter((wait) => wait !== undefined).length, 0);
    rounds.turnEnded();
  }
  assertEquals(turns.waiting, 0);
});

Deno.test("a full turn holds who is served until a turn that has room", async () => {
  const turns = new Turns();
  const rounds = new ReadRounds(turns.next);
  serve(rounds, FULL);
  rounds.turnEnded();
  const held = serve(rounds, FULL);
  assertEquals(held.filter((wait) => wait === undefined).length, 0);
  let goneOn = 0;
  for (const wait of held) void wait!.then(() => goneOn++);
  turns.pass();
  await Promise.resolve();
  assertEquals([goneOn, turns.waiting], [0, 1], "the turn that just passed was full");
  held.push(...serve(rounds, 7));
  turns.pass();
  await Promise.all(held);
  assertEquals([goneOn, turns.waiting], [FULL, 0]);
  assertEquals(rounds.served(), undefined);
});

Deno.test("a turn without reads may be one in which nobody looked; many of them end a round", async () => {
  const turns = new Turns();
  const rounds = new ReadRounds(turns.next);
  const held = serve(rounds, FULL).at(-1)!;
  let hasGoneOn = false;
  void held.then(() => hasGoneOn = true);
  turns.pass();
  for (let turn = 0; turn < 60; turn++) turns.pass();
  await Promise.resolve();
  assertEquals(hasGoneOn, false);
  for (let turn = 0; turn < 10; turn++) turns.pass();
  await held;
  assertEquals(turns.waiting, 0);
});
