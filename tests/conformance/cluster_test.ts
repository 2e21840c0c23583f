/** `deno task cluster`: a cluster of two pairs comes up, shows itself, loses a master and goes down. */
import { assertEquals, assertMatch } from "@std/assert";
import { membersOf, SHAPES } from "../../tools/cluster/shapes.ts";
import { isAlive, readCluster } from "../../tools/cluster/state.ts";
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

Deno.test({
  name: `A cluster of two pairs comes up, shows a killed master, has it again, and goes down${
    ignore ? " (skipped: no setsid)" : ""
  }`,
  ignore,
  fn: async () => {
    const dir = await Deno.makeTempDir({ prefix: "ringmq-cluster-" });
    try {
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
    } finally {
      await cluster(dir, "down");
      await Deno.remove(dir, { recursive: true });
    }
  },
});
