import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { ChannelOrder } from "../../actors/broker/controller/channel_order.ts";
import { DiskError } from "../../store/file/disk.ts";
import { ConfigSaver } from "../../actors/broker/controller/config_saver.ts";
import { pageOf } from "../../actors/broker/controller/metadata_page.ts";
import { PeriodicRounds } from "../../actors/broker/controller/periodic.ts";
import { formatRuntime, readableBytes } from "../../actors/broker/controller/runtime_info.ts";
import { PublicationError, Subscribers } from "../../actors/broker/controller/subscribers.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

class Gone extends Error {}

function link(give: (version: number) => Promise<void> = () => Promise.resolve()): {
  give: (kind: unknown, update: { readonly version: number }) => Promise<{ version: number }>;
  connected: boolean;
} {
  return {
    connected: true,
    give: async (_kind, update) => {
      await give(update.version);
      return { version: update.version };
    },
  };
}

Deno.test("Subscribers.publish() numbers updates without gaps and waits for every subscriber", async () => {
  const subscribers = new Subscribers(() => false);
  const seen: number[] = [];
  const slow = Promise.withResolvers<void>();
  subscribers.add("a", { link: link((version) => Promise.resolve(void seen.push(version))), control: false });
  subscribers.add("b", { link: link((version) => version === 1 ? slow.promise : Promise.resolve()), control: false });
  let done = false;
  const first = subscribers.publish("topics", (version) => ({ version })).then(() => done = true);
  await subscribers.publish("topics", (version) => ({ version }));
  assertEquals([seen, done], [[1, 2], false]);
  slow.resolve();
  await first;
  assertEquals([done, subscribers.versionOf("topics"), subscribers.versionOf("groups")], [true, 2, 0]);
});

Deno.test("Subscribers.publish() gives control state only to those who asked for it", async () => {
  const subscribers = new Subscribers(() => false);
  const seen: string[] = [];
  for (const [name, control] of [["gateway", true], ["reput", false]] as const) {
    subscribers.add(name, { link: link(() => Promise.resolve(void seen.push(name))), control });
  }
  await subscribers.publish("groups", (version) => ({ version }));
  await subscribers.publish("topics", (version) => ({ version }));
  assertEquals(seen, ["gateway", "gateway", "reput"]);
});

Deno.test("Subscribers.publish() forgets a subscriber that is gone and names one that is late", async () => {
  const subscribers = new Subscribers((error) => error instanceof Gone);
  subscribers.add("gone", { link: link(() => Promise.reject(new Gone())), control: false });
  await subscribers.publish("topics", (version) => ({ version }));
  assertEquals(subscribers.size, 0);
  subscribers.add("late", { link: link(() => Promise.reject(new Error("timeout"))), control: false });
  await assertRejects(() => subscribers.publish("topics", (version) => ({ version })), PublicationError, '"late"');
  assertEquals(subscribers.size, 1);
});

Deno.test("Subscribers.publish() keeps a subscriber that came back while its old self was told", async () => {
  const subscribers = new Subscribers((error) => error instanceof Gone);
  const old = Promise.withResolvers<void>();
  subscribers.add("a", { link: link(() => old.promise), control: false });
  const publication = subscribers.publish("topics", (version) => ({ version }));
  subscribers.add("a", { link: link(), control: false });
  old.reject(new Gone());
  await publication;
  assertEquals(subscribers.size, 1);
});

Deno.test("ConfigSaver.save() writes once for all that changed in a turn, and what is written is the newest", async () => {
  const clock = new SimulatedClock();
  const written: string[] = [];
  const saver = new ConfigSaver(clock, (name, text) => void written.push(`${name}:${text}`));
  let text = "1";
  saver.define("a", () => text);
  const saves = [saver.save("a"), saver.save("a")];
  text = "2";
  await clock.run(1);
  await Promise.all(saves);
  assertEquals(written, ["a:2"]);
  void saver.save("a");
  saver.flush();
  assertEquals(written, ["a:2", "a:2"]);
});

