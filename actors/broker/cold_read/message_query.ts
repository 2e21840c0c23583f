/**
 * Queries for single messages: by key or unique key (12) and by commit-log offset (33).
 *
 * Owns: their answers. Reads: index and records. Never: compares key strings, as Apache does not either; clients do.
 *
 * Source: apache/rocketmq broker QueryMessageProcessor, store DefaultMessageStore.queryMessage
 */
import { createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { IndexFileReader } from "../../../store/index_file_reader.ts";
import type { RecordReader } from "./record_reader.ts";

/** Messages of one answer at most. Source: apache/rocketmq store MessageStoreConfig.maxMsgsNumBatch */
const ANSWER_RECORDS_MAX = 64;

/** Looks further back this often when the newest entries lead nowhere. Source: apache/rocketmq store DefaultMessageStore.queryMessage */
const ROUNDS = 3;

/** Answers QUERY_MESSAGE. */
export function answerQuery(
  command: RemotingCommand,
  records: RecordReader,
  index: IndexFileReader,
  uniqueKeyMaxNum: number,
): RemotingCommand {
  const { topic, key } = command.ext;
  const maxNum = Number(command.ext._UNIQUE_KEY_QUERY === "true" ? uniqueKeyMaxNum : command.ext.maxNum);
  const beginMs = Number(command.ext.beginTimestamp);
  let endMs = Number(command.ext.endTimestamp);
  if (topic === undefined || key === undefined || Number.isNaN(maxNum + beginMs + endMs)) {
    return createResponse(
      command,
      ResponseCode.SYSTEM_ERROR,
      "Cannot query messages: topic, key, maxNum, beginTimestamp and endTimestamp are required",
    );
  }
  let lastTimestampMs = 0;
  let lastPosition = 0;
  const found: Uint8Array[] = [];
  for (let round = 0; round < ROUNDS && found.length === 0 && endMs >= beginMs; round++) {
    const answer = index.query({ topic, key, recordsMax: Math.min(maxNum, ANSWER_RECORDS_MAX), beginMs, endMs });
    if (answer.positions.length === 0) break;
    ({ lastTimestampMs, lastPosition } = answer);
    const positions = [...answer.positions].sort((a, b) => a - b);
    for (const position of positions) {
      const record = records.read(position);
      if (record !== null) found.push(record);
    }
    const earliestMs = records.storeTime(positions[0]!);
    if (earliestMs < 0) break;
    endMs = earliestMs;
  }
  const ext = { indexLastUpdateTimestamp: String(lastTimestampMs), indexLastUpdatePhyoffset: String(lastPosition) };
  if (found.length > 0) return createResponse(command, ResponseCode.SUCCESS, undefined, ext, concatenate(found));
  return createResponse(
    command,
    ResponseCode.QUERY_NOT_FOUND,
    "can not find message, maybe time range not correct",
    ext,
  );
}

/** Answers VIEW_MESSAGE_BY_ID. */
export function answerView(command: RemotingCommand, records: RecordReader): RemotingCommand {
  const offset = Number(command.ext.offset);
  const record = Number.isSafeInteger(offset) ? records.read(offset) : null;
  if (record === null) {
    return createResponse(
      command,
      ResponseCode.SYSTEM_ERROR,
      `can not find message by the offset, ${command.ext.offset}`,
    );
  }
  return createResponse(command, ResponseCode.SUCCESS, undefined, {}, record);
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((bytes, piece) => bytes + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
