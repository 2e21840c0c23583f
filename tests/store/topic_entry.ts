/** An ordinary topic, as a view of the topic table has it. */
import type { TopicEntry } from "../../store/topic_view.ts";

/** A topic that may be read and written, with a queue for each slot. */
export function topicEntry(topic: string, slots: readonly number[]): TopicEntry {
  return {
    topic,
    readQueueNums: slots.length,
    writeQueueNums: slots.length,
    perm: 6,
    topicSysFlag: 0,
    order: false,
    topicFilterType: "SINGLE_TAG",
    slots,
    attributes: {},
  };
}
