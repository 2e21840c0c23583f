import { assertEquals, assertThrows } from "@std/assert";
import { defaultSubscriptionGroup } from "../../protocol/subscription_group.ts";
import type { ClientEntry } from "../../store/client_channel.ts";
import { ConsumerOffsets } from "../../store/consumer_offsets.ts";
import { ConsumerTable } from "../../store/consumer_table.ts";
import { ProducerTable } from "../../store/producer_table.ts";
import { QueueLocks } from "../../store/queue_locks.ts";
import { RequestModes } from "../../store/request_modes.ts";
import { SubscriptionGroups } from "../../store/subscription_groups.ts";
import { TableFullError } from "../../store/table_limit.ts";

const VERSION = { stateVersion: 0, timestamp: 1, counter: 0 };

function client(channel: number): ClientEntry {
  return {
    channel: { gateway: 0, channel },
    clientId: `c${channel}`,
    language: 0,
    version: 493,
    remoteAddress: "127.0.0.1:1",
    lastHeartbeatMs: 0,
  };
}

Deno.test("ConsumerOffsets refuses new queues when it is full, takes known ones, and has room again", () => {
  const offsets = new ConsumerOffsets(VERSION, 2);
  offsets.commit("g", "T", 0, 1, 5);
  offsets.commit("g", "T", 1, 1, 5);
  assertThrows(
    () => offsets.commit("g", "T", 2, 1, 5),
    TableFullError,
    "Cannot add to consumer offsets: the limit of 2 is reached",
  );
  assertThrows(() => offsets.reset("g", "T", 2, 1), TableFullError);
  assertEquals(offsets.resets(), []);
  assertThrows(() => offsets.clone("g", "h", "T"), TableFullError);
  offsets.commit("g", "T", 1, 9, 5);
  offsets.removeTopic("T");
  offsets.commit("g", "U", 0, 1, 5);
  offsets.clone("g", "h", "U");
  assertEquals([offsets.query("g", "T", 1), offsets.query("h", "U", 0)], [-1, 1]);
});

Deno.test("ConsumerOffsets.replace() counts what it takes over", () => {
  const offsets = new ConsumerOffsets(VERSION, 2);
  offsets.replace([["T@g", new Map([[0, 1], [1, 1]])]], VERSION);
  assertThrows(() => offsets.commit("g", "U", 0, 1, 5), TableFullError);
  offsets.removeGroup("g");
  offsets.commit("g", "U", 0, 1, 5);
});

Deno.test("SubscriptionGroups refuses new groups when it is full and changes known ones", () => {
  const groups = new SubscriptionGroups(VERSION, 1);
  groups.update(defaultSubscriptionGroup("g"), 5);
  assertThrows(() => groups.find("h", { autoCreate: true, createSystemGroups: true }, 5), TableFullError);
  groups.update({ ...defaultSubscriptionGroup("g"), retryMaxTimes: 3 }, 6);
  assertEquals([groups.get("g")?.retryMaxTimes, groups.version.counter], [3, 2]);
});

Deno.test("QueueLocks gives no new lock when it is full", () => {
  const locks = new QueueLocks(100, 1);
  const queues = [0, 1].map((queueId) => ({ topic: "T", brokerName: "b", queueId }));
  assertEquals(locks.lock("g", queues, "a", 0).length, 1);
  assertEquals(locks.lock("g", queues, "a", 50).length, 1);
  locks.unlock("g", queues, "a");
  assertEquals(locks.lock("h", queues, "b", 0).length, 1);
  assertEquals([locks.sweep(101), locks.lock("g", queues, "a", 101).length], [1, 1]);
});

Deno.test("ProducerTable and ConsumerTable refuse new members when they are full, and have room again", () => {
  const producers = new ProducerTable(1);
  producers.register("p", client(1));
  producers.register("p", client(1));
  assertThrows(() => producers.register("p", client(2)), TableFullError);
  producers.removeChannel(client(1).channel);
  producers.register("p", client(2));
  assertEquals(producers.expire(Infinity), [client(2).channel]);
  producers.register("p", client(3));
  producers.unregister("p", client(3).channel, "c3");
  producers.register("q", client(4));

  const consumers = new ConsumerTable(1);
  const heartbeat = {
    group: "g",
    consumeType: "",
    messageModel: "CLUSTERING",
    consumeFromWhere: "",
    subscriptions: [],
  };
  consumers.register(heartbeat, client(1));
  consumers.register(heartbeat, client(1));
  assertThrows(() => consumers.register(heartbeat, client(2)), TableFullError);
  assertThrows(() => consumers.register({ ...heartbeat, group: "h" }, client(1)), TableFullError);
  assertEquals(consumers.get("h"), undefined);
  consumers.removeChannel(client(1).channel);
  consumers.register(heartbeat, client(2));
});

Deno.test("RequestModes refuses new modes when it is full", () => {
  const modes = new RequestModes(1);
  const mode = { topic: "T", consumerGroup: "g", mode: "POP", popShareQueueNum: 0 } as const;
  modes.set(mode);
  modes.set({ ...mode, mode: "PULL" });
  assertThrows(() => modes.set({ ...mode, consumerGroup: "h" }), TableFullError);
  assertEquals(modes.get("T", "g")?.mode, "PULL");
  modes.replace([{ ...mode, consumerGroup: "h" }]);
  assertEquals([modes.get("T", "g"), modes.topics().size], [undefined, 1]);
});
