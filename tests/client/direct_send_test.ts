/** The short path of sends and pulls: the same bytes and results as the general path, and what it leaves to it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { DirectPull, isCommand } from "../../actors/client/direct_pull.ts";
import { DirectSends } from "../../actors/client/direct_send.ts";
import { ClientError } from "../../actors/client/errors.ts";
import type { DirectLine, Link } from "../../actors/client/link.ts";
import {
  isPlain,
  type Message,
  plainPropertiesText,
  prepareMessage,
  propertiesText,
} from "../../actors/client/message.ts";
import { PropertyName } from "../../actors/client/property_names.ts";
import { RouteTable } from "../../actors/client/route_table.ts";
import { RETRY_RESPONSE_CODES, SendPipeline } from "../../actors/client/send_pipeline.ts";
import type { SendResult } from "../../actors/client/send_result.ts";
import { UniqueIdMaker } from "../../actors/client/unique_id.ts";
import type { DirectRequest } from "../../actors/net/direct_request.ts";
import { NetError } from "../../actors/net/errors.ts";
import { createResponse, type RemotingCommand } from "../../protocol/command.ts";
import { decodeFrame, encodeFrame } from "../../protocol/frame.ts";
import { HeaderScan } from "../../protocol/hot/header_scan.ts";
import { systemClock } from "../../store/clock.ts";
import { until } from "../helpers/until.ts";
import { ScriptedLink, stored } from "./scripted_link.ts";

type Reply = RemotingCommand | Error;

/** A line whose answers a test writes; they come as bytes. */
class ScriptedLine implements DirectLine {
  readonly asked: RemotingCommand[] = [];
  script: (request: RemotingCommand) => Reply = stored;

  direct(request: DirectRequest): boolean {
    const into = new Uint8Array(request.frameBytesMax);
    const command = decodeFrame(into.subarray(0, request.write(into, 0, 1_000 + this.asked.length)));
    this.asked.push(command);
    const reply = this.script(command);
    queueMicrotask(() => reply instanceof Error ? request.reject(reply) : answer(request, reply));
    return true;
  }
}

function answer(request: DirectRequest, reply: RemotingCommand): void {
  const bytes = encodeFrame(reply);
  const bodyStart = bytes.length - reply.body.length;
  const scan = new HeaderScan();
  assert(scan.scanJson(bytes, 8, bodyStart));
  if (!request.answered(bytes, scan, bodyStart, bytes.length, true)) request.resolve(decodeFrame(bytes));
}

interface Bench {
  readonly line: ScriptedLine;
  readonly general: ScriptedLink;
  readonly sends: DirectSends;
  readonly pipeline: SendPipeline;
}

async function bench(retryTimesWhenSendFailed = 2): Promise<Bench> {
  const line = new ScriptedLine();
  const general = new ScriptedLink((_address, request) => stored(request));
  const link: Link = Object.assign(general, { direct: () => line });
  const routes = new RouteTable({
    route: () =>
      Promise.resolve({
        brokers: [{ brokerName: "a", cluster: "c", brokerAddrs: new Map([[0, "a:1"]]) }],
        queues: [{ brokerName: "a", readQueueNums: 2, writeQueueNums: 2, perm: 6 }],
        orderTopicConf: undefined,
      }),
  }, 1_000);
  await routes.refresh("T");
  const own = { producerGroup: "PG", createTopicKey: "TBW102", defaultTopicQueueNums: 4 };
  const pipeline = new SendPipeline({
    ...own,
    retryTimesWhenSendFailed,
    retryAnotherBrokerWhenNotStoreOK: false,
    compressMsgBodyOverHowmuch: 4_096,
    compressType: "ZLIB",
    compressLevel: 5,
    retryResponseCodes: new Set(RETRY_RESPONSE_CODES),
    vipChannelEnabled: false,
    bornHost: "127.0.0.1",
    sendMessageHooks: [],
    checkForbiddenHooks: [],
    inFlight: { countMax: 10, bytesMax: 10_000 },
  }, { routes, link, clock: systemClock, faults: undefined });
  const sends = new DirectSends({ ...own, bodyBytesEnd: 4_096 }, {
    routes,
    link,
    clock: systemClock,
    inFlight: pipeline.inFlight,
    isPlacing: () => pipeline.isPlacing,
    uniqueIds: new UniqueIdMaker({ address: new Uint8Array(4), pid: 1, salt: 1 }, systemClock),
    resume: ({ message, uniqueId }, first) => {
      const prepared = prepareMessage(message, { bodyBytesMax: 4_096, topicOf: (topic) => topic });
      prepared.properties.set(PropertyName.UNIQ_KEY, uniqueId);
      const call = { timeoutMs: 3_000, signal: undefined, choose: undefined, queue: undefined };
      return pipeline.resume({ message: prepared, batch: undefined }, call, first);
    },
  });
  sends.admit("T");
  return { line, general, sends, pipeline };
}

