/**
 * Recorded conversations with RocketMQ's name server, replayed: the answers must be the recorded ones.
 *
 * Bodies are compared byte by byte except where a test says what it masks.
 */

import { assert, assertEquals } from "@std/assert";
import { parseProperties } from "../../protocol/properties_text.ts";
import { encodeRegisterBrokerBody } from "../../protocol/register_broker.ts";
import type { TopicConfig } from "../../protocol/topic_config.ts";
import { decodeTopicRouteData } from "../../protocol/route.ts";
import { decodeClusterInfo } from "../../protocol/cluster_info.ts";
import type { RemotingCommand } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { type GoldenExchange, goldenExchanges } from "./golden_frames.ts";
import { withNameServer } from "./servers.ts";
import { textOf, WireClient } from "./wire_client.ts";

/** What is compared of an answer: all of its header but `language`, `version` and how it was written, and its body. */
function shown(answer: RemotingCommand, body: unknown = textOf(answer)): unknown {
  return { code: answer.code, opaque: answer.opaque, flag: answer.flag, remark: answer.remark, ext: answer.ext, body };
}

/** One client for each connection of a recording. */
class Connections implements Disposable {
  readonly #clients = new Map<string, WireClient>();
  readonly #port: number;

  constructor(port: number) {
    this.#port = port;
  }

  async replay(exchange: GoldenExchange): Promise<RemotingCommand> {
    const client = this.#clients.get(exchange.connection) ?? await WireClient.connect(this.#port);
    this.#clients.set(exchange.connection, client);
    return await client.exchange(exchange.frame);
  }

