import { assertEquals } from "@std/assert";
import { createRequest, createResponse, type ExtFields, markOneway } from "../../protocol/command.ts";
import { encodeHeartbeatData, type HeartbeatData } from "../../protocol/heartbeat.ts";
import { parseProperties } from "../../protocol/properties_text.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { CHANNEL_EXPIRY_MS } from "../../store/client_channel.ts";
import { Gauge } from "../../store/gauges.ts";
import type { TopicUpdate } from "../../store/topic_view.ts";
import type {
  ConfigurationUpdate,
  GroupUpdate,
  ResetUpdate,
  SubscriptionUpdate,
} from "../../actors/broker/broker_controller_contract.ts";
import { AskTimeoutError } from "../../actors/kernel/errors.ts";
import { type GivenUpdate, PlaneBench } from "./plane_bench.ts";

const CREATE: ExtFields = {
  topic: "T",
  defaultTopic: "TBW102",
  readQueueNums: "4",
  writeQueueNums: "4",
  perm: "6",
  topicFilterType: "SINGLE_TAG",
  order: "false",
};

const SUBSCRIPTION = {
  topic: "T",
  subString: "*",
  subVersion: 1,
  expressionType: "TAG",
  tagsSet: [],
  codeSet: [],
  classFilterMode: false,
};

function heartbeat(fields: Partial<HeartbeatData> = {}, group = "g"): Uint8Array {
  return encodeHeartbeatData({
    clientID: "c1",
    consumerDataSet: [{
      groupName: group,
      consumeType: "CONSUME_PASSIVELY",
      messageModel: "CLUSTERING",
      consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
      subscriptionDataSet: [SUBSCRIPTION],
      unitMode: false,
    }],
    producerDataSet: [{ groupName: "p" }],
    heartbeatFingerprint: 0,
    withoutSub: false,
    ...fields,
  });
}

async function withBench(bench: PlaneBench, body: (bench: PlaneBench) => Promise<void>): Promise<void> {
  try {
    await body(bench);
  } finally {
    bench.plane.stop();
  }
}

function updates<U>(bench: PlaneBench, kind: GivenUpdate["kind"], name = "gateway-0"): U[] {
  return bench.given.filter((given) => given.kind === kind && given.name === name).map(({ update }) =>
    update as unknown as U
  );
}

Deno.test("ControlPlane serves RocketMQ's system topics and groups from the start", async () => {
  await withBench(new PlaneBench({ conf: "traceTopicEnable=true\n" }), (bench) => {
    const { topics, groups } = bench.plane.state;
    const shape = Object.fromEntries(
      [...topics.configs()].map((config) => [config.topicName, [config.readQueueNums, config.perm]]),
    );
    assertEquals(shape, {
      SELF_TEST_TOPIC: [1, 6],
      TBW102: [8, 7],
      BenchmarkTest: [1024, 6],
      DefaultCluster: [16, 7],
      "broker-a": [1, 7],
      OFFSET_MOVED_EVENT: [1, 6],
      SCHEDULE_TOPIC_XXXX: [18, 6],
      DefaultCluster_REPLY_TOPIC: [1, 6],
      rmq_sys_REVIVE_LOG_DefaultCluster: [8, 6],
      "rmq_sys_SYNC_BROKER_MEMBER_broker-a": [1, 1],
      RMQ_SYS_TRANS_HALF_TOPIC: [1, 6],
      RMQ_SYS_TRANS_OP_HALF_TOPIC: [1, 6],
      RMQ_SYS_ROCKSDB_TRANS_HALF_TOPIC: [1, 6],
      RMQ_SYS_ROCKSDB_TRANS_OP_HALF_TOPIC: [1, 6],
      RMQ_SYS_TRACE_TOPIC: [1, 6],
      rmq_sys_wheel_timer: [1, 6],
    });
    assertEquals(groups.size, 8);
    return Promise.resolve();
  });
});

Deno.test("ControlPlane leaves out TBW102 and the bits of cluster and broker topics that configuration turns off", async () => {
  const conf =
    "autoCreateTopicEnable=false\nclusterTopicEnable=false\nbrokerTopicEnable=false\ntimerWheelEnable=false\n";
  await withBench(new PlaneBench({ conf }), (bench) => {
    const { topics } = bench.plane.state;
    assertEquals([topics.has("TBW102"), topics.has("rmq_sys_wheel_timer")], [false, false]);
    assertEquals([topics.get("DefaultCluster")?.perm, topics.get("broker-a")?.perm], [1, 1]);
    return Promise.resolve();
  });
});

