import { assertEquals } from "@std/assert";
import { Registrar } from "../../actors/broker/controller/registrar.ts";
import { decodeRegisterBrokerRequestHeader } from "../../protocol/commands/broker_registration.ts";
import { createResponse, type RemotingCommand } from "../../protocol/command.ts";
import { bodyCrc } from "../../protocol/crc32.ts";
import { encodeKvTable } from "../../protocol/kv_table.ts";
import { decodeRegisterBrokerBody } from "../../protocol/register_broker.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { topicConfigOf } from "../../store/topic_table.ts";
import { within } from "../helpers/until.ts";
import { goldenLines } from "./golden_registrations.ts";
import { PlaneBench } from "./plane_bench.ts";

interface Sent {
  readonly address: string;
  readonly command: RemotingCommand;
}

class Bench {
  readonly plane: PlaneBench;
  readonly sent: Sent[] = [];
  readonly events: string[] = [];
  answer: (sent: Sent) => Promise<RemotingCommand> = ({ command }) => Promise.resolve(createResponse(command, 0));
  readonly registrar: Registrar;

  constructor(conf: string) {
    this.plane = new PlaneBench({ conf });
    this.registrar = new Registrar(this.plane.plane.state, (address, command) => {
      const sent = { address, command };
      this.sent.push(sent);
      return this.answer(sent);
    }, {
      ordered: (topics) => void this.events.push(`ordered ${topics.join()}`),
      master: (address, ha) => void this.events.push(`master ${address} ${ha}`),
      accepted: (address) => void this.events.push(`accepted ${address}`),
      failed: (address, reason) => void this.events.push(`failed ${address} ${reason}`),
    });
  }

  topicsOf(index: number): string[] {
    return [
      ...decodeRegisterBrokerBody(this.sent[index]!.command.body).topicConfigSerializeWrapper.topicConfigTable.keys(),
    ];
  }
}

Deno.test("Registrar.registerAll() sends what RocketMQ 5.4.0 sends", async () => {
  const golden = goldenLines("broker-namesrv").find(({ code }) => code === RequestCode.REGISTER_BROKER)!;
  const bench = new Bench("namesrvAddr=127.0.0.1:19876\nlistenPort=20911\nhaListenPort=20912\n");
  assertEquals(await bench.registrar.registerAll(), 1);
  const { command } = bench.sent[0]!;
  const { bodyCrc32, ...header } = decodeRegisterBrokerRequestHeader(command.ext);
  const { bodyCrc32: _, ...wanted } = decodeRegisterBrokerRequestHeader(golden.ext);
  assertEquals(header, wanted);
  assertEquals(bodyCrc32, bodyCrc(command.body));
  const body = decodeRegisterBrokerBody(command.body);
  const recorded = decodeRegisterBrokerBody(golden.body);
  assertEquals(body.filterServerList, recorded.filterServerList);
  const { topicConfigTable } = body.topicConfigSerializeWrapper;
  const { topicConfigTable: recordedTable } = recorded.topicConfigSerializeWrapper;
  assertEquals(new Map([...topicConfigTable].sort()), new Map([...recordedTable].sort()));
  assertEquals(Object.keys(JSON.parse(new TextDecoder().decode(command.body))).sort(), [
    "filterServerList",
    "topicConfigSerializeWrapper",
  ]);
});

Deno.test("Registrar.registerAll() tells every name server although one is dead and one refuses", async () => {
  const bench = new Bench("namesrvAddr=dead:1; refuses:2 ;good:3;\n");
  bench.answer = ({ address, command }) => {
    if (address === "dead:1") return Promise.reject(new Error("no route"));
    return Promise.resolve(createResponse(command, address === "refuses:2" ? 1 : 0, "register broker failed"));
  };
  assertEquals(await bench.registrar.registerAll(), 1);
  assertEquals(bench.events.toSorted(), [
    "accepted good:3",
    "failed dead:1 no route",
    "failed refuses:2 register broker failed",
  ]);
  assertEquals(await bench.registrar.registerAll(), 1);
  assertEquals(bench.events.filter((event) => event === "accepted good:3").length, 1);
});

Deno.test("Registrar.registerChanged() sends one more registration for all that changes while one is under way", async () => {
  const bench = new Bench("namesrvAddr=a:1\n");
  const gate = Promise.withResolvers<void>();
  bench.answer = async ({ command }) => {
    await gate.promise;
    return createResponse(command, 0);
  };
  const all = [
    bench.registrar.registerChanged([topicConfigOf("A", 1, 6)]),
    bench.registrar.registerChanged([topicConfigOf("B", 1, 6)]),
    bench.registrar.registerChanged([topicConfigOf("C", 1, 6)]),
  ];
  gate.resolve();
  assertEquals(await within(Promise.all(all), { timeoutMs: 60_000, what: "registrations" }), [1, 1, 1]);
  assertEquals(bench.sent.length, 2);
  assertEquals([bench.topicsOf(0), bench.topicsOf(1)], [["A"], ["B", "C"]]);
});

Deno.test("Registrar.registerAll() behind a change under way tells everything", async () => {
  const bench = new Bench("namesrvAddr=a:1\n");
  const changed = bench.registrar.registerChanged([topicConfigOf("A", 1, 6)]);
  await Promise.all([
    changed,
    bench.registrar.registerChanged([topicConfigOf("B", 1, 6)]),
    bench.registrar.registerAll(),
  ]);
  assertEquals(bench.topicsOf(1).includes("TBW102"), true);
  assertEquals(bench.topicsOf(1).includes("B"), false);
});

Deno.test("Registrar masks permissions of a broker that may not be written", async () => {
  const bench = new Bench("namesrvAddr=a:1\nbrokerPermission=4\n");
  await bench.registrar.registerAll();
  const { topicConfigTable } = decodeRegisterBrokerBody(bench.sent[0]!.command.body).topicConfigSerializeWrapper;
  assertEquals([topicConfigTable.get("TBW102")?.perm, topicConfigTable.get("BenchmarkTest")?.perm], [4, 4]);
});

Deno.test("Registrar passes on the master and the order topics that a name server names", async () => {
  const bench = new Bench("namesrvAddr=a:1\nbrokerId=1\nbrokerRole=SLAVE\n");
  bench.answer = ({ command }) => {
    const body = encodeKvTable({ table: new Map([["T", "b:4"]]) });
    return Promise.resolve(createResponse(command, 0, undefined, { masterAddr: "m:1", haServerAddr: "m:2" }, body));
  };
  await bench.registrar.registerAll();
  assertEquals(bench.events, ["accepted a:1", "master m:1 m:2", "ordered T"]);
});

Deno.test("Registrar.unregister() sends 104 to every name server and registers no more", async () => {
  const bench = new Bench("namesrvAddr=a:1;b:2\n");
  await bench.registrar.unregister();
  assertEquals(bench.sent.map(({ address, command }) => [address, command.code]), [["a:1", 104], ["b:2", 104]]);
  const golden = goldenLines("broker-namesrv-restart").find(({ code }) => code === RequestCode.UNREGISTER_BROKER)!;
  assertEquals(Object.keys(bench.sent[0]!.command.ext).sort(), Object.keys(golden.ext).sort());
  assertEquals(await bench.registrar.registerAll(), 0);
  assertEquals(bench.sent.length, 2);
});

Deno.test("Registrar without name servers registers nowhere", async () => {
  const bench = new Bench("");
  assertEquals([await bench.registrar.registerAll(), bench.registrar.nameServers()], [0, []]);
  await bench.registrar.unregister();
});
