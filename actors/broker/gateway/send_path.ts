// hot
/**
 * The short path of a send: from the bytes of a SEND_MESSAGE_V2 frame to a record in the log ring and an acknowledgement in the
 * connection's output, without an object for the message.
 *
 * It takes ordinary messages to ordinary topics, and the halves of transactions. Whatever needs Apache's further checks or changes (a new topic, a retry topic, a delay,
 * a batch, a missing UNIQ_KEY, an illegal queue) it leaves to the general path by answering {@link SendOutcome.General}, before anything was appended.
 *
 * Source: apache/rocketmq broker SendMessageProcessor.sendMessage, store MessageExtEncoder.encode
 */
import { bodyCrc } from "../../../protocol/crc32.ts";
import type { HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { SendScan } from "../../../protocol/hot/send_scan.ts";
import { PROPERTIES_BYTES_MAX, PropertiesKind, PropertiesScan } from "../../../protocol/hot/properties_scan.ts";
import { type LogAppender, PlaceRefusal } from "../../../store/log_appender.ts";
import { PropertyName } from "../../../protocol/property_name.ts";
import { HALF_TOPIC } from "../../../store/half_message.ts";
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import { copyWords } from "../../../store/memory/word_copy.ts";
import type { QueueTable } from "../../../store/queue_table.ts";
import { type AckEncoder, putDecimal } from "./answer_bytes.ts";
import type { GatewayConnection } from "./connection.ts";
import type { NameLookup } from "./name_lookup.ts";
import type { PutCounts } from "./put_counts.ts";
import { BORN_HOST_V6, PLAIN_SYS_FLAGS, putBytes, putLong, RECORD_FIXED_BYTES, STORE_HOST_V6 } from "./record_bytes.ts";
import { RECORD_MAGIC, TRANSACTION_SYS_FLAGS } from "./record_bytes.ts";
import type { ServedTopic } from "./served_topic.ts";

/** What became of a send. */
export const SendOutcome = {
  /** In the ring; the acknowledgement is in the connection's output (or waits for the flush). */
  Appended: 0,
  /** The general path has to take it; nothing was appended. */
  General: 1,
  /** The ring is full: end the batch, write, and call again. */
  RingFull: 2,
} as const;

/** One of {@link SendOutcome}. */
export type SendOutcomeValue = (typeof SendOutcome)[keyof typeof SendOutcome];

/** Where acknowledgements go that wait for more than the write. */
export interface AckHold {
  /** Room for an acknowledgement of at most `bytes`. */
  room(bytes: number): Uint8Array;
  /** What {@link room} gave, as words. */
  readonly view: DataView;
  /** First free byte in {@link room}. */
  readonly start: number;
  /** Counts what was written into the room as one acknowledgement for the record that ends at `position`. */
  hold(connection: GatewayConnection, end: number, position: number): void;
}

/** What the short path works with. */
export interface SendPathParts {
  readonly memory: LogMemory;
  readonly appender: LogAppender;
  readonly queues: QueueTable;
  readonly topics: NameLookup<ServedTopic>;
  readonly puts: PutCounts;
  readonly acks: AckEncoder;
  /** Undefined when the write alone is what an acknowledgement promises. */
  readonly hold: AckHold | undefined;
  /** This broker's address as records store it. */
  readonly storeHost: Uint8Array;
  /** Name of the cluster, which every stored message carries as a property. */
  readonly clusterName: string;
  /** Name of the region, likewise. */
  readonly regionId: string;
  /** Whether clients are to trace messages, likewise. */
  readonly traceOn: boolean;
  /** Largest body in bytes. */
  readonly bodyBytesMax: number;
  /** Whether halves of transactions are refused, which the general path does. */
  readonly rejectTransactionMessage: boolean;
}

/** Bytes that a half message's own properties take at most: names, a message id of 64 bytes, a topic of 127, a queue id. */
const HALF_BYTES_MAX = 320;

const PROPERTY_END = 2;
const TRANSACTION_ID_NAME = new TextEncoder().encode(`${PropertyName.TRANSACTION_ID}\u0001`);
const REAL_TOPIC_NAME = new TextEncoder().encode(`\u0002${PropertyName.REAL_TOPIC}\u0001`);
const REAL_QUEUE_ID_NAME = new TextEncoder().encode(`\u0002${PropertyName.REAL_QUEUE_ID}\u0001`);

/** The short path of sends. One for each gateway. */
export class SendPath {
  readonly #parts: SendPathParts;
  readonly #ring: Uint8Array;
  readonly #view: DataView;
  readonly #scan = new SendScan();
  readonly #properties = new PropertiesScan();
  /** The properties that the broker adds: its own, behind them those of a half message. */
  readonly #tail: Uint8Array;
  readonly #tailView: DataView;
  readonly #brokerBytes: number;
  #tailBytes = 0;
  /** Where the topic's name is taken from: the frame, which is in the cache. */
  #name: Uint8Array = new Uint8Array(0);
  #nameStart = 0;
  readonly #storeHostFlag: number;
  /** Store time of the batch under way, milliseconds since 1970. */
  storeTimestampMs = 0;
  /** Whether messages that wait for slaves have to be refused, which the general path does. */
  isShortOfReplicas = false;

  /** @param parts what it works with */
  constructor(parts: SendPathParts) {
    this.#parts = parts;
    this.#ring = parts.memory.ring;
    this.#view = parts.memory.ringView;
    // Source: apache/rocketmq broker AbstractSendMessageProcessor.buildMsgContext, SendMessageProcessor.sendMessage
    const own = new TextEncoder().encode(
      `MSG_REGION\u0001${parts.regionId}\u0002TRACE_ON\u0001${parts.traceOn}\u0002CLUSTER\u0001${parts.clusterName}\u0002`,
    );
    this.#brokerBytes = own.length;
    this.#tail = new Uint8Array(own.length + HALF_BYTES_MAX);
    this.#tail.set(own);
    this.#tailView = new DataView(this.#tail.buffer);
    this.#storeHostFlag = parts.storeHost.length === 20 ? STORE_HOST_V6 : 0;
  }

  /**
   * Appends the message of one frame. The appender's batch is open.
   *
   * @param connection that the frame came from
   * @param scan of the frame's header
   * @param bytes that hold the frame: the connection's input
   * @param bodyStart first byte of the body
   * @param bodyEnd byte behind the body
   */
  append(
    connection: GatewayConnection,
    scan: HeaderScan,
    bytes: Uint8Array,
    bodyStart: number,
    bodyEnd: number,
  ): SendOutcomeValue {
    const send = this.#scan;
    if (!send.read(bytes, scan) || send.batch || send.properties < 0) return SendOutcome.General;
    const topicField = send.topic;
    const served = this.#parts.topics.find(bytes, scan.valueStart[topicField]!, scan.valueEnd[topicField]!);
    if (served === undefined || !served.plain || send.queueId >= served.queueIdLimit) return SendOutcome.General;
    const bodyBytes = bodyEnd - bodyStart;
    if (bodyBytes === 0 || bodyBytes > this.#parts.bodyBytesMax) return SendOutcome.General;
    const field = send.properties;
    const kind = this.#properties.read(
      bytes,
      scan.valueStart[field]!,
      scan.valueEnd[field]!,
      scan.escaped[field] === 1,
      connection.inputView,
    );
    if (kind !== PropertiesKind.Plain || (this.isShortOfReplicas && this.#properties.wait)) return SendOutcome.General;
    const { prepared } = this.#properties;
    const sysFlags = prepared ? PLAIN_SYS_FLAGS | TRANSACTION_SYS_FLAGS : PLAIN_SYS_FLAGS;
    if ((send.sysFlag & ~sysFlags) !== 0 || prepared && this.#parts.rejectTransactionMessage) {
      return SendOutcome.General;
    }
    const target = prepared ? this.#parts.topics.byName(HALF_TOPIC) : served;
    if (target === undefined) return SendOutcome.General;
    this.#name = prepared ? target.name : bytes;
    this.#nameStart = prepared ? 0 : scan.valueStart[topicField]!;
    this.#tailBytes = prepared ? this.#halfTail(served) : this.#brokerBytes;
    const propertiesBytes = this.#properties.length + this.#tailBytes;
    if (propertiesBytes > PROPERTIES_BYTES_MAX) return SendOutcome.General;
    return this.#place(
      connection,
      scan,
      target,
      prepared ? 0 : send.queueId,
      bytes,
      bodyStart,
      bodyEnd,
      propertiesBytes,
    );
  }

  /** Writes what a half message carries behind the broker's properties: whose it is. Source: apache/rocketmq broker TransactionalMessageBridge.parseHalfMessageInner @returns bytes of the tail */
  #halfTail(real: ServedTopic): number {
    const tail = this.#tail;
    const { bytes, uniqKeyStart, uniqKeyEnd } = this.#properties;
    let at = putBytes(tail, this.#brokerBytes, TRANSACTION_ID_NAME, TRANSACTION_ID_NAME.length);
    for (let i = uniqKeyStart; i < uniqKeyEnd; i++) tail[at++] = bytes[i]!;
    at = putBytes(tail, at, REAL_TOPIC_NAME, REAL_TOPIC_NAME.length);
    at = putBytes(tail, at, real.name, real.name.length);
    at = putBytes(tail, at, REAL_QUEUE_ID_NAME, REAL_QUEUE_ID_NAME.length);
    at = putDecimal(tail, at, this.#scan.queueId);
    tail[at++] = PROPERTY_END;
    return at;
  }

  #place(
    connection: GatewayConnection,
    scan: HeaderScan,
    served: ServedTopic,
    queueId: number,
    bytes: Uint8Array,
    bodyStart: number,
    bodyEnd: number,
    propertiesBytes: number,
  ): SendOutcomeValue {
    const { appender, queues, puts, storeHost } = this.#parts;
    const recordBytes = RECORD_FIXED_BYTES + connection.bornHost.length + storeHost.length + (bodyEnd - bodyStart) +
      served.nameBytes +
      propertiesBytes;
    const index = appender.place(recordBytes);
    if (index < 0) return index === PlaceRefusal.NoRoom ? SendOutcome.RingFull : SendOutcome.General;
    const slot = served.slot(queueId);
    const queueOffset = queues.nextOffset(slot);
    const position = appender.position;
    this.#encode(
      connection,
      served,
      queueId,
      index,
      recordBytes,
      queueOffset,
      position,
      bytes,
      bodyStart,
      bodyEnd,
      propertiesBytes,
    );
    queues.setNextOffset(slot, queueOffset + 1);
    appender.advance(recordBytes);
    puts.count(served, queueId, slot, 1, recordBytes);
    if ((scan.flag & 2) === 0) {
      this.#acknowledge(connection, scan.opaque, queueOffset, position, position + recordBytes);
    }
    return SendOutcome.Appended;
  }

  #encode(
    connection: GatewayConnection,
    served: ServedTopic,
    queueId: number,
    index: number,
    recordBytes: number,
    queueOffset: number,
    position: number,
    bytes: Uint8Array,
    bodyStart: number,
    bodyEnd: number,
    propertiesBytes: number,
  ): void {
    const ring = this.#ring;
    const view = this.#view;
    const send = this.#scan;
    const body = bytes.subarray(bodyStart, bodyEnd);
    const bornHost = connection.bornHost;
    const bornFlag = bornHost.length === 20 ? BORN_HOST_V6 : 0;
    view.setInt32(index, recordBytes);
    view.setInt32(index + 4, RECORD_MAGIC);
    view.setInt32(index + 8, bodyCrc(body));
    view.setInt32(index + 12, queueId);
    view.setInt32(index + 16, send.userFlag);
    putLong(view, index + 20, queueOffset);
    putLong(view, index + 28, position);
    view.setInt32(index + 36, (send.sysFlag & PLAIN_SYS_FLAGS) | bornFlag | this.#storeHostFlag);
    putLong(view, index + 40, send.bornTimestampMs);
    let at = putBytes(ring, index + 48, bornHost, bornHost.length);
    putLong(view, at, this.storeTimestampMs);
    at = putBytes(ring, at + 8, this.#parts.storeHost, this.#parts.storeHost.length);
    view.setInt32(at, send.reconsumeTimes);
    putLong(view, at + 4, 0);
    view.setInt32(at + 12, bodyEnd - bodyStart);
    at = copyWords(view, at + 16, connection.inputView, bodyStart, bodyEnd - bodyStart);
    ring[at] = served.nameBytes;
    at = putBytes(ring, at + 1, this.#name, served.nameBytes, this.#nameStart);
    view.setInt16(at, propertiesBytes);
    at = copyWords(view, at + 2, this.#properties.view, 0, this.#properties.length);
    copyWords(view, at, this.#tailView, 0, this.#tailBytes);
  }

  #acknowledge(
    connection: GatewayConnection,
    opaque: number,
    queueOffset: number,
    position: number,
    recordEnd: number,
  ): void {
    const { acks, hold } = this.#parts;
    const properties = this.#properties;
    const room = acks.bytesMax(properties.uniqKeyEnd - properties.uniqKeyStart);
    const queueId = this.#scan.queueId;
    if (hold !== undefined && properties.wait) {
      const out = hold.room(room);
      const end = acks.encode(
        out,
        hold.view,
        hold.start,
        opaque,
        queueId,
        queueOffset,
        position,
        properties,
      );
      hold.hold(connection, end, recordEnd);
    } else if (connection.reserve(room)) {
      connection.outEnd = acks.encode(
        connection.out,
        connection.outView,
        connection.outEnd,
        opaque,
        queueId,
        queueOffset,
        position,
        properties,
      );
    }
  }
}