Deno.test("ControlPlane.answer() to 17 comes only when every subscriber has acknowledged and the file is written", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    const gate = Promise.withResolvers<void>();
    bench.plane.subscribe({ name: "gateway-0", control: true });
    bench.plane.subscribe({ name: "reput", control: false });
    bench.acknowledge = ({ name }) => name === "reput" ? gate.promise : Promise.resolve();
    let answered = false;
    const answer = bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, CREATE).then((command) => {
      answered = true;
      return command;
    });
    while (bench.file("topics.json") === undefined) {
      await new Promise((resolve) => bench.clock.setTimer(1, () => resolve(null)));
    }
    assertEquals(answered, false);
    gate.resolve();
    assertEquals((await answer).code, ResponseCode.SUCCESS);
    assertEquals(JSON.parse(bench.file("topics.json")!).topicConfigTable.T.readQueueNums, 4);
    const [update] = updates<TopicUpdate>(bench, "topics");
    assertEquals([update?.version, update?.changed[0]?.topic, update?.changed[0]?.slots.length], [1, "T", 4]);
  });
});

Deno.test("ControlPlane.answer() to 17 is SYSTEM_BUSY when a subscriber does not acknowledge", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    bench.plane.subscribe({ name: "hold", control: false });
    bench.acknowledge = () => Promise.reject(new AskTimeoutError("too late"));
    const answer = await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, CREATE);
    assertEquals([answer.code, answer.remark], [
      ResponseCode.SYSTEM_BUSY,
      'Cannot finish topics update 1: "hold" did not acknowledge',
    ]);
  });
});

/** Rows: fields of request 17 that are refused, code and remark. */
const REFUSED_TOPICS: readonly [ExtFields, number, string][] = [
  [{ topic: "TBW102" }, 29, "The topic[TBW102] is conflict with system topic."],
  [{ topic: "" }, 29, "The specified topic is blank."],
  [{ attributes: "+message.type=MIXED" }, 29, "MIXED message type is not supported."],
  [{ attributes: "+no.such=1" }, 1, "unsupported key: no.such"],
  [{ attributes: "broken" }, 1, "delete attribute format is wrong: broken"],
  [{ readQueueNums: "99999999" }, 1, 'Cannot give topic "T" 99999999 queue slots: 523204 are left'],
];

for (const [fields, code, remark] of REFUSED_TOPICS) {
  Deno.test(`ControlPlane.answer() refuses 17 with ${JSON.stringify(fields)}`, async () => {
    await withBench(new PlaneBench(), async (bench) => {
      const answer = await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, { ...CREATE, ...fields });
      assertEquals([answer.code, answer.remark], [code, remark]);
      assertEquals(bench.plane.state.topics.has("T"), false);
    });
  });
}

Deno.test("ControlPlane.answer() to 17 with nothing new changes no version", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, CREATE);
    const { version } = bench.plane.state.topics;
    assertEquals((await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, CREATE)).code, 0);
    assertEquals(bench.plane.state.topics.version, version);
  });
});

Deno.test("ControlPlane.answer() to 215 forgets offsets and gives slots on only after everybody let go", async () => {
  const queues = [{ topic: "T", queueId: 0, minOffset: 0, maxOffset: 3, nextOffset: 3 }];
  await withBench(new PlaneBench({ queues }), async (bench) => {
    await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, CREATE);
    const { slots, offsets } = bench.plane.state;
    assertEquals(bench.plane.state.maxOffset("T", 0), 3);
    bench.plane.subscribe({ name: "gateway-0", control: true });
    offsets.commit("g", "T", 0, 2, 0);
    const released = [...slots.slotsOf("T")];
    const gate = Promise.withResolvers<void>();
    bench.acknowledge = () => gate.promise;
    const deleted = bench.request(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: "T" });
    const other = slots.allocate("U", 1);
    assertEquals(released.includes(other[0]!), false);
    gate.resolve();
    assertEquals((await deleted).code, 0);
    assertEquals(updates<TopicUpdate>(bench, "topics")[0]?.removed, ["T"]);
    assertEquals([offsets.query("g", "T", 0), bench.plane.state.topics.has("T")], [-1, false]);
    await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, CREATE);
    assertEquals([...slots.slotsOf("T")].some((slot) => released.includes(slot)), true);
    assertEquals(bench.plane.state.maxOffset("T", 0), 0);
  });
});

