/**
 * Options of a producer, with Java's names and defaults.
 *
 * Owns: the defaults and bounds. Never does: network.
 * Source: apache/rocketmq client/producer/DefaultMQProducer.java
 */

import type { CompressionType } from "./compression/body.ts";
import type { CheckForbiddenHook, EndTransactionHook, SendMessageHook } from "./hooks.ts";
import { AUTO_CREATE_TOPIC_KEY } from "./names.ts";
import { functionOrNone, oneOf, positive, within } from "./option_checks.ts";
import type { ClientOptions } from "./options.ts";
import { RETRY_RESPONSE_CODES, type SendSettings } from "./send_pipeline.ts";
import type { TransactionListener } from "./transaction.ts";

/** Options of a {@linkcode Producer}. */
export interface ProducerOptions extends ClientOptions {
  /** Group; transaction checks go to any member of it. Default "DEFAULT_PRODUCER". */
  readonly producerGroup?: string;
  /** Milliseconds for a send with all its tries; 3,000. */
  readonly sendMsgTimeout?: number;
  /** Bodies of at least so many bytes are compressed; 4,096. */
  readonly compressMsgBodyOverHowmuch?: number;
  /** "ZLIB". */
  readonly compressType?: CompressionType;
  /** 5. */
  readonly compressLevel?: number;
  /** Further tries of a send; 2. */
  readonly retryTimesWhenSendFailed?: number;
  /** Try another broker when the message is stored less durably than asked; false. */
  readonly retryAnotherBrokerWhenNotStoreOK?: boolean;
  /** Codes after which a send is tried again; Java's list. */
  readonly retryResponseCodes?: readonly number[];
  /** Largest body in bytes; 4 MiB. */
  readonly maxMessageSize?: number;
  /** Topic whose settings new topics take; "TBW102". */
  readonly createTopicKey?: string;
  /** Queues of a new topic; 4. */
  readonly defaultTopicQueueNums?: number;
  /** Topics whose routes are read at the start. */
  readonly topics?: readonly string[];
  /** Leave out brokers that were slow or failed; false. */
  readonly sendLatencyFaultEnable?: boolean;
  /** Probe brokers that did not answer; false. */
  readonly startDetectorEnable?: boolean;
  /** Milliseconds between probes of a broker; 2,000. */
  readonly detectInterval?: number;
  /** Milliseconds for a probe; 200. */
  readonly detectTimeout?: number;
  /** Requests in flight at most, all kinds together; 10,000. Further ones wait. */
  readonly backPressureForAsyncSendNum?: number;
  /** Bytes in flight at most; 100 MiB. */
  readonly backPressureForAsyncSendSize?: number;
  /** Look on sending. */
  readonly sendMessageHooks?: readonly SendMessageHook[];
  /** May forbid sending. */
  readonly checkForbiddenHooks?: readonly CheckForbiddenHook[];
  /** Look on the end of transactions. */
  readonly endTransactionHooks?: readonly EndTransactionHook[];
  /** Decides transactions; needed for `sendMessageInTransaction`. */
  readonly transactionListener?: TransactionListener;
  /** Send traces; true or the name of the trace topic. */
  readonly enableTrace?: boolean | string;
}

/** Options with defaults filled in. */
export interface ProducerSettings {
  readonly timeoutMs: number;
  readonly bodyBytesMax: number;
  readonly createTopicKey: string;
  readonly detect: { readonly intervalMs: number; readonly timeoutMs: number };
  /** What the pipeline of sends is told as it is. */
  readonly send: Pick<
    SendSettings,
    | "defaultTopicQueueNums"
    | "retryTimesWhenSendFailed"
    | "retryAnotherBrokerWhenNotStoreOK"
    | "compressMsgBodyOverHowmuch"
    | "compressType"
    | "compressLevel"
    | "retryResponseCodes"
    | "checkForbiddenHooks"
    | "inFlight"
  >;
}

/** All formats, the default first. */
const COMPRESSION_TYPES: readonly [CompressionType, ...CompressionType[]] = ["ZLIB", "LZ4", "ZSTD"];
const INT_MAX = 0x7fffffff;

/**
 * Fills in the defaults.
 *
 * @param options as given
 * @returns all settings
 * @throws {ClientError} OPTION_ILLEGAL
 */
export function producerSettings(options: ProducerOptions): ProducerSettings {
  const bound = (name: keyof ProducerOptions, otherwise: number, min: number, max: number): number =>
    within(name, options[name] as number | undefined, { otherwise, min, max });
  functionOrNone(
    "transactionListener.executeLocalTransaction",
    options.transactionListener?.executeLocalTransaction,
  );
  return {
    timeoutMs: positive("sendMsgTimeout", options.sendMsgTimeout, 3_000),
    bodyBytesMax: positive("maxMessageSize", options.maxMessageSize, 4 * 1024 * 1024),
    createTopicKey: options.createTopicKey ?? AUTO_CREATE_TOPIC_KEY,
    detect: {
      intervalMs: positive("detectInterval", options.detectInterval, 2_000),
      timeoutMs: positive("detectTimeout", options.detectTimeout, 200),
    },
    send: {
      defaultTopicQueueNums: bound("defaultTopicQueueNums", 4, 1, INT_MAX),
      retryTimesWhenSendFailed: bound("retryTimesWhenSendFailed", 2, 0, 1_000),
      retryAnotherBrokerWhenNotStoreOK: options.retryAnotherBrokerWhenNotStoreOK ?? false,
      compressMsgBodyOverHowmuch: bound("compressMsgBodyOverHowmuch", 4_096, 0, INT_MAX),
      compressType: oneOf("compressType", options.compressType, COMPRESSION_TYPES),
      compressLevel: bound("compressLevel", 5, 0, 9),
      retryResponseCodes: new Set(options.retryResponseCodes ?? RETRY_RESPONSE_CODES),
      checkForbiddenHooks: options.checkForbiddenHooks ?? [],
      inFlight: {
        countMax: positive("backPressureForAsyncSendNum", options.backPressureForAsyncSendNum, 10_000),
        bytesMax: positive("backPressureForAsyncSendSize", options.backPressureForAsyncSendSize, 100 * 1024 * 1024),
      },
    },
  };
}
