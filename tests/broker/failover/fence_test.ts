/** A master whose lease is over: nothing leaves its gateways, whoever would have answered, and it registers nowhere. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import type { ReplicaRole } from "../../../actors/broker/failover/replica_role.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { SysFlag } from "../../../protocol/sys_flag.ts";
import { systemClock } from "../../../store/clock.ts";
import { createLeaseRegion, KeptLease } from "../../../store/memory/lease_region.ts";
import { until, within } from "../../helpers/until.ts";
import { pull, send, sendFields } from "../../conformance/broker_requests.ts";
import type { RawClient } from "../../conformance/raw_client.ts";
import { type BrokerBench, PATIENCE_MS, withBroker } from "../broker_bench.ts";
import { plainProperties, sendOk } from "../broker_calls.ts";

const CLOSED = "closed the connection";

/** Runs a body with a master that holds a lease, which the body may end. */
async function withMaster(
  allAckInSyncStateSet: boolean,
  body: (bench: BrokerBench, kept: KeptLease) => Promise<void>,
): Promise<void> {
  const lease = createLeaseRegion();
  const kept = new KeptLease(lease, systemClock);
  kept.publish(systemClock.monotonicMs() + 600_000, systemClock.nowMs() + 600_000);
  const served = kept.serve();
  const replicaRole: ReplicaRole = {
    brokerId: 1,
    masterEpoch: 1,
    isMaster: true,
    syncStateSet: [1],
    syncStateSetEpoch: 1,
    lease,
  };
  try {
    await withBroker({ settings: { allAckInSyncStateSet }, replica: { replicaRole } }, (bench) => body(bench, kept));
  } finally {
    kept.end();
    await within(served, { timeoutMs: PATIENCE_MS, what: "the keeper to end" });
  }
}

const ASKS: Readonly<Record<string, (client: RawClient) => Promise<unknown>>> = {
  "a send on the short path": (client) => send(client, "T", "x", { properties: plainProperties() }),
  "a send on the general path": (client) =>
    send(client, "T", "x", { properties: "KEYS\u0001a b\u0002DELAY\u00013\u0002" }),
  "a send that waits for nothing": (client) => send(client, "T", "x", { properties: "WAIT\u0001false\u0002" }),
  "a batch": (client) =>
    client.call(RequestCode.SEND_BATCH_MESSAGE, { ...sendFields("T"), m: "true" }, new Uint8Array(8)),
  "the half of a transaction": (client) =>
    send(client, "T", "x", {
      sysFlag: SysFlag.TRANSACTION_PREPARED,
      properties: "TRAN_MSG\u0001true\u0002PGROUP\u0001G\u0002",
    }),
  "a pull": (client) => pull(client, "T"),
  "administration": (client) => client.call(RequestCode.GET_BROKER_RUNTIME_INFO),
};

for (const allAck of [false, true]) {
  const name =
    `a master acknowledges while its lease lasts and answers nothing afterwards (allAckInSyncStateSet=${allAck})`;
  Deno.test(name, () => withMaster(allAck, answersNothing));
}

async function answersNothing(bench: BrokerBench, kept: KeptLease): Promise<void> {
  await bench.topic("T", { queues: 1 });
  await sendOk(await bench.client(), "T", "before");
  const clients = await Promise.all(Object.keys(ASKS).map(() => bench.client()));
  for (const client of clients) assertEquals((await client.call(RequestCode.GET_BROKER_CONFIG)).code, 0);
  kept.end();
  for (const [index, [name, ask]] of Object.entries(ASKS).entries()) {
    await assertRejects(() => ask(clients[index]!), Error, CLOSED, name);
  }
}

Deno.test("a send that waits for the sync-state set when the lease ends is dropped, not answered", async () => {
  await withMaster(true, async (bench, kept) => {
    await bench.topic("T", { queues: 1 });
    const client = await bench.client();
    await sendOk(client, "T", "before");
    await bench.whilePaused("group-transfer", async () => {
      const waiting = send(client, "T", "waits", { properties: plainProperties() });
      const failed = assertRejects(() => waiting, Error, CLOSED);
      const { memory } = bench.broker;
      await until(() => memory.written.load() > memory.replicated.load(), {
        timeoutMs: PATIENCE_MS,
        what: "the write",
      });
      kept.end();
      await failed;
    });
    assert(bench.broker.memory.written.load() > 0);
  });
});
