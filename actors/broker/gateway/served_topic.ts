// hot
/**
 * Topics as a gateway looks them up: by the bytes of the name as they stand in a frame, with everything a send needs ready.
 *
 * It derives from the thread's {@link TopicView} and is thrown away entry by entry when the view changes. The counters of puts are read and
 * reset by the statistics tick.
 */
import type { TopicEntry } from "../../../store/topic_view.ts";

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
