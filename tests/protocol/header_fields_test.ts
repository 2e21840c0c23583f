import { assert, assertEquals, assertThrows } from "@std/assert";
import type { ExtFields } from "../../protocol/command.ts";
import { HeaderError } from "../../protocol/errors.ts";
import * as protocol from "../../protocol/mod.ts";

/** Fields of one header class of Apache 5.4.0. */
interface JavaHeader {
  readonly fields: Readonly<Record<string, "String" | "int" | "long" | "boolean" | "BoundaryType">>;
  readonly required: readonly string[];
}

const HEADERS: Readonly<Record<string, JavaHeader>> = JSON.parse(
  Deno.readTextFileSync(new URL("../golden/header_fields.json", import.meta.url)),
);

/** Headers that share one type here because their fields are the same, or that are named after more than one request. */
const TYPES: Readonly<Record<string, string>> = {
  AddWritePermOfBrokerRequestHeader: "BrokerNameRequestHeader",
  AddWritePermOfBrokerResponseHeader: "AddWritePermResponseHeader",
  CleanControllerBrokerDataRequestHeader: "CleanBrokerDataRequestHeader",
  ConsumeMessageDirectlyResultRequestHeader: "ConsumeMessageDirectlyRequestHeader",
  CreateAclRequestHeader: "AclSubjectRequestHeader",
  CreateUserRequestHeader: "UserRequestHeader",
  DeleteKVConfigRequestHeader: "KvConfigRequestHeader",
  DeleteTopicFromNamesrvRequestHeader: "DeleteTopicInNamesrvRequestHeader",
  DeleteTopicRequestHeader: "TopicRequestHeader",
  DeleteUserRequestHeader: "UserRequestHeader",
  ExchangeHAInfoRequestHeader: "ExchangeHaInfoHeader",
  ExchangeHAInfoResponseHeader: "ExchangeHaInfoHeader",
  ExportRocksDBConfigToJsonRequestHeader: "ExportRocksDbConfigRequestHeader",
  GetAclRequestHeader: "AclSubjectRequestHeader",
  GetConsumerConnectionListRequestHeader: "ConsumerGroupRequestHeader",
  GetConsumerListByGroupRequestHeader: "ConsumerGroupRequestHeader",
  GetEarliestMsgStoretimeRequestHeader: "QueueRequestHeader",
  GetEarliestMsgStoretimeResponseHeader: "EarliestStoreTimeResponseHeader",
  GetKVConfigRequestHeader: "KvConfigRequestHeader",
  GetKVConfigResponseHeader: "GetKvConfigResponseHeader",
  GetKVListByNamespaceRequestHeader: "GetKvListRequestHeader",
  GetMaxOffsetResponseHeader: "OffsetResponseHeader",
  GetMinOffsetRequestHeader: "QueueRequestHeader",
  GetMinOffsetResponseHeader: "OffsetResponseHeader",
  GetSubscriptionGroupConfigRequestHeader: "GroupRequestHeader",
  GetTopicConfigRequestHeader: "TopicRequestHeader",
  GetTopicStatsInfoRequestHeader: "TopicRequestHeader",
  GetUserRequestHeader: "UserRequestHeader",
  NotifyConsumerIdsChangedRequestHeader: "ConsumerGroupRequestHeader",
  PutKVConfigRequestHeader: "PutKvConfigRequestHeader",
  QueryConsumeTimeSpanRequestHeader: "GroupRequestHeader",
  QueryConsumerOffsetResponseHeader: "OffsetResponseHeader",
  QueryDataVersionRequestHeader: "BrokerIdentityRequestHeader",
  QuerySubscriptionByConsumerRequestHeader: "GroupRequestHeader",
  QueryTopicConsumeByWhoRequestHeader: "TopicRequestHeader",
  QueryTopicsByConsumerRequestHeader: "GroupRequestHeader",
  SearchOffsetResponseHeader: "OffsetResponseHeader",
  UnRegisterBrokerRequestHeader: "BrokerIdentityRequestHeader",
  UpdateAclRequestHeader: "AclSubjectRequestHeader",
  UpdateUserRequestHeader: "UserRequestHeader",
  WipeWritePermOfBrokerRequestHeader: "BrokerNameRequestHeader",
  WipeWritePermOfBrokerResponseHeader: "WipeWritePermResponseHeader",
};

/** Classes that nothing in RocketMQ sends: their request has no header, or no code. */
const UNUSED = new Set([
  "CheckTransactionStateResponseHeader",
  "InitConsumerOffsetRequestHeader",
  "RegisterOrderTopicRequestHeader",
]);

/** Fields that Java's class marks as required and that may be missing here all the same. */
const MAY_BE_MISSING: Readonly<Record<string, readonly string[]>> = {
  // Java's own class fills these in.
  CreateTopicRequestHeader: ["order"],
  ElectMasterRequestHeader: ["clusterName", "brokerName", "brokerId", "designateElect"],
  NotificationResponseHeader: ["hasMsg"],
  // Peers before 5.4 do not know paging: they send none of it and expect the whole table.
  GetAllSubscriptionGroupRequestHeader: ["groupSeq"],
  GetAllSubscriptionGroupResponseHeader: ["totalGroupNum"],
  GetAllTopicConfigRequestHeader: ["topicSeq"],
  GetAllTopicConfigResponseHeader: ["totalTopicNum"],
  // These share a type with requests that do without a topic.
  QueryConsumeTimeSpanRequestHeader: ["topic"],
};

interface Codec {
  readonly decode: (ext: ExtFields) => unknown;
  readonly encode: (header: unknown) => ExtFields;
}

function codecOf(javaName: string): Codec {
  const name = TYPES[javaName] ?? javaName;
  const members: Readonly<Record<string, unknown>> = protocol;
  const decode = members[`decode${name}`];
  const encode = members[`encode${name}`];
  assert(typeof decode === "function" && typeof encode === "function", `${javaName}: no codec named ${name}`);
  return { decode: decode as Codec["decode"], encode: encode as Codec["encode"] };
}

function sampleOf(type: string, index: number): string {
  switch (type) {
    case "int":
      return String(-7 - index);
    case "long":
      return String(2 ** 40 + index);
    case "boolean":
      return index % 2 === 0 ? "true" : "false";
    default:
      return `text ${index}`;
  }
}

function samplesOf(header: JavaHeader): ExtFields {
  return Object.fromEntries(
    Object.entries(header.fields).map(([name, type], index) => [name, sampleOf(type, index)]),
  );
}

for (const [name, header] of Object.entries(HEADERS)) {
  if (UNUSED.has(name)) continue;
  Deno.test(`Codec of ${name} keeps every field that Java's class has`, () => {
    const { decode, encode } = codecOf(name);
    const again = encode(decode(samplesOf(header)));
    for (const [field, value] of Object.entries(samplesOf(header))) assertEquals(again[field], value, field);
  });

  Deno.test(`Codec of ${name} reads a header with the required fields alone and refuses one without them`, () => {
    const { decode, encode } = codecOf(name);
    const samples = samplesOf(header);
    const required: ExtFields = {};
    for (const field of header.required) required[field] = samples[field] ?? "";
    const again = encode(decode(required));
    for (const field of header.required) assertEquals(again[field], required[field], field);
    for (const field of header.required) {
      if (MAY_BE_MISSING[name]?.includes(field)) continue;
      const { [field]: _left, ...rest } = required;
      assertEquals(assertThrows(() => decode(rest), HeaderError, undefined, field).field, field);
    }
  });
}
