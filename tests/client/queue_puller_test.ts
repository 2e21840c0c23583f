/** Flow control of the pull loop: count, size, span; pauses; the first wait; brokers that do not answer. */
import { assert, assertEquals } from "@std/assert";
import { encodeRecord } from "../../protocol/record.ts";
import { createResponse, type RemotingCommand } from "../../protocol/command.ts";
import { ClientError } from "../../actors/client/errors.ts";
import type { PulledBatch, PullSpec, PullThresholds } from "../../actors/client/pull_contract.ts";
import { QueuePuller } from "../../actors/client/queue_puller.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";
import { ScriptedLink } from "./scripted_link.ts";

const BODY_BYTES = 100;

function spec(
  options: { thresholds?: Partial<PullThresholds>; startDelayMs?: number; brokerName?: string } = {},
): PullSpec {
  return {
    id: 1,
    group: "G",
    topic: "T",
    brokerName: options.brokerName ?? "a",
    queueId: 0,
    offset: 0,
    commitOffset: 0,
    expressionType: "TAG",
    subString: "*",
    subVersion: 1,
    tagsSet: [],
    postSubscription: false,
    commitOnPull: true,
    lite: false,
    batchSize: 10,
    batchBytes: 1_000_000,
    intervalMs: 0,
    suspendMs: 15_000,
    timeoutMs: 30_000,
    exceptionDelayMs: 1_000,
    thresholds: { count: -1, bytes: -1, span: -1, ...options.thresholds },
    startDelayMs: options.startDelayMs ?? 0,
  };
}

/** Ten records from the asked offset on. */
function tenRecords(request: RemotingCommand): RemotingCommand {
  const offset = Number(request.ext["queueOffset"]);
  const records = Array.from({ length: 10 }, (_, i) =>
    encodeRecord({
      topic: "T",
      queueId: 0,
      queueOffset: offset + i,
      physicalOffset: (offset + i) * 300,
      body: new Uint8Array(BODY_BYTES),
      properties: "",
      flag: 0,
      sysFlag: 0,
      bornTimestamp: 0,
      bornHost: new Uint8Array(8),
      storeTimestamp: 0,
      storeHost: new Uint8Array(8),
      reconsumeTimes: 0,
      preparedTransactionOffset: 0,
    }));
  const body = new Uint8Array(records.reduce((sum, record) => sum + record.length, 0));
  let at = 0;
  for (const record of records) {
    body.set(record, at);
    at += record.length;
  }
  return createResponse(request, 0, undefined, {
    nextBeginOffset: String(offset + 10),
    minOffset: "0",
    maxOffset: "1000000",
    suggestWhichBrokerId: "0",
  }, body);
}

interface Bench {
  readonly clock: SimulatedClock;
  readonly link: ScriptedLink;
  readonly found: PulledBatch[];
  readonly troubles: string[];
  open(spec: PullSpec): QueuePuller;
}

function bench(script: (request: RemotingCommand) => RemotingCommand | Promise<RemotingCommand>): Bench {
  const clock = new SimulatedClock();
  const link = new ScriptedLink((_address, request) => script(request));
  const found: PulledBatch[] = [];
  const troubles: string[] = [];
  return {
    clock,
    link,
    found,
    troubles,
    open: (one) =>
      new QueuePuller(one, {
        link,
        clock,
        address: (brokerName) => ({ address: `${brokerName}:1`, brokerId: 0 }),
        breathe: () => clock.sleep(1).then(() => true),
        found: (batch) => void found.push(batch),
        empty: () => undefined,
        illegal: () => undefined,
        trouble: (report) => void troubles.push(report.code),
        alive: () => undefined,
      }),
  };
}

Deno.test("QueuePuller stops pulling when too many messages are held, and goes on when some are finished", async () => {
  const made = bench(tenRecords);
  const puller = made.open(spec({ thresholds: { count: 25 } }));
  await made.clock.run(1_000);
  assertEquals(made.found.length, 3);
  puller.progress({ id: 1, releasedCount: 5, releasedBytes: 5 * BODY_BYTES, minOffset: 5, commitOffset: 5 });
  await made.clock.run(1_000);
  assertEquals(made.found.length, 4);
  const closed = puller.close();
  await made.clock.run(100);
  await closed;
});

Deno.test("QueuePuller stops pulling when the bodies held are too large", async () => {
  const made = bench(tenRecords);
  const puller = made.open(spec({ thresholds: { bytes: 15 * BODY_BYTES } }));
  await made.clock.run(1_000);
  assertEquals(made.found.length, 2);
  const closed = puller.close();
  await made.clock.run(100);
  await closed;
});

Deno.test("QueuePuller stops pulling when the offsets held are too far apart, though few messages are", async () => {
  const made = bench(tenRecords);
  const puller = made.open(spec({ thresholds: { span: 35 } }));
  await made.clock.run(1_000);
  assertEquals(made.found.length, 4);
  puller.progress({ id: 1, releasedCount: 39, releasedBytes: 39 * BODY_BYTES, minOffset: 0, commitOffset: 0 });
  await made.clock.run(1_000);
  assertEquals(made.found.length, 4);
  puller.progress({ id: 1, releasedCount: 40, releasedBytes: 40 * BODY_BYTES, minOffset: -1, commitOffset: 40 });
  await made.clock.run(1_000);
  assert(made.found.length > 4);
  const closed = puller.close();
  await made.clock.run(100);
  await closed;
});

Deno.test("QueuePuller takes new bounds while it runs", async () => {
  const made = bench(tenRecords);
  const puller = made.open(spec({ thresholds: { count: 5 } }));
  await made.clock.run(1_000);
  assertEquals(made.found.length, 1);
  puller.setThresholds({ count: 15, bytes: -1, span: -1 });
  await made.clock.run(1_000);
  assertEquals(made.found.length, 2);
  const closed = puller.close();
  await made.clock.run(100);
  await closed;
});

Deno.test("QueuePuller waits before its first pull", async () => {
  const made = bench(tenRecords);
  const puller = made.open(spec({ startDelayMs: 500, thresholds: { count: 1 } }));
  await made.clock.run(490);
  assertEquals(made.link.asked.length, 0);
  await made.clock.run(20);
  assertEquals(made.link.asked.length, 1);
  const closed = puller.close();
  await made.clock.run(100);
  await closed;
});

Deno.test("A queue whose broker does not answer holds back no other queue", async () => {
  const held = Promise.withResolvers<RemotingCommand>();
  const made = bench((request) => request.ext["bname"] === "slow" ? held.promise : tenRecords(request));
  const slow = made.open(spec({ brokerName: "slow" }));
  const quick = made.open(spec({ thresholds: { count: 45 } }));
  await made.clock.run(1_000);
  assertEquals(made.found.length, 5);
  const closed = Promise.all([slow.close(), quick.close()]);
  held.reject(new ClientError("ABORTED", "closed"));
  await made.clock.run(100);
  await closed;
});

Deno.test("QueuePuller tries again after a second when a pull fails, after 20 ms when the broker is busy", async () => {
  let code = 1;
  const made = bench((request) => createResponse(request, code, "no"));
  const puller = made.open(spec());
  await made.clock.run(900);
  assertEquals([made.link.asked.length, made.troubles], [1, ["REFUSED"]]);
  await made.clock.run(200);
  assertEquals(made.link.asked.length, 2);
  code = 215;
  await made.clock.run(1_000);
  const before = made.link.asked.length;
  await made.clock.run(210);
  assert(made.link.asked.length - before >= 9, `${made.link.asked.length - before} pulls`);
  const closed = puller.close();
  await made.clock.run(100);
  await closed;
});
