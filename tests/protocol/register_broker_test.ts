import { assertEquals, assertThrows } from "@std/assert";
import { deflateSync, inflateSync } from "node:zlib";
import { ProtocolError } from "../../protocol/errors.ts";
import { REGISTER_BODY_BYTES_MAX } from "../../protocol/limits.ts";
import {
  decodeRegisterBrokerBody,
  encodeRegisterBrokerBody,
  encodeRegisterBrokerBodyCompressed,
  type RegisterBrokerBody,
} from "../../protocol/register_broker.ts";
import { formatTopicConfigLine, parseTopicConfigLine, type TopicConfig } from "../../protocol/topic_config.ts";
import { encodeUtf8 } from "../../protocol/utf8.ts";
import { assertDecodesOrRefuses, EXTREME_LENGTHS, seededRandom, withBitFlipped, withInt } from "./fuzz.ts";

function topic(topicName: string, changes: Partial<TopicConfig> = {}): TopicConfig {
  return {
    topicName,
    readQueueNums: 4,
    writeQueueNums: 8,
    perm: 6,
    topicFilterType: "SINGLE_TAG",
    topicSysFlag: 0,
    order: false,
    attributes: new Map(),
    ...changes,
  };
}

const BODY: RegisterBrokerBody = {
  filterServerList: ["192.0.2.1:1"],
  topicConfigSerializeWrapper: {
    dataVersion: { stateVersion: 0, timestamp: 5, counter: 6 },
    topicConfigTable: new Map([["A", topic("A")], [
      "B",
      topic("B", { attributes: new Map([["message.type", "FIFO"]]) }),
    ]]),
    topicQueueMappingInfoMap: new Map([
      ["A", {
        bname: "b",
        currIdMap: new Map([[0, 1]]),
        dirty: false,
        epoch: 3,
        scope: "s",
        topic: "A",
        totalQueues: 2,
      }],
    ]),
  },
};

Deno.test("decodeRegisterBrokerBody() undoes both forms, told apart by the first byte", () => {
  assertEquals(decodeRegisterBrokerBody(encodeRegisterBrokerBody(BODY)), BODY);
  assertEquals(decodeRegisterBrokerBody(encodeRegisterBrokerBodyCompressed(BODY)), BODY);
});

Deno.test("decodeRegisterBrokerBody() reads no mapping section from brokers before 5.0", () => {
  const old = decodeRegisterBrokerBody(encodeRegisterBrokerBodyCompressed(BODY, 409), 409);
  assertEquals(old.topicConfigSerializeWrapper.topicConfigTable, BODY.topicConfigSerializeWrapper.topicConfigTable);
  assertEquals(old.topicConfigSerializeWrapper.topicQueueMappingInfoMap?.size, 0);
});

Deno.test("decodeRegisterBrokerBody() reads a bare topic table from brokers before 3.0.11", () => {
  const body = decodeRegisterBrokerBody(`{"topicConfigTable":{"A":{"topicName":"A"}}}`, 36);
  assertEquals([...body.topicConfigSerializeWrapper.topicConfigTable.keys()], ["A"]);
});

Deno.test("decodeRegisterBrokerBody() refuses what is neither JSON nor a zlib stream", () => {
  for (const body of [new Uint8Array(), encodeUtf8("xx"), Uint8Array.of(0x78, 0x9c, 1)]) {
    assertThrows(() => decodeRegisterBrokerBody(body), ProtocolError);
  }
});

Deno.test("decodeRegisterBrokerBody() refuses a stream that inflates beyond its bound", () => {
  const bomb = deflateSync(new Uint8Array(REGISTER_BODY_BYTES_MAX + 1));
  assertEquals(assertThrows(() => decodeRegisterBrokerBody(bomb), ProtocolError).code, "BODY_MALFORMED");
});

Deno.test("decodeRegisterBrokerBody() refuses extreme lengths and counts", () => {
  const plain = new Uint8Array(inflateSync(encodeRegisterBrokerBodyCompressed(BODY)));
  const versionBytes = encodeUtf8(`{"counter":6,"stateVersion":0,"timestamp":5}`).length;
  const positions = [0, 4 + versionBytes, 8 + versionBytes];
  for (const position of positions) {
    for (const value of EXTREME_LENGTHS) {
      const damaged = deflateSync(withInt(plain, position, value));
      assertThrows(() => decodeRegisterBrokerBody(damaged), ProtocolError, undefined, `${position} ${value}`);
    }
  }
});

Deno.test("decodeRegisterBrokerBody() decodes or refuses damage in both layers", () => {
  const random = seededRandom(5);
  const compressed = encodeRegisterBrokerBodyCompressed(BODY);
  const plain = new Uint8Array(inflateSync(compressed));
  for (let trial = 0; trial < 300; trial++) {
    const outer = withBitFlipped(compressed, Math.floor(random() * compressed.length * 8));
    assertDecodesOrRefuses(() => decodeRegisterBrokerBody(outer), `outer ${trial}`);
    const inner = deflateSync(withBitFlipped(plain, Math.floor(random() * plain.length * 8)));
    assertDecodesOrRefuses(() => decodeRegisterBrokerBody(inner), `inner ${trial}`);
  }
});

Deno.test("parseTopicConfigLine() undoes formatTopicConfigLine()", () => {
  const config = topic("A", { attributes: new Map([["k", "v w"]]) });
  assertEquals(formatTopicConfigLine(config), `A 4 8 6 SINGLE_TAG {"k":"v w"}`);
  assertEquals(parseTopicConfigLine(formatTopicConfigLine(config)), config);
});

Deno.test("parseTopicConfigLine() reads lines without attributes and with attributes that do not parse", () => {
  assertEquals(parseTopicConfigLine("A 4 8 6 SINGLE_TAG"), topic("A"));
  assertEquals(parseTopicConfigLine("A 4 8 6 SINGLE_TAG "), topic("A"));
  assertEquals(parseTopicConfigLine(`A 4 8 6 SINGLE_TAG {"k":`), topic("A"));
});

Deno.test("parseTopicConfigLine() refuses lines that are too short or hold no numbers", () => {
  for (const line of ["", "A", "A 4 8 6", "A x 8 6 SINGLE_TAG", "A 4  6 SINGLE_TAG"]) {
    assertEquals(assertThrows(() => parseTopicConfigLine(line), ProtocolError).code, "BODY_MALFORMED", line);
  }
});
