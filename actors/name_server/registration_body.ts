/**
 * Reads a registration (request 103) into what the tables take.
 *
 * Owns: the step from header and body to `BrokerRegistration`. Reads: nothing else. Never: tables.
 * Source: apache/rocketmq namesrv DefaultRequestProcessor.registerBroker.
 */

import type { RegisterBrokerRequestHeader } from "../../protocol/commands/broker_registration.ts";
import { NO_DATA_VERSION } from "../../protocol/data_version.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import {
  decodeRegisterBrokerBody,
  REGISTER_BODY_VERSION_MIN,
  type RegisterBrokerBody,
} from "../../protocol/register_broker.ts";
import type { NameServerRequest } from "./contracts.ts";
import { type ScannedRegistration, scanRegistration } from "./registration_scan.ts";
import type { BrokerRegistration, QueueMapping } from "./route_types.ts";

const NO_BODY: RegisterBrokerBody = {
  filterServerList: [],
  topicConfigSerializeWrapper: { dataVersion: NO_DATA_VERSION, topicConfigTable: new Map() },
};

/** The body of a registration cannot be read; nothing was registered. */
export class RegistrationBodyError extends TypeError {
  override readonly name = "RegistrationBodyError";
  /** Closed code of this error. */
  readonly code = "REGISTRATION_BODY_MALFORMED";
  /** The same body fails the same way. */
  readonly retryable = false;
}

/**
 * Reads a registration. A body may be JSON or compressed whatever the header says; a broker older than version 37 sends a bare
 * topic table and says nothing of filter servers.
 *
 * @param header Decoded header.
 * @param request The request.
 * @returns The registration.
 * @throws {RegistrationBodyError} when the body cannot be read.
 */
export function decodeRegistration(
  header: RegisterBrokerRequestHeader,
  request: NameServerRequest,
): BrokerRegistration {
  const { topics, rest } = decodeBody(request);
  const { dataVersion, topicQueueMappingInfoMap } = rest.topicConfigSerializeWrapper;
  const mappings: QueueMapping[] = [];
  for (const [topic, info] of topicQueueMappingInfoMap ?? []) {
    if (info.bname !== undefined) mappings.push({ topic, brokerName: info.bname, info });
  }
  return {
    cluster: header.clusterName,
    brokerName: header.brokerName,
    brokerId: header.brokerId,
    address: header.brokerAddr,
    haServerAddress: header.haServerAddr,
    zoneName: header.zoneName,
    timeoutMs: header.heartbeatTimeoutMillis,
    enableActingMaster: header.enableActingMaster,
    topics,
    mappings,
    dataVersion,
    filterServers: request.version < REGISTER_BODY_VERSION_MIN ? undefined : rest.filterServerList,
    channel: request.channel,
  };
}

/** Topics apart from the rest: what is strict is read topic by topic, everything else as a whole. */
function decodeBody(request: NameServerRequest): ScannedRegistration {
  const { body, version } = request;
  if (body.length === 0) return { topics: [], rest: NO_BODY };
  try {
    const scanned = version < REGISTER_BODY_VERSION_MIN ? undefined : scanRegistration(body);
    if (scanned !== undefined) return scanned;
    const rest = decodeRegisterBrokerBody(body, version);
    return { topics: [...rest.topicConfigSerializeWrapper.topicConfigTable.values()], rest };
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new RegistrationBodyError(`Failed to decode RegisterBrokerBody, ${cause.message}`, { cause });
  }
}
