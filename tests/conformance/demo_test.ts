/** The demo as a newcomer runs it. */
import { assert, assertEquals, assertMatch, assertNotEquals } from "@std/assert";
import { TextLineStream } from "@std/streams";

const ROOT = new URL("../../", import.meta.url).pathname;
const DEMO_MS_MAX = 60_000;

interface Run {
  readonly code: number;
  readonly lines: readonly string[];
}

/** Runs the task; `onLine` sees each line as it comes. */
async function runDemo(onLine: (line: string) => void = () => undefined): Promise<Run> {
  const demo = new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "demo"],
    cwd: ROOT,
    env: { NO_COLOR: "1" },
    stdin: "null",
    stdout: "piped",
    stderr: "inherit",
    signal: AbortSignal.timeout(DEMO_MS_MAX),
  }).spawn();
  const lines: string[] = [];
  for await (const line of demo.stdout.pipeThrough(new TextDecoderStream()).pipeThrough(new TextLineStream())) {
    lines.push(line);
    onLine(line);
  }
  return { code: (await demo.status).code, lines };
}

/** What the demo says that was sent and consumed, payloads only. */
function payloads(lines: readonly string[], word: "sent" | "consumed"): string[] {
  return lines.filter((line) => line.includes(` ${word} `)).map((line) => /"(message .*)"/.exec(line)![1]!).sort();
}

Deno.test("The demo works twice in a row and consumes what it sent, a new payload each time", async () => {
  const runs = [await runDemo(), await runDemo()];
  for (const { code, lines } of runs) {
    assertEquals(code, 0, lines.join("\n"));
    const sent = payloads(lines, "sent");
    assertEquals(sent.length, 10);
    assertEquals(payloads(lines, "consumed"), sent);
    for (const step of ["Name server accepts", "Broker accepts", "Producer", "Consumer", "Done"]) {
      assert(lines.some((line) => line.includes(step)), step);
    }
  }
  assertNotEquals(payloads(runs[0]!.lines, "sent"), payloads(runs[1]!.lines, "sent"));
});

Deno.test("The demo fails when its broker is killed in the middle", async () => {
  let pid = 0;
  const { code, lines } = await runDemo((line) => {
    pid ||= Number(/Broker accepts \(pid (\d+)/.exec(line)?.[1] ?? 0);
    if (line.includes("sent") && pid > 0) {
      Deno.kill(pid, "SIGKILL");
      pid = -1;
    }
  });
  assertEquals(pid, -1);
  assertNotEquals(code, 0);
  assertMatch(lines.join("\n"), /Failed: /);
});
