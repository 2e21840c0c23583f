/** A group of Java and Go push consumers shares the queues evenly while members come and go, and nothing is lost. */
import { assertEquals } from "@std/assert";
import { until } from "../helpers/until.ts";
import { createTopic } from "./broker_requests.ts";
import { Group, produce } from "./consumers.ts";
import { type Delivery, summarize } from "./delivery_log.ts";
import { conformanceSuite } from "./suite.ts";

const QUEUES = 8;
const test = conformanceSuite({ clients: ["java54", "go"] });

/** Queues that each member was given messages of. */
function shares(deliveries: readonly Delivery[]): Record<string, number> {
  const owners = new Map<number, Set<string>>();
  for (const { queueId, member } of deliveries) owners.set(queueId, (owners.get(queueId) ?? new Set()).add(member));
  const counts: Record<string, number> = {};
  for (const members of owners.values()) {
    const owner = members.size === 1 ? [...members][0]! : "two owners";
    counts[owner] = (counts[owner] ?? 0) + 1;
  }
  return counts;
}

test(
  "A group of Java and Go members is balanced again each time that one comes or goes",
  ["java54", "go"],
  async (context) => {
    const { target } = context;
    const java = await context.client("java54");
    const go = await context.client("go");
    const topic = "Mixed";
    await createTopic(target, topic, { queues: QUEUES });
    const javaPart = new Group(java, target, "cg_mixed", topic);
    const goPart = new Group(go, target, "cg_mixed", topic);
    await java.call("producer.start", { name: topic, group: "pg_mixed", namesrv: target.nameServer });
    let sent = 0;
    const all = async (): Promise<Delivery[]> => {
      await goPart.count();
      return await javaPart.deliveries();
    };
    /** Sends one message to each queue and looks who gets them, until the shares are as they should be. */
    const settle = async (wanted: Record<string, number>): Promise<void> => {
      let last: Record<string, number> = {};
      await until(async () => {
        const from = sent;
        await produce(java, target, topic, { topic, mode: "ordered", from, count: QUEUES, shards: QUEUES });
        sent += QUEUES;
        const mine = await until(async () => {
          const round = (await all()).filter(({ seq }) => seq >= from);
          return new Set(round.map(({ seq }) => seq)).size === QUEUES ? round : undefined;
        }, { timeoutMs: 60_000, what: `the messages from ${from} on` });
        last = shares(mine);
        return JSON.stringify(Object.entries(last).sort()) === JSON.stringify(Object.entries(wanted).sort());
      }, { timeoutMs: 90_000, what: `shares ${JSON.stringify(wanted)}` }).catch((error) => {
        throw new Error(`${error.message}, they are ${JSON.stringify(last)}`);
      });
    };

    await javaPart.join("java1");
    await settle({ java1: 8 });
    await goPart.join("go1");
    await settle({ java1: 4, go1: 4 });
    await javaPart.join("java2");
    await goPart.join("go2");
    await settle({ java1: 2, java2: 2, go1: 2, go2: 2 });
    await goPart.leave("go1");
    await javaPart.leave("java2");
    await settle({ java1: 4, go2: 4 });

    const summary = summarize(await all(), sent);
    assertEquals({ missing: summary.missing, damaged: summary.damaged }, { missing: [], damaged: 0 });
    await goPart.end();
    await javaPart.end();
    await java.call("producer.stop", { name: topic });
  },
);
