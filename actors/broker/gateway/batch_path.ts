// hot
/**
 * The short path of a batch: from the bytes of a SEND_BATCH_MESSAGE frame to records in the log ring, behind each other in one file, and one
 * acknowledgement, without an object for any message.
 *
 * It takes well-formed batches to ordinary topics. Whatever has to be refused or changed it leaves to the general path by answering
 * {@link SendOutcome.General}, before anything was appended.
 *
 * Source: apache/rocketmq broker SendMessageProcessor.sendBatchMessage, store MessageExtEncoder.encode(MessageExtBatch)
 */
import { BATCH_ITEM_BYTES_MIN } from "../../../protocol/batch_body.ts";
import { bodyCrc } from "../../../protocol/crc32.ts";
import { asciiText, isText } from "../../../protocol/hot/ascii_text.ts";
import type { HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { PROPERTIES_BYTES_MAX } from "../../../protocol/hot/properties_scan.ts";
import { SendScan } from "../../../protocol/hot/send_scan.ts";
import { PlaceRefusal } from "../../../store/log_appender.ts";
import { copyWords } from "../../../store/memory/word_copy.ts";
import type { GatewayConnection } from "./connection.ts";
import { BORN_HOST_V6, PLAIN_SYS_FLAGS, putBytes, putLong, RECORD_FIXED_BYTES, STORE_HOST_V6 } from "./record_bytes.ts";
import { RECORD_MAGIC } from "./record_bytes.ts";
import { SendOutcome, type SendOutcomeValue, type SendPathParts } from "./send_path.ts";
import type { ServedTopic } from "./served_topic.ts";

/** Messages of a batch that this path takes at most; its acknowledgement names each, 33 bytes for one. */
const ITEMS_MAX = 1024;

/** Where an item's body begins: behind its size, magic, CRC, flag and the length of the body. */
const BODY_AT = 20;

/** The properties that RocketMQ's clients give a batch. Source: apache/rocketmq common MessageBatch.generateFromList */
const WAITS = ["WAIT\u0001true\u0002", "WAIT\u0001true", "WAIT\\u0001true\\u0002", "WAIT\\u0001true"].map(asciiText);

/** The short path of batches. One for each gateway. */
export class BatchPath {
  readonly #parts: SendPathParts;
  readonly #scan = new SendScan();
  readonly #sizes = new Int32Array(ITEMS_MAX);
  readonly #hostBytes: number;
  #count = 0;

  /** @param parts what it works with */
  constructor(parts: SendPathParts) {
    this.#parts = parts;
    this.#hostBytes = parts.storeHost.length;
  }

  /**
   * Appends the messages of one frame. The appender's batch is open.
   *
   * @param connection that the frame came from
   * @param scan of the frame's header
   * @param bytes that hold the frame
   * @param bodyStart first byte of the body
   * @param bodyEnd byte behind the body
   * @param storeTimestampMs milliseconds since 1970
   */
  append(
    connection: GatewayConnection,
    scan: HeaderScan,
    bytes: Uint8Array,
    bodyStart: number,
    bodyEnd: number,
    storeTimestampMs: number,
  ): SendOutcomeValue {
    const send = this.#scan;
    const { topics, bodyBytesMax } = this.#parts;
    if (!send.read(bytes, scan) || !send.batch || !this.#waits(bytes, scan)) return SendOutcome.General;
    const topicField = send.topic;
    const served = topics.find(bytes, scan.valueStart[topicField]!, scan.valueEnd[topicField]!);
    if (served === undefined || !served.plain || send.queueId >= served.queueIdLimit) return SendOutcome.General;
    if (bodyEnd - bodyStart > bodyBytesMax || (send.sysFlag & ~PLAIN_SYS_FLAGS) !== 0) return SendOutcome.General;
    const total = this.#measure(connection, served, bytes, bodyStart, bodyEnd);
    if (total === 0) return SendOutcome.General;
    const { appender, queues, puts } = this.#parts;
    const index = appender.place(total);
    if (index < 0) return index === PlaceRefusal.NoRoom ? SendOutcome.RingFull : SendOutcome.General;
    const slot = served.slot(send.queueId);
    const queueOffset = queues.nextOffset(slot);
    const position = appender.position;
    this.#encode(connection, served, bytes, bodyStart, index, queueOffset, position, storeTimestampMs);
    queues.setNextOffset(slot, queueOffset + this.#count);
    appender.advance(total);
    puts.count(served, send.queueId, slot, this.#count, total);
    if ((scan.flag & 2) === 0) this.#acknowledge(connection, scan.opaque, queueOffset, position, position + total);
    return SendOutcome.Appended;
  }

  /** Whether the batch has no properties of its own but that its producer waits. */
  #waits(bytes: Uint8Array, scan: HeaderScan): boolean {
    const field = this.#scan.properties;
    if (field < 0) return true;
    const start = scan.valueStart[field]!;
    const end = scan.valueEnd[field]!;
    if (start === end) return true;
    for (let i = 0; i < WAITS.length; i++) if (isText(bytes, start, end, WAITS[i]!)) return true;
    return false;
  }

  /** Looks at each item and notes the size of its record. @returns bytes of all records; 0 when the general path has to judge */
  #measure(
    connection: GatewayConnection,
    served: ServedTopic,
    bytes: Uint8Array,
    bodyStart: number,
    bodyEnd: number,
  ): number {
    const fixed = RECORD_FIXED_BYTES + connection.bornHost.length + this.#hostBytes + served.name.length;
    let total = 0;
    let count = 0;
    let at = bodyStart;
    while (at < bodyEnd) {
      if (count === ITEMS_MAX || bodyEnd - at < BATCH_ITEM_BYTES_MIN) return 0;
      const itemBytes = int32(bytes, at);
      if (itemBytes < BATCH_ITEM_BYTES_MIN || itemBytes > bodyEnd - at) return 0;
      const bodyBytes = int32(bytes, at + BODY_AT - 4);
      if (bodyBytes < 0 || bodyBytes > itemBytes - BATCH_ITEM_BYTES_MIN) return 0;
      const propertiesBytes = itemBytes - BATCH_ITEM_BYTES_MIN - bodyBytes;
      const lengthAt = at + BODY_AT + bodyBytes;
      if (propertiesBytes > PROPERTIES_BYTES_MAX) return 0;
      if (((bytes[lengthAt]! << 8) | bytes[lengthAt + 1]!) !== propertiesBytes) return 0;
      const size = fixed + bodyBytes + propertiesBytes;
      this.#sizes[count++] = size;
      total += size;
      at += itemBytes;
    }
    this.#count = count;
    return total;
  }

  #encode(
    connection: GatewayConnection,
    served: ServedTopic,
    bytes: Uint8Array,
    bodyStart: number,
    index: number,
    queueOffset: number,
    position: number,
    storeTimestampMs: number,
  ): void {
    const { memory, storeHost } = this.#parts;
    const ring = memory.ring;
    const view = memory.ringView;
    const input = connection.inputView;
    const send = this.#scan;
    const bornHost = connection.bornHost;
    const sysFlag = send.sysFlag | (bornHost.length === 20 ? BORN_HOST_V6 : 0) |
      (storeHost.length === 20 ? STORE_HOST_V6 : 0);
    let from = bodyStart;
    let start = index;
    for (let i = 0; i < this.#count; i++) {
      const itemBytes = int32(bytes, from);
      const bodyBytes = int32(bytes, from + BODY_AT - 4);
      const body = bytes.subarray(from + BODY_AT, from + BODY_AT + bodyBytes);
      view.setInt32(start, this.#sizes[i]!);
      view.setInt32(start + 4, RECORD_MAGIC);
      view.setInt32(start + 8, bodyCrc(body));
      view.setInt32(start + 12, send.queueId);
      view.setInt32(start + 16, int32(bytes, from + 12));
      putLong(view, start + 20, queueOffset + i);
      putLong(view, start + 28, position + start - index);
      view.setInt32(start + 36, sysFlag);
      putLong(view, start + 40, send.bornTimestampMs);
      let at = putBytes(ring, start + 48, bornHost, bornHost.length);
      putLong(view, at, storeTimestampMs);
      at = putBytes(ring, at + 8, storeHost, storeHost.length);
      view.setInt32(at, send.reconsumeTimes);
      putLong(view, at + 4, 0);
      view.setInt32(at + 12, bodyBytes);
      at = copyWords(view, at + 16, input, from + BODY_AT, bodyBytes);
      ring[at] = served.name.length;
      at = putBytes(ring, at + 1, served.name, served.name.length);
      // The properties of a message in a batch are stored as they came, their length before them.
      const rest = from + BODY_AT + bodyBytes;
      copyWords(view, at, input, rest, from + itemBytes - rest);
      from += itemBytes;
      start += this.#sizes[i]!;
    }
  }

  #acknowledge(
    connection: GatewayConnection,
    opaque: number,
    queueOffset: number,
    position: number,
    end: number,
  ): void {
    const { acks, hold } = this.#parts;
    const room = acks.batchBytesMax(this.#count);
    const queueId = this.#scan.queueId;
    if (hold !== undefined) {
      const out = hold.room(room);
      const ackEnd = acks.encodeBatch(
        out,
        hold.start,
        opaque,
        queueId,
        queueOffset,
        position,
        this.#sizes,
        this.#count,
      );
      hold.hold(connection, ackEnd, end);
    } else if (connection.reserve(room)) {
      const { out, outEnd } = connection;
      connection.outEnd = acks.encodeBatch(
        out,
        outEnd,
        opaque,
        queueId,
        queueOffset,
        position,
        this.#sizes,
        this.#count,
      );
    }
  }
}

function int32(bytes: Uint8Array, at: number): number {
  return (bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!;
}
