/** A bench that a signal ends leaves nothing behind. */
import { assertEquals, assertRejects } from "@std/assert";
import { until, within } from "../helpers/until.ts";

const MODULE = new URL("../../tools/bench/bench_folder.ts", import.meta.url).href;

/** A bench that says its folder, its child, the child of that, and a server that is no child and is held still; then it waits. */
const BENCH = `
import { inBenchFolder, notePidFiles } from "${MODULE}";
const sh = (script, folder) => new Deno.Command("sh", { args: ["-c", script, "sh", folder], stdout: "piped" });
await inBenchFolder("bench-test", async (folder) => {
  notePidFiles(folder + "/server.pid", folder + "/never_started.pid");
  await sh('sleep 60 >/dev/null 2>&1 & echo $! > "$1/server.pid"', folder).output();
  const server = Deno.readTextFileSync(folder + "/server.pid").trim();
  Deno.kill(Number(server), "SIGSTOP");
  const child = sh('sleep 60 >/dev/null & echo $!; wait', folder).spawn();
  const inner = new TextDecoder().decode((await child.stdout.getReader().read()).value).trim();
  console.log([folder, child.pid, inner, server].join(" "));
  await child.status;
});`;

const READY = { timeoutMs: 30_000, what: "the line of the bench" };
const END = { timeoutMs: 10_000, what: "the end of the bench and of what it started" };

/** Whether a process runs, or is held still; one that has ended and that nobody asked about is gone. */
async function isThere(pid: string): Promise<boolean> {
  const script = `cat /proc/${pid}/stat 2>/dev/null`;
  const { stdout } = await new Deno.Command("sh", { args: ["-c", script] }).output();
  return /^\d+ \(.*\) [^Z]/.test(new TextDecoder().decode(stdout));
}

Deno.test("inBenchFolder() kills what the bench started and removes its folder on SIGTERM and SIGINT", async () => {
  for (const [signal, exitCode] of [["SIGTERM", 143], ["SIGINT", 130]] as const) {
    const bench = new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-check", "--allow-read", "--allow-write", "--allow-run", "-"],
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const writer = bench.stdin.getWriter();
    await writer.write(new TextEncoder().encode(BENCH));
    await writer.close();
    const complaints = new Response(bench.stderr).text();
    const reader = bench.stdout.pipeThrough(new TextDecoderStream()).getReader();
    const [folder = "", ...pids] = ((await within(reader.read(), READY)).value ?? await complaints).trim().split(" ");
    assertEquals([pids.length, await Promise.all(pids.map(isThere))], [3, [true, true, true]], folder);
    bench.kill(signal);
    assertEquals([(await within(bench.status, END)).code, await complaints, (await reader.read()).done], [
      exitCode,
      "",
      true,
    ]);
    await until(async () => !(await Promise.all(pids.map(isThere))).includes(true), END);
    await assertRejects(() => Deno.stat(folder), Deno.errors.NotFound);
  }
});
