/**
 * Writes a route as the answer to request 105.
 *
 * Owns: which fields are written, and the zone filter. Reads: a route. Never: tables.
 * Source: apache/rocketmq namesrv RouteInfoManager.pickupTopicRouteData, ZoneRouteRPCHook.filterByZoneName.
 */

import { type BrokerData, encodeTopicRouteData } from "../../protocol/route.ts";
import { type BrokerGroup, MASTER_ID, type TopicRoute } from "./route_types.ts";

/** How a route is written. */
export interface RouteAnswerOptions {
  /** Fixed queues of an ordered topic; left out of the answer when undefined. */
  readonly orderTopicConf: string | undefined;
  /** Keep only brokers of this zone, and those without a master. */
  readonly zoneName: string | undefined;
  /** Quoted ids and escaped text instead of fastjson's own form. */
  readonly isStandard: boolean;
}

/**
 * Encodes a route.
 *
 * @param route The route.
 * @param options Dialect and filter.
 * @returns UTF-8, compact: the Go client cuts addresses out of the text.
 */
export function encodeRoute(route: TopicRoute, options: RouteAnswerOptions): Uint8Array {
  const { brokers, queues, filterServers, mappings } = inZone(route, options.zoneName);
  return encodeTopicRouteData({
    brokerDatas: brokers.map(brokerDataOf),
    filterServerTable: filterServers,
    orderTopicConf: options.orderTopicConf,
    queueDatas: queues,
    topicQueueMappingByBroker: mappings,
  }, options.isStandard ? "standard" : "fastjson");
}

/**
 * A group as routes and cluster info show it.
 *
 * @param group The group.
 * @returns Its fields with the addresses in the order of their ids.
 */
export function brokerDataOf(group: BrokerGroup): BrokerData {
  return {
    brokerAddrs: new Map([...group.addresses].sort(([left], [right]) => left - right)),
    brokerName: group.brokerName,
    cluster: group.cluster,
    enableActingMaster: group.enableActingMaster,
    zoneName: group.zoneName,
  };
}

/** A broker without a master is kept in every zone, so that consumers can go on reading from its slaves. */
function inZone(route: TopicRoute, zoneName: string | undefined): TopicRoute {
  if (zoneName === undefined) return route;
  const wanted = zoneName.toLowerCase();
  const isKept = (group: BrokerGroup): boolean =>
    !group.addresses.has(MASTER_ID) || group.zoneName?.toLowerCase() === wanted;
  const removed = route.brokers.filter((group) => !isKept(group));
  const removedNames = new Set(removed.map((group) => group.brokerName));
  const removedAddresses = new Set(removed.flatMap((group) => [...group.addresses.values()]));
  return {
    brokers: route.brokers.filter(isKept),
    queues: route.queues.filter((queue) => !removedNames.has(queue.brokerName)),
    filterServers: new Map([...route.filterServers].filter(([address]) => !removedAddresses.has(address))),
    mappings: route.mappings,
  };
}
