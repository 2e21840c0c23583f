import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { parseArguments, type ProgramWorld, runNameServer } from "../../actors/name_server/name_server_program.ts";
import { ConfigurationError } from "../../store/configuration.ts";
import { until } from "../helpers/until.ts";
import { WireClient } from "./wire_client.ts";

const MODULE = new URL("../../actors/name_server/mod.ts", import.meta.url).pathname;

/** A world of its own: files by name, lines that were printed, a stop that the test gives. */
class TestWorld implements ProgramWorld {
  readonly printed: string[] = [];
  readonly complaints: string[] = [];
  readonly stop: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly environment: Record<string, string>;
  readonly #files: Readonly<Record<string, string>>;

  constructor(home: string, files: Readonly<Record<string, string>> = {}) {
    this.environment = { HOME: home };
    this.#files = files;
  }

  readText(path: string): string {
    const text = this.#files[path];
    if (text === undefined) throw new Deno.errors.NotFound(`No file "${path}"`);
    return text;
  }

  print(line: string): void {
    this.printed.push(line);
  }

  complain(line: string): void {
    this.complaints.push(line);
  }

  untilStopped(): Promise<void> {
    return this.stop.promise;
  }
}

async function inFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ringmq-name-server-" });
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("parseArguments() reads Apache's options and --set", () => {
  assertEquals(parseArguments([]), { configFile: undefined, sets: [], print: false, help: false });
  assertEquals(parseArguments(["-c", "x", "--set", "a=1", "--set=b=2", "-p", "--help"]), {
    configFile: "x",
    sets: ["a=1", "b=2"],
    print: true,
    help: true,
  });
  assertEquals(parseArguments(["--configFile=y"]).configFile, "y");
  assertThrows(() => parseArguments(["-c"]), ConfigurationError, `option "-c" needs a value`);
  assertThrows(() => parseArguments(["-n", "x"]), ConfigurationError, `option "-n" is unknown`);
});

Deno.test("runNameServer() prints values with their origins and the way to the files", async () => {
  const world = new TestWorld("/u", { "ns.conf": "listenPort=1\nother=2\n" });
  assertEquals(await runNameServer(["-c", "ns.conf", "-p", "--set", "clusterTest=true"], world), 0);
  for (
    const line of [
      "listenPort=1  (file)",
      "clusterTest=true  (set)",
      "kvConfigPath=/u/namesrv/kvConfig.json  (default)",
      "configStorePath=ns.conf  (default)",
      "other=2  (file, unknown key)",
    ]
  ) {
    assertEquals(world.printed.includes(line), true, line);
  }
});

Deno.test("runNameServer() gives 2 when the configuration cannot be read", async () => {
  for (const args of [["-x"], ["-c", "nowhere"], ["--set", "listenPort=x"], ["--set", "x"], ["-c", "bad"]]) {
    const world = new TestWorld("/u", { bad: "a=\\u1" });
    assertEquals([await runNameServer(args, world), world.complaints.length], [2, 1], args.join(" "));
  }
});

Deno.test("runNameServer() gives 3 when the port is taken, and 5 when the key-value file is damaged", async () => {
  await inFolder(async (folder) => {
    const taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const world = new TestWorld(folder);
    const address = ["--set", "bindAddress=127.0.0.1", "--set", `listenPort=${taken.addr.port}`];
    assertEquals(await runNameServer(address, world), 3);
    assertStringIncludes(world.complaints[0] ?? "", `Cannot listen on 127.0.0.1:${taken.addr.port}`);
    taken.close();
    await Deno.mkdir(`${folder}/namesrv`);
    await Deno.writeTextFile(`${folder}/namesrv/kvConfig.json`, "{");
    assertEquals(await runNameServer(["--set", "listenPort=0"], world), 5);
    assertStringIncludes(world.complaints[1] ?? "", "kvConfig.json");
  });
});

Deno.test("runNameServer() names unknown keys, says when it accepts, and ends with 0 when it is stopped", async () => {
  await inFolder(async (folder) => {
    const world = new TestWorld(folder, { "ns.conf": "listenPort=0\nbindAddress=127.0.0.1\nbrokerName=x\n" });
    const ended = runNameServer(["-c", "ns.conf"], world);
    const line = await until(() => world.printed[0], { timeoutMs: 60_000, what: "the line that says that it accepts" });
    assertEquals(world.complaints, [`Unknown key "brokerName" (file) is ignored`]);
    const port = /^The Name Server boot success\. serializeType=JSON, address 127\.0\.0\.1:(\d+)$/.exec(line)?.[1];
    using client = await WireClient.connect(Number(port));
    assertEquals((await client.invoke(206)).code, 0);
    world.stop.resolve();
    assertEquals(await ended, 0);
    assertEquals(await client.receive(), undefined);
  });
});

Deno.test("name server process stops cleanly on SIGTERM and SIGINT with the permissions that its page names", async () => {
  await inFolder(async (folder) => {
    for (const signal of ["SIGTERM", "SIGINT"] as const) {
      const flags = ["--no-prompt", "--allow-net", "--allow-read", "--allow-write", "--allow-env"];
      const program = new Deno.Command(Deno.execPath(), {
        args: ["run", ...flags, MODULE, "--set", "listenPort=0", "--set", `kvConfigPath=${folder}/kv.json`],
        stdout: "piped",
        stderr: "piped",
      }).spawn();
      const reader = program.stdout.pipeThrough(new TextDecoderStream()).getReader();
      let text = "";
      while (!text.includes("\n")) text += (await reader.read()).value ?? "\n";
      assertStringIncludes(text, "boot success");
      program.kill(signal);
      for (let read = await reader.read(); !read.done; read = await reader.read()) text += read.value;
      const [status, complaints] = await Promise.all([program.status, new Response(program.stderr).text()]);
      assertEquals([status.code, status.signal, complaints], [0, null, ""]);
      assertStringIncludes(text, "The Name Server stopped.");
    }
  });
});
