/** A name server whose clients open more connections than it may have files. */
import { assertEquals } from "@std/assert";
import { RequestCode } from "../../protocol/request_code.ts";
import { freePort } from "../../tools/free_ports.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { withOpenFiles } from "../helpers/open_files_limit.ts";
import { until } from "../helpers/until.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const OPEN_FILES = 160;
const SOON_MS = 60_000;

async function isServed(address: string): Promise<boolean> {
  try {
    using client = await RawClient.connect(address);
    return (await client.call(RequestCode.GET_BROKER_CLUSTER_INFO)).code === 0;
  } catch {
    return false;
  }
}

Deno.test({
  name: "name server out of files: connections wait, and those that come when others ended are served",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    const port = freePort();
    const address = `127.0.0.1:${port}`;
    const dir = await Deno.makeTempDir({ prefix: "ringmq-names-" });
    const sets = [`listenPort=${port}`, `kvConfigPath=${dir}/kv.json`, `configStorePath=${dir}/namesrv.properties`];
    const permissions = ["--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys"];
    const run = [Deno.execPath(), "run", "--quiet", "--no-check", ...permissions, "actors/name_server/mod.ts"];
    const [command, ...args] = withOpenFiles(OPEN_FILES, [...run, ...sets.flatMap((set) => ["--set", set])]);
    const child = new Deno.Command(command!, { args, cwd: ROOT, stdin: "null", stdout: "null", stderr: "null" })
      .spawn();
    let hasEnded = false;
    const ended = child.status.then(() => hasEnded = true);
    const many: Deno.TcpConn[] = [];
    try {
      await until(() => isServed(address), { timeoutMs: SOON_MS, what: "the name server" });
      using first = await RawClient.connect(address);
      await first.call(RequestCode.GET_BROKER_CLUSTER_INFO);
      for (let count = 0; count < OPEN_FILES; count++) many.push(await Deno.connect({ hostname: "127.0.0.1", port }));
      assertEquals((await first.call(RequestCode.GET_BROKER_CLUSTER_INFO)).code, 0);
      for (const connection of many.splice(0)) connection.close();
      await until(() => isServed(address), { timeoutMs: SOON_MS, what: "a new connection that is served" });
      assertEquals([(await first.call(RequestCode.GET_BROKER_CLUSTER_INFO)).code, hasEnded], [0, false]);
    } finally {
      for (const connection of many) connection.close();
      if (!hasEnded) child.kill("SIGTERM");
      await ended;
      await Deno.remove(dir, { recursive: true });
    }
  },
});
