/** Sending as Java does it: which failures are tried again, where, and what is said when nothing helped. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClientError } from "../../actors/client/errors.ts";
import { LatencyFaultTable } from "../../actors/client/latency_fault.ts";
import { type PreparedMessage, prepareMessage } from "../../actors/client/message.ts";
import type { TopicRoute } from "../../actors/client/publish_route.ts";
import { RouteTable } from "../../actors/client/route_table.ts";
import {
  RETRY_RESPONSE_CODES,
  type SendCall,
  SendPipeline,
  type SendSettings,
} from "../../actors/client/send_pipeline.ts";
import type { SendUnit } from "../../actors/client/send_request.ts";
import { createResponse } from "../../protocol/command.ts";
import { systemClock } from "../../store/clock.ts";
import { type Script, ScriptedLink, stored } from "./scripted_link.ts";

const ROUTE: TopicRoute = {
  brokers: ["a", "b"].map((name) => ({ brokerName: name, cluster: "c", brokerAddrs: new Map([[0, `${name}:1`]]) })),
  queues: ["a", "b"].map((brokerName) => ({ brokerName, readQueueNums: 2, writeQueueNums: 2, perm: 6 })),
  orderTopicConf: undefined,
};
const CALL: SendCall = { timeoutMs: 3_000, signal: undefined, choose: undefined, queue: undefined };

function unit(): SendUnit {
  const message: PreparedMessage = prepareMessage({ topic: "T", body: "x" }, {
    bodyBytesMax: 1_000,
    topicOf: (topic) => topic,
  });
  return { message, batch: undefined };
}

interface Bench {
  readonly link: ScriptedLink;
  readonly pipeline: SendPipeline;
  readonly faults: LatencyFaultTable | undefined;
  queries: number;
}

function bench(
  script: Script,
  options: Partial<SendSettings> & { faults?: boolean; route?: () => TopicRoute } = {},
): Bench {
  const link = new ScriptedLink(script);
  const faults = options.faults ? new LatencyFaultTable(systemClock) : undefined;
  const { faults: _f, route, ...rest } = options;
  const made: Bench = {
    link,
    faults,
    queries: 0,
    pipeline: new SendPipeline({
      producerGroup: "PG",
      createTopicKey: "TBW102",
      defaultTopicQueueNums: 4,
      retryTimesWhenSendFailed: 2,
      retryAnotherBrokerWhenNotStoreOK: false,
      compressMsgBodyOverHowmuch: 4_096,
      compressType: "ZLIB",
      compressLevel: 5,
      retryResponseCodes: new Set(RETRY_RESPONSE_CODES),
      vipChannelEnabled: false,
      bornHost: "127.0.0.1",
      sendMessageHooks: [],
      checkForbiddenHooks: [],
      inFlight: { countMax: 100, bytesMax: 1_000_000 },
      ...rest,
    }, {
      routes: new RouteTable({
        route: () => {
          made.queries++;
          return Promise.resolve(route === undefined ? ROUTE : route());
        },
      }, 1_000),
      link,
      clock: systemClock,
      faults,
    }),
  };
  return made;
}

function brokers(made: Bench): string[] {
  return made.link.asked.map(({ address }) => address.slice(0, 1));
}

Deno.test("SendPipeline.send() tries again on another broker, twice, for each of Java's codes", async () => {
  for (const code of RETRY_RESPONSE_CODES) {
    const made = bench((_address, request) => createResponse(request, code, "no"));
    const error = await assertRejects(() => made.pipeline.send(unit(), CALL), ClientError);
    assertEquals([error.responseCode, error.outcome], [code, "failed"]);
    const [first, second, third] = brokers(made);
    assert(first !== second && second !== third, `code ${code}: ${brokers(made)}`);
    assertEquals(made.link.asked.length, 3);
  }
});

Deno.test("SendPipeline.send() does not try again after a code that is not in the list", async () => {
  const made = bench((_address, request) => createResponse(request, 13, "MESSAGE_ILLEGAL"));
  const error = await assertRejects(() => made.pipeline.send(unit(), CALL), ClientError);
  assertEquals([error.responseCode, error.retryable, made.link.asked.length], [13, false, 1]);
});

Deno.test("SendPipeline.send() says unknown when any try may have been stored, whatever the last one said", async () => {
  let tries = 0;
  const made = bench((_address, request) => {
    if (tries++ === 0) throw new ClientError("CONNECTION_LOST", "gone", { outcome: "unknown", retryable: true });
    return createResponse(request, 1, "no");
  });
  const error = await assertRejects(() => made.pipeline.send(unit(), CALL), ClientError);
  assertEquals([error.code, error.outcome, tries], ["REFUSED", "unknown", 3]);
});

Deno.test("SendPipeline.send() succeeds when a later try is stored", async () => {
  let tries = 0;
  const made = bench((_address, request) => {
    if (tries++ === 0) throw new ClientError("CONNECT_FAILED", "away", { retryable: true });
    return stored(request);
  });
  assertEquals((await made.pipeline.send(unit(), CALL)).sendStatus, "SEND_OK");
  assertEquals(new Set(brokers(made)).size, 2);
});

Deno.test("SendPipeline.send() keeps all tries within its time", async () => {
  const made = bench(async (_address, _request, { timeoutMs }) => {
    await systemClock.sleep(timeoutMs);
    throw new ClientError("TIMEOUT", "late", { outcome: "unknown", retryable: true });
  });
  const begin = systemClock.monotonicMs();
  const error = await assertRejects(() => made.pipeline.send(unit(), { ...CALL, timeoutMs: 60 }), ClientError);
  assertEquals([error.code, error.outcome, made.link.asked.length], ["TIMEOUT", "unknown", 1]);
  assert(systemClock.monotonicMs() - begin < 30_000);
});

Deno.test("SendPipeline.send() to a chosen queue is not tried again", async () => {
  const made = bench((_address, request) => createResponse(request, 1, "no"));
  const queue = { topic: "T", brokerName: "a", queueId: 1 };
  await assertRejects(() => made.pipeline.send(unit(), { ...CALL, queue }), ClientError);
  assertEquals(made.link.asked.length, 1);
});

Deno.test("SendPipeline.send() goes elsewhere when a message is stored less durably, only if told to", async () => {
  const flushTimeOut = 10;
  for (const retryAnotherBrokerWhenNotStoreOK of [false, true]) {
    let tries = 0;
    const made = bench((_address, request) => stored(request, tries++ === 0 ? flushTimeOut : 0), {
      retryAnotherBrokerWhenNotStoreOK,
    });
    const { sendStatus } = await made.pipeline.send(unit(), CALL);
    assertEquals([sendStatus, tries], retryAnotherBrokerWhenNotStoreOK ? ["SEND_OK", 2] : ["FLUSH_DISK_TIMEOUT", 1]);
  }
});

Deno.test("SendPipeline.send() reads the route anew after a refusal, before the next try", async () => {
  let moved = false;
  const only = (name: string): TopicRoute => ({
    ...ROUTE,
    queues: ROUTE.queues.filter(({ brokerName }) => brokerName === name),
  });
  const made = bench((address, request) => {
    if (address.startsWith("b")) return stored(request);
    moved = true;
    return createResponse(request, 17, "topic not exist");
  }, { route: () => only(moved ? "b" : "a") });
  assertEquals((await made.pipeline.send(unit(), CALL)).sendStatus, "SEND_OK");
  assertEquals([brokers(made), made.queries], [["a", "b"], 2]);
});

Deno.test("With latency fault tolerance a broker that failed is left out for its time", async () => {
  const made = bench((address, request) => {
    if (address.startsWith("a")) throw new ClientError("CONNECT_FAILED", "away", { retryable: true });
    return stored(request);
  }, { faults: true });
  for (let i = 0; i < 8; i++) await made.pipeline.send(unit(), CALL);
  assertEquals(brokers(made).filter((name) => name === "a").length, 1);
  assertEquals([made.faults?.isAvailable("a"), made.faults?.isAvailable("b")], [false, true]);
});

Deno.test("Sends beyond the bound on requests in flight wait, and are refused when there is no room in time", async () => {
  const release = Promise.withResolvers<void>();
  const made = bench(async (_address, request) => {
    await release.promise;
    return stored(request);
  }, { inFlight: { countMax: 2, bytesMax: 1_000_000 } });
  const first = [made.pipeline.send(unit(), CALL), made.pipeline.send(unit(), CALL)];
  const error = await assertRejects(() => made.pipeline.send(unit(), { ...CALL, timeoutMs: 20 }), ClientError);
  assertEquals([error.code, error.retryable, error.outcome], ["TOO_MANY_REQUESTS", true, "failed"]);
  const waiting = made.pipeline.send(unit(), CALL);
  release.resolve();
  const results = await Promise.all([...first, waiting]);
  assert((results[2]?.phases.queueMs ?? -1) >= 0, "the time of waiting is told");
});