Deno.test("ControlPlane.answer() to 215 removes pop retry topics of the groups that consumed the topic", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    for (const topic of ["T", "%RETRY%g_T"]) {
      await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, { ...CREATE, topic });
    }
    bench.plane.state.offsets.commit("g", "T", 0, 1, 0);
    await bench.request(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: "T" });
    assertEquals(bench.plane.state.topics.has("%RETRY%g_T"), false);
    const refused = await bench.request(RequestCode.DELETE_TOPIC_IN_BROKER, { topic: "SCHEDULE_TOPIC_XXXX" });
    assertEquals(refused.code, ResponseCode.INVALID_PARAMETER);
  });
});

Deno.test("ControlPlane.ensureTopic() creates as RocketMQ does for sends, retries and dead letters", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    const ask = (topic: string, kind: "send" | "sendBack" | "deadLetter" | "transaction", defaultTopic = "TBW102") =>
      bench.plane.ensureTopic({
        topic,
        kind,
        defaultTopic,
        defaultTopicQueueNums: 4,
        topicSysFlag: 0,
        remoteAddress: "",
      });
    const sent = await ask("New", "send");
    assertEquals([sent.entry?.readQueueNums, sent.entry?.perm, sent.entry?.slots.length, sent.version], [4, 6, 4, 1]);
    assertEquals((await ask("New", "send")).version, 1);
    assertEquals((await ask("%RETRY%g", "sendBack")).entry?.writeQueueNums, 4);
    assertEquals((await ask("TRANS_CHECK_MAX_TIME_TOPIC", "transaction")).entry?.writeQueueNums, 1);
    const refused = await ask("Other", "send", "NoSuchDefault");
    assertEquals([refused.entry, refused.remark], [null, "topic[Other] not exist, apply first please!"]);
  });
});

Deno.test("ControlPlane.subscribe() gives everything, and then only what changes", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat());
    await bench.request(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, {
      topic: "%RETRY%g",
      group: "g",
      timestamp: "-1",
      queueId: "0",
      isForce: "true",
    });
    const snapshot = bench.plane.subscribe({ name: "gateway-0", control: true });
    assertEquals([snapshot.topics.whole, snapshot.topics.changed.length], [true, bench.plane.state.topics.size]);
    assertEquals([snapshot.groups.whole, snapshot.groups.changed.at(-1)?.group], [true, "g"]);
    assertEquals(snapshot.subscriptions.changed.map(({ group }) => group), ["g"]);
    assertEquals(snapshot.resets.set, [{ group: "g", topic: "%RETRY%g", queueId: 0, offset: 0 }]);
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat({ clientID: "c2" }, "h"), 2);
    const topics = updates<TopicUpdate>(bench, "topics");
    assertEquals(topics.map(({ version, changed }) => [version, changed[0]?.topic]), [[
      snapshot.topics.version + 1,
      "%RETRY%h",
    ]]);
    assertEquals(updates<GroupUpdate>(bench, "groups").map(({ changed }) => changed[0]?.group), ["h"]);
    assertEquals(
      updates<SubscriptionUpdate>(bench, "subscriptions").map(({ changed }) => changed[0]?.subscriptions.length),
      [1],
    );
  });
});

Deno.test("ControlPlane.answer() to 34 tells all members of a group that grows, and those that stay when one leaves", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    const pushed = (): number[] =>
      bench.pushes.splice(0).map(({ channel, command }) => {
        assertEquals([command.code, command.ext.consumerGroup, command.flag], [
          RequestCode.NOTIFY_CONSUMER_IDS_CHANGED,
          "g",
          2,
        ]);
        return channel.channel;
      });
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat(), 1);
    assertEquals(pushed(), [1]);
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat({ clientID: "c2" }), 2);
    assertEquals(pushed(), [1, 2]);
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat({ clientID: "c2" }), 2);
    assertEquals(pushed(), []);
    bench.plane.channelClosed({ gateway: 0, channel: 1 });
    await bench.request(RequestCode.UNREGISTER_CLIENT, { clientID: "c1", producerGroup: "p" }, undefined, 1);
    assertEquals(pushed(), [2]);
    assertEquals(bench.plane.state.consumers.clientIdsOf("g"), ["c2"]);
  });
});

