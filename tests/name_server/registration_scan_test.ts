import { assertEquals, assertThrows } from "@std/assert";
import { scanRegistration } from "../../actors/name_server/registration_scan.ts";
import { HeaderError } from "../../protocol/errors.ts";
import { decodeRegisterBrokerBody, encodeRegisterBrokerBody } from "../../protocol/register_broker.ts";
import { config, table, utf8 } from "./desk_bench.ts";

Deno.test("scanRegistration() reads what the reader of whole bodies reads, in both dialects", () => {
  const topics = [
    config("T"),
    config('quote"backslash\\brace}', { perm: 7, topicSysFlag: 3 }),
    config("тема", { readQueueNums: 1, writeQueueNums: 65_535, attributes: new Map([["+message.type", "{]"]]) }),
  ];
  const plain = table(topics);
  const info = { topic: "T", bname: "a", currIdMap: new Map([[0, 2]]), dirty: false, epoch: 2 ** 53, totalQueues: 1 };
  const wrapper = { ...plain.topicConfigSerializeWrapper, topicQueueMappingInfoMap: new Map([["T", info]]) };
  const body = { filterServerList: ["10.0.0.9:1"], topicConfigSerializeWrapper: wrapper };
  for (const dialect of ["fastjson", "standard"] as const) {
    const bytes = encodeRegisterBrokerBody(body, dialect);
    const scanned = scanRegistration(bytes);
    const { topicConfigSerializeWrapper: whole, filterServerList } = decodeRegisterBrokerBody(bytes);
    const shapes = [...whole.topicConfigTable.values()].map((topic) => ({
      topicName: topic.topicName,
      readQueueNums: topic.readQueueNums,
      writeQueueNums: topic.writeQueueNums,
      perm: topic.perm,
      topicSysFlag: topic.topicSysFlag,
    }));
    assertEquals(scanned?.topics, shapes);
    assertEquals(scanned?.rest, {
      filterServerList,
      topicConfigSerializeWrapper: { ...whole, topicConfigTable: new Map() },
    });
  }
});

Deno.test("scanRegistration() leaves to the lenient reader what is not strict", () => {
  const wrapped = (inside: string): string => `{"filterServerList":[],"topicConfigSerializeWrapper":${inside}}`;
  const lenient = [
    wrapped(`{"topicConfigTable":{'T':{"topicName":"T"}}}`),
    wrapped(`{"topicConfigTable":{"T":{topicName:"T"}}}`),
    wrapped(`{"topicConfigTable":null}`),
    wrapped(`{"topicConfigTable":{},"topicConfigTable":{"T":{"topicName":"T"}}}`),
    wrapped("null"),
    "[]",
    "{",
  ];
  for (const text of lenient) assertEquals(scanRegistration(utf8(text)), undefined, text);
});

Deno.test("scanRegistration() names the field that is wrong", () => {
  const text = `{"topicConfigSerializeWrapper":{"topicConfigTable":{"T":{"topicName":"T","perm":[]}}}}`;
  assertThrows(() => scanRegistration(utf8(text)), HeaderError, "topicConfigSerializeWrapper.topicConfigTable.T.perm");
});
