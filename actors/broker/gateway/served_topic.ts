// hot
/**
 * Topics as a gateway looks them up: by the bytes of the name as they stand in a frame, with everything a send needs ready.
 *
 * It derives from the thread's {@link TopicView} and is thrown away entry by entry when the view changes. The counters of puts are read and
 * reset by the statistics tick.
 */
import { RETRY_TOPIC_PREFIX } from "../../../store/topic_names.ts";
import { type TopicEntry, TopicPerm } from "../../../store/topic_view.ts";

/** Topics of the broker itself, which the general path serves. */
const OWN_TOPICS: readonly string[] = [
  "SCHEDULE_TOPIC_XXXX",
  "TRANS_CHECK_MAX_TIME_TOPIC",
  "SELF_TEST_TOPIC",
  "OFFSET_MOVED_EVENT",
];

/** Whether the short path may serve a topic: an ordinary one that may be written now. */
export function isPlain(
  { topic, order }: Pick<TopicEntry, "topic" | "order">,
  settings: { readonly brokerPermission: number; readonly startAcceptMs: number },
  nowMs: number,
): boolean {
  const mayWrite = (settings.brokerPermission & TopicPerm.Write) !== 0 || !order;
  const isOrdinary = !topic.startsWith(RETRY_TOPIC_PREFIX) && !topic.includes("SYS_TRANS") &&
    !OWN_TOPICS.includes(topic);
  return mayWrite && isOrdinary && settings.startAcceptMs <= nowMs;
}

/** One topic, ready for the send path. */
export class ServedTopic {
  /** Entry of the view that this derives from. */
  readonly entry: TopicEntry;
  /** UTF-8 bytes of the name. */
  readonly name: Uint8Array;
  /** Slot of each queue id. */
  readonly slots: Int32Array;
  /** Queue ids below this one are legal in a send. */
  readonly queueIdLimit: number;
  /** Whether a send may take the short path: an ordinary topic whose sends need no further check. */
  readonly plain: boolean;
  /** Messages put since the last statistics tick, by queue id. */
  readonly putMessages: Int32Array;
  /** Bytes of records put since the last statistics tick, by queue id. */
  readonly putBytes: Float64Array;
  /** Whether anything was put since the last statistics tick. */
  touched = false;

  /**
   * @param entry of the view
   * @param plain whether the short path may serve it
   */
  constructor(entry: TopicEntry, plain: boolean) {
    this.entry = entry;
    this.name = new TextEncoder().encode(entry.topic);
    this.slots = Int32Array.from(entry.slots);
    this.queueIdLimit = Math.max(entry.readQueueNums, entry.writeQueueNums);
    this.putMessages = new Int32Array(this.queueIdLimit);
    this.putBytes = new Float64Array(this.queueIdLimit);
    this.plain = plain && this.name.length <= 127 && entry.topicFilterType !== "MULTI_TAG";
  }

  /** Counts messages put into a queue. */
  countPut(queueId: number, messages: number, recordBytes: number): void {
    this.touched = true;
    this.putMessages[queueId] = this.putMessages[queueId]! + messages;
    this.putBytes[queueId] = this.putBytes[queueId]! + recordBytes;
  }
}
