/**
 * The client on Node 22, from the package that is built for npm, packed and installed as npm does it.
 */
import { assertEquals, assertMatch } from "@std/assert";
import { buildNpm } from "../../tools/build_npm.ts";
import { brokerHas } from "./client_support.ts";
import { topicOn } from "./client_kit.ts";
import { conformanceSuite } from "./suite.ts";
import { node22 } from "./toolbox.ts";

const test = conformanceSuite({
  clients: [],
  broker: { transactionCheckInterval: "2000", transactionTimeOut: "3000", transactionOpBatchInterval: "100" },
});

const HERE = new URL("./node22/", import.meta.url).pathname;

async function run(cwd: string, command: string, args: readonly string[]): Promise<string> {
  const child = new Deno.Command(command, { args: [...args], cwd, stdin: "null" });
  const { success, stdout, stderr } = await child.output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(`${command} ${args.join(" ")}: ${decoder.decode(stdout)}${decoder.decode(stderr)}`);
  return decoder.decode(stdout);
}

test("The npm package produces, push-consumes and transacts on Node 22, with inline actors", [], async ({ target }) => {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-npm-" });
  try {
    buildNpm(`${dir}/package`);
    await run(dir, "npm", ["pack", "--silent", "--pack-destination", dir, `${dir}/package`]);
    const packed = [...Deno.readDirSync(dir)].find((entry) => entry.name.endsWith(".tgz"))?.name ?? "";
    await Deno.mkdir(`${dir}/app`);
    await Deno.writeTextFile(`${dir}/app/package.json`, '{ "private": true, "type": "module" }');
    await run(`${dir}/app`, "npm", ["install", "--silent", "--no-audit", "--no-fund", "--offline", `../${packed}`]);
    await Deno.copyFile(`${HERE}main.mjs`, `${dir}/app/main.mjs`);
    const topic = await topicOn(target, 2);
    const transactions = brokerHas("transactions") ? [await topicOn(target, 2, "+message.type=TRANSACTION")] : [];
    const output = await run(`${dir}/app`, await node22(), ["main.mjs", target.nameServer, topic, ...transactions]);
    const { version, ...rest } = JSON.parse(output);
    assertMatch(version, /^v2[2-9]\./);
    assertEquals(rest, {
      got: ["one", "three", "two", "zipped zipped zipped".slice(0, 20)],
      transacted: transactions.length > 0 ? ["commit", "unknown"] : [],
      queues: 2,
      sendStatus: "SEND_OK",
    });
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
