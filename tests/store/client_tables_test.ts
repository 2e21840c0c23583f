import { assertEquals } from "@std/assert";
import { CHANNEL_EXPIRY_MS, type ClientEntry } from "../../store/client_channel.ts";
import { type ConsumerHeartbeat, ConsumerTable, type LiveSubscription } from "../../store/consumer_table.ts";
import { ProducerTable } from "../../store/producer_table.ts";

function client(channel: number, clientId = `c${channel}`, lastHeartbeatMs = 0): ClientEntry {
  return {
    channel: { gateway: 0, channel },
    clientId,
    language: 0,
    version: 493,
    remoteAddress: "127.0.0.1:1",
    lastHeartbeatMs,
  };
}

function subscription(topic: string, subVersion = 1): LiveSubscription {
  return { topic, subString: "*", subVersion, expressionType: "TAG", tags: [], codes: [], classFilterMode: false };
}

function heartbeat(fields: Partial<ConsumerHeartbeat> = {}): ConsumerHeartbeat {
  return {
    group: "g",
    consumeType: "CONSUME_PASSIVELY",
    messageModel: "CLUSTERING",
    consumeFromWhere: "CONSUME_FROM_LAST_OFFSET",
    subscriptions: [subscription("T")],
    ...fields,
  };
}

Deno.test("ConsumerTable.register() tells all members when one joins, nobody when nothing changed", () => {
  const table = new ConsumerTable();
  assertEquals(table.register(heartbeat(), client(1)).notify.length, 1);
  const second = table.register(heartbeat(), client(2));
  assertEquals([second.changed, second.publish, second.notify.length], [true, false, 2]);
  const again = table.register(heartbeat(), client(2));
  assertEquals([again.changed, again.publish, again.notify.length], [false, false, 0]);
});

Deno.test("ConsumerTable.register() replaces an expression only when its version is newer, and tells gateways only", () => {
  const table = new ConsumerTable();
  table.register(heartbeat({ subscriptions: [subscription("T", 5)] }), client(1));
  const older = table.register(heartbeat({ subscriptions: [subscription("T", 4)] }), client(1));
  assertEquals([older.publish, table.subscriptionOf("g", "T")?.subVersion], [false, 5]);
  const newer = table.register(heartbeat({ subscriptions: [subscription("T", 6)] }), client(1));
  assertEquals([newer.changed, newer.publish, table.subscriptionOf("g", "T")?.subVersion], [false, true, 6]);
});

Deno.test("ConsumerTable.register() adds new topics and drops those that are not named any more", () => {
  const table = new ConsumerTable();
  table.register(heartbeat({ subscriptions: [subscription("A"), subscription("B")] }), client(1));
  const effect = table.register(heartbeat({ subscriptions: [subscription("B"), subscription("C")] }), client(1));
  assertEquals([effect.changed, effect.publish], [true, true]);
  assertEquals(table.get("g")?.subscriptions.map(({ topic }) => topic), ["B", "C"]);
  assertEquals([table.groupsOf("A"), table.groupsOf("C"), table.subscriptionCountOf("g")], [[], ["g"], 2]);
});

Deno.test("ConsumerTable.register() keeps subscriptions when the heartbeat leaves them out", () => {
  const table = new ConsumerTable();
  table.register(heartbeat(), client(1));
  assertEquals(table.register(heartbeat({ subscriptions: undefined }), client(1)).changed, false);
  assertEquals(table.subscriptionCountOf("g"), 1);
});

Deno.test("ConsumerTable.register() tells nobody of a broadcasting group", () => {
  const table = new ConsumerTable();
  assertEquals(table.register(heartbeat({ messageModel: "BROADCASTING" }), client(1)).notify, []);
});

Deno.test("ConsumerTable.register() publishes a change of the message model", () => {
  const table = new ConsumerTable();
  table.register(heartbeat(), client(1));
  assertEquals(table.register(heartbeat({ messageModel: "BROADCASTING" }), client(1)).publish, true);
});

Deno.test("ConsumerTable.register() takes a new client id on a known channel", () => {
  const table = new ConsumerTable();
  table.register(heartbeat(), client(1, "old"));
  assertEquals(table.register(heartbeat(), client(1, "new")).changed, false);
  assertEquals(table.clientIdsOf("g"), ["new"]);
});

Deno.test("ConsumerTable.unregister() removes the group with its last member", () => {
  const table = new ConsumerTable();
  table.register(heartbeat(), client(1));
  table.register(heartbeat(), client(2));
  const first = table.unregister("g", client(1).channel)!;
  assertEquals([first.publish, first.notify.length], [false, 1]);
  const last = table.unregister("g", client(2).channel)!;
  assertEquals([last.publish, last.notify.length, table.get("g")], [true, 0, undefined]);
  assertEquals(table.unregister("g", client(2).channel), undefined);
});

Deno.test("ConsumerTable.removeChannel() leaves every group of the channel", () => {
  const table = new ConsumerTable();
  table.register(heartbeat(), client(1));
  table.register(heartbeat({ group: "h" }), client(1));
  table.register(heartbeat({ group: "h" }), client(2));
  const effects = table.removeChannel(client(1).channel);
  assertEquals(effects.map(({ group, publish }) => [group, publish]), [["g", true], ["h", false]]);
  assertEquals(table.all().map(({ group }) => group), ["h"]);
});

Deno.test("ConsumerTable.expire() drops silent channels only", () => {
  const table = new ConsumerTable();
  table.register(heartbeat(), client(1, "silent", 0));
  table.register(heartbeat(), client(2, "alive", 10));
  assertEquals(table.expire(CHANNEL_EXPIRY_MS).channels, []);
  const { channels, effects } = table.expire(CHANNEL_EXPIRY_MS + 5);
  assertEquals(channels, [client(1).channel]);
  assertEquals(effects[0]?.notify, [client(2).channel]);
  assertEquals(table.clientIdsOf("g"), ["alive"]);
});

Deno.test("ProducerTable.nextChannel() takes turns over the channels of a group", () => {
  const table = new ProducerTable();
  assertEquals(table.nextChannel("p"), undefined);
  for (const channel of [1, 2]) table.register("p", client(channel));
  const seen = new Set([1, 2, 3, 4].map(() => table.nextChannel("p")!.channel));
  assertEquals(seen, new Set([1, 2]));
});

Deno.test("ProducerTable.removeChannel() forgets the client and empty groups", () => {
  const table = new ProducerTable();
  table.register("p", client(1));
  table.register("q", client(1));
  table.register("q", client(2));
  table.removeChannel(client(1).channel);
  assertEquals([table.clientsOf("p"), table.clientsOf("q")?.length, table.channelOf("c1")], [undefined, 1, undefined]);
  assertEquals(table.channelOf("c2"), client(2).channel);
});

Deno.test("ProducerTable.expire() drops silent channels and a heartbeat renews", () => {
  const table = new ProducerTable();
  table.register("p", client(1));
  table.register("p", { ...client(1), lastHeartbeatMs: 50 });
  assertEquals(table.expire(CHANNEL_EXPIRY_MS + 50), []);
  assertEquals(table.expire(CHANNEL_EXPIRY_MS + 51), [client(1).channel]);
  assertEquals(table.groups().size, 0);
});

Deno.test("ProducerTable.unregister() of an unknown group does nothing", () => {
  const table = new ProducerTable();
  table.unregister("p", client(1).channel, "c1");
  table.register("p", client(1));
  table.unregister("p", client(1).channel, "c1");
  assertEquals([table.clientsOf("p"), table.channelOf("c1")], [undefined, undefined]);
});
