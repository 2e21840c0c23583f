import { assertEquals } from "@std/assert";
import { DELAY_LEVELS_DEFAULT, parseDelayLevels } from "../../store/delay_levels.ts";
import { Dispatcher, type DispatchMarks } from "../../store/dispatch.ts";
import { DispatchFiles } from "../../store/dispatch_files.ts";
import type { Disk } from "../../store/file/disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { IndexFileReader } from "../../store/index_file_reader.ts";
import { IndexFileSet } from "../../store/index_file_set.ts";
import { testOnDisks } from "./file/disks.ts";
import {
  assertSameBytes,
  copyGolden,
  filesBelow,
  GOLDEN_CONFIG,
  type GoldenName,
  manifestKeys,
  manifestQueues,
} from "./golden_store.ts";

interface Rebuilt {
  readonly dispatcher: Dispatcher;
  readonly handles: HandleCache;
  readonly maxOffsets: Map<string, number>;
}

function dispatcherOf(name: GoldenName, disk: Disk, target: string): Rebuilt {
  const config = GOLDEN_CONFIG[name];
  const handles = new HandleCache({ disk, mode: "write", handlesMax: 4 });
  const names: string[] = [];
  const maxOffsets = new Map<string, number>();
  const marks: DispatchMarks = {
    opened: (queue, topic, queueId) => void (names[queue] = `${topic}/${queueId}`),
    began: () => {},
    mark: (queue, maxOffset) => void maxOffsets.set(names[queue] ?? "", maxOffset),
  };
  const index = new IndexFileSet({
    disk,
    directory: `${target}/index`,
    shape: config.shape,
    nowMs: () => 1795254325646,
  });
  const dispatcher = new Dispatcher({
    files: new DispatchFiles({ root: `${target}/consumequeue`, fileBytes: config.queueFileBytes, handles }),
    index,
    marks,
    logFileBytes: config.logFileBytes,
    delayLevels: parseDelayLevels(DELAY_LEVELS_DEFAULT),
    position: 0,
  });
  return { dispatcher, handles, maxOffsets };
}

function rebuild(name: GoldenName, disk: Disk, root: string, target: string, batchBytes: number): Rebuilt {
  const config = GOLDEN_CONFIG[name];
  const rebuilt = dispatcherOf(name, disk, target);
  const log = SegmentSet.open({
    directory: `${root}/commitlog`,
    fileBytes: config.logFileBytes,
    handles: rebuilt.handles,
  });
  let position = 0;
  while (position < config.logEnd) {
    const bytes = new Uint8Array(Math.min(batchBytes, config.logEnd - position));
    log.read(bytes, 0, bytes.length, position);
    position = rebuilt.dispatcher.dispatch(bytes, 0, bytes.length, position);
  }
  assertEquals(position, config.logEnd);
  rebuilt.dispatcher.close();
  return rebuilt;
}

for (const name of ["store-clean", "store-killed"] as const) {
  for (const batchBytes of [1 << 20, 110_000]) {
    testOnDisks(
      `Dispatcher rebuilds queues and index of ${name} as Apache wrote them, ${batchBytes} bytes a batch`,
      ({ disk, root }) => {
        copyGolden(name, disk, `${root}/golden`);
        const { handles, dispatcher } = rebuild(name, disk, `${root}/golden`, `${root}/rebuilt`, batchBytes);
        const golden = filesBelow(disk, `${root}/golden/consumequeue`);
        assertEquals(filesBelow(disk, `${root}/rebuilt/consumequeue`), golden);
        for (const file of golden) {
          assertSameBytes(
            disk.readFile(`${root}/rebuilt/consumequeue/${file}`),
            disk.readFile(`${root}/golden/consumequeue/${file}`),
            file,
          );
        }
        const indexes = disk.list(`${root}/golden/index`);
        const rebuiltIndexes = disk.list(`${root}/rebuilt/index`);
        assertEquals(rebuiltIndexes.length, indexes.length);
        for (const [at, file] of indexes.entries()) {
          assertSameBytes(
            disk.readFile(`${root}/rebuilt/index/${rebuiltIndexes[at]}`),
            disk.readFile(`${root}/golden/index/${file}`),
            file,
          );
        }
        assertEquals(dispatcher.counters.repeated, 0);
        handles.close();
      },
    );
  }

  testOnDisks(`Dispatcher marks the max offsets of ${name} as the restarted broker answered`, ({ disk, root }) => {
    copyGolden(name, disk, `${root}/golden`);
    const { handles, maxOffsets } = rebuild(name, disk, `${root}/golden`, `${root}/rebuilt`, 1 << 20);
    for (const queue of manifestQueues(name)) {
      assertEquals(
        maxOffsets.get(`${queue.topic}/${queue.queueId}`) ?? 0,
        queue.maxOffset,
        `${queue.topic}/${queue.queueId}`,
      );
    }
    handles.close();
  });

  testOnDisks(`IndexFileReader.query() answers the recorded queries of ${name}`, ({ disk, root }) => {
    copyGolden(name, disk, root);
    const handles = new HandleCache({ disk, mode: "read" });
    const reader = new IndexFileReader({ directory: `${root}/index`, shape: GOLDEN_CONFIG[name].shape, handles });
    for (const asked of manifestKeys(name)) {
      const query = {
        topic: asked.topic,
        key: asked.key,
        recordsMax: asked.maxNum,
        beginMs: asked.begin,
        endMs: Number.MAX_SAFE_INTEGER,
      };
      const answer = reader.query(query);
      assertEquals(answer.positions, [...asked.commitLogOffsetsAsAnswered ?? []], JSON.stringify(asked));
      if (asked.indexLastUpdateTimestamp !== undefined) {
        assertEquals(answer.lastTimestampMs, asked.indexLastUpdateTimestamp);
      }
    }
    handles.close();
  });
}
