/** What the actors of a broker publish about themselves. */
import { assert, assertEquals } from "@std/assert";
import { describeActivity } from "../../actors/broker/actor_activity.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { systemClock } from "../../store/clock.ts";
import { pull, topicFields } from "../conformance/broker_requests.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { AckedLoad } from "./acked_load.ts";
import { type ActorName, PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { bodiesOf, plainProperties, sendOk } from "./broker_calls.ts";
import { BrokerProcess } from "./broker_process.ts";

Deno.test("Broker.activity() shows the work of those who worked, and CPU time of each thread", async () => {
  const settings = { flushIntervalCommitLog: 20, flushCommitLogLeastPages: 0, flushIntervalConsumeQueue: 20 };
  await withBroker({ settings }, async (bench) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    const workOf = (name: ActorName): number => bench.broker.activity().find((row) => row.name === name)!.work;
    const before = new Map(bench.broker.activity().map(({ name, work }) => [name, work]));
    for (let i = 0; i < 300; i++) await sendOk(client, "T", `m${i}`);
    await sendOk(client, "T", "delayed", { properties: plainProperties("DELAY\u00011\u0002") });
    await bodiesOf(client, "T", { count: 301 });
    for (const name of ["gateway-0", "reput", "flush-log", "flush-queues", "schedule"] as const) {
      const worked = (): boolean => workOf(name) > before.get(name)!;
      await until(worked, { timeoutMs: PATIENCE_MS, what: `work of "${name}"` });
    }
    // A frame is a unit of a gateway's work, a byte one of reput's.
    const frames = (): boolean => workOf("gateway-0") - before.get("gateway-0")! >= 302;
    await until(frames, { timeoutMs: PATIENCE_MS, what: "302 frames counted" });
    assert(workOf("reput") - before.get("reput")! > 300 * 100, "bytes are counted");
    const busy: readonly string[] = ["gateway-0", "reput", "flush-log", "schedule"];
    await until(async () => {
      // Who has nothing to do does not look at its time either.
      await sendOk(client, "T", "more");
      return bench.broker.activity().every(({ name, cpuMs }) => cpuMs > 0 || !busy.includes(name));
    }, { timeoutMs: PATIENCE_MS, what: "CPU time of those who worked" });
    // Who is never asked sleeps.
    const [awake, asleep] = [1, 0].map((n) => bench.broker.activity().filter(({ incarnation }) => incarnation === n));
    assert(awake!.every(({ isUp }) => isUp) && asleep!.every(({ isUp }) => !isUp));
    assertEquals(awake!.length + asleep!.length, bench.broker.activity().length, "none was started again");
    assert(asleep!.some(({ name }) => name === "cold-read") && asleep!.some(({ name }) => name === "transactions"));
  });
});

Deno.test("no wake-up is missed while sends, syncs, dispatch and parked pulls wait for each other", async () => {
  await withBroker({ settings: { flushDiskType: "SYNC_FLUSH" } }, async (bench) => {
    await bench.topic("T", { queues: 4 });
    const load = new AckedLoad({ address: bench.address, topic: "T", queues: 4, seed: 8 });
    const client = await bench.client();
    const { supervisor, children } = bench.broker;
    const options = { timeoutMs: PATIENCE_MS };
    const holdCounters = () => supervisor.ref(children.hold).ask("counters", null, options);
    const flushCounters = () => supervisor.ref(children.flushLog).ask("counters", null, options);
    const gatewayCounters = () => supervisor.ref(children.gateways[0]!).ask("counters", null, options);
    let offset = 0;
    try {
      // A pull at the end of a queue is parked and woken by the next message, again and again.
      await until(async () => {
        for (let pulls = 0; pulls < 20; pulls++) {
          const answer = await pull(client, "T", { offset, max: 32, suspendMs: PATIENCE_MS });
          assertEquals(answer.code, 0, answer.remark);
          offset = Number(answer.ext["nextBeginOffset"]);
          // Whoever finds the device taken leaves the sync to FlushCommitLogService.
          await bench.whileUnsynced(() => systemClock.sleep(1));
        }
        const { syncs } = await gatewayCounters();
        return (await holdCounters()).woken > 50 && (await flushCounters()).syncs > 50 && syncs > 50;
      }, { timeoutMs: 4 * PATIENCE_MS, what: "50 pulls parked and woken, 50 syncs of either thread" });
    } finally {
      await load.stop();
    }
    const { missedBells } = await gatewayCounters();
    const reput = await supervisor.ref(children.reput).ask("counters", null, options);
    const missed = [missedBells, (await holdCounters()).missed, reput.missed, (await flushCounters()).missed];
    assertEquals(missed, [0, 0, 0, 0]);
    await load.readBack(bench.address);
  });
});

Deno.test("describeActivity() makes a table", () => {
  const rows = [
    { name: "reput", incarnation: 1, isUp: true, turns: 12, work: 34567, cpuMs: 8.6 },
    { name: "hold", incarnation: 2, isUp: false, turns: 0, work: 0, cpuMs: 0 },
  ];
  assertEquals(describeActivity(rows), [
    "actor  incarnation  turns  work   cpu ms",
    "reput  1            12     34567  9",
    "hold   2 (down)     0      0      0",
  ]);
});

Deno.test("a broker prints what its actors did when a signal asks for it", async () => {
  await BrokerProcess.with({}, async (broker) => {
    using client = await RawClient.connect(broker.address);
    const made = await client.call(RequestCode.UPDATE_AND_CREATE_TOPIC, topicFields("T"), "", {
      timeoutMs: PATIENCE_MS,
    });
    assertEquals(made.code, 0, made.remark);
    await sendOk(client, "T", "m");
    broker.signal("SIGUSR2");
    const row = (): RegExpExecArray | null => /^gateway-0 +1 +\d+ +\d+ +\d+$/m.exec(broker.output);
    await until(row, { timeoutMs: PATIENCE_MS, what: "the row of the gateway" });
    for (const name of ["controller", "reput", "flush-log", "flush-queues"]) {
      assert(new RegExp(`^${name} +1 `, "m").test(broker.output), broker.output);
    }
    for (const name of ["cold-read", "hold", "schedule"]) {
      assert(new RegExp(`^${name} +asleep `, "m").test(broker.output), broker.output);
    }
  });
});
