import { assert, assertEquals } from "@std/assert";
import { WakeFilterIds } from "../../../actors/broker/gateway/wake_filter_ids.ts";
import type { PullRequest } from "../../../actors/broker/gateway/pull_request.ts";
import type { WakeFilterChange } from "../../../actors/broker/hold/hold_contract.ts";
import { ServedTopic } from "../../../actors/broker/gateway/served_topic.ts";

function pullOf(topic: string, filter: string | null, codes: readonly number[] | null = null): PullRequest {
  const entry = {
    topic,
    readQueueNums: 1,
    writeQueueNums: 1,
    perm: 6,
    topicSysFlag: 0,
    order: false,
    topicFilterType: "SINGLE_TAG" as const,
    slots: [0],
    attributes: {},
  };
  const served = { topic: new ServedTopic(entry, true), filter, codes: codes === null ? null : new Set(codes) };
  return served as unknown as PullRequest;
}

Deno.test("WakeFilterIds.idOf() tells each filter of a topic once, and gives what matches everything no number", () => {
  const told: WakeFilterChange[] = [];
  const ids = new WakeFilterIds(2, 1, (change) => told.push(change));
  assertEquals(ids.idOf(pullOf("T", null)), 0);
  const tags = ids.idOf(pullOf("T", null, [1, 2]));
  assertEquals(ids.idOf(pullOf("T", null, [1, 2])), tags);
  const others = [
    ids.idOf(pullOf("U", null, [1, 2])),
    ids.idOf(pullOf("T", "a > 1")),
    ids.idOf(pullOf("T", null, [1])),
  ];
  assertEquals(new Set([0, tags, ...others]).size, 5);
  assertEquals(told.map(({ gateway, filter }) => [gateway, filter?.topic, filter?.codes, filter?.expression]), [
    [2, "T", [1, 2], null],
    [2, "U", [1, 2], null],
    [2, "T", null, "a > 1"],
    [2, "T", [1], null],
  ]);
});

Deno.test("WakeFilterIds.forgetAll() tells filters anew under numbers that were never given, also after a restart", () => {
  const told: WakeFilterChange[] = [];
  const ids = new WakeFilterIds(0, 1, (change) => told.push(change));
  const first = ids.idOf(pullOf("T", "a > 1"));
  ids.forgetAll();
  const second = ids.idOf(pullOf("T", "a > 1"));
  assert(second > first);
  assertEquals(told.map(({ forgetAll }) => forgetAll), [false, true, false]);
  assert(new WakeFilterIds(0, 2, () => undefined).idOf(pullOf("T", "a > 1")) > second);
});

Deno.test("WakeFilterIds.idOf() begins anew instead of growing beyond its bound", () => {
  let forgotten = 0;
  let told = 0;
  const ids = new WakeFilterIds(0, 1, ({ forgetAll }) => forgetAll ? forgotten++ : told++);
  const long = "x".repeat(30_000);
  for (let i = 0; i < 1_200; i++) ids.idOf(pullOf("T", `${long}${i}`));
  assertEquals([forgotten, told], [2, 1_200]);
});
