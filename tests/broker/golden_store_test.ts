/** A whole broker, in this process, on the stores that Apache's broker left. */
import { assertEquals } from "@std/assert";
import { readBrokerConfiguration } from "../../actors/broker/broker_configuration.ts";
import { startBroker } from "../../actors/broker/broker.ts";
import { thisMachine } from "../../actors/broker/broker_options.ts";
import { decodeRecords } from "../../protocol/record.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { DenoDisk } from "../../store/file/deno_disk.ts";
import { freeBrokerPort } from "../../tools/free_ports.ts";
import { RawClient } from "../conformance/raw_client.ts";
import {
  copyGolden,
  GOLDEN_CONFIG,
  type GoldenName,
  manifestKeys,
  manifestMessages,
  manifestQueues,
} from "../store/golden_store.ts";

async function withGoldenBroker(name: GoldenName, body: (client: RawClient) => Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "ringmq-golden-" });
  try {
    copyGolden(name, new DenoDisk(), `${root}/store`);
    leaveDelayedMessages(name, `${root}/store`);
    const { logFileBytes, queueFileBytes, shape } = GOLDEN_CONFIG[name];
    const port = freeBrokerPort();
    const broker = await startBroker({
      configuration: readBrokerConfiguration({}, thisMachine()),
      settings: {
        storePathRootDir: `${root}/store`,
        storePathCommitLog: `${root}/store/commitlog`,
        mappedFileSizeCommitLog: logFileBytes,
        mappedFileSizeConsumeQueue: queueFileBytes,
        maxHashSlotNum: shape.slots,
        maxIndexNum: shape.entries,
        maxMessageSize: 131072,
        listenPort: port,
        brokerIP1: "127.0.0.1",
        // What lies in the store is older than the time for which files are kept.
        fileReservedTime: 1_000_000,
        // Its timers fell due while the store lay here: the wheel would deliver or roll them, which adds records.
        timerWheelEnable: name !== "store-timer",
      },
      ringBytes: 1 << 20,
    });
    try {
      using client = await RawClient.connect(`127.0.0.1:${port}`);
      await body(client);
    } finally {
      assertEquals(await broker.stop(), 0);
    }
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

/** What waits for its time would be delivered now, which adds records: the broker is told that it was. */
function leaveDelayedMessages(name: GoldenName, root: string): void {
  const levels = manifestQueues(name).filter(({ topic }) => topic === "SCHEDULE_TOPIC_XXXX");
  const entries = levels.map(({ queueId, maxOffset }) => `${queueId + 1}:${maxOffset}`);
  Deno.writeTextFileSync(`${root}/config/delayOffset.json`, `{"offsetTable":{${entries.join(",")}}}`);
}

for (const name of ["store-clean", "store-killed", "store-timer"] as const) {
  Deno.test(`A broker on Apache's ${name} answers every message, bound and query as recorded`, async () => {
    await withGoldenBroker(name, async (client) => {
      for (const { topic, queueId, minOffset, maxOffset } of manifestQueues(name)) {
        const fields = { topic, queueId: String(queueId) };
        const min = await client.call(RequestCode.GET_MIN_OFFSET, fields);
        const max = await client.call(RequestCode.GET_MAX_OFFSET, fields);
        assertEquals([min.ext.offset, max.ext.offset], [String(minOffset), String(maxOffset)], `${topic}/${queueId}`);
      }
      for (const { commitLogOffset, topic, queueOffset, bodyCRC } of manifestMessages(name)) {
        const answer = await client.call(RequestCode.VIEW_MESSAGE_BY_ID, { offset: String(commitLogOffset) });
        const [record] = decodeRecords(answer.body);
        assertEquals([record?.topic, record?.queueOffset, record?.bodyCrc], [topic, queueOffset, bodyCRC]);
      }
      for (
        const { topic, key, maxNum, begin, commitLogOffsetsAsAnswered, indexLastUpdateTimestamp } of manifestKeys(name)
      ) {
        const answer = await client.call(RequestCode.QUERY_MESSAGE, {
          topic,
          key,
          maxNum: String(maxNum),
          beginTimestamp: String(begin),
          endTimestamp: String(Number.MAX_SAFE_INTEGER),
        });
        const positions = answer.body.length === 0 ? [] : decodeRecords(answer.body).map((one) => one.physicalOffset);
        assertEquals(positions, [...commitLogOffsetsAsAnswered ?? []].sort((a, b) => a - b), `${topic} ${key}`);
        if (indexLastUpdateTimestamp === undefined) continue;
        assertEquals(answer.ext.indexLastUpdateTimestamp, String(indexLastUpdateTimestamp), `${topic} ${key}`);
      }
    });
  });
}
