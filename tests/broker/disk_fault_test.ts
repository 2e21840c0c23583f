/** A disk that fails under a real broker: what was acknowledged stays, what cannot be kept is refused. */
import { assert, assertEquals } from "@std/assert";
import { ExitCode } from "../../actors/kernel/exit_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { send } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { AckedLoad } from "./acked_load.ts";
import { PATIENCE_MS } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk } from "./broker_calls.ts";
import { BrokerProcess, type DiskFault } from "./broker_process.ts";
import { makeTopic, straceTest } from "./strace_test_kit.ts";

const SYNC = { flushDiskType: "SYNC_FLUSH" };

/** Runs a load until the broker ends by a fault, and reads back what it acknowledged from one that is started again. */
async function untilItEnds(settings: Readonly<Record<string, string>>, fail: DiskFault): Promise<void> {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-broker-" });
  try {
    let load: AckedLoad | undefined;
    await BrokerProcess.with({ dir, settings, fail }, async (broker) => {
      using client = await RawClient.connect(broker.address);
      await makeTopic(client, "T");
      load = new AckedLoad({ address: broker.address, topic: "T", queues: 1, seed: 5 });
      try {
        assertEquals(await broker.untilEnded(), ExitCode.DISK_FAILED, broker.output);
      } finally {
        await load.stop();
      }
      assert(/Cannot (sync|write) the commit log/.test(broker.output), broker.output);
    });
    assert(load!.acked > 0, "some were acknowledged before");
    await BrokerProcess.with({ dir, settings }, (broker) => load!.readBack(broker.address));
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

straceTest(
  "a sync that fails is never tried again: the broker ends, and what it acknowledged is there afterwards",
  async () => {
    await untilItEnds(SYNC, { call: "fdatasync", error: "EIO", when: "30+" });
  },
);

straceTest("a write that fails ends the broker, and what it acknowledged is there afterwards", async () => {
  await untilItEnds({}, { call: "pwrite64", error: "EIO", when: "50+" });
});

straceTest("a full disk refuses sends, keeps serving, and takes them again when there is room", async () => {
  const fail: DiskFault = { call: "pwrite64", error: "ENOSPC", when: "20..24" };
  await BrokerProcess.with({ fail }, async (broker) => {
    using client = await RawClient.connect(broker.address);
    await makeTopic(client, "T");
    const stored: string[] = [];
    const refused = new Set<number>();
    await until(async () => {
      const body = `m${stored.length}`;
      const answer = await send(client, "T", body, { properties: plainProperties() });
      if (answer.code === 0) {
        assertEquals(Number(answer.ext["queueOffset"]), stored.length, "offsets have no gap");
        stored.push(body);
      } else refused.add(answer.code);
      // Whatever happens to sends, what is there can be read.
      if (refused.size > 0 && stored.length > 0) await bodiesOf(client, "T", { count: 1, max: 1 });
      return stored.length >= 100;
    }, { timeoutMs: PATIENCE_MS, what: "100 messages stored" });
    assertEquals([...refused], [ResponseCode.SERVICE_NOT_AVAILABLE]);
    assertEquals(await bodiesOf(client, "T", { count: stored.length }), stored);
    await sendOk(client, "T", "after");
  });
});