function sent(made: Bench, message: Partial<Message> = {}): Promise<SendResult> {
  const result = made.sends.send({ topic: "T", body: new Uint8Array([1, 2]), ...message }, 3_000);
  assert(result !== undefined);
  return result;
}

Deno.test("plainPropertiesText() is what prepareMessage() and propertiesText() make of a message", () => {
  const messages: Message[] = [
    { topic: "T", body: "x" },
    { topic: "T", body: "x", tags: "A", keys: "k" },
    { topic: "T", body: "x", tags: "", keys: "" },
    { topic: "T", body: "x", keys: ["k1", "k2"], waitStoreMsgOK: false },
    { topic: "T", body: "x", keys: [], properties: { colour: "red", size: "é" }, tags: "T" },
  ];
  for (const message of messages) {
    const prepared = prepareMessage(message, { bodyBytesMax: 10, topicOf: (topic) => topic });
    prepared.properties.set("UNIQ_KEY", "ID");
    assertEquals(plainPropertiesText(message, "ID"), propertiesText(prepared.properties));
    assert(isPlain(message));
  }
  assert(!isPlain({ topic: "T", body: "x", delayTimeLevel: 1 }));
  assert(!isPlain({ topic: "T", body: "x", flag: 3 }));
});

Deno.test("DirectSends.send() gives the result that the answer says, and leaves", async () => {
  const made = await bench();
  made.line.script = (request) =>
    createResponse(request, 0, undefined, {
      queueId: "1",
      queueOffset: "4294967299",
      msgId: "7F00000100002A9F00000000000003E8",
      transactionId: request.ext["i"]!.slice(-33, -1),
      MSG_REGION: "Elsewhere",
      TRACE_ON: "false",
    });
  const result = await sent(made, { tags: "A" });
  const properties = made.line.asked[0]!.ext["i"]!;
  assertEquals(properties, `TAGS\u0001A\u0002WAIT\u0001true\u0002UNIQ_KEY\u0001${result.msgId}\u0002`);
  const { phases, messageQueue, ...rest } = result;
  assertEquals(rest, {
    sendStatus: "SEND_OK",
    msgId: result.msgId,
    offsetMsgId: "7F00000100002A9F00000000000003E8",
    queueOffset: 4_294_967_299,
    transactionId: result.msgId,
    regionId: "Elsewhere",
    traceOn: false,
    recallHandle: undefined,
    brokerAddr: "a:1",
  });
  assertEquals({ ...messageQueue }, { topic: "T", brokerName: "a", queueId: 1 });
  assert((phases.storeMs ?? -1) >= 0);
  assertEquals([made.pipeline.inFlightCount, made.general.asked.length], [0, 0]);
});

Deno.test("DirectSends.send() reads ids of other lengths and of other brokers", async () => {
  const made = await bench();
  for (const msgId of ["AB", "F".repeat(56), "7F00000100002A9F0000000000000001", "7F00000100002AA00000000000000001"]) {
    made.line.script = (request) => createResponse(request, 0, undefined, { msgId, queueId: "0", queueOffset: "1" });
    assertEquals((await sent(made)).offsetMsgId, msgId);
  }
});

Deno.test("DirectSends.send() leaves what is not plain to the general path, before anything is sent", async () => {
  const made = await bench();
  const others: Partial<Message>[] = [
    { topic: "Unknown" },
    { body: "" },
    { body: new Uint8Array(0) },
    { body: new Uint8Array(4_096) },
    { delayTimeLevel: 2 },
    { shardingKey: "s" },
    { tags: "é" },
    { keys: "k".repeat(17_000) },
  ];
  for (const other of others) {
    assertEquals(made.sends.send({ topic: "T", body: new Uint8Array(1), ...other }, 1_000), undefined);
  }
  assertEquals([made.line.asked.length, made.pipeline.inFlightCount], [0, 0]);
});

Deno.test("DirectSends.send() respects the bound on what is in flight", async () => {
  const made = await bench();
  made.line.direct = () => true;
  for (let i = 0; i < 10; i++) void sent(made);
  assertEquals(made.sends.send({ topic: "T", body: new Uint8Array(1) }, 1_000), undefined);
  assertEquals(made.pipeline.inFlightCount, 10);
});

