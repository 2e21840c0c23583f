/**
 * Pages of the topic and group tables, as slaves of RocketMQ 5.3.3 and later read them.
 *
 * Owns: which names a page holds.
 * Reads: nothing.
 * Never: a page of an old table: when the asker's version is not the table's, it gets the first page.
 *
 * Source: apache/rocketmq broker TopicConfigManager.subTopicConfigTable, SubscriptionGroupManager.subGroupTable
 */
import { type DataVersion, decodeDataVersion, isSameDataVersion } from "../../../protocol/data_version.ts";
import type { BrokerValues } from "../broker_configuration.ts";

/** What a request says of the page that it wants; all undefined asks for everything. */
export interface PageRequest {
  /** Index of the first name. */
  readonly begin: number | undefined;
  /** Data version that the asker has, JSON; empty when it has none. */
  readonly version: string | undefined;
  /** Most names. */
  readonly count: number | undefined;
}

/**
 * Names of a page.
 *
 * @param names every name of the table
 * @param version the table's version
 * @param request the page wanted
 * @param values configuration: whether there are pages, and how large
 */
export function pageOf(
  names: readonly string[],
  version: DataVersion,
  request: PageRequest,
  values: Pick<BrokerValues, "enableSplitMetadata" | "splitMetadataSize">,
): readonly string[] {
  const everything = request.begin === undefined && request.version === undefined && request.count === undefined;
  if (!values.enableSplitMetadata || everything) return names;
  const asked = request.version?.trim() ? decodeDataVersion(request.version) : undefined;
  const begin = asked !== undefined && isSameDataVersion(asked, version) ? request.begin ?? 0 : 0;
  const count = Math.min(values.splitMetadataSize, request.count ?? Infinity);
  return names.toSorted().slice(begin, begin + count);
}
