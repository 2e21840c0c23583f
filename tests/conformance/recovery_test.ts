/** How long a broker takes to accept again after kill -9 on a store whose file of 1 GiB is full. */
import { assert, assertEquals } from "@std/assert";
import { type BatchItem, encodeBatchBody } from "../../protocol/batch_body.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { until } from "../helpers/until.ts";
import { createTopic, pullStored, queueNumber, sendFields } from "./broker_requests.ts";
import { RawClient } from "./raw_client.ts";
import { machineLoad } from "./server_process.ts";
import { conformanceSuite } from "./suite.ts";
import type { Target } from "./target.ts";

const FILE_BYTES = 1024 * 1024 * 1024;
const TOPIC = "Recovery";
const QUEUES = 4;
const BATCH = 1000;
const BODY_BYTES = 1024;
/** Bytes of a batch in the log at most. */
const BATCH_BYTES_MAX = BATCH * (BODY_BYTES + 256);

/** Longest start on a full file, in milliseconds. */
const START_MS_MAX = 3_000;

/** A machine that does other things meanwhile makes one start slow, rarely each of them. */
const STARTS = 3;

/** Above this load the machine is busy with others, and processor time is what is held to the bound. */
const LOAD_MAX = 4;

const test = conformanceSuite({ clients: [], broker: { mappedFileSizeCommitLog: String(FILE_BYTES) } });

function item(number: number): BatchItem {
  const body = new Uint8Array(BODY_BYTES).fill(number & 0xff);
  new DataView(body.buffer).setUint32(0, number);
  return { flag: 0, body, properties: `UNIQ_KEY\x01R${number}\x02KEYS\x01k${number}\x02` };
}

/** Sends batches to each queue in turn until the file has no room for another round. @returns Messages of each queue. */
async function fill(target: Target): Promise<number> {
  const clients = await Promise.all(Array.from({ length: QUEUES }, () => RawClient.connect(target.broker)));
  try {
    for (let round = 0;; round++) {
      const ends = await Promise.all(clients.map(async (client, queueId) => {
        const from = (round * QUEUES + queueId) * BATCH;
        const items = Array.from({ length: BATCH }, (_, n) => item(from + n));
        const fields = { ...sendFields(TOPIC, { queueId }), m: "true" };
        const answer = await client.call(RequestCode.SEND_BATCH_MESSAGE, fields, encodeBatchBody(items));
        assertEquals(answer.code, 0, answer.remark);
        return Number(`0x${answer.ext.msgId!.slice(-16)}`);
      }));
      if (Math.max(...ends) + (QUEUES + 1) * BATCH_BYTES_MAX > FILE_BYTES) return (round + 1) * BATCH;
    }
  } finally {
    for (const client of clients) client[Symbol.dispose]();
  }
}

/** Asserts that each queue has all its messages, and that the last of them is as it was sent. */
async function assertWhole(target: Target, perQueue: number): Promise<void> {
  using broker = await RawClient.connect(target.broker);
  for (let queueId = 0; queueId < QUEUES; queueId++) {
    await until(async () => await queueNumber(broker, RequestCode.GET_MAX_OFFSET, TOPIC, queueId) === perQueue, {
      timeoutMs: 60_000,
      what: `${perQueue} messages in queue ${queueId}`,
    });
    const [record] = await pullStored(broker, TOPIC, { queueId, offset: perQueue - 1 });
    const round = perQueue / BATCH - 1;
    assertEquals(record!.body, item((round * QUEUES + queueId) * BATCH + BATCH - 1).body);
  }
}

test("After kill -9 on a full file of 1 GiB the broker accepts again within 3 s", [], async ({ target }) => {
  await createTopic(target, TOPIC, { queues: QUEUES });
  const perQueue = await fill(target);
  const took: number[] = [];
  const used: number[] = [];
  for (let start = 0; start < STARTS; start++) {
    await target.kill9Broker();
    await target.startBroker();
    took.push(Math.round(target.brokerProcess.startMs));
    used.push(target.brokerProcess.cpuMs);
    await assertWhole(target, perQueue);
    if (took.at(-1)! < START_MS_MAX) break;
  }
  const figures = `${perQueue * QUEUES} messages, starts took ${took.join(", ")} ms, processor time ${
    used.join(", ")
  } ms`;
  console.log(figures);
  if (target.name === "apache") return;
  const best = Math.min(...took) < START_MS_MAX || machineLoad() < LOAD_MAX ? Math.min(...took) : Math.min(...used);
  assert(best < START_MS_MAX, figures);
});