Deno.test("ControlPlane.answer() to 34 tells nobody when the group's setting is off", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    const group = JSON.stringify({ groupName: "g", notifyConsumerIdsChangedEnable: false });
    await bench.request(RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP, {}, new TextEncoder().encode(group));
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat());
    assertEquals(bench.pushes, []);
  });
});

Deno.test("ControlPlane.answer() to 34 registers no group that may not be created", async () => {
  await withBench(new PlaneBench({ conf: "autoCreateSubscriptionGroup=false\n" }), async (bench) => {
    assertEquals((await bench.request(RequestCode.HEART_BEAT, {}, heartbeat())).code, 0);
    assertEquals([bench.plane.state.consumers.get("g"), bench.plane.state.topics.has("%RETRY%g")], [undefined, false]);
    assertEquals(bench.plane.state.producers.clientsOf("p")?.length, 1);
  });
});

Deno.test("ControlPlane.answer() to 34 of version 2 says whether the fingerprint changed and keeps subscriptions that are left out", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    const send = async (heartbeatFingerprint: number, withoutSub: boolean): Promise<string | undefined> =>
      (await bench.request(RequestCode.HEART_BEAT, {}, heartbeat({ heartbeatFingerprint, withoutSub }))).ext
        .IS_SUB_CHANGE;
    assertEquals([await send(5, false), await send(5, true), await send(6, false)], ["false", "false", "true"]);
    assertEquals(bench.plane.state.consumers.subscriptionCountOf("g"), 1);
    assertEquals(await send(0, false), "true");
  });
});

Deno.test("ControlPlane drops a client whose connection closes while its heartbeat waits", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    const gate = Promise.withResolvers<void>();
    bench.plane.subscribe({ name: "gateway-0", control: true });
    bench.acknowledge = () => gate.promise;
    const answer = bench.request(RequestCode.HEART_BEAT, {}, heartbeat());
    bench.plane.channelClosed({ gateway: 0, channel: 1 });
    gate.resolve();
    await answer;
    await bench.request(RequestCode.UNREGISTER_CLIENT, { clientID: "c1" });
    assertEquals([bench.plane.state.consumers.get("g"), bench.plane.state.producers.clientsOf("p")], [
      undefined,
      undefined,
    ]);
  });
});

Deno.test("ControlPlane.expireClients() closes silent connections and publishes that their group is gone", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    bench.plane.subscribe({ name: "gateway-0", control: true });
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat());
    bench.clock.now += CHANNEL_EXPIRY_MS + 1;
    await bench.plane.expireClients();
    assertEquals(bench.closed.map(({ channel }) => channel), [1, 1]);
    assertEquals(updates<SubscriptionUpdate>(bench, "subscriptions").at(-1)?.removed, ["g"]);
  });
});

Deno.test("ControlPlane.answer() to 15 wants group and topic, and is ignored while a reset waits", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    const commit = (fields: ExtFields = {}) =>
      bench.request(RequestCode.UPDATE_CONSUMER_OFFSET, {
        consumerGroup: "g",
        topic: "%RETRY%g",
        queueId: "0",
        commitOffset: "5",
        ...fields,
      });
    assertEquals([(await commit()).code, (await commit()).remark], [26, "Group g not exist!"]);
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat());
    const unknown = await commit({ topic: "Nobody" });
    assertEquals([unknown.code, unknown.remark], [17, "Topic Nobody not exist!"]);
    assertEquals((await commit()).remark, undefined);
    bench.plane.subscribe({ name: "gateway-0", control: true });
    await bench.request(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, {
      topic: "%RETRY%g",
      group: "g",
      timestamp: "-1",
      queueId: "-1",
      isForce: "true",
    });
    assertEquals(updates<ResetUpdate>(bench, "resets").map(({ set }) => set.length), [1]);
    assertEquals([(await commit()).remark, bench.plane.state.offsets.query("g", "%RETRY%g", 0)], [
      "Offset has been previously reset",
      0,
    ]);
    bench.plane.resetTaken({ group: "g", topic: "%RETRY%g", queueId: 0 });
    assertEquals(updates<ResetUpdate>(bench, "resets").at(-1)?.cleared, [{
      group: "g",
      topic: "%RETRY%g",
      queueId: 0,
    }]);
    await commit();
    assertEquals(bench.plane.state.offsets.query("g", "%RETRY%g", 0), 5);
  });
});

