import { assert, assertEquals } from "@std/assert";
import { createHash } from "node:crypto";
import { decompressBody } from "../../actors/client/compression/body.ts";
import { encodeOffsetMessageId } from "../../protocol/message_id.ts";
import { decodeRecord, isBodyIntact, type StoredRecord } from "../../protocol/record.ts";
import { decodeProperties } from "../../protocol/properties.ts";
import { decodeHost } from "../../protocol/host.ts";
import { decodeUnit, UNIT_BYTES } from "../../store/consume_queue.ts";
import { ConsumeQueueReader } from "../../store/consume_queue_reader.ts";
import { offsetByStoreTime } from "../../store/consume_queue_search.ts";
import { DELAY_LEVELS_DEFAULT, parseDelayLevels } from "../../store/delay_levels.ts";
import type { Disk } from "../../store/file/disk.ts";
import { HandleCache } from "../../store/file/handle_cache.ts";
import { SegmentSet } from "../../store/file/segment_set.ts";
import { IndexFileReader } from "../../store/index_file_reader.ts";
import { recoverStore, type RecoveryResult } from "../../store/recovery.ts";
import { storeTimeOf } from "../../store/store_time.ts";
import { storePaths } from "../../store/store_paths.ts";
import { testOnDisks } from "./file/disks.ts";
import {
  assertSameBytes,
  copyGolden,
  filesBelow,
  GOLDEN_CONFIG,
  type GoldenName,
  manifestKeys,
  type ManifestMessage,
  manifestMessages,
  manifestQueues,
} from "./golden_store.ts";

function recoverGolden(name: GoldenName, disk: Disk, root: string): RecoveryResult {
  const { logFileBytes, queueFileBytes, shape } = GOLDEN_CONFIG[name];
  return recoverStore({
    disk,
    paths: storePaths(root),
    logFileBytes,
    queueFileBytes,
    indexShape: shape,
    delayLevels: parseDelayLevels(DELAY_LEVELS_DEFAULT),
    nowMs: () => 1_795_254_500_000,
    processId: 1,
    handlesMax: 8,
  });
}

const COMPRESSED = 0x1;

/** Every field of a record against its line of the manifest. The client that read the manifest cleared the compressed bit. */
function assertMessage(record: StoredRecord, message: ManifestMessage): void {
  assertEquals(
    {
      topic: record.topic,
      queueId: record.queueId,
      queueOffset: record.queueOffset,
      commitLogOffset: record.physicalOffset,
      storeSize: record.totalSize,
      sysFlag: record.sysFlag & ~COMPRESSED,
      flag: record.flag,
      bodyCRC: record.bodyCrc,
      reconsumeTimes: record.reconsumeTimes,
      preparedTransactionOffset: record.preparedTransactionOffset,
      bornTimestamp: record.bornTimestamp,
      storeTimestamp: record.storeTimestamp,
      bornHost: `/${decodeHost(record.bornHost)}`,
      storeHost: `/${decodeHost(record.storeHost)}`,
      properties: Object.fromEntries([...decodeProperties(record.properties)].sort()),
    },
    {
      topic: message.topic,
      queueId: message.queueId,
      queueOffset: message.queueOffset,
      commitLogOffset: message.commitLogOffset,
      storeSize: message.storeSize,
      sysFlag: message.sysFlag,
      flag: message.flag,
      bodyCRC: message.bodyCRC,
      reconsumeTimes: message.reconsumeTimes,
      preparedTransactionOffset: message.preparedTransactionOffset,
      bornTimestamp: message.bornTimestamp,
      storeTimestamp: message.storeTimestamp,
      bornHost: message.bornHost,
      storeHost: message.storeHost,
      properties: Object.fromEntries(Object.entries(message.properties).sort()),
    },
  );
  assert(isBodyIntact(record));
  const body = decompressBody(record.body, record.sysFlag);
  assertEquals(body.length, message.bodyLength);
  assertEquals(createHash("sha256").update(body).digest("hex"), message.bodySha256);
  assertEquals(encodeOffsetMessageId(record.storeHost, record.physicalOffset), message.offsetMsgId);
  assertEquals(decodeProperties(record.properties).get("UNIQ_KEY"), message.uniqKey);
}

/** Files must be byte for byte what the Apache broker left; only the log file that it had made ahead is gone after a kill. */
function assertAsApache(name: GoldenName, disk: Disk, root: string): void {
  copyGolden(name, disk, `${root}/golden`);
  for (const directory of ["consumequeue", "commitlog", "index"]) {
    const files = filesBelow(disk, `${root}/golden/${directory}`)
      .filter((file) => directory !== "commitlog" || Number(file) < GOLDEN_CONFIG[name].logEnd);
    const rebuilt = filesBelow(disk, `${root}/s/${directory}`);
    assertEquals(rebuilt.length, files.length);
    for (const [at, file] of files.entries()) {
      if (directory !== "index") assertEquals(rebuilt[at], file);
      const bytes = disk.readFile(`${root}/s/${directory}/${rebuilt[at]}`);
      assertSameBytes(bytes, disk.readFile(`${root}/golden/${directory}/${file}`), `${directory}/${file}`);
    }
  }
}

