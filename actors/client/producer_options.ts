/**
 * Options of a producer, with Java's names and defaults.
 * Source: apache/rocketmq client/producer/DefaultMQProducer.java
 */

import type { CompressionType } from "./compression/body.ts";
import type { CheckForbiddenHook, EndTransactionHook, SendMessageHook } from "./hooks.ts";
import type { ClientOptions } from "./options.ts";
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
