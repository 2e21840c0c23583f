/** A short run of the trial that kills the broker while delayed messages fall due. */
import { assert, assertEquals } from "@std/assert";
import { delayedDelivery } from "../torture/delayed_delivery.ts";
import { DELAY_KINDS } from "../torture/delayed_ledger.ts";
import { printTable } from "../torture/table.ts";

const COUNT = 10_000;

Deno.test(`${COUNT} messages on 18 delay levels and ${COUNT} exact times over a kill -9: none early, none lost`, async () => {
  const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
  const { kinds, perSecond } = await delayedDelivery({
    count: COUNT,
    seed,
    kinds: DELAY_KINDS,
    windowMs: 3000,
    marginMs: 3000,
    fillPerSecond: 10_000,
    outage: "half delivered",
  });
  printTable(kinds.map((row) => ({ ...row })));
  assertEquals(
    kinds.map(({ kind, sent, missing, early }) => ({ kind, sent, missing, early })),
    DELAY_KINDS.map((kind) => ({ kind, sent: COUNT, missing: 0, early: 0 })),
    `seed ${seed}`,
  );
  assert(perSecond > 0);
});
