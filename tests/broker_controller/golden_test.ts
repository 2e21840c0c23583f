/** Recorded requests of tools and clients get the answers that RocketMQ 5.4.0 gave. */
import { assertEquals } from "@std/assert";
import { isOneway } from "../../protocol/command.ts";
import { decodeKvTable } from "../../protocol/kv_table.ts";
import { parseProperties } from "../../protocol/properties_text.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { comparable } from "./golden_compare.ts";
import { type GoldenExchange, goldenExchanges } from "./golden_exchanges.ts";
import { delayOffsetsOf, ONLINE_CONSUMER_ADDRESS, ONLINE_PRODUCER_ADDRESS, SeededBench } from "./golden_seed.ts";
import { goldenAnswer, goldenConf, goldenConfiguration, goldenFiles } from "./golden_world.ts";

/** Codes that other actors of the broker answer. */
const DATA_CODES: ReadonlySet<number> = new Set([
  10,
  11,
  12,
  33,
  36,
  37,
  310,
  320,
  324,
  325,
  361,
  370,
  200050,
  200051,
  200053,
]);

/** Pulls: an offset commit may ride on them. */
const PULL_CODES: ReadonlySet<number> = new Set([11, 361]);

/** Codes that this broker answers otherwise, on purpose. */
const OTHERWISE: ReadonlySet<number> = new Set([
  26, // compared as a table below
  28, // compared by keys below
  46, // SQL92 needs enablePropertyFilter, which the recorded broker had on
  400, // assignment by the broker
  513, // static topics
  1007, // controller
  3005, // users
  3010, // access lists
  5001, // timer engine
]);

const CREATE_TOPIC = {
  defaultTopic: "TBW102",
  perm: "6",
  topicFilterType: "SINGLE_TAG",
  topicSysFlag: "0",
  order: "false",
};

function bench(): SeededBench {
  return new SeededBench({ conf: goldenConf(), files: goldenFiles() });
}

function mine(name: string): GoldenExchange[] {
  return goldenExchanges(name).filter(({ from, request, answer }) =>
    from === "client" && (answer !== undefined || isOneway(request)) && !OTHERWISE.has(request.code)
  );
}

/** Sends the requests of a recording, up to a moment, and compares each answer. */
async function replay(seeded: SeededBench, name: string, untilMs = Infinity): Promise<number> {
  let count = 0;
  seeded.clientAnswers(goldenExchanges(name));
  for (const exchange of mine(name)) {
    if (exchange.timeMs > untilMs) break;
    if (PULL_CODES.has(exchange.request.code)) seeded.commitOfPull(exchange.request);
    if (DATA_CODES.has(exchange.request.code)) continue;
    seeded.seed(exchange);
    const answer = await seeded.send(exchange);
    const { request } = exchange;
    const what = `${name} ${exchange.conversation} ${exchange.timeMs} ms: ${request.code} ${
      JSON.stringify(request.ext)
    }`;
    const wanted = exchange.answer === undefined ? null : comparable(exchange.answer);
    assertEquals(answer === null ? null : comparable(answer), wanted, what);
    count++;
  }
  return count;
}

async function online(seeded: SeededBench): Promise<void> {
  const first = goldenExchanges("java54-online-during-mqadmin").slice(0, 60);
  await seeded.heartbeats(
    first,
    (clientId) => clientId.endsWith("@adm-c") ? ONLINE_CONSUMER_ADDRESS : ONLINE_PRODUCER_ADDRESS,
  );
}

for (
  const name of [
    "mqadmin-topic",
    "mqadmin-group",
    "mqadmin-offset",
    "mqadmin-broker",
    "mqadmin-export",
    "mqadmin-connection",
    "mqadmin-message",
  ]
) {
  Deno.test(`ControlPlane.answer() gives RocketMQ's answers to ${name}`, async () => {
    const seeded = bench();
    await online(seeded);
    await replay(seeded, name);
    seeded.bench.plane.stop();
  });
}

