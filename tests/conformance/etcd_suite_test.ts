/** One suite over etcd itself and over what stands for it in other tests: a difference is a defect of the latter. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { EtcdClient } from "../../actors/net/etcd/etcd_client.ts";
import { type Etcd, EtcdError } from "../../actors/net/etcd/etcd.ts";
import { systemClock } from "../../store/clock.ts";
import { EtcdProcess } from "../../tools/etcd_process.ts";
import { MemoryEtcd, SHORTEST_LEASE_SECONDS } from "../helpers/memory_etcd.ts";
import { until } from "../helpers/until.ts";
import { etcdIgnored } from "./etcd_needed.ts";

const PATIENCE_MS = 20_000;

const CASES: Readonly<Record<string, (etcd: Etcd) => Promise<void>>> = {
  "commit() changes what its conditions allow, once": async (etcd) => {
    assert(await etcd.commit([{ key: "/a/x", modRevision: 0 }], [{ put: "/a/x", value: "é1" }]));
    assert(!await etcd.commit([{ key: "/a/x", modRevision: 0 }], [{ put: "/a/x", value: "2" }]));
    const [entry] = await etcd.list("/a/");
    assertEquals([entry!.key, entry!.value, entry!.lease], ["/a/x", "é1", "0"]);
    assert(await etcd.commit([{ key: "/a/x", modRevision: entry!.modRevision }], [{ put: "/a/x", value: "3" }]));
    assert(!await etcd.commit([{ key: "/a/x", modRevision: entry!.modRevision }], [{ put: "/a/x", value: "4" }]));
    assertEquals((await etcd.list("/a/")).map(({ value }) => value), ["3"]);
    assert(await etcd.commit([], [{ remove: "/a/x" }]));
    assertEquals(await etcd.list("/a/"), []);
  },
  "commit() makes all of its changes or none": async (etcd) => {
    assert(await etcd.commit([], [{ put: "/b/1", value: "1" }, { put: "/b/2", value: "2" }]));
    const conditions = [{ key: "/b/1", modRevision: 0 }];
    assert(!await etcd.commit(conditions, [{ put: "/b/3", value: "3" }, { remove: "/b/2" }]));
    assertEquals((await etcd.list("/b/")).map(({ key }) => key), ["/b/1", "/b/2"]);
  },
  "list() has what begins with the prefix and nothing else": async (etcd) => {
    await etcd.commit([], ["/c/1", "/c0", "/c/", "/b/"].map((put) => ({ put, value: put })));
    assertEquals((await etcd.list("/c/")).map(({ key }) => key), ["/c/", "/c/1"]);
    assertEquals(await etcd.list("/none/"), []);
  },
  "grant() gives no lease that is shorter than the shortest": async (etcd) => {
    assertEquals((await etcd.grant(1)).ttlSeconds, SHORTEST_LEASE_SECONDS);
    assertEquals((await etcd.grant(5)).ttlSeconds, 5);
  },
  "a key lives by its lease": async (etcd) => {
    const { lease } = await etcd.grant(2);
    await etcd.commit([], [{ put: "/d/x", value: "1", lease }]);
    assertEquals((await etcd.list("/d/"))[0]!.lease, lease);
    const { modRevision } = (await etcd.list("/d/"))[0]!;
    assertEquals(await etcd.keepAlive(lease), 2);
    assertEquals((await etcd.list("/d/"))[0]!.modRevision, modRevision);
    await until(async () => (await etcd.list("/d/")).length === 0, {
      timeoutMs: PATIENCE_MS,
      what: "the lease to end",
    });
    assertEquals(await etcd.keepAlive(lease), 0);
    await assertRejects(() => etcd.commit([], [{ put: "/d/x", value: "1", lease }]), EtcdError);
  },
  "revoke() takes the keys of a lease along, and a lease that is gone is no error": async (etcd) => {
    const { lease } = await etcd.grant(60);
    await etcd.commit([], [{ put: "/e/x", value: "1", lease }]);
    await etcd.commit([], [{ put: "/e/y", value: "1", lease }]);
    await etcd.revoke(lease);
    assertEquals(await etcd.list("/e/"), []);
    await etcd.revoke(lease);
  },
};

for (const [name, body] of Object.entries(CASES)) {
  Deno.test(`etcd in memory: ${name}`, () => body(new MemoryEtcd(systemClock)));
}

Deno.test({
  name: `etcd itself: ${Object.keys(CASES).join("; ")}${etcdIgnored ? " (skipped: no etcd)" : ""}`,
  ignore: etcdIgnored,
  fn: async (test) => {
    const dir = await Deno.makeTempDir({ prefix: "ringmq-etcd-" });
    try {
      await using etcd = await EtcdProcess.start(`${dir}/etcd`);
      const client = new EtcdClient({ endpoints: [etcd.endpoint], clock: systemClock, timeoutMs: 5000 });
      for (const [name, body] of Object.entries(CASES)) await test.step(name, () => body(client));
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