Deno.test("ControlPlane.answer() to 14 is 0 for a queue whose first message is in memory, else 22", async () => {
  const queues = [
    { topic: "T", queueId: 0, minOffset: 0, maxOffset: 9, nextOffset: 9 },
    { topic: "T", queueId: 1, minOffset: 4, maxOffset: 9, nextOffset: 9 },
  ];
  const unit = { physicalOffset: 100, bytes: 10, tagsCode: 0 };
  const coldReads = { queueUnits: () => Promise.resolve({ units: [unit], minOffset: 0, maxOffset: 9 }) };
  await withBench(new PlaneBench({ queues, coldReads }), async (bench) => {
    await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, CREATE);
    const ask = async (queueId: number, fields: ExtFields = {}): Promise<[number, string | undefined]> => {
      const ext = { consumerGroup: "new", topic: "T", queueId: String(queueId), ...fields };
      const { code, ext: { offset } } = await bench.request(RequestCode.QUERY_CONSUMER_OFFSET, ext);
      return [code, offset];
    };
    const { gauges, memoryBytes } = bench.plane.state;
    gauges.set(Gauge.LogMaxPosition, 1_000_000);
    assertEquals(await ask(0), [0, "0"]);
    assertEquals([await ask(0, { setZeroIfNotFound: "false" }), await ask(1), await ask(2)], [[22, undefined], [
      22,
      undefined,
    ], [22, undefined]]);
    gauges.set(Gauge.LogMaxPosition, memoryBytes * 0.4 + 100);
    assertEquals(await ask(0), [0, "0"]);
    gauges.set(Gauge.LogMaxPosition, memoryBytes * 0.4 + 101);
    assertEquals(await ask(0), [22, undefined]);
    assertEquals(bench.flushes.every((gateway) => gateway === 0), true);
  });
});

Deno.test("ControlPlane.saveOffsets() writes when something was committed, and only then", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    await bench.plane.saveOffsets();
    assertEquals(bench.file("consumerOffset.json"), undefined);
    bench.plane.commitOffsets([{ group: "g", topic: "T", queueId: 1, offset: 7, clientHost: "" }]);
    await bench.plane.saveOffsets();
    assertEquals(bench.file("consumerOffset.json")?.includes('"T@g":{\n\t\t\t1:7\n'), true);
  });
});

