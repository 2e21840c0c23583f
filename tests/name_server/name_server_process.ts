/**
 * A name server in a process of its own, whose memory is not mixed with that of the tests.
 *
 * Owns: the process, its folder, its stop. Reads: nothing. Never: outlives the test.
 *
 * @module
 */
import { freePort } from "../../tools/free_ports.ts";
import { residentBytesOf } from "../helpers/resident_bytes.ts";
import { until, within } from "../helpers/until.ts";
import { filesIn } from "./servers.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const PERMISSIONS = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];

/** Long enough for a machine that does much else. Milliseconds. */
const PATIENCE_MS = 60_000;

/** A running name server. */
export interface NameServerProcess {
  readonly port: number;
  /** Its resident memory in bytes. */
  residentBytes(): number;
}

/**
 * Runs a test with a name server, and stops that.
 *
 * @param body The test.
 * @throws {Error} When the server ends before the test does, or does not stop.
 */
export async function withNameServerProcess(body: (server: NameServerProcess) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ringmq-name-server-" });
  const port = freePort();
  const settings = Object.entries({ ...filesIn(folder), listenPort: port });
  const args = ["run", "--quiet", "--no-check", ...PERMISSIONS, "actors/name_server/mod.ts"];
  for (const [key, value] of settings) args.push("--set", `${key}=${value}`);
  const child = new Deno.Command(Deno.execPath(), {
    args,
    cwd: ROOT,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let output = "";
  let hasEnded = false;
  void child.status.then(() => hasEnded = true);
  const keep = async (stream: ReadableStream<Uint8Array>): Promise<void> => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) output += text;
  };
  const read = Promise.all([keep(child.stdout), keep(child.stderr)]);
  try {
    await until(() => {
      if (hasEnded) throw new Error(`The name server ended: ${output}`);
      return output.includes("boot success");
    }, { timeoutMs: PATIENCE_MS, what: `"boot success"` });
    await body({ port, residentBytes: () => residentBytesOf(child.pid) });
    if (hasEnded) throw new Error(`The name server ended: ${output}`);
  } finally {
    if (!hasEnded) child.kill("SIGTERM");
    await within(child.status, { timeoutMs: PATIENCE_MS, what: "the end of the name server" })
      .catch(async (error) => {
        child.kill("SIGKILL");
        await child.status;
        throw error;
      })
      .finally(async () => {
        await read;
        await Deno.remove(folder, { recursive: true });
      });
  }
}