const ROWS = [
  ["store-clean", "clean-foreign"],
  ["store-killed", "abrupt-foreign"],
  ["store-timer", "clean-foreign"],
] as const;

for (const [name, row] of ROWS) {
  testOnDisks(`recoverStore() of ${name} finds the offsets of the restarted Apache broker`, ({ disk, root }) => {
    copyGolden(name, disk, `${root}/s`);
    const result = recoverGolden(name, disk, `${root}/s`);
    assertEquals([result.row, result.logEnd, result.wasTorn], [row, GOLDEN_CONFIG[name].logEnd, false]);
    assertEquals(result.dispatchedPosition, result.logEnd);
    const found = new Map(result.queues.map((queue) => [`${queue.topic}/${queue.queueId}`, queue]));
    for (const { topic, queueId, minOffset, maxOffset } of manifestQueues(name)) {
      const queue = found.get(`${topic}/${queueId}`);
      assertEquals([queue?.minOffset ?? 0, queue?.maxOffset ?? 0], [minOffset, maxOffset], `${topic}/${queueId}`);
    }
    assertAsApache(name, disk, root);
  });

  testOnDisks(
    `recoverStore() of ${name} makes lost queues and indexes again as Apache wrote them`,
    ({ disk, root }) => {
      copyGolden(name, disk, `${root}/s`);
      disk.removeTree(`${root}/s/consumequeue`);
      disk.removeTree(`${root}/s/index`);
      const result = recoverGolden(name, disk, `${root}/s`);
      assertEquals(result.logEnd, GOLDEN_CONFIG[name].logEnd);
      assertAsApache(name, disk, root);
    },
  );

  testOnDisks(`Every message of ${name} reads as the manifest says`, ({ disk, root }) => {
    copyGolden(name, disk, root);
    const { logFileBytes, queueFileBytes } = GOLDEN_CONFIG[name];
    const handles = new HandleCache({ disk, mode: "read", handlesMax: 8 });
    const log = SegmentSet.open({ directory: `${root}/commitlog`, fileBytes: logFileBytes, handles });
    const unit = new Uint8Array(UNIT_BYTES);
    for (const message of manifestMessages(name)) {
      const reader = new ConsumeQueueReader({
        root: `${root}/consumequeue`,
        topic: message.topic,
        queueId: message.pulledFromQueueId,
        fileBytes: queueFileBytes,
        handles,
      });
      assertEquals(reader.readUnits(message.queueOffset, 1, unit, 0), 1);
      const { position, size } = decodeUnit(new DataView(unit.buffer), 0);
      assertEquals([position, size], [message.commitLogOffset, message.storeSize]);
      const bytes = new Uint8Array(size);
      assertEquals(log.read(bytes, 0, size, position), size);
      assertMessage(decodeRecord(bytes), message);
    }
    handles.close();
  });

  testOnDisks(`offsetByStoreTime() answers the recorded searches of ${name}`, ({ disk, root }) => {
    copyGolden(name, disk, root);
    const { logFileBytes, queueFileBytes } = GOLDEN_CONFIG[name];
    const handles = new HandleCache({ disk, mode: "read", handlesMax: 8 });
    const log = SegmentSet.open({ directory: `${root}/commitlog`, fileBytes: logFileBytes, handles });
    for (const queue of manifestQueues(name)) {
      const source = new ConsumeQueueReader({
        root: `${root}/consumequeue`,
        topic: queue.topic,
        queueId: queue.queueId,
        fileBytes: queueFileBytes,
        handles,
      });
      const search = {
        source,
        fileUnits: queueFileBytes / UNIT_BYTES,
        first: 0,
        min: queue.minOffset,
        max: queue.maxOffset,
        logMin: 0,
        storeTimeOf: (position: number) => storeTimeOf(log, position),
      };
      assertEquals(
        offsetByStoreTime(search, queue.searchTimestamp, "lower"),
        queue.searchOffset,
        JSON.stringify(queue),
      );
    }
    handles.close();
  });

  testOnDisks(`recoverStore() of ${name} leaves every recorded query by key as it was`, ({ disk, root }) => {
    copyGolden(name, disk, root);
    recoverGolden(name, disk, root);
    const handles = new HandleCache({ disk, mode: "read" });
    const reader = new IndexFileReader({ directory: `${root}/index`, shape: GOLDEN_CONFIG[name].shape, handles });
    for (const { topic, key, maxNum, begin, commitLogOffsetsAsAnswered } of manifestKeys(name)) {
      const answer = reader.query({ topic, key, recordsMax: maxNum, beginMs: begin, endMs: Number.MAX_SAFE_INTEGER });
      assertEquals(answer.positions, [...commitLogOffsetsAsAnswered ?? []]);
    }
    handles.close();
  });
}
