/**
 * Allocation strategies against 3,000 answers of Apache's Java client 5.4.0.
 *
 * `golden/allocations.jsonl.gz` is the output of `golden/AllocationGold.java`: strategy `s` with its parameter `v`, topic `t`,
 * brokers with their queues `b`, members `c`, the asking member `m`, and Java's answer `r` as indexes into the sorted queues.
 */
import { assertEquals, assertThrows } from "@std/assert";
import { gunzipSync } from "node:zlib";
import {
  AllocateMachineRoomNearby,
  AllocateMessageQueueAveragely,
  AllocateMessageQueueAveragelyByCircle,
  AllocateMessageQueueByConfig,
  AllocateMessageQueueByMachineRoom,
  AllocateMessageQueueConsistentHash,
  type AllocateMessageQueueStrategy,
  type MessageQueue,
} from "../../actors/client/mod.ts";
import { strategyOf } from "../../actors/client/allocation/plan.ts";
import { compareQueues, sameQueue } from "../../actors/client/message_queue.ts";

interface Case {
  readonly s: string;
  readonly v?: number;
  readonly t: string;
  readonly b: readonly (readonly [string, number])[];
  readonly c: readonly string[];
  readonly m: string;
  readonly r: readonly number[];
}

const ROOMS = ["hz", "sh", "sz"];

function cases(): Case[] {
  const bytes = Deno.readFileSync(new URL("./golden/allocations.jsonl.gz", import.meta.url));
  const text = new TextDecoder().decode(gunzipSync(bytes));
  return text.trim().split("\n").map((line) => JSON.parse(line) as Case);
}

function strategyFor(one: Case): AllocateMessageQueueStrategy {
  switch (one.s) {
    case "AVG":
      return new AllocateMessageQueueAveragely();
    case "AVG_BY_CIRCLE":
      return new AllocateMessageQueueAveragelyByCircle();
    case "CONSISTENT_HASH":
      return new AllocateMessageQueueConsistentHash(one.v);
    case "MACHINE_ROOM":
      return new AllocateMessageQueueByMachineRoom(ROOMS.slice(0, one.v));
    default:
      return new AllocateMachineRoomNearby(
        one.v === 0 ? new AllocateMessageQueueAveragely() : new AllocateMessageQueueAveragelyByCircle(),
        {
          brokerDeployIn: (queue) => queue.brokerName.split("@")[0] ?? "",
          consumerDeployIn: (cid) => cid.split("-")[0] ?? "",
        },
      );
  }
}

function queuesOf(one: Case): MessageQueue[] {
  return one.b.flatMap(([brokerName, count]) => {
    const copies = one.b.filter(([name]) => name === brokerName).length;
    assertEquals(copies, 1);
    return Array.from({ length: count }, (_, i) => ({ topic: one.t, brokerName, queueId: i }));
  }).sort(compareQueues);
}

Deno.test("Allocation strategies give what Java's give for 3,000 inputs", () => {
  const seen = new Map<string, number>();
  for (const one of cases()) {
    const mqAll = queuesOf(one);
    const strategy = strategyFor(one);
    const input = { consumerGroup: "g", currentCid: one.m, mqAll, cidAll: one.c };
    const result = strategy.allocate(input);
    const indexes = result.map((queue) => mqAll.findIndex((other) => sameQueue(queue, other)));
    assertEquals(indexes, one.r, `${one.s} for ${JSON.stringify(one)}`);
    if (strategy.plan !== undefined) assertEquals(strategyOf(strategy.plan).allocate(input), result);
    seen.set(one.s, (seen.get(one.s) ?? 0) + 1);
  }
  assertEquals([...seen.keys()].sort(), [
    "AVG",
    "AVG_BY_CIRCLE",
    "CONSISTENT_HASH",
    "MACHINE_ROOM",
    "MACHINE_ROOM_NEARBY",
  ]);
});

Deno.test("Every strategy but MACHINE_ROOM gives each queue to exactly one member", () => {
  for (const one of cases().slice(0, 300).filter((item) => item.s !== "MACHINE_ROOM")) {
    const mqAll = queuesOf(one);
    const owned = one.c.flatMap((cid) =>
      strategyFor(one).allocate({ consumerGroup: "g", currentCid: cid, mqAll, cidAll: one.c })
    );
    assertEquals(owned.sort(compareQueues), mqAll);
  }
});

Deno.test("AllocateMessageQueueByConfig.allocate() gives its list whatever is asked", () => {
  const queues = [{ topic: "T", brokerName: "b", queueId: 3 }];
  const strategy = new AllocateMessageQueueByConfig(queues);
  assertEquals(strategy.allocate(), queues);
  assertEquals(strategy.plan, { kind: "CONFIG", messageQueueList: queues });
});

Deno.test("Allocation refuses empty input and a negative ring", () => {
  const strategy = new AllocateMessageQueueAveragely();
  const queue = { topic: "T", brokerName: "b", queueId: 0 };
  assertThrows(
    () => strategy.allocate({ consumerGroup: "g", currentCid: "", mqAll: [queue], cidAll: ["a"] }),
    RangeError,
  );
  assertThrows(() => strategy.allocate({ consumerGroup: "g", currentCid: "a", mqAll: [], cidAll: ["a"] }), RangeError);
  assertThrows(
    () => strategy.allocate({ consumerGroup: "g", currentCid: "a", mqAll: [queue], cidAll: [] }),
    RangeError,
  );
  assertThrows(() => new AllocateMessageQueueConsistentHash(-1), RangeError);
});