Deno.test("ControlPlane.saveOffsets() writes nothing while the log is not on the device, and then what it was asked for", async () => {
  const offsetOf = (bench: PlaneBench): string | undefined =>
    /"T@g":\{\s*1:(\d+)/.exec(bench.file("consumerOffset.json") ?? "")?.[1];
  let isSynced = Promise.resolve(false);
  const bench = new PlaneBench({ syncLog: () => isSynced });
  await withBench(bench, async () => {
    const commit = (offset: number): void =>
      void bench.plane.commitOffsets([{ group: "g", topic: "T", queueId: 1, offset, clientHost: "" }]);
    commit(7);
    await bench.plane.saveOffsets();
    assertEquals(offsetOf(bench), undefined);
    const sync = Promise.withResolvers<boolean>();
    isSynced = sync.promise;
    const saving = bench.plane.saveOffsets();
    commit(8);
    sync.resolve(true);
    await saving;
    assertEquals(offsetOf(bench), "7", "what was committed meanwhile may be ahead of the device");
    await bench.plane.saveOffsets();
    assertEquals(offsetOf(bench), "8");
  });
});

Deno.test("ControlPlane.stop() writes offsets whose save waits for the device, and that save writes nothing afterwards", async () => {
  const sync = Promise.withResolvers<boolean>();
  const bench = new PlaneBench({ syncLog: () => sync.promise });
  bench.plane.commitOffsets([{ group: "g", topic: "T", queueId: 1, offset: 7, clientHost: "" }]);
  const saving = bench.plane.saveOffsets();
  bench.plane.stop();
  const text = bench.file("consumerOffset.json");
  assertEquals(text?.includes("1:7"), true);
  bench.plane.commitOffsets([{ group: "g", topic: "T", queueId: 1, offset: 9, clientHost: "" }]);
  sync.resolve(true);
  await saving;
  assertEquals(bench.file("consumerOffset.json"), text);
});

Deno.test("ControlPlane.answer() to 25 publishes, writes the file, keeps the black list and registers a new permission", async () => {
  const registered: string[] = [];
  const bench = new PlaneBench({
    conf: "namesrvAddr=ns:1\n",
    nameServer: (address, request) => {
      registered.push(address);
      return Promise.resolve(createResponse(request, 0));
    },
  });
  await withBench(bench, async () => {
    bench.plane.subscribe({ name: "gateway-0", control: true });
    const update = (text: string) =>
      bench.request(RequestCode.UPDATE_BROKER_CONFIG, {}, new TextEncoder().encode(text));
    assertEquals((await update("longPollingEnable=false\nnoSuchKey=1\nlistenPort=soon\n")).code, 0);
    assertEquals(updates<ConfigurationUpdate>(bench, "configuration").map(({ changed }) => changed), [{
      longPollingEnable: "false",
    }]);
    const file = parseProperties(new TextDecoder().decode(bench.disk.readFile("/broker.conf")));
    assertEquals([file.get("longPollingEnable"), file.get("listenPort"), file.has("noSuchKey")], [
      "false",
      "10911",
      false,
    ]);
    const refused = await update("rocketmqHome=/x\n");
    assertEquals([refused.code, refused.remark], [16, "Can not update config in black list."]);
    assertEquals(registered, []);
    const { counter } = bench.plane.state.topics.version;
    await update("brokerPermission=4\n");
    assertEquals([registered, bench.plane.state.topics.version.counter], [["ns:1"], counter + 1]);
    assertEquals(bench.plane.subscribe({ name: "gateway-1", control: true }).configuration.changed, {
      longPollingEnable: "false",
      brokerPermission: "4",
    });
  });
});

Deno.test("ControlPlane.answer() is 3 for an unknown code, 1 for what a handler throws, null for one-way requests", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    const unknown = await bench.request(9999);
    assertEquals([unknown.code, unknown.remark], [3, " request type 9999 not supported"]);
    assertEquals((await bench.request(RequestCode.QUERY_CONSUMER_OFFSET)).code, 1);
    assertEquals(await bench.ask(markOneway(createRequest(9999))), null);
    assertEquals(bench.logs.length, 1);
  });
});

Deno.test("ControlPlane.answer() to 307 is 207 for a late client, 1 for a lost, old or unknown one", async () => {
  let failure: Error = new AskTimeoutError("Cannot ask: no reply within 10000 ms");
  const bench = new PlaneBench({ client: () => Promise.reject(failure) });
  await withBench(bench, async () => {
    const ask = async (clientId: string): Promise<[number, string | undefined]> => {
      const { code, remark } = await bench.request(RequestCode.GET_CONSUMER_RUNNING_INFO, {
        consumerGroup: "g",
        clientId,
      });
      return [code, remark];
    };
    assertEquals(await ask("c1"), [1, "The Consumer <g> <c1> not online"]);
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat());
    assertEquals(await ask("c1"), [207, "consumer <g> <c1> Timeout: Cannot ask: no reply within 10000 ms"]);
    failure = new Error("closed");
    assertEquals(await ask("c1"), [1, "invoke consumer <g> <c1> Exception: closed"]);
    await bench.ask({ ...createRequest(RequestCode.HEART_BEAT, {}, heartbeat({ clientID: "old" })), version: 61 }, 2);
    assertEquals((await ask("old"))[0], 1);
  });
});

Deno.test("ControlPlane.answer() to 207 removes the group, and its offsets when asked", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    bench.plane.subscribe({ name: "gateway-0", control: true });
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat());
    const { groups, offsets } = bench.plane.state;
    offsets.commit("g", "T", 0, 1, 0);
    await bench.request(RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: "g" });
    assertEquals([groups.has("g"), offsets.query("g", "T", 0)], [false, 1]);
    assertEquals(updates<GroupUpdate>(bench, "groups").at(-1)?.removed, ["g"]);
    await bench.request(RequestCode.DELETE_SUBSCRIPTIONGROUP, { groupName: "g", cleanOffset: "true" });
    assertEquals(offsets.query("g", "T", 0), -1);
  });
});

