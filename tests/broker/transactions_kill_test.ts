/** A short run of the trial that kills producer and broker at each step of a transaction. */
import { assertEquals } from "@std/assert";
import { transactionKills } from "../torture/transactions.ts";
import { printTable } from "../torture/table.ts";

const CYCLES = 2;

Deno.test(`producer and broker killed at each step of a transaction, ${CYCLES} times: what is seen was committed, what was committed is seen`, async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const { steps, ...others } = await transactionKills({ cycles: CYCLES, seed });
  printTable(steps.map((row) => ({ ...row })));
  const wrong = steps.filter(({ missing, forbidden }) => missing + forbidden > 0);
  assertEquals(wrong, [], `seed ${seed}`);
  assertEquals({ ...others, operationsLost: 0 }, {
    operationsLost: 0,
    discarded: others.undecided,
    undecided: others.undecided,
    unresolved: 0,
    held: true,
  });
  // Every acknowledged commit of an end that was read is there once, and not a second time after the kills.
  const ended = steps.find(({ step }) => step === "broker: ended");
  assertEquals([ended?.committed, ended?.twice], [CYCLES * 2, 0]);
});
