/**
 * The examples in the client's documentation, run as they stand against a live target.
 */
import { assert, assertMatch } from "@std/assert";
import { topicOn } from "./client_kit.ts";
import { conformanceSuite } from "./suite.ts";

const test = conformanceSuite({ clients: [] });

const ROOT = new URL("../../", import.meta.url).pathname;
const CLIENT = "actors/client/";
const MODULES = [
  "mod.ts",
  ...["admin", "allocation/averagely", "errors", "lite_pull_consumer", "mod", "producer", "push_consumer"]
    .map((name) => `${CLIENT}${name}.ts`),
  ...["queue_selectors", "send_request"].map((name) => `${CLIENT}${name}.ts`),
];

test("The examples in the client's documentation run", [], async ({ target }) => {
  // The servers are there, and the topics of the examples are made by the first send to them.
  await topicOn(target, 1);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      "test",
      "--doc",
      "--no-check",
      "--allow-net=127.0.0.1",
      "--allow-env",
      "--allow-read",
      "--allow-sys",
      ...MODULES,
    ],
    cwd: ROOT,
    env: { NAMESRV_ADDR: target.nameServer, NO_COLOR: "1" },
    stdin: "null",
  }).output();
  const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
  assert(success, text);
  assertMatch(text, /ok \| 1\d passed \| 0 failed/);
});
