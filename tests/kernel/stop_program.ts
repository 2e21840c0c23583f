/**
 * A program that supervises one probe, stops it and ends with the supervisor's exit code.
 *
 *     stop_program.ts orderly | stuck
 *
 * @module
 */

import { child } from "../../actors/kernel/child.ts";
import { Supervisor } from "../../actors/kernel/supervisor.ts";
import { type ProbeContract, probeRole } from "./probe_actor.ts";

const probe = child<ProbeContract>({
  name: "probe",
  role: probeRole,
  init: () => ({ greeting: "hello" }),
  restart: "restart",
  stopDeadlineMs: 300,
});
const supervisor = new Supervisor({ children: [probe] });
await supervisor.start();
if (Deno.args[0] === "stuck") supervisor.ref(probe).tell("spin", 600_000);
const exit = await supervisor.stop();
console.log(`stuck ${JSON.stringify(exit.stuck)}`);
// In order, the process ends by itself: no worker, port or timer keeps it.
if (exit.stuck.length > 0) Deno.exit(exit.exitCode);
