/**
 * Random steps of many brokers at RocketMQ's name server and at ours: after each step both must show the same.
 *
 * Two known differences are kept out of the steps. RocketMQ keeps a refused first registration as a broker without an address,
 * so a registration here always brings more than one topic. And when a connection ends over which several brokers registered,
 * RocketMQ forgets one of them and ours all, so every broker leaves before its connection does.
 */

import { assertEquals } from "@std/assert";
import { parseFastJson } from "../../protocol/fast_json.ts";
import { encodeRegisterBrokerBody, encodeRegisterBrokerBodyCompressed } from "../../protocol/register_broker.ts";
import type { RegisterBrokerBody } from "../../protocol/register_broker.ts";
import type { ExtFields } from "../../protocol/command.ts";
import { until } from "../helpers/until.ts";
import { bodyText, RawClient } from "./raw_client.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";
import { TwoNameServers } from "./two_name_servers.ts";

const missing = missingPrograms(["java", "mvn", "setsid"]);
const ignore = missing.length > 0 && !conformanceRequired;

const TOPICS = ["A", "B", "C", "D", "rmq_sys_SYNC_BROKER_MEMBER_x"];
const STEP_COUNT = 150;

interface Step {
  readonly code: number;
  readonly ext: ExtFields;
  readonly body?: Uint8Array;
}

