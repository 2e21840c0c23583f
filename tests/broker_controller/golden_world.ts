/**
 * The state that the recorded broker had, taken from its own answers.
 *
 * Owns: topics, groups and configuration of the broker "broker-a" of the recordings.
 * Reads: tests/golden/frames.
 * Never: invents a value that an answer gives.
 */
import { decodeSubscriptionGroupTable, subscriptionGroupTableJson } from "../../protocol/subscription_group.ts";
import { decodeTopicConfigTable, topicConfigTableJson } from "../../protocol/topic_config.ts";
import { formatConfigFile } from "../../protocol/json_codec.ts";
import { parseProperties } from "../../protocol/properties_text.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { type GoldenExchange, goldenExchanges } from "./golden_exchanges.ts";

/** First answer to a code in a recording. */
export function goldenAnswer(name: string, code: number): NonNullable<GoldenExchange["answer"]> {
  const found = goldenExchanges(name).find(({ request, answer }) => request.code === code && answer !== undefined);
  if (found?.answer === undefined) throw new TypeError(`No answer to ${code} in ${name}`);
  return found.answer;
}

/** The two tables as files, as of the export commands near the end of the recordings. */
export function goldenFiles(): Record<string, string> {
  const topics = decodeTopicConfigTable(goldenAnswer("mqadmin-export", RequestCode.GET_ALL_TOPIC_CONFIG).body);
  const groups = decodeSubscriptionGroupTable(
    goldenAnswer("mqadmin-export", RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG).body,
  );
  return {
    "topics.json": formatConfigFile(topicConfigTableJson, topics),
    "subscriptionGroup.json": formatConfigFile(subscriptionGroupTableJson, groups),
  };
}

/** Keys whose values the recorded broker took from its machine or its own configuration file. */
const CONFIGURED = [
  "brokerClusterName",
  "listenPort",
  "haListenPort",
  "namesrvAddr",
  "storePathCommitLog",
  "storePathRootDir",
  "mappedFileSizeCommitLog",
  "mappedFileSizeConsumeQueue",
  "maxHashSlotNum",
  "maxIndexNum",
  "enablePropertyFilter",
  "recallMessageEnable",
  "transactionCheckInterval",
  "transactionTimeOut",
  "rocketmqHome",
] as const;

/** Configuration of the recorded broker, as request 26 answered it. */
export function goldenConfiguration(): Map<string, string> {
  const text = new TextDecoder().decode(goldenAnswer("mqadmin-export", RequestCode.GET_BROKER_CONFIG).body);
  return parseProperties(text);
}

/** Lines of broker.conf that make a broker like the recorded one. */
export function goldenConf(): string {
  const table = goldenConfiguration();
  return CONFIGURED.map((key) => `${key}=${table.get(key) ?? ""}\n`).join("");
}