Deno.test("A direct send does not overtake a send of the general path that is on its way to its connection", async () => {
  const made = await bench();
  const answered = Promise.withResolvers<void>();
  made.general.script = async (_address, request, options) => {
    await Promise.resolve();
    options.placed?.();
    await answered.promise;
    return stored(request);
  };
  const prepared = prepareMessage({ topic: "T", body: "x" }, { bodyBytesMax: 10, topicOf: (topic) => topic });
  const call = { timeoutMs: 3_000, signal: undefined, choose: undefined, queue: undefined };
  const general = made.pipeline.send({ message: prepared, batch: undefined }, call);
  assertEquals(made.sends.send({ topic: "T", body: "y" }, 1_000), undefined);
  await until(() => !made.pipeline.isPlacing, { timeoutMs: 60_000, what: "the general send is placed" });
  assertEquals((await sent(made)).sendStatus, "SEND_OK");
  answered.resolve();
  await general;
  made.general.script = () => {
    throw new ClientError("MESSAGE_ILLEGAL", "no");
  };
  await assertRejects(() => made.pipeline.send({ message: prepared, batch: undefined }, call), ClientError);
  assertEquals([made.pipeline.isPlacing, made.pipeline.inFlightCount], [false, 0]);
});

Deno.test("A direct send that fails is tried again on the general path, under the same unique id", async () => {
  const failures: ((request: RemotingCommand) => Reply)[] = [
    (request) => createResponse(request, 2, "busy"),
    () => new NetError("CLOSED", "gone", { address: "a:1" }),
    () => new NetError("REQUEST_TIMEOUT", "late", { address: "a:1" }),
  ];
  for (const fail of failures) {
    const made = await bench();
    made.line.script = fail;
    const result = await sent(made);
    assertEquals([result.sendStatus, made.general.asked.length, made.pipeline.inFlightCount], ["SEND_OK", 1, 0]);
    const [first, again] = [made.line.asked[0]!, made.general.asked[0]!.request];
    assertEquals(again.ext["i"], first.ext["i"]);
    assertEquals(again.body, first.body);
  }
});

Deno.test("A direct send counts as the first try, and its refusal is the error when there is no other", async () => {
  const made = await bench(0);
  made.line.script = (request) => createResponse(request, 2, "busy");
  const error = await assertRejects(() => sent(made), ClientError);
  assertEquals([error.responseCode, error.outcome, made.general.asked.length], [2, "failed", 0]);
  made.line.script = () => new NetError("REQUEST_TIMEOUT", "late", { address: "a:1" });
  const late = await assertRejects(() => sent(made), ClientError);
  assertEquals([late.code, late.outcome, made.pipeline.inFlightCount], ["TIMEOUT", "unknown", 0]);
});

Deno.test("A direct send that is stored less durably than asked says so, as the general path does", async () => {
  const made = await bench();
  made.line.script = (request) => ({ ...stored(request), code: 10 });
  assertEquals((await sent(made)).sendStatus, "FLUSH_DISK_TIMEOUT");
});

Deno.test("A broker that says go away costs a direct send no try", async () => {
  const made = await bench(0);
  made.line.script = (request) => createResponse(request, 1500, "bye");
  assertEquals((await sent(made)).sendStatus, "SEND_OK");
  assertEquals(made.general.asked.length, 1);
});

Deno.test("DirectPull asks for its place and reads what was found", async () => {
  const line = new ScriptedLine();
  const pull = new DirectPull(11, { consumerGroup: "é", topic: "T", subscription: 'a = "1"' }, 1_000);
  line.script = (request) =>
    createResponse(request, 0, "FOUND", {
      nextBeginOffset: "12",
      minOffset: "1",
      maxOffset: "5000000000",
      suggestWhichBrokerId: "1",
    }, new Uint8Array([9, 8]));
  const place = { queueOffset: 4_294_967_300, commitOffset: 3, sysFlag: 7 };
  const reply = await pull.send(line, place);
  assert(reply !== undefined && !isCommand(reply));
  assertEquals({ ...reply, body: [...reply.body] }, {
    code: 0,
    suggestedBrokerId: 1,
    nextOffset: 12,
    minOffset: 1,
    maxOffset: 5_000_000_000,
    body: [9, 8],
  });
  assertEquals([line.asked[0]!.code, line.asked[0]!.ext], [11, {
    consumerGroup: "é",
    topic: "T",
    subscription: 'a = "1"',
    queueOffset: "4294967300",
    commitOffset: "3",
    sysFlag: "7",
  }]);
});

Deno.test("DirectPull gives refusals as commands, and ends without an answer when it is given up", async () => {
  const line = new ScriptedLine();
  const pull = new DirectPull(11, { topic: "T" }, 1_000);
  const place = { queueOffset: 0, commitOffset: 0, sysFlag: 0 };
  line.script = (request) => createResponse(request, 24, "no such group");
  const reply = await pull.send(line, place);
  assert(reply !== undefined && isCommand(reply));
  assertEquals([reply.code, reply.remark], [24, "no such group"]);
  line.direct = () => true;
  const waiting = pull.send(line, place);
  pull.giveUp();
  assertEquals(await waiting, undefined);
});
