/** Units that are shared and not written yet, when the thread that shares them ends, or the broker does. */
import { assert, assertEquals } from "@std/assert";
import { UNIT_BYTES } from "../../store/consume_queue.ts";
import { within } from "../helpers/until.ts";
import { type BrokerBench, PATIENCE_MS, untilRestarted, withBroker } from "./broker_bench.ts";
import { bodiesOf, sendOk } from "./broker_calls.ts";

/** Nobody syncs queues, and so nobody has them written, before the broker ends. */
const settings = { flushIntervalConsumeQueue: 10 * PATIENCE_MS } as const;

/** Sends to queue 0 and waits until consumers see it. */
async function sendTo(bench: BrokerBench, offset: number, ...bodies: string[]): Promise<void> {
  const client = await bench.client();
  for (const body of bodies) await sendOk(client, "T", body, { queueId: 0 });
  assertEquals(await bodiesOf(client, "T", { queueId: 0, offset, count: bodies.length }), bodies);
}

function unitsWritten(root: string): number {
  const path = `${root}/store/consumequeue/T/0/${"0".repeat(20)}`;
  let bytes: Uint8Array;
  try {
    bytes = Deno.readFileSync(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return 0;
    throw error;
  }
  const view = new DataView(bytes.buffer);
  let units = 0;
  while ((units + 1) * UNIT_BYTES <= bytes.length && view.getInt32(units * UNIT_BYTES + 8) > 0) units++;
  return units;
}

Deno.test("a dispatcher that is killed leaves shared units that are readable, and the next one writes them", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-tail-" });
  try {
    await withBroker({ settings, root }, async (bench) => {
      await bench.topic("T", { queues: 1 });
      await sendTo(bench, 0, "one", "two", "three");
      assertEquals(unitsWritten(root), 0);
      const reput = bench.actor("reput");
      const { epoch } = bench.incarnation("reput");
      reput.crash("by the test");
      await within(reput.ended, { timeoutMs: PATIENCE_MS, what: "the end of reput" });
      const client = await bench.client();
      assertEquals(await bodiesOf(client, "T", { queueId: 0, count: 3 }), ["one", "two", "three"]);
      await untilRestarted(bench, "reput", epoch + 1);
      assertEquals(unitsWritten(root), 3);
      await sendTo(bench, 3, "four", "five");
      assertEquals(unitsWritten(root), 3);
    });
    assertEquals(unitsWritten(root), 5);
    await withBroker({ settings, root }, async (bench) => {
      await sendTo(bench, 5, "six");
      const client = await bench.client();
      const all = ["one", "two", "three", "four", "five", "six"];
      assertEquals(await bodiesOf(client, "T", { queueId: 0, count: 6 }), all);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});

Deno.test("a broker that cannot write the last units of a queue ends as one that crashed, and finds them at its next start", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-tail-" });
  const queue = `${root}/store/consumequeue/T/0`;
  try {
    await withBroker({ settings, root }, async (bench) => {
      await bench.topic("T", { queues: 1 });
      await sendTo(bench, 0, "one", "two");
      await Deno.remove(queue, { recursive: true });
      await Deno.writeTextFile(queue, "no directory");
    });
    assert((await Deno.stat(`${root}/store/abort`)).isFile);
    await Deno.remove(queue);
    await withBroker({ settings, root }, async (bench) => {
      const client = await bench.client();
      assertEquals(await bodiesOf(client, "T", { queueId: 0, count: 2 }), ["one", "two"]);
    });
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
