/** RingMQ and Apache on one store, three turns. */
import { assertEquals } from "@std/assert";
import { storeRoundTrip } from "../torture/store_round_trip.ts";
import { printTable } from "../torture/table.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";

const TURNS = 3;
const missing = missingPrograms(["java", "javac", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;
const name = `RingMQ and Apache take ${TURNS} turns on one store, ended in order and by kill -9, and lose nothing`;

Deno.test({
  name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name,
  ignore,
  fn: async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const report = await storeRoundTrip({ turns: TURNS, seed });
    printTable(report.stays.map(({ findings, ...row }) => ({ ...row, findings: findings.length })));
    const findings = report.stays.flatMap((stay) =>
      stay.findings.map((text) => `${stay.broker} ${stay.turn}: ${text}`)
    );
    assertEquals({ findings, check: report.check }, { findings: [], check: [] }, `seed ${seed}`);
    assertEquals(report.held, true, `seed ${seed}: ${JSON.stringify(report.stays)}`);
  },
});
