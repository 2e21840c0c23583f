/**
 * A hundred thousand topics: as JSON they just fit into a frame, compressed they are small.
 */

import { assert, assertEquals } from "@std/assert";
import { encodeRegisterBrokerBody, encodeRegisterBrokerBodyCompressed } from "../../protocol/register_broker.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { decodeTopicList } from "../../protocol/bodies/name_lists.ts";
import { FRAME_BYTES_MAX } from "../../protocol/limits.ts";
import { config, MASTER, table } from "./desk_bench.ts";
import { withNameServerProcess } from "./name_server_process.ts";
import { textOf, WireClient } from "./wire_client.ts";

const TOPIC_COUNT = 100_000;

/** Resident memory of a name server that has seen seven registrations of a hundred thousand topics. Bytes. */
const RESIDENT_BYTES_MAX = 640_000_000;

const topicNames = Array.from({ length: TOPIC_COUNT }, (_, at) => `T${String(at).padStart(6, "0")}`);

Deno.test("name server registers a hundred thousand topics, compressed or not, and serves routes meanwhile", async () => {
  await withNameServerProcess(async (server) => {
    using broker = await WireClient.connect(server.port);
    using client = await WireClient.connect(server.port);
    const body = table(topicNames.map((name) => config(name)));
    const plain = encodeRegisterBrokerBody(body);
    const compressed = encodeRegisterBrokerBodyCompressed(body);
    assert(plain.length < FRAME_BYTES_MAX && plain.length > 0.9 * FRAME_BYTES_MAX, `${plain.length} bytes`);
    assert(compressed.length < 1_000_000, `${compressed.length} bytes`);

    assertEquals((await broker.invoke(RequestCode.REGISTER_BROKER, MASTER, plain)).code, 0);
    const known = await client.invoke(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "T012345" });
    assertEquals(known.code, 0);

    // While the next registration is read, what is in the gateway's cache is answered.
    const registered = broker.invoke(RequestCode.REGISTER_BROKER, MASTER, plain);
    let answeredMeanwhile = 0;
    let isDone = false;
    void registered.then(() => isDone = true);
    while (!isDone) {
      assertEquals((await client.invoke(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "T012345" })).body, known.body);
      answeredMeanwhile++;
    }
    assertEquals((await registered).code, 0);
    assert(answeredMeanwhile > 10, `${answeredMeanwhile} answers`);

    const other = { ...MASTER, brokerName: "b", brokerAddr: "10.0.0.2:10911" };
    assertEquals((await broker.invoke(RequestCode.REGISTER_BROKER, other, compressed)).code, 0);
    const route = await client.invoke(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "T099999" });
    assert(textOf(route).includes(`"brokerName":"b"`));
    const all = await client.invoke(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER);
    assertEquals(decodeTopicList(all.body).topicList.length, TOPIC_COUNT);

    for (let round = 0; round < 5; round++) await broker.invoke(RequestCode.REGISTER_BROKER, MASTER, plain);
    const residentBytes = server.residentBytes();
    console.log(`${residentBytes} bytes resident`);
    assert(residentBytes < RESIDENT_BYTES_MAX, `${residentBytes} bytes resident`);
  });
});
