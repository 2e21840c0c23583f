/**
 * Sends of the client's own: retries that could not be given back, traces.
 *
 * Owns: their settings. Never does: register a group; brokers need not know it.
 */

import type { ClientInstance } from "./client_instance.ts";
import type { PreparedMessage } from "./message.ts";
import { AUTO_CREATE_TOPIC_KEY } from "./names.ts";
import { PropertyName } from "./property_names.ts";
import { RETRY_RESPONSE_CODES, SendPipeline } from "./send_pipeline.ts";
import { uniqueIds } from "./unique_ids.ts";

/** Bounds of these sends. */
const IN_FLIGHT = { countMax: 1_000, bytesMax: 16 * 1024 * 1024 } as const;

/**
 * @param instance whose connections are used
 * @param producerGroup group in the requests
 * @returns a pipeline with Java's defaults and no hooks
 */
export function createInnerPipeline(instance: ClientInstance, producerGroup: string): SendPipeline {
  return new SendPipeline({
    producerGroup,
    createTopicKey: AUTO_CREATE_TOPIC_KEY,
    defaultTopicQueueNums: 4,
    retryTimesWhenSendFailed: 2,
    retryAnotherBrokerWhenNotStoreOK: false,
    compressMsgBodyOverHowmuch: 4_096,
    compressType: "ZLIB",
    compressLevel: 5,
    retryResponseCodes: new Set(RETRY_RESPONSE_CODES),
    vipChannelEnabled: instance.options.vipChannelEnabled,
    bornHost: instance.options.clientIP,
    sendMessageHooks: [],
    checkForbiddenHooks: [],
    inFlight: IN_FLIGHT,
  }, { routes: instance.routes, link: instance.link, clock: instance.options.clock, faults: undefined });
}

const encoder = new TextEncoder();

/**
 * @param topic topic, with the namespace
 * @param body payload
 * @param properties properties; a unique id and WAIT are added
 * @param flag user flag
 * @returns a prepared message
 */
export function innerMessage(
  topic: string,
  body: Uint8Array | string,
  properties: ReadonlyMap<string, string>,
  flag = 0,
): PreparedMessage {
  const all = new Map(properties);
  if (!all.has(PropertyName.UNIQ_KEY)) all.set(PropertyName.UNIQ_KEY, uniqueIds().next());
  if (!all.has(PropertyName.WAIT)) all.set(PropertyName.WAIT, "true");
  return {
    topic,
    body: typeof body === "string" ? encoder.encode(body) : body,
    flag,
    properties: all,
    waitStoreMsgOK: true,
  };
}
