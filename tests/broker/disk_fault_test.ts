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
import { dropUnsynced, injectedCalls } from "./unsynced_writes.ts";

const SYNC = { flushDiskType: "SYNC_FLUSH" };

/**
 * Runs a load until the broker ends by a fault, takes the power away if that is wanted, and reads back what was acknowledged from a broker that is started again.
 *
 * @returns lines of calls that strace made fail
 */
async function untilItEnds(
  settings: Readonly<Record<string, string>>,
  fail: DiskFault,
  { isPowerLost = false }: { readonly isPowerLost?: boolean } = {},
): Promise<string[]> {
  const dir = await Deno.makeTempDir({ prefix: "ringmq-broker-" });
  try {
    let load: AckedLoad | undefined;
    let trace: string[] = [];
    await BrokerProcess.with({ dir, settings, fail }, async (broker) => {
      using client = await RawClient.connect(broker.address);
      await makeTopic(client, "T");
      load = new AckedLoad({ address: broker.address, topic: "T", queues: 4, seed: 5 });
      try {
        assertEquals(await broker.untilEnded(), ExitCode.DISK_FAILED, broker.output);
      } finally {
        await load.stop();
      }
      assert(/Cannot (sync|write) the commit log/.test(broker.output), broker.output);
      trace = await wholeTrace(broker);
    });
    assert(load!.acked > 0, "some were acknowledged before");
    // The record whose sync failed was written: without it the loss of power would show nothing.
    if (isPowerLost) assert(await dropUnsynced(trace) > 0, "something was written and not synced");
    await BrokerProcess.with({ dir, settings }, (broker) => load!.readBack(broker.address));
    return injectedCalls(trace);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** strace outlives the process that it traces by a moment. */
async function wholeTrace(broker: BrokerProcess): Promise<string[]> {
  await until(() => new RegExp(`^${broker.pid} +\\+\\+\\+ exited`, "m").test(broker.trace().join("\n")), {
    timeoutMs: PATIENCE_MS,
    what: "the end of the trace",
  });
  return broker.trace();
}

straceTest(
  "a sync that fails is never tried again: the broker ends, and after a loss of power everything that it acknowledged is there",
  async () => {
    const injected = await untilItEnds(SYNC, { call: "fdatasync", error: "EIO", when: "30+" }, { isPowerLost: true });
    assertEquals(injected.length, 1, injected.join("\n"));
    assert(injected[0]!.includes("fdatasync"), injected[0]);
  },
);

straceTest("a write that fails ends the broker, and what it acknowledged is there afterwards", async () => {
  const injected = await untilItEnds({}, { call: "pwrite64", error: "EIO", when: "50+" });
  assert(injected.length > 0, "strace made a write fail");
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
    assert(injectedCalls(broker.trace()).length > 0, "strace made a write fail");
    assertEquals(await bodiesOf(client, "T", { count: stored.length }), stored);
    await sendOk(client, "T", "after");
  });
});
