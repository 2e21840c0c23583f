/**
 * The published files run by their addresses, as from a registry: name server, broker and client (workers on) with
 * `deno run http://…`, without this repository's deno.json and without unstable flags.
 */
import { assertEquals } from "@std/assert";
import { publishedFiles } from "../../tools/published_files.ts";
import { freeBrokerPort, freePort } from "../../tools/free_ports.ts";
import { ServerProcess } from "./server_process.ts";

const ROOT = new URL("../../", import.meta.url).pathname;

/** The client's part: what is sent comes back, through workers. */
const SCRIPT = `
import { Producer, PushConsumer } from "./actors/client/mod.ts";
const [namesrvAddr] = Deno.args;
const producer = new Producer({ namesrvAddr, producerGroup: "PG_url" });
await producer.start();
for (let i = 0; i < 3; i++) await producer.send({ topic: "ByUrl", body: "m" + i });
const got: string[] = [];
const done = Promise.withResolvers<void>();
const consumer = new PushConsumer({
  namesrvAddr,
  consumerGroup: "CG_url",
  consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
  messageListener: (messages) => {
    for (const message of messages) got.push(message.bodyText);
    if (got.length === 3) done.resolve();
  },
});
consumer.subscribe("ByUrl");
await consumer.start();
await done.promise;
await consumer.shutdown();
await producer.shutdown();
console.log(JSON.stringify({ got: got.sort() }));
`;

/** A server of the published files, and what was asked of it. */
interface Registry {
  readonly port: number;
  readonly served: ReadonlySet<string>;
  /** Paths that were asked for and are not published. */
  readonly missed: readonly string[];
  shutdown(): Promise<void>;
}

async function serveFiles(): Promise<Registry> {
  const files = new Set(await publishedFiles(ROOT));
  const missed: string[] = [];
  const served = new Set<string>();
  const server = Deno.serve({ port: 0, hostname: "127.0.0.1", onListen: () => undefined }, async (request) => {
    const path = new URL(request.url).pathname.slice(1);
    const headers = { "content-type": "application/typescript" };
    if (path === "script.ts") return new Response(SCRIPT, { headers });
    if (!files.has(path)) {
      missed.push(path);
      return new Response("not published", { status: 404 });
    }
    served.add(path);
    return new Response(await Deno.readFile(ROOT + path), { headers });
  });
  return { port: server.addr.port, served, missed, shutdown: () => server.shutdown() };
}

Deno.test("Name server, broker and client run by URL, without the repository's deno.json", async () => {
  const registry = await serveFiles();
  const base = `http://127.0.0.1:${registry.port}`;
  const dir = await Deno.makeTempDir({ prefix: "ringmq-url-" });
  const running: ServerProcess[] = [];
  const deno = (permissions: readonly string[], path: string, args: readonly string[]): string[] => [
    Deno.execPath(),
    "run",
    "--no-config",
    "--no-lock",
    "--quiet",
    `--allow-import=127.0.0.1:${registry.port}`,
    ...permissions,
    `${base}/${path}`,
    ...args,
  ];
  const servers = [
    "--allow-net",
    "--allow-read",
    "--allow-write",
    "--allow-env=HOME,ROCKETMQ_HOME,NAMESRV_ADDR",
    "--allow-sys=hostname,networkInterfaces,systemMemoryInfo,statfs",
  ];
  const env = { HOME: dir, NO_COLOR: "1", DENO_DIR: `${dir}/deno` };
  try {
    const [namesrvPort, brokerPort] = [freePort(), freeBrokerPort()];
    const namesrv = `127.0.0.1:${namesrvPort}`;
    for (const name of ["namesrv", "broker"]) await Deno.mkdir(`${dir}/${name}`);
    const set = (values: Record<string, string | number>): string[] =>
      Object.entries(values).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
    running.push(
      await ServerProcess.start(`${dir}/namesrv`, {
        command: deno(servers, "actors/name_server/mod.ts", set({ listenPort: namesrvPort })),
        env,
        cwd: dir,
        port: namesrvPort,
      }),
    );
    running.push(
      await ServerProcess.start(`${dir}/broker`, {
        command: deno(
          servers,
          "actors/broker/mod.ts",
          ["-n", namesrv, ...set({ listenPort: brokerPort, brokerIP1: "127.0.0.1", storePathRootDir: `${dir}/store` })],
        ),
        env,
        cwd: dir,
        port: brokerPort,
      }),
    );
    const [program = "", ...args] = deno(["--allow-net"], "script.ts", [namesrv]);
    const { stdout, stderr } = await new Deno.Command(program, { args, env, cwd: dir, stdin: "null" }).output();
    const decoder = new TextDecoder();
    assertEquals(decoder.decode(stderr), "");
    assertEquals(JSON.parse(decoder.decode(stdout)).got, ["m0", "m1", "m2"]);
    assertEquals(registry.missed, []);
    for (const name of ["pull_service", "rebalance_service"]) {
      assertEquals(registry.served.has(`actors/client/${name}_worker.ts`), true, `${name} runs in a worker`);
    }
  } finally {
    for (const one of running.reverse()) await one.stop();
    await registry.shutdown();
    await Deno.remove(dir, { recursive: true });
  }
});