Deno.test("ControlPlane.answer() gives RocketMQ's configuration table to 26 when configured alike", async () => {
  const { bench: { plane, ...rest } } = bench();
  void rest;
  const recorded = goldenExchanges("mqadmin-export").find(({ request }) =>
    request.code === RequestCode.GET_BROKER_CONFIG
  )!;
  const call = { command: recorded.request, channel: { gateway: 0, channel: 1 }, remoteAddress: "127.0.0.1:1" };
  const answer = await plane.answer(call);
  assertEquals(parseProperties(new TextDecoder().decode(answer!.body)), goldenConfiguration());
  assertEquals(Object.keys(answer!.ext), ["version"]);
  plane.stop();
});

Deno.test("ControlPlane.answer() gives every key of RocketMQ's runtime information to 28", async () => {
  const recorded = goldenAnswer("mqadmin-export", RequestCode.GET_BROKER_RUNTIME_INFO);
  const seeded = new SeededBench({
    conf: goldenConf(),
    files: goldenFiles(),
    delayOffsets: delayOffsetsOf(recorded),
  });
  const answer = await seeded.bench.request(RequestCode.GET_BROKER_RUNTIME_INFO);
  const table = decodeKvTable(answer.body).table;
  const wanted = decodeKvTable(recorded.body).table;
  assertEquals([...table.keys()].sort(), [...wanted.keys()].sort());
  const constant = [...wanted.keys()].filter((key) =>
    /Capacity$|brokerActive|VersionDesc|HeadWait|timer|remainTransient/.test(key)
  );
  for (const key of constant.filter((key) => key !== "commitLogDirCapacity")) {
    assertEquals(table.get(key), wanted.get(key), key);
  }
  seeded.bench.plane.stop();
});

for (
  const name of [
    "java54-producer",
    "java54-push-concurrent",
    "java54-push-orderly",
    "java54-push-broadcast",
    "java54-lite-pull",
    "java54-pull",
    "java54-transaction",
    "java54-request-reply",
    "java54-trace",
    "java54-binary-header",
    "java54-compression",
    "java54-acl-signed",
    "java54-timer-recall",
    "java54-push-sql92",
    "java49-client",
    "go-client",
    "ali-ons-client",
  ]
) {
  Deno.test(`ControlPlane.answer() gives RocketMQ's answers to ${name}`, async () => {
    const seeded = bench();
    await replay(seeded, name);
    seeded.bench.plane.stop();
  });
}

Deno.test("ControlPlane.answer() resets by the clients as RocketMQ does when useServerSideResetOffset is off", async () => {
  const conf = `${goldenConf()}useServerSideResetOffset=false\n`;
  const seeded = new SeededBench({ conf, files: goldenFiles() });
  const fourQueues = { ...CREATE_TOPIC, topic: "T_ADM", readQueueNums: "4", writeQueueNums: "4" };
  await seeded.bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, fourQueues);
  // Behind this moment the client closes its connection, which the recording does not show.
  await replay(seeded, "java54-admin-api", 20_000);
  const wanted = goldenExchanges("java54-admin-api").filter(({ from, request }) =>
    from === "server" && request.code === RequestCode.RESET_CONSUMER_CLIENT_OFFSET
  );
  const pushed = seeded.bench.pushes.filter(({ command }) => command.code === RequestCode.RESET_CONSUMER_CLIENT_OFFSET);
  assertEquals(
    pushed.map(({ command }) => ({ ...comparable(command), oneway: isOneway(command) })),
    wanted.map(({ request }) => ({ ...comparable(request), oneway: isOneway(request) })),
  );
  seeded.bench.plane.stop();
});

Deno.test("ControlPlane.answer() passes 307 and 309 on to the client as RocketMQ does", async () => {
  const seeded = bench();
  await online(seeded);
  const passedOn = goldenExchanges("java54-online-during-mqadmin").filter(({ from }) => from === "server");
  for (const code of [RequestCode.GET_CONSUMER_RUNNING_INFO, RequestCode.CONSUME_MESSAGE_DIRECTLY]) {
    const asked = goldenExchanges("mqadmin-message").find(({ request }) => request.code === code)!;
    seeded.seed(asked);
    await seeded.send(asked);
    const wanted = passedOn.find(({ request }) => request.code === code)!.request;
    const passed = seeded.passedOn.at(-1)!;
    assertEquals({ code: passed.code, ext: passed.ext }, { code: wanted.code, ext: wanted.ext });
  }
  seeded.bench.plane.stop();
});
