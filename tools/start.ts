/**
 * A name server and a broker in one process, for development.
 *
 *     deno task start                                   name server on 9876, broker on 10911 (and 10909)
 *     deno task start --set listenPort=20911 --name-server-port 19876
 *
 * Owns: the command line. Reads: nothing else. Never: serves anything itself.
 */
import { parseArgs } from "@std/cli/parse-args";
import { runBroker } from "../actors/broker/broker_program.ts";
import { denoWorld } from "../actors/kernel/deno_world.ts";
import { refuseNoNumbers, refuseUnknown } from "./help.ts";
import { ExitCode } from "../actors/kernel/exit_code.ts";
import { exitCodeOf } from "../actors/name_server/name_server_program.ts";
import { startNameServer } from "../actors/name_server/name_server.ts";

const USAGE = `A name server and a broker in one process, for development

Usage: deno task start [options]

      --name-server-port N   port of the name server (9876)
      --set KEY=VALUE        one value of broker.conf; may be given several times
  -c  --configFile FILE      a broker.conf
  -h  --help                 print this, and end
`;

const args = parseArgs(Deno.args, {
  string: ["name-server-port", "set", "configFile"],
  collect: ["set"],
  boolean: ["help"],
  alias: { h: "help", c: "configFile" },
  unknown: refuseUnknown,
});
refuseNoNumbers(args, "name-server-port");
const world = denoWorld();
if (args.help) {
  world.print(USAGE.trimEnd());
  Deno.exit(0);
}

try {
  await using server = await startNameServer({ settings: { listenPort: Number(args["name-server-port"] ?? 9876) } });
  world.print(`The Name Server boot success. serializeType=JSON, address ${server.hostname}:${server.port}`);
  const brokerArgs = ["--namesrvAddr", `127.0.0.1:${server.port}`];
  for (const set of args.set as string[]) brokerArgs.push("--set", String(set));
  if (args.configFile !== undefined) brokerArgs.push("--configFile", String(args.configFile));
  Deno.exitCode = await runBroker(brokerArgs, world);
} catch (error) {
  world.complain(error instanceof Error ? error.message : String(error));
  Deno.exitCode = exitCodeOf(error);
  if (Deno.exitCode === ExitCode.PORT_TAKEN) {
    world.complain("Stop who listens there, or choose another --name-server-port.");
  }
}
Deno.exit();
