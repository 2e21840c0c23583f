/** A short run of the trial that strikes masters of a failover set, and their etcd, under load. */
import { assertEquals } from "@std/assert";
import { failover, planFaults, printFailover } from "../torture/failover.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";

/** Cycles of each: killed, standing still, cut off. */
const CYCLES = Number(Deno.env.get("RINGMQ_FAILOVER_CYCLES") ?? "3");
const missing = missingPrograms(["etcd", "ip", "iptables", "unshare", "nsenter", "setpriv"]);
const ignore = missing.length > 0 && !conformanceRequired;
const name =
  `Masters of a failover set killed, stopped and cut off under load, ${CYCLES} times each, and etcd twice: nothing acknowledged is lost`;

Deno.test({
  name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name,
  ignore,
  fn: async () => {
    const seed = crypto.getRandomValues(new Uint32Array(1))[0]!;
    const faults = planFaults({ cycles: CYCLES, etcdCycles: 2, seed });
    // On a machine that other tests keep busy, the shortest lease may end because nobody had a turn to renew it.
    const cycles = await failover({ faults, seed, leaseSeconds: 3 });
    printFailover(cycles);
    assertEquals(cycles.filter(({ finding }) => finding !== ""), [], `seed ${seed}`);
  },
});