/** A seeded choice of steps. */
class Steps {
  #state: number;
  #counter = 1;

  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  next(): Step {
    const brokerName = this.#of(["x", "y", "z"]);
    const clusterName = brokerName === "z" ? "c2" : "c1";
    const brokerId = this.#of(["0", "1", "2"]);
    const brokerAddr = `10.0.0.${"xyz".indexOf(brokerName)}:${this.#of([1, 2, 3])}`;
    const identity = { brokerName, clusterName, brokerId, brokerAddr };
    const kind = this.#below(20);
    if (kind < 10) return this.#registration(identity);
    if (kind < 14) return { code: 104, ext: identity };
    if (kind === 14) return { code: 205, ext: { brokerName } };
    if (kind === 15) return { code: 327, ext: { brokerName } };
    if (kind === 16) return { code: 216, ext: { topic: this.#of(TOPICS) } };
    if (kind === 17) return { code: 216, ext: { topic: this.#of(TOPICS), clusterName } };
    if (kind === 18) return { code: 904, ext: identity };
    const queue = `{"brokerName":"${brokerName}","perm":6,"readQueueNums":9,"topicSysFlag":1,"writeQueueNums":9}`;
    return { code: 217, ext: { topic: this.#of(TOPICS) }, body: new TextEncoder().encode(`{"queueDatas":[${queue}]}`) };
  }

  #registration(identity: ExtFields): Step {
    const topics = TOPICS.filter(() => this.#below(3) > 0);
    const names = topics.length < 2 ? TOPICS : topics;
    // An unchanged counter now and then: the same version says that nothing changed.
    if (this.#below(3) > 0) this.#counter++;
    const body: RegisterBrokerBody = {
      filterServerList: this.#below(6) === 0 ? ["10.9.9.9:1"] : [],
      topicConfigSerializeWrapper: {
        dataVersion: { stateVersion: this.#below(3), timestamp: 1, counter: this.#counter },
        topicConfigTable: new Map(names.map((topicName) => [topicName, this.#topic(topicName)])),
      },
    };
    const isCompressed = this.#below(2) === 0;
    const acting = this.#of(["true", "false", undefined]);
    return {
      code: 103,
      ext: {
        ...identity,
        haServerAddr: `${identity["brokerAddr"]}0`,
        compressed: String(isCompressed),
        ...(acting === undefined ? {} : { enableActingMaster: acting }),
        ...(this.#below(3) === 0 ? { __ZONE_NAME: this.#of(["east", "west"]) } : {}),
      },
      body: isCompressed ? encodeRegisterBrokerBodyCompressed(body) : encodeRegisterBrokerBody(body),
    };
  }

  #topic(
    topicName: string,
  ): RegisterBrokerBody["topicConfigSerializeWrapper"]["topicConfigTable"] extends ReadonlyMap<string, infer T> ? T
    : never {
    return {
      topicName,
      readQueueNums: 1 + this.#below(4),
      writeQueueNums: 1 + this.#below(4),
      perm: this.#of([2, 4, 6, 7]),
      topicFilterType: "SINGLE_TAG",
      topicSysFlag: this.#below(4),
      order: false,
      attributes: new Map(),
    };
  }

  #of<T>(choices: readonly T[]): T {
    return choices[this.#below(choices.length)] as T;
  }

  #below(bound: number): number {
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((this.#state / 2 ** 32) * bound);
  }
}

/** JSON with keys and lists in one order. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) {
    return value.map(sorted).sort((left, right) => JSON.stringify(left) < JSON.stringify(right) ? -1 : 1);
  }
  if (value instanceof Map) return sorted(Object.fromEntries([...value].map(([key, item]) => [String(key), item])));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key, sorted(item)] as const).sort(([left], [right]) =>
      left < right ? -1 : 1
    ),
  );
}

/** Everything that a name server shows of its tables. */
async function tablesOf(client: RawClient): Promise<unknown> {
  const queries: readonly (readonly [number, ExtFields])[] = [
    [106, {}],
    [206, {}],
    [224, { cluster: "c1" }],
    [901, { clusterName: "c1", brokerName: "x" }],
    ...TOPICS.flatMap((topic): (readonly [number, ExtFields])[] => [
      [105, { topic }],
      [105, { topic, __ZONE_MODE: "true", __ZONE_NAME: "east" }],
    ]),
  ];
  const answers: unknown[] = [];
  for (const [code, ext] of queries) {
    const answer = await client.call(code, ext);
    const text = bodyText(answer);
    answers.push([code, ext, answer.code, answer.remark, text === "" ? "" : sorted(parseFastJson(text))]);
  }
  return answers;
}

async function walk(servers: TwoNameServers, seed: number): Promise<void> {
  using apache = await RawClient.connect(servers.address.apache);
  using ringmq = await RawClient.connect(servers.address.ringmq);
  const steps = new Steps(seed);
  const taken: string[] = [];
  for (let at = 0; at < STEP_COUNT; at++) {
    const { code, ext, body } = steps.next();
    taken.push(`${code} ${JSON.stringify(ext)}`);
    const label = `seed ${seed}, step ${at}, after\n${taken.slice(-6).join("\n")}`;
    const [theirs, ours] = [await apache.call(code, ext, body), await ringmq.call(code, ext, body)];
    assertEquals([ours.code, ours.remark, ours.ext, bodyText(ours)], [
      theirs.code,
      theirs.remark,
      theirs.ext,
      bodyText(theirs),
    ], label);
    // RocketMQ takes departures out of a queue a moment later.
    let shown: readonly unknown[] = [];
    await until(async () => {
      shown = [await tablesOf(ringmq), await tablesOf(apache)];
      return JSON.stringify(shown[0]) === JSON.stringify(shown[1]);
    }, { timeoutMs: 3_000, what: label }).catch(() => assertEquals(shown[0], shown[1], label));
  }
  for (const departure of everyDeparture()) {
    for (const client of [apache, ringmq]) await client.call(104, departure);
  }
  const empty = `{"brokerAddrTable":{},"clusterAddrTable":{}}`;
  for (const client of [apache, ringmq]) {
    await until(async () => bodyText(await client.call(106)) === empty, { timeoutMs: 3_000, what: "an empty table" });
  }
}

function everyDeparture(): ExtFields[] {
  return ["x", "y", "z"].flatMap((brokerName, group) =>
    ["0", "1", "2"].flatMap((brokerId) =>
      [1, 2, 3].map((port) => ({
        brokerName,
        clusterName: brokerName === "z" ? "c2" : "c1",
        brokerId,
        brokerAddr: `10.0.0.${group}:${port}`,
      }))
    )
  );
}

for (const supportActingMaster of ["true", "false"]) {
  const name = `name server shows what RocketMQ's shows after random steps, supportActingMaster=${supportActingMaster}`;
  Deno.test({
    name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name,
    ignore,
    fn: async () => {
      const conf = { supportActingMaster, deleteTopicWithBrokerRegistration: supportActingMaster };
      const servers = await TwoNameServers.up({ nameServer: conf, bare: true });
      try {
        for (const seed of [1, 2]) await walk(servers, seed);
      } finally {
        await servers.down();
      }
    },
  });
}
