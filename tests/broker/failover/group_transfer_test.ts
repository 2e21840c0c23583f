/** GroupTransferService by itself, over the shared memory of a master of a failover set. */
import { assertEquals, assertRejects } from "@std/assert";
import { readBrokerConfiguration } from "../../../actors/broker/broker_configuration.ts";
import type { BrokerActorInit } from "../../../actors/broker/broker_init.ts";
import { createBrokerMemory, WaiterBell } from "../../../actors/broker/broker_memory.ts";
import { thisMachine } from "../../../actors/broker/broker_options.ts";
import { withReplicaRole } from "../../../actors/broker/failover/replica_role.ts";
import { Confirmations } from "../../../actors/broker/ha/confirmations.ts";
import { startGroupTransferService } from "../../../actors/broker/ha/group_transfer_service.ts";
import { type GroupTransferContract, groupTransferRole } from "../../../actors/broker/ha/ha_contract.ts";
import type { ActorContext, ActorRef } from "../../../actors/kernel/contract.ts";
import { inline } from "../../../actors/kernel/inline.ts";
import { createGauges } from "../../../store/gauges.ts";
import { LogMemory } from "../../../store/memory/log_memory.ts";
import { ReplicationTable } from "../../../store/memory/replication_table.ts";
import { SyncStateRegion } from "../../../store/memory/sync_state.ts";
import { until } from "../../helpers/until.ts";
import { StandInWaits } from "../../helpers/stand_in_waits.ts";

const PATIENCE_MS = 20_000;

interface Bench {
  readonly memory: LogMemory;
  readonly table: ReplicationTable;
  /** HAService's side. */
  readonly confirmations: Confirmations;
  readonly service: ActorRef<GroupTransferContract>;
  stop(): Promise<void>;
  /** Says that the log was written up to a position. */
  write(position: number): void;
  require(...ids: readonly number[]): void;
  /** Something changed: the service looks. */
  ring(): void;
  untilReplicated(position: number): Promise<unknown>;
}

/** A context that says that the thread is the actor's alone, so that it blocks. */
function onOwnThread(context: ActorContext<GroupTransferContract>): ActorContext<GroupTransferContract> {
  return new Proxy(context, {
    get: (target, name) => {
      if (name === "ownsThread") return true;
      const value = Reflect.get(target, name);
      return typeof value === "function" ? value.bind(target) : value;
    },
  });
}

async function withService(
  body: (bench: Bench) => Promise<void>,
  start: typeof startGroupTransferService = startGroupTransferService,
): Promise<void> {
  const role = { brokerId: 1, masterEpoch: 1, isMaster: true, syncStateSet: [1], syncStateSetEpoch: 1 };
  const { values } = readBrokerConfiguration({}, thisMachine());
  const buffers = createBrokerMemory({ gateways: 1, ringBytes: 1 << 20, appendBytesMax: 1 << 16 });
  const memory = new LogMemory(buffers.log);
  const table = new ReplicationTable(buffers.replication);
  const region = new SyncStateRegion(buffers.syncState);
  const init: BrokerActorInit = {
    values: withReplicaRole({ ...values, allAckInSyncStateSet: true }, role),
    memory: buffers,
    machineMemoryBytes: 1 << 30,
    isDerivedSynced: true,
    gauges: createGauges(),
    replicaRole: role,
  };
  region.publish({ epoch: 1, members: [1], required: [1] });
  const service = await inline(groupTransferRole, start, init);
  let isStopped = false;
  const stop = async (): Promise<void> => {
    isStopped = true;
    await service.stop({ timeoutMs: PATIENCE_MS });
  };
  const ring = (): void => memory.waiterBell(WaiterBell.GroupTransfer).ring();
  try {
    await body({
      memory,
      table,
      confirmations: new Confirmations(init, memory, table),
      service,
      stop,
      ring,
      write: (position) => {
        memory.reserved.store(position);
        memory.appended.store(position);
        memory.written.store(position);
        ring();
      },
      require: (...ids) => {
        region.publish({ epoch: 1, members: [1], required: ids });
        ring();
      },
      untilReplicated: (position) =>
        until(() => memory.replicated.load() === position, { timeoutMs: PATIENCE_MS, what: `${position} replicated` }),
    });
  } finally {
    if (!isStopped) await service.stop({ timeoutMs: PATIENCE_MS });
  }
}

