// hot
/**
 * Topics as a gateway looks them up: by the bytes of the name as they stand in a frame, with everything a send needs ready.
 *
 * It derives from the thread's {@link TopicView} and is thrown away entry by entry when the view changes.
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

/** One topic, ready for the send path, which touches the first fields only: thousands of topics are in no cache. */
export class ServedTopic {
  /** Whether a send may take the short path: an ordinary topic whose sends need no further check. */
  readonly plain: boolean;
  /** Queue ids below this one are legal in a send. */
  readonly queueIdLimit: number;
  /** Length of {@link name}. */
  readonly nameBytes: number;
  readonly #firstSlot: number;
  /** UTF-8 bytes of the name. */
  readonly name: Uint8Array;
  /** Entry of the view that this derives from. */
  readonly entry: TopicEntry;

  /**
   * @param entry of the view
   * @param plain whether the short path may serve it
   */
  constructor(entry: TopicEntry, plain: boolean) {
    const { slots } = entry;
    const first = slots[0] ?? -1;
    this.name = new TextEncoder().encode(entry.topic);
    this.nameBytes = this.name.length;
    this.entry = entry;
    this.#firstSlot = slots.every((slot, queueId) => slot === first + queueId) ? first : -1;
    this.queueIdLimit = Math.max(entry.readQueueNums, entry.writeQueueNums);
    this.plain = plain && this.name.length <= 127 && entry.topicFilterType !== "MULTI_TAG";
  }

  /** Slot of a queue id below {@link queueIdLimit}. A topic mostly has slots that follow each other. */
  slot(queueId: number): number {
    return this.#firstSlot >= 0 ? this.#firstSlot + queueId : this.entry.slots[queueId]!;
  }
}
