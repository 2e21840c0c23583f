/**
 * A queue whose units say which they are, written by one thread and read by another.
 *
 * Owns: the queue's shape. Reads: nothing. Never: asserts anything.
 *
 * @module
 */
import { UNIT_BYTES } from "../../store/consume_queue.ts";
import { ConsumeQueueReader } from "../../store/consume_queue_reader.ts";
import { DispatchFiles } from "../../store/dispatch_files.ts";
import { UnitBufferPool } from "../../store/dispatch_queue.ts";
import { DenoDisk } from "../../store/file/deno_disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { QueueTable } from "../../store/queue_table.ts";

/** What each record takes in the log that the units speak of. Bytes. */
export const UNIT_RECORD_BYTES = 100;

/** Files of so many units. */
export const SHARED_FILE_UNITS = 1000;

const QUEUE = { topic: "Topic", queueId: 0 } as const;
const SLOT = 0;
const fileBytes = SHARED_FILE_UNITS * UNIT_BYTES;

/** Writes the units, as ReputMessageService does. */
export function shareUnits(root: string, chunk: SharedArrayBuffer, count: number, going: () => boolean): null {
  const table = new QueueTable([chunk]);
  const handles = new HandleCache({ disk: new DenoDisk(), mode: "write", handlesMax: 4 });
  const queue = new DispatchFiles({ root, fileBytes, handles }).openQueue(QUEUE.topic, QUEUE.queueId);
  const pool = new UnitBufferPool();
  const counters = { units: 0, repeated: 0, blankUnits: 0 };
  queue.share(table, SLOT, pool);
  for (let offset = 0; offset < count && going();) {
    const end = Math.min(count, offset + 1 + offset % 5);
    for (; offset < end; offset++) {
      queue.add(offset * UNIT_RECORD_BYTES, UNIT_RECORD_BYTES, offset, ~offset, offset, pool, counters);
    }
    queue.write(pool);
    table.setMaxOffset(SLOT, end);
    if (offset % 977 === 0) queue.settle(pool);
  }
  handles.close();
  return null;
}

/** Reads the units. */
export function sharedUnitsReader(root: string, table: QueueTable): ConsumeQueueReader {
  const handles = new HandleCache({ disk: new DenoDisk(), mode: "read", handlesMax: 4 });
  return new ConsumeQueueReader({ root, ...QUEUE, fileBytes, handles, tail: { table, slot: () => SLOT } });
}
