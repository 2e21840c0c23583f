/** The broker's command line: what is refused, with which exit code and which words. */
import { assert, assertEquals } from "@std/assert";
import { gatewaysFor, runBroker } from "../../actors/broker/broker_program.ts";
import type { ProgramWorld } from "../../actors/kernel/deno_world.ts";
import { ExitCode } from "../../actors/kernel/exit_code.ts";

/** Surroundings that remember what was printed. */
function recordingWorld(): { readonly world: ProgramWorld; readonly lines: string[] } {
  const lines: string[] = [];
  const world: ProgramWorld = {
    environment: {},
    readText: (path) => {
      throw new Deno.errors.NotFound(`no "${path}"`);
    },
    print: (line) => void lines.push(line),
    complain: (line) => void lines.push(line),
    untilStopped: () => Promise.reject(new Error("nothing was to start")),
  };
  return { world, lines };
}

const REFUSED: readonly [args: readonly string[], says: string][] = [
  [["--bogus"], `option "--bogus" is unknown, see --help`],
  [["extra"], `option "extra" is unknown, see --help`],
  [["-c"], `option "-c" needs a value`],
  [["-c", "/missing.conf"], `file "/missing.conf" cannot be read`],
  [["--set", "listenPort"], `"listenPort" is not key=value`],
  [["--set", "listenPort=70000"], "expected int from 3 to 65535"],
  [["--set", "flushDiskType=NEVER"], "expected ASYNC_FLUSH or SYNC_FLUSH"],
  [["--set", "brokerRole=BOSS"], "must be one of"],
  [["--set", "messageDelayLevel=1s soon"], `Cannot read delay level "soon"`],
  [["-n", "127.0.0.1:9876;nowhere"], `namesrvAddr holds "nowhere", expected host:port`],
  [["--gateways", "0"], "needs a whole number above 0"],
];

for (const [args, says] of REFUSED) {
  Deno.test(`the broker refuses "${args.join(" ")}" as bad configuration, and says why`, async () => {
    const { world, lines } = recordingWorld();
    assertEquals(await runBroker(args, world), ExitCode.BAD_CONFIGURATION);
    assert(lines.join("\n").includes(says), lines.join("\n"));
  });
}

Deno.test("the broker prints its usage with the exit codes, and its configuration with origins, and starts nothing", async () => {
  const help = recordingWorld();
  assertEquals(await runBroker(["--help"], help.world), ExitCode.OK);
  assert(help.lines.join("\n").includes("Exit codes:"), help.lines.join("\n"));
  const print = recordingWorld();
  assertEquals(await runBroker(["-p", "--set", "listenPort=20911", "-n", "a:1;b:2;"], print.world), ExitCode.OK);
  assert(print.lines.includes("listenPort=20911  (set)"), print.lines.join("\n"));
});

Deno.test("a gateway more than processors beside the other actors is not started, one always is", () => {
  const started = [[1, 1], [1, 2], [2, 1], [2, 2], [2, 3], [4, 3], [4, 8]].map(([asked, processors]) =>
    gatewaysFor(asked!, processors!)
  );
  assertEquals(started, [1, 1, 1, 1, 2, 2, 4]);
});
