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
  registerBrokerBodyJson,
} from "../../protocol/register_broker.ts";
import type { FastValue } from "../../protocol/fast_value.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import type { NameServerRequest } from "./contracts.ts";
import type { BrokerRegistration, QueueMapping } from "./route_types.ts";

/** First byte of an object. */
const BRACE_OPEN = 0x7b;

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
  const body = decodeBody(request);
  const { dataVersion, topicConfigTable, topicQueueMappingInfoMap } = body.topicConfigSerializeWrapper;
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
    topics: [...topicConfigTable.values()],
    mappings,
    dataVersion,
    filterServers: request.version < REGISTER_BODY_VERSION_MIN ? undefined : body.filterServerList,
    channel: request.channel,
  };
}

/**
 * Brokers write strict JSON, and the table of a hundred thousand topics is 16 MiB of it: the platform's parser takes a third of
 * the time of the lenient one and leaves less garbage. Whatever is not strict goes to the lenient one.
 */
function readStrictly(request: NameServerRequest): RegisterBrokerBody | undefined {
  if (request.body[0] !== BRACE_OPEN || request.version < REGISTER_BODY_VERSION_MIN) return undefined;
  let value: FastValue;
  try {
    value = JSON.parse(decodeUtf8(request.body)) as FastValue;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
  return registerBrokerBodyJson.read(value, "");
}

function decodeBody(request: NameServerRequest): RegisterBrokerBody {
  if (request.body.length === 0) return NO_BODY;
  try {
    return readStrictly(request) ?? decodeRegisterBrokerBody(request.body, request.version);
  } catch (cause) {
    if (!(cause instanceof ProtocolError)) throw cause;
    throw new RegistrationBodyError(`Failed to decode RegisterBrokerBody, ${cause.message}`, { cause });
  }
}
