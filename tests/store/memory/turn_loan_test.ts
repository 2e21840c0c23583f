import { assert, assertEquals, assertThrows } from "@std/assert";
import { LOAN_BYTES, TurnLoan } from "../../../store/memory/turn_loan.ts";
import { until } from "../../helpers/until.ts";
import { withActors } from "../../helpers/with_actors.ts";
import { ARENA, startThreads, threadArena } from "./threads.ts";
import { StandInWaits } from "../../helpers/stand_in_waits.ts";

function loans(): { owner: TurnLoan; borrower: TurnLoan } {
  const buffer = new SharedArrayBuffer(LOAN_BYTES);
  return { owner: new TurnLoan(buffer, 0), borrower: new TurnLoan(buffer, 0) };
}

Deno.test("TurnLoan.use() takes a turn while it is lent, and counts those that did something", () => {
  const { owner, borrower } = loans();
  const turns: string[] = [];
  const take = (name: string, did: boolean): boolean =>
    borrower.use(() => {
      turns.push(name);
      return did;
    });
  assertEquals(take("before", true), false);
  owner.lend();
  assert(take("one", true));
  assert(take("nothing to do", false));
  assert(take("two", true));
  owner.takeBack();
  owner.takeBack();
  assertEquals(take("after", true), false);
  assertEquals([turns, owner.uses], [["one", "nothing to do", "two"], 2]);
});

Deno.test("TurnLoan.use() gives the turn back when it throws", () => {
  const { owner, borrower } = loans();
  owner.lend();
  assertThrows(
    () =>
      borrower.use(() => {
        throw new Error("in the turn");
      }),
    Error,
    "in the turn",
  );
  owner.takeBack();
  assertEquals([owner.uses, borrower.use(() => true)], [0, false]);
});

Deno.test("TurnLoan.takeBack() never takes a turn that is used", () => {
  const { owner, borrower } = loans();
  owner.lend();
  using waits = new StandInWaits();
  borrower.use(() => {
    assertThrows(() => owner.takeBack(), Error, "after 500 parks");
    return true;
  });
  assertEquals([waits.count, owner.uses], [500, 1]);
});

Deno.test("TurnLoan.giveBack() lets the owner have a turn that its borrower ended in, and changes nothing else", () => {
  const { owner, borrower } = loans();
  borrower.giveBack();
  assertEquals(borrower.use(() => true), false);
  owner.lend();
  borrower.giveBack();
  assert(borrower.use(() => true));
  const wait = Atomics.wait;
  let parks = 0;
  Atomics.wait = (() => {
    if (++parks === 2) borrower.giveBack();
    return "timed-out";
  }) as typeof Atomics.wait;
  try {
    borrower.use(() => {
      owner.takeBack();
      return true;
    });
  } finally {
    Atomics.wait = wait;
  }
  assertEquals([parks, owner.uses], [2, 2]);
});

Deno.test("TurnLoan: of two threads one has the turn at a time", async () => {
  await withActors(async (keep) => {
    const [owner, borrower] = await startThreads(keep, "owner", "borrower");
    const asks = { timeoutMs: 60_000 };
    const counter = (arena: SharedArrayBuffer): number => new Int32Array(arena, ARENA.counter, 1)[0]!;
    let met = 0;
    // On a busy machine one of the two may be done before the other has begun: that run shows nothing.
    await until(async () => {
      const arena = threadArena();
      const own = { arena, times: 20_000 };
      const [{ lent }, { used }] = await Promise.all([
        owner!.ask("lendTurns", own, asks),
        borrower!.ask("useTurns", { arena, times: 200_000 }, asks),
      ]);
      assertEquals(counter(arena), own.times + used);
      assert(lent <= used);
      met += used;
      return met > 1000;
    }, { timeoutMs: 60_000, what: "turns that were used" });
  });
});
