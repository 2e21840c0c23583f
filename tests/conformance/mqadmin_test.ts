/**
 * Apache's mqadmin, unmodified, against Apache and against the target, both holding equal data: what it prints must be
 * equal, but for what no two brokers can have in common (see {@link MASKS} and the masks of single commands).
 */
import { assertEquals } from "@std/assert";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { createTopic, send } from "./broker_requests.ts";
import { ClientProcess } from "./client_process.ts";
import { RawClient } from "./raw_client.ts";
import { Target, targetName } from "./target.ts";
import { conformanceRequired, java54Client, missingPrograms } from "./toolbox.ts";

type Mask = readonly [RegExp, string];

/** What differs between any two brokers: addresses, ports inside message ids, times, folders, process-wide counters. */
const MASKS: readonly Mask[] = [
  [/127\.0\.0\.1:\d+/g, "<address>"],
  [/7F000001[0-9A-F]{8}/g, "7F000001<port>"],
  [/\/tmp\/ringmq-conformance-\w+-\w+/g, "<folder>"],
  [/\d{4}-\d\d-\d\d[ #]\d\d:\d\d:\d\d[:,]\d+/g, "<time>"],
  [/\b1[78]\d{11}\b/g, "<ms>"],
];

interface Command {
  readonly name: string;
  readonly args: (side: Side) => readonly string[];
  readonly masks?: readonly Mask[];
  /** Lists that come from a hash table have no order. */
  readonly sorted?: boolean;
}

/** One of the two brokers with a JVM for mqadmin and online clients. */
interface Side {
  readonly target: Target;
  readonly jvm: ClientProcess;
  /** Offset message id of the first message. */
  offsetId: string;
}

const TOPIC = "AdmTopic";
const GROUP = "AdmGroup";
const UNIQUE_KEYS = Array.from({ length: 8 }, (_, n) => `C0000202300A4E0E2F2A6915F5C2000${n}`);

const COMMANDS: readonly Command[] = [
  {
    name: "clusterList",
    args: () => ["clusterList"],
    // Rates, page-cache wait, age of the oldest message and disk use of the moment.
    masks: [[/(V5_4_0).*(true|false)$/gm, "$1 <rates> $2"]],
  },
  { name: "topicList", args: () => ["topicList"], sorted: true },
  { name: "topicList -c", args: () => ["topicList", "-c"], sorted: true },
  { name: "topicRoute", args: () => ["topicRoute", "-t", TOPIC] },
  { name: "topicRoute of nothing", args: () => ["topicRoute", "-t", "NoSuchTopic"] },
  { name: "topicStatus", args: () => ["topicStatus", "-t", TOPIC], sorted: true },
  {
    name: "updateTopic by cluster",
    args: () => ["updateTopic", "-c", "DefaultCluster", "-t", "AdmNew", "-r", "3", "-w", "3"],
  },
  {
    name: "updateTopic by broker",
    args: ({ target }) => ["updateTopic", "-b", target.broker, "-t", "AdmNew", "-r", "5", "-w", "4", "-p", "4"],
  },
  {
    name: "updateTopic of a bad name",
    args: ({ target }) => ["updateTopic", "-b", target.broker, "-t", "bad name", "-r", "2", "-w", "2"],
  },
  { name: "topicRoute of the new topic", args: () => ["topicRoute", "-t", "AdmNew"] },
  { name: "deleteTopic", args: () => ["deleteTopic", "-c", "DefaultCluster", "-t", "AdmNew"] },
  { name: "deleteTopic of nothing", args: () => ["deleteTopic", "-c", "DefaultCluster", "-t", "NoSuchTopic"] },
  { name: "topicRoute after deleteTopic", args: () => ["topicRoute", "-t", "AdmNew"] },
  {
    name: "updateSubGroup",
    args: (
      { target },
    ) => [
      "updateSubGroup",
      "-b",
      target.broker,
      "-g",
      "AdmGroup2",
      "-s",
      "true",
      "-m",
      "false",
      "-d",
      "false",
      "-q",
      "2",
      "-r",
      "5",
      "-i",
      "0",
      "-w",
      "1",
      "-a",
      "true",
    ],
  },
  { name: "getConsumerConfig", args: () => ["getConsumerConfig", "-g", "AdmGroup2"] },
  { name: "consumerProgress of a group", args: () => ["consumerProgress", "-g", GROUP], sorted: true },
  { name: "consumerProgress of all groups", args: () => ["consumerProgress"], sorted: true },
  { name: "consumerConnection", args: () => ["consumerConnection", "-g", "AdmOnline"], sorted: true },
  { name: "consumerConnection of nobody", args: () => ["consumerConnection", "-g", "NoSuchGroup"] },
  { name: "producerConnection", args: () => ["producerConnection", "-g", "AdmProducers", "-t", TOPIC] },
  { name: "producerConnection of nobody", args: () => ["producerConnection", "-g", "NoSuchGroup", "-t", TOPIC] },
  { name: "queryMsgById", args: ({ offsetId }) => ["queryMsgById", "-t", TOPIC, "-i", offsetId] },
  { name: "queryMsgByKey", args: () => ["queryMsgByKey", "-t", TOPIC, "-k", "AdmKey3"] },
  { name: "queryMsgByKey of nothing", args: () => ["queryMsgByKey", "-t", TOPIC, "-k", "NoSuchKey"] },
  { name: "queryMsgByUniqueKey", args: () => ["queryMsgByUniqueKey", "-t", TOPIC, "-i", UNIQUE_KEYS[5]!] },
  { name: "queryMsgByOffset", args: () => ["queryMsgByOffset", "-t", TOPIC, "-b", "broker-a", "-i", "1", "-o", "1"] },
  {
    name: "sendMessage",
    args: () => ["sendMessage", "-t", "AdmOneQueue", "-p", "hello from mqadmin", "-k", "AdmSent", "-c", "TagS"],
    masks: [[/[0-9A-F]{32,64}/g, "<id>"]],
  },
  {
    name: "consumeMessage",
    args: () => ["consumeMessage", "-t", TOPIC, "-b", "broker-a", "-i", "0", "-o", "0", "-c", "2"],
  },
];

const missing = missingPrograms(["java", "javac", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;
const skipped = ignore ? ` (skipped: no ${missing.join(", ")})` : "";
let sides: { readonly apache: Side; readonly other: Side };

async function startSide(name: "apache" | "ringmq"): Promise<Side> {
  const target = await Target.up({ name });
  try {
    const jvm = await ClientProcess.start(await java54Client(), target.dir);
    return { target, jvm, offsetId: await fill(target, jvm) };
  } catch (error) {
    await target.down();
    throw error;
  }
}

/** The same topics, groups, messages, offsets and online clients on each side. @returns The id of the first message. */
async function fill(target: Target, jvm: ClientProcess): Promise<string> {
  using broker = await RawClient.connect(target.broker);
  await createTopic(target, TOPIC);
  await createTopic(target, "AdmOneQueue", { queues: 1 });
  await createTopic(target, "AdmOrder", { queues: 2, order: true, perm: 6 });
  await broker.call(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, JSON.stringify({ groupName: GROUP }));
  let offsetId = "";
  for (const [n, key] of UNIQUE_KEYS.entries()) {
    const properties = `KEYS\x01AdmKey${n} AdmAll\x02TAGS\x01Tag${
      n % 2
    }\x02UNIQ_KEY\x01${key}\x02own\x01v${n}\x02WAIT\x01true\x02`;
    const answer = await send(broker, TOPIC, `body ${n}`, { queueId: n % 4, properties, group: "AdmProducers" });
    if (n === 0) offsetId = answer.ext.msgId ?? "";
  }
  for (let queueId = 0; queueId < 4; queueId++) {
    await broker.call(RequestCode.UPDATE_CONSUMER_OFFSET, {
      consumerGroup: GROUP,
      topic: TOPIC,
      queueId: String(queueId),
      commitOffset: String(queueId % 3),
    });
  }
  const namesrv = target.nameServer;
  await jvm.call("producer.start", { name: "adm-producer", group: "AdmProducers", namesrv });
  await jvm.call("send", { producer: "adm-producer", topic: "AdmOneQueue", body: "one" });
  await jvm.call("consumer.start", {
    name: "adm-consumer",
    group: "AdmOnline",
    topic: TOPIC,
    expression: "Tag0 || Tag1",
    namesrv,
  });
  await until(async () => await jvm.call<number>("consumer.count", { name: "adm-consumer" }) >= UNIQUE_KEYS.length, {
    timeoutMs: 60_000,
    what: "the online consumer",
  });
  // What it has consumed shows in its committed offsets only.
  await until(async () => {
    for (let queueId = 0; queueId < 4; queueId++) {
      const fields = { consumerGroup: "AdmOnline", topic: TOPIC, queueId: String(queueId) };
      const { ext } = await broker.call(RequestCode.QUERY_CONSUMER_OFFSET, fields);
      if (ext.offset !== "2") return false;
    }
    return true;
  }, { timeoutMs: 60_000, what: "the offsets of the online consumer" });
  return offsetId;
}

async function mqadmin(side: Side, args: readonly string[]): Promise<string> {
  const answer = await side.jvm.call<{ text: string }>("mqadmin", { args: [...args, "-n", side.target.nameServer] });
  return answer.text;
}

function normalize(text: string, command: Pick<Command, "masks" | "sorted">): string[] {
  let masked = text;
  for (const [pattern, word] of [...MASKS, ...(command.masks ?? [])]) masked = masked.replaceAll(pattern, word);
  const lines = masked.split("\n").map((line) => line.trim().replaceAll(/\s+/g, " ")).filter((line) => line !== "");
  return command.sorted === true ? lines.sort() : lines;
}

Deno.test.beforeAll(async () => {
  if (ignore) return;
  const [apache, other] = await Promise.allSettled([startSide("apache"), startSide(targetName())]);
  if (apache.status === "fulfilled" && other.status === "fulfilled") {
    sides = { apache: apache.value, other: other.value };
    return;
  }
  for (const side of [apache, other]) if (side.status === "fulfilled") await stopSide(side.value);
  throw new AggregateError([apache, other].flatMap((side) => side.status === "rejected" ? [side.reason] : []));
});

Deno.test.afterAll(async () => {
  if (sides !== undefined) await Promise.all([sides.apache, sides.other].map(stopSide));
});

async function stopSide(side: Side): Promise<void> {
  await side.jvm.stop();
  await side.target.down();
}

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `${name}${skipped}`, ignore, fn });
}

for (const command of COMMANDS) {
  test(`mqadmin ${command.name} prints what it prints for Apache`, async () => {
    const [expected, actual] = await Promise.all([
      mqadmin(sides.apache, command.args(sides.apache)),
      mqadmin(sides.other, command.args(sides.other)),
    ]);
    assertEquals(normalize(actual, command), normalize(expected, command));
  });
}

/** "key : value" or "key=value" lines as a table. */
function table(lines: readonly string[], separator: RegExp): Map<string, string> {
  const entries = new Map<string, string>();
  for (const line of lines) {
    const match = separator.exec(line);
    if (match !== null) {
      entries.set(line.slice(0, match.index).trim(), line.slice(match.index + match[0].length).trim());
    }
  }
  return entries;
}

/** Keys of brokerStatus whose values are measurements of the moment or of the machine; their presence is compared, not their value. */
const MEASURED: ReadonlySet<string> = new Set([
  "bootTimestamp",
  "commitLogDirCapacity",
  "commitLogDiskRatio",
  "commitLogDiskRatio_<folder>/store/commitlog",
  "consumeQueueDiskRatio",
  "dispatchBehindBytes",
  "earliestMessageTimeStamp",
  "getFoundTps",
  "getMessageEntireTimeMax",
  "getMissTps",
  "getTotalTps",
  "getTransferredTps",
  "msgGetTotalTodayNow",
  "pageCacheLockTimeMills",
  "putLatency99",
  "putLatency999",
  "putMessageDistributeTime",
  "putMessageEntireTimeMax",
  "putTps",
  "remainHowManyDataToFlush",
  "runtime",
  "startAcceptSendRequestTimeStamp",
  "timerDequeueTps",
  "timerEnqueueTps",
  "timerOffsetBehind",
  "timerReadBehind",
]);

/** Keys of getBrokerConfig that name a port of this one broker. */
const PORTS: ReadonlySet<string> = new Set(["listenPort", "haListenPort", "fastListenPort"]);

test("mqadmin brokerStatus prints Apache's keys, and equal values for what is not measured", async () => {
  // A rate has no value until a broker has run for ten seconds.
  const tables = (): Promise<Map<string, string>[]> =>
    Promise.all(
      [sides.apache, sides.other].map(async (side) =>
        table(normalize(await mqadmin(side, ["brokerStatus", "-b", side.target.broker]), {}), /\s*:(?:\s|$)/)
      ),
    );
  const differences = ([expected, actual]: readonly Map<string, string>[]): string[] =>
    [...expected!].filter(([key, value]) => !MEASURED.has(key) && actual!.get(key) !== value)
      .map(([key, value]) => `${key}: ${actual!.get(key)}, Apache ${value}`);
  let both = await tables();
  assertEquals([...both[1]!.keys()].sort(), [...both[0]!.keys()].sort());
  // Both brokers count what was put and got about once a second.
  const deadlineMs = performance.now() + 10_000;
  while (differences(both).length > 0 && performance.now() < deadlineMs) both = await tables();
  assertEquals(differences(both), []);
});

test("mqadmin getBrokerConfig prints Apache's keys with equal values", async () => {
  const [expected, actual] = await Promise.all(
    [sides.apache, sides.other].map(async (side) =>
      table(normalize(await mqadmin(side, ["getBrokerConfig", "-b", side.target.broker]), {}), /\s*=\s*/)
    ),
  );
  assertEquals([...actual!.keys()].sort(), [...expected!.keys()].sort());
  const different = [...expected!].filter(([key, value]) => !PORTS.has(key) && actual!.get(key) !== value)
    .map(([key, value]) => `${key}: ${actual!.get(key)}, Apache ${value}`);
  assertEquals(different, []);
});