Deno.test("ControlPlane.answer() to 314 copies only topics that exist and are consumed", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    for (const topic of ["T", "U"]) await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, { ...CREATE, topic });
    const { offsets } = bench.plane.state;
    for (const topic of ["T", "U", "Gone"]) offsets.commit("g", topic, 0, 5, 0);
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat());
    await bench.request(RequestCode.CLONE_GROUP_OFFSET, { srcGroup: "g", destGroup: "h", topic: "", offline: "false" });
    assertEquals(offsets.topicsOf("h"), ["T"]);
    await bench.request(RequestCode.CLONE_GROUP_OFFSET, { srcGroup: "g", destGroup: "h", topic: "", offline: "true" });
    assertEquals(offsets.topicsOf("h"), ["T", "U"]);
  });
});

Deno.test("ControlPlane.answer() to 353 forbids a topic and gateways hear of it", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    bench.plane.subscribe({ name: "gateway-0", control: true });
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat());
    const answer = await bench.request(RequestCode.UPDATE_AND_GET_GROUP_FORBIDDEN, {
      group: "g",
      topic: "T",
      readable: "false",
    });
    assertEquals(JSON.parse(new TextDecoder().decode(answer.body)), { group: "g", readable: false, topic: "T" });
    assertEquals(updates<GroupUpdate>(bench, "groups").at(-1)?.changed[0]?.forbiddenTopics, ["T"]);
  });
});

Deno.test("ControlPlane.answer() to 222 wants topic, group and an offset inside the queue", async () => {
  const queues = [{ topic: "T", queueId: 0, minOffset: 2, maxOffset: 9, nextOffset: 9 }];
  await withBench(new PlaneBench({ queues }), async (bench) => {
    const reset = async (fields: ExtFields): Promise<[number, string | undefined]> => {
      const ext = { topic: "T", group: "g", timestamp: "0", queueId: "0", isForce: "true", ...fields };
      const { code, remark } = await bench.request(RequestCode.INVOKE_BROKER_TO_RESET_OFFSET, ext);
      return [code, remark];
    };
    assertEquals(await reset({}), [17, "Topic T does not exist"]);
    await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, CREATE);
    assertEquals(await reset({}), [26, "Group g does not exist"]);
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat());
    assertEquals(await reset({ offset: "1" }), [1, "Target offset 1 not in consume queue range [2-9]"]);
    assertEquals(await reset({ offset: "11" }), [1, "Target offset 11 not in consume queue range [2-9]"]);
    assertEquals(await reset({ offset: "10" }), [0, undefined]);
    assertEquals(bench.plane.state.offsets.query("g", "T", 0), 10);
  });
});

Deno.test("ControlPlane.answer() to 306, 316 and 329 asks whoever deletes files", async () => {
  await withBench(new PlaneBench(), async (bench) => {
    for (const code of [306, 316, 329]) assertEquals((await bench.request(code)).code, 0);
    assertEquals(bench.housekeeping.map((what) => what.split(" ")[0]), ["queues", "topics", "log"]);
  });
});

Deno.test("ControlPlane keeps the expressions of groups, tells gateways the one in force and saves them", async () => {
  const first = new PlaneBench();
  const beat = (expression: string, subVersion: number, bench: PlaneBench): Promise<unknown> =>
    bench.request(
      RequestCode.HEART_BEAT,
      {},
      heartbeat({
        consumerDataSet: [{
          groupName: "g",
          consumeType: "CONSUME_PASSIVELY",
          messageModel: "CLUSTERING",
          consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
          subscriptionDataSet: [{ ...SUBSCRIPTION, subString: expression, expressionType: "SQL92", subVersion }],
          unitMode: false,
        }],
      }),
    );
  const inForce = (bench: PlaneBench): unknown =>
    updates<SubscriptionUpdate>(bench, "subscriptions").at(-1)?.changed[0]?.subscriptions[0]?.filter;
  first.plane.subscribe({ name: "gateway-0", control: true });
  await beat("a > 1", 10, first);
  assertEquals(inForce(first), { expression: "a > 1", clientVersion: 10 });
  await beat("a > 2", 11, first);
  assertEquals(inForce(first), { expression: "a > 2", clientVersion: 11 });
  first.plane.saveFilters();
  const saved = JSON.parse(first.file("consumerFilter.json")!).filterDataByTopic.T.groupFilterData.g;
  assertEquals([saved.expression, saved.dead, saved.bornTime], ["a > 2", false, first.clock.now]);
  first.clock.now += 5;
  await first.plane.state.consumers.unregister("g", { gateway: 0, channel: 1 });
  first.plane.stop();
  await withBench(
    new PlaneBench({ files: { "consumerFilter.json": first.file("consumerFilter.json")! } }),
    async (bench) => {
      bench.plane.subscribe({ name: "gateway-0", control: true });
      // A client whose clock went back: the newer expression stays in force, as with RocketMQ.
      await beat("a > 3", 9, bench);
      assertEquals(inForce(bench), { expression: "a > 2", clientVersion: 11 });
      await beat("a >", 12, bench);
      assertEquals(inForce(bench), undefined);
      await bench.request(RequestCode.UNREGISTER_CLIENT, { clientID: "c1", consumerGroup: "g" });
      assertEquals(bench.plane.state.filters.get("T", "g"), undefined);
    },
  );
});