  [Symbol.dispose](): void {
    for (const client of this.#clients.values()) client[Symbol.dispose]();
  }
}

function topicConfig(topicName: string, fields: Partial<TopicConfig> = {}): TopicConfig {
  return {
    topicName,
    readQueueNums: 4,
    writeQueueNums: 4,
    perm: 6,
    topicFilterType: "SINGLE_TAG",
    topicSysFlag: 0,
    order: false,
    attributes: new Map(),
    ...fields,
  };
}

let dataVersionCounter = 0;

/** Registers broker-a as it was during the recordings. */
async function register(client: WireClient, topics: readonly TopicConfig[], address: string): Promise<void> {
  const topicConfigTable = new Map(topics.map((config) => [config.topicName, config]));
  const dataVersion = { stateVersion: 0, timestamp: 1, counter: ++dataVersionCounter };
  const answer = await client.invoke(
    RequestCode.REGISTER_BROKER,
    {
      brokerName: "broker-a",
      brokerAddr: address,
      clusterName: "DefaultCluster",
      haServerAddr: "127.0.0.1:20912",
      brokerId: "0",
      enableActingMaster: "false",
    },
    encodeRegisterBrokerBody({
      filterServerList: [],
      topicConfigSerializeWrapper: { dataVersion, topicConfigTable },
    }),
  );
  assertEquals(answer.code, 0, answer.remark);
}

Deno.test("name server answers as recorded when a broker registers and creates topics", async () => {
  await withNameServer({}, async (server) => {
    using connections = new Connections(server.port);
    const exchanges = goldenExchanges("broker-namesrv");
    assertEquals(exchanges.length, 69);
    for (const exchange of exchanges) {
      assertEquals(shown(await connections.replay(exchange)), shown(exchange.answer), exchange.label);
    }
  });
});

Deno.test("name server answers as recorded when a broker leaves and comes back", async () => {
  await withNameServer({}, async (server) => {
    using connections = new Connections(server.port);
    using seeder = await WireClient.connect(server.port);
    const exchanges = goldenExchanges("broker-namesrv-restart");
    const topics = [topicConfig("T_PLAIN"), topicConfig("TBW102")];
    await register(seeder, topics, "127.0.0.1:20911");
    await seeder.invoke(RequestCode.PUT_KV_CONFIG, {
      namespace: "ORDER_TOPIC_CONFIG",
      key: "AdmTopicCluster",
      value: "broker-a:2",
    });
    for (const exchange of exchanges) {
      assertEquals(shown(await connections.replay(exchange)), shown(exchange.answer), exchange.label);
    }
  });
});

/** The recording began while another cluster was there; it is left out of what is compared. */
function withoutOthers(answer: RemotingCommand): unknown {
  const { brokerAddrTable, clusterAddrTable } = decodeClusterInfo(answer.body);
  return shown(answer, [brokerAddrTable.get("ha-a"), clusterAddrTable.get("HaCluster")]);
}

Deno.test("name server answers as recorded when a slave comes and goes", async () => {
  await withNameServer({}, async (server) => {
    using connections = new Connections(server.port);
    for (const exchange of goldenExchanges("broker-namesrv-with-slave")) {
      const view = exchange.request.code === RequestCode.GET_BROKER_CLUSTER_INFO ? withoutOthers : shown;
      assertEquals(view(await connections.replay(exchange)), view(exchange.answer), exchange.label);
    }
  });
});

/** Keys of request 319 whose values are places of the machine. */
const PLACES = ["bindAddress", "configStorePath", "kvConfigPath", "rocketmqHome", "listenPort"];

function properties(answer: RemotingCommand): unknown {
  const table = parseProperties(textOf(answer));
  for (const key of PLACES) table.set(key, "(place)");
  return shown(answer, [...table]);
}

Deno.test("name server answers as recorded when mqadmin changes configuration, values and permissions", async () => {
  await withNameServer({}, async (server) => {
    using connections = new Connections(server.port);
    using seeder = await WireClient.connect(server.port);
    // The broker had 57 topics: wipeWritePerm and addWritePerm count them.
    await register(seeder, Array.from({ length: 57 }, (_, at) => topicConfig(`T${at}`)), "127.0.0.1:20911");
    for (const exchange of goldenExchanges("mqadmin-namesrv")) {
      const view = exchange.request.code === RequestCode.GET_NAMESRV_CONFIG ? properties : shown;
      assertEquals(view(await connections.replay(exchange)), view(exchange.answer), exchange.label);
    }
  });
});

/** Recordings of clients and tools; only their route queries are replayed, after the table was brought to what they saw. */
const ROUTE_RECORDINGS = [
  "ali-ons-client",
  "go-client",
  "java49-client",
  "java54-acl-signed",
  "java54-admin-api",
  "java54-binary-header",
  "java54-compression",
  "java54-lite-pull",
  "java54-producer",
  "java54-push-concurrent",
  "java54-push-orderly",
  "java54-push-pop",
  "java54-request-reply",
  "java54-trace",
  "java54-transaction",
  "mqadmin-broker",
  "mqadmin-connection",
  "mqadmin-message",
  "mqadmin-topic",
];

/** Gives the topic the queues that the recorded answer shows, or none. */
async function bringTo(seeder: WireClient, exchange: GoldenExchange): Promise<void> {
  const topic = exchange.request.ext["topic"] ?? "";
  if (exchange.answer.code !== 0) {
    await seeder.invoke(RequestCode.DELETE_TOPIC_IN_NAMESRV, { topic });
    return;
  }
  const { brokerDatas, queueDatas } = decodeTopicRouteData(exchange.answer.body);
  assertEquals(queueDatas.map((queue) => queue.brokerName), ["broker-a"], exchange.label);
  const address = brokerDatas[0]?.brokerAddrs.get(0);
  assert(address !== undefined && queueDatas[0] !== undefined);
  await register(seeder, [topicConfig("TBW102"), topicConfig(topic, queueDatas[0])], address);
}

for (const name of ROUTE_RECORDINGS) {
  Deno.test(`name server answers route queries of ${name} byte for byte as recorded`, async () => {
    await withNameServer({}, async (server) => {
      using seeder = await WireClient.connect(server.port);
      await register(seeder, [topicConfig("TBW102"), topicConfig("other")], "127.0.0.1:20911");
      const queries = goldenExchanges(name).filter(({ request }) =>
        request.code === RequestCode.GET_ROUTEINFO_BY_TOPIC
      );
      assert(queries.length > 0);
      using connections = new Connections(server.port);
      for (const exchange of queries) {
        await bringTo(seeder, exchange);
        assertEquals(shown(await connections.replay(exchange)), shown(exchange.answer), exchange.label);
      }
    });
  });
}