Deno.test("ConfigSaver.save() rejects when the disk refuses, and the next save tries again", async () => {
  const clock = new SimulatedClock();
  let full = true;
  const saver = new ConfigSaver(clock, () => {
    if (full) throw new RangeError("full");
  });
  saver.define("a", () => "");
  const refused = assertRejects(() => saver.save("a"), RangeError, "full");
  await clock.run(1);
  await refused;
  full = false;
  const saved = saver.save("a");
  await clock.run(1);
  await saved;
  assertThrows(() => saver.saveNow("b"), TypeError, 'Cannot save "b"');
});

Deno.test("ConfigSaver.save() keeps a change that a full disk has no room for, and writes it when there is", async () => {
  const clock = new SimulatedClock();
  let full = true;
  const written: string[] = [];
  const saver = new ConfigSaver(clock, (name, text) => {
    if (full) throw new DiskError("NO_SPACE", "write", name);
    written.push(text);
  });
  let text = "1";
  saver.define("a", () => text);
  const saved = saver.save("a");
  await clock.run(1);
  await saved;
  await clock.run(5_000);
  text = "2";
  full = false;
  await clock.run(2_000);
  assertEquals(written, ["2"]);
});

Deno.test("PeriodicRounds runs a round again after a failed one, and none after stop()", async () => {
  const clock = new SimulatedClock();
  const failed: string[] = [];
  let rounds = 0;
  const periodic = new PeriodicRounds(clock, (name) => void failed.push(name));
  periodic.start({
    name: "work",
    firstMs: 5,
    intervalMs: () => 10,
    run: () => {
      rounds++;
      if (rounds === 1) throw new Error("once");
    },
  });
  await clock.run(5);
  await clock.run(10);
  assertEquals([rounds, failed], [2, ["work"]]);
  periodic.stop();
  await clock.run(100);
  assertEquals([rounds, clock.timers], [2, 0]);
});

Deno.test("ChannelOrder.run() keeps the order of one connection and lets others pass", async () => {
  const order = new ChannelOrder();
  const seen: string[] = [];
  const gate = Promise.withResolvers<void>();
  const first = order.run({ gateway: 0, channel: 1 }, async () => {
    await gate.promise;
    seen.push("heartbeat");
    throw new Error("late");
  });
  const second = order.run({ gateway: 0, channel: 1 }, () => void seen.push("closed"));
  await order.run({ gateway: 1, channel: 1 }, () => void seen.push("other"));
  gate.resolve();
  await assertRejects(() => first, Error, "late");
  await second;
  assertEquals(seen, ["other", "heartbeat", "closed"]);
});

Deno.test("pageOf() gives everything to old askers and pages to new ones", () => {
  const version = { stateVersion: 0, timestamp: 5, counter: 1 };
  const values = { enableSplitMetadata: true, splitMetadataSize: 2 };
  const names = ["c", "a", "b"];
  const same = JSON.stringify(version);
  const rows = [
    [{ begin: undefined, version: undefined, count: undefined }, ["c", "a", "b"]],
    [{ begin: 0, version: "", count: 2000 }, ["a", "b"]],
    [{ begin: 2, version: same, count: 2000 }, ["c"]],
    [{ begin: 1, version: same, count: 1 }, ["b"]],
    [{ begin: 2, version: JSON.stringify({ ...version, counter: 2 }), count: 2000 }, ["a", "b"]],
    [{ begin: 9, version: same, count: 2000 }, []],
  ] as const;
  for (const [request, page] of rows) {
    assertEquals(pageOf(names, version, request, values), page, JSON.stringify(request));
  }
  assertEquals(pageOf(names, version, rows[1][0], { ...values, enableSplitMetadata: false }), names);
});

Deno.test("readableBytes() and formatRuntime() write as RocketMQ", () => {
  const sizes = [[0, "0 B"], [1023, "1023 B"], [1024, "1.0 KiB"], [1536, "1.5 KiB"], [1024 ** 3, "1.0 GiB"], [
    270_582_939_648,
    "252.0 GiB",
  ]] as const;
  for (const [bytes, text] of sizes) assertEquals(readableBytes(bytes), text);
  assertEquals(formatRuntime(1_630_000), "[ 0 days, 0 hours, 27 minutes, 10 seconds ]");
  assertEquals(formatRuntime(90_061_000), "[ 1 days, 1 hours, 1 minutes, 1 seconds ]");
});