Deno.test("ControlPlane starts again with what it saved", async () => {
  const first = new PlaneBench();
  await first.request(RequestCode.UPDATE_AND_CREATE_TOPIC, { ...CREATE, attributes: "+message.type=FIFO" });
  await first.request(RequestCode.HEART_BEAT, {}, heartbeat());
  first.plane.commitOffsets([{ group: "g", topic: "T", queueId: 2, offset: 11, clientHost: "" }]);
  first.plane.stop();
  const files = Object.fromEntries(
    ["topics.json", "subscriptionGroup.json", "consumerOffset.json"].map((name) => [name, first.file(name)!]),
  );
  await withBench(new PlaneBench({ files }), (bench) => {
    const { topics, groups, offsets } = bench.plane.state;
    assertEquals(topics.get("T")?.attributes, new Map([["message.type", "FIFO"]]));
    assertEquals([topics.version, groups.has("g"), offsets.query("g", "T", 2)], [
      first.plane.state.topics.version,
      true,
      11,
    ]);
    return Promise.resolve();
  });
});

Deno.test("ControlPlane disables groups that read too far behind, when that is asked for", async () => {
  const queues = [{ topic: "T", queueId: 0, minOffset: 0, maxOffset: 100, nextOffset: 100 }];
  const conf = "disableConsumeIfConsumerReadSlowly=true\nconsumerFallbehindThreshold=1000\n";
  const counts = { queueId: 0, count: 1, times: 1, bytes: 9, latencyMs: 0, fromDiskCount: 0, fromDiskBytes: 0 };
  const got = (group: string, nextOffset: number, behindBytes: number) => ({
    ...counts,
    topic: "T",
    group,
    nextOffset,
    behindBytes,
  });
  const traffic = [got("slow", 10, 1_001), got("near", 10, 1_000), got("done", 100, 5_000)];
  await withBench(new PlaneBench({ queues, conf }), async (bench) => {
    bench.plane.subscribe({ name: "gateway-0", control: true });
    await bench.request(RequestCode.UPDATE_AND_CREATE_TOPIC, CREATE);
    for (const { group } of traffic) await bench.request(RequestCode.HEART_BEAT, {}, heartbeat({}, group));
    bench.plane.countTraffic({ puts: [], gets: traffic, sendBacks: [] });
    await bench.plane.protect();
    const enabled = (): unknown[] => traffic.map(({ group }) => bench.plane.state.groups.get(group)?.consumeEnable);
    assertEquals(enabled(), [false, true, true]);
    assertEquals(
      updates<GroupUpdate>(bench, "groups").at(-1)?.changed.map((entry) => [entry.group, entry.consumeEnable]),
      [
        ["slow", false],
      ],
    );
    assertEquals(bench.plane.state.offsets.queryPulled("near", "T", 0), 10);
    // An operator enables it again: it is judged by what it reads from then on.
    await bench.request(
      RequestCode.UPDATE_AND_CREATE_SUBSCRIPTIONGROUP,
      {},
      new TextEncoder().encode('{"groupName":"slow"}'),
    );
    await bench.plane.protect();
    assertEquals(enabled(), [true, true, true]);
  });
  await withBench(new PlaneBench({ queues }), async (bench) => {
    await bench.request(RequestCode.HEART_BEAT, {}, heartbeat({}, "slow"));
    bench.plane.countTraffic({ puts: [], gets: [got("slow", 10, 2 ** 40)], sendBacks: [] });
    await bench.plane.protect();
    assertEquals(bench.plane.state.groups.get("slow")?.consumeEnable, true, "off by default");
  });
});