Deno.test("GroupTransferService counts what every required member has, and nothing of one that is not there", async () => {
  await withService(async ({ memory, table, write, require, ring, untilReplicated }) => {
    write(100);
    await untilReplicated(100);
    require(1, 2, 3);
    const second = table.take(100, 2);
    write(300);
    const third = table.take(200, 3);
    table.confirm(second, 150);
    ring();
    await untilReplicated(150);
    table.confirm(second, 300);
    ring();
    await untilReplicated(200);
    table.release(third);
    require(1, 2);
    await untilReplicated(300);
    assertEquals(memory.replicated.load(), 300);
  });
});

Deno.test("GroupTransferService lets a follower join when it is required and has all that was acknowledged", async () => {
  await withService(async ({ service, memory, table, write, require, ring, untilReplicated }) => {
    write(100);
    await untilReplicated(100);
    const place = table.take(50, 2);
    const join = (timeoutMs: number): Promise<null> => service.ask("join", { brokerId: 2 }, { timeoutMs });
    await assertRejects(() => join(50));
    require(1, 2);
    await assertRejects(() => join(50));
    write(200);
    table.confirm(place, 99);
    ring();
    await assertRejects(() => join(50));
    const joining = join(PATIENCE_MS);
    table.confirm(place, 100);
    ring();
    await joining;
    assertEquals(memory.replicated.load(), 100);
    table.confirm(place, 180);
    ring();
    await untilReplicated(180);
  });
});

Deno.test("GroupTransferService lends its turn while it blocks, but not while a follower is about to join", async () => {
  await withService(async ({ service, memory, table, confirmations, write, require, untilReplicated }) => {
    const counters = (): Promise<GroupTransferContract["asks"]["counters"]["reply"]> =>
      service.ask("counters", null, { timeoutMs: PATIENCE_MS });
    require(1, 2);
    const place = table.take(0, 2);
    write(1000);
    const steps = { at: 0, end: 0, movedAtOnce: [] as boolean[] };
    const confirmUpTo = async (end: number): Promise<readonly boolean[]> => {
      Object.assign(steps, { end, movedAtOnce: [] });
      confirmations.confirm(place, steps.at += 10);
      await untilReplicated(end);
      return steps.movedAtOnce;
    };
    // While the service blocks, HAService has its turn.
    using _waits = new StandInWaits(() => {
      if (steps.at < steps.end) {
        confirmations.confirm(place, steps.at += 10);
        steps.movedAtOnce.push(memory.replicated.load() === steps.at);
      }
      return "timed-out";
    });
    assertEquals(await confirmUpTo(300), new Array(29).fill(true));
    assertEquals((await counters()).advances, 30);
    const joining = service.ask("join", { brokerId: 3 }, { timeoutMs: PATIENCE_MS });
    await counters();
    assertEquals(await confirmUpTo(600), new Array(29).fill(false));
    table.take(600, 3);
    require(1, 2, 3);
    await joining;
    assertEquals([memory.replicated.load(), (await counters()).advances], [600, 60]);
  }, (init, context) => startGroupTransferService(init, onOwnThread(context)));
});

Deno.test("GroupTransferService that is stopped moves nothing any more", async () => {
  await withService(async ({ stop, memory, table, write, require, ring, untilReplicated }) => {
    write(100);
    await untilReplicated(100);
    require(1, 2);
    const place = table.take(100, 2);
    write(200);
    await stop();
    table.confirm(place, 200);
    ring();
    let looks = 0;
    await until(() => ++looks > 20, { timeoutMs: PATIENCE_MS, what: "time for a turn that must not come" });
    assertEquals(memory.replicated.load(), 100);
  });
});
