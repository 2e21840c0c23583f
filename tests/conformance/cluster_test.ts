/** `deno task cluster`: a cluster of two pairs comes up, shows itself, loses a master and goes down. */
import { assertEquals, assertMatch } from "@std/assert";
import { startCluster, stopCluster } from "../../tools/cluster/cluster.ts";
import { membersOf, SHAPES } from "../../tools/cluster/shapes.ts";
import { isAlive, readCluster, signal } from "../../tools/cluster/state.ts";
import { until } from "../helpers/until.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const missing = missingPrograms(["setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;

async function cluster(dir: string, ...args: string[]): Promise<{ code: number; text: string }> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "-q", "cluster", ...args, "--dir", dir],
    cwd: ROOT,
  }).output();
  return { code, text: new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr) };
}

Deno.test("membersOf() has the masters of each shape, and a slave for each where the shape says so", () => {
  assertEquals(SHAPES.map((shape) => membersOf(shape).map(({ name }) => name).join(" ")), [
    "a",
    "a b",
    "a b c",
    "a b a-slave b-slave",
    "a b a-slave b-slave",
    "a b c",
  ]);
});

/** Declares a test of a cluster in a folder of its own, which is stopped at the end, however that comes. */
function clusterTest(name: string, body: (dir: string) => Promise<void>): void {
  Deno.test({
    name: ignore ? `${name} (skipped: no setsid)` : name,
    ignore,
    fn: async () => {
      const dir = await Deno.makeTempDir({ prefix: "ringmq-cluster-" });
      try {
        await body(dir);
      } finally {
        const left = readCluster(dir);
        if (left !== undefined) await stopCluster(dir, left);
        await Deno.remove(dir, { recursive: true });
      }
    },
  });
}

clusterTest("A cluster of two pairs comes up, shows a killed master, has it again, and goes down", async (dir) => {
  const up = await cluster(dir, "up", "2m-2s-sync");
  assertEquals(up.code, 0, up.text);
  const state = readCluster(dir)!;
  for (const { name, brokerRole } of state.brokers) {
    assertMatch(up.text, new RegExp(`^${name} .*${brokerRole}.* up$`, "m"));
  }
  assertMatch((await cluster(dir, "kill", "a")).text, /Killed a/);
  assertMatch((await cluster(dir, "status")).text, /^a .* down$/m);
  assertMatch((await cluster(dir, "start", "a")).text, /^a .* up$/m);
  assertEquals((await cluster(dir, "start", "a")).code, 2);
  assertEquals((await cluster(dir, "up", "1m")).code, 2);
  const now = readCluster(dir)!;
  const processes = [now.nameServer, ...now.brokers].map(({ pid }) => pid);
  const down = await cluster(dir, "down");
  assertEquals([down.code, readCluster(dir)], [0, undefined], down.text);
  assertEquals(processes.filter(isAlive), []);
});

clusterTest("stopCluster() in the process that started a server which was killed and is forgotten", async (dir) => {
  await startCluster(dir, "1m", []);
  const state = readCluster(dir)!;
  const { pid } = state.brokers[0]!;
  signal(pid, "SIGKILL");
  await until(() => !isKnown(pid), { timeoutMs: 10_000, what: `the system to forget ${pid}` });
  assertEquals(await stopCluster(dir, state), []);
  assertEquals([state.nameServer.pid, pid].filter(isAlive), []);
});

/** Whether a process is there, also one that has ended and that nobody has asked about. */
function isKnown(pid: number): boolean {
  return new Deno.Command("sh", { args: ["-c", `kill -0 ${pid}`], stderr: "null" }).outputSync().success;
}
