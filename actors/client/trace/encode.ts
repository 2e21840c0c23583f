/**
 * Trace records as the text that RocketMQ's trace tools read.
 *
 * ```text
 * fields separated by 0x01, a record ends with 0x02
 * Pub            | time | region | group | topic | id | tags | keys | storeHost | bytes | cost | type | offset id | success |
 * SubBefore      | time | region | group | request id | id | retries | keys |
 * SubAfter       | request id | id | cost | success | keys | context code | time | group |
 * EndTransaction | time | region | group | topic | id | tags | keys | storeHost | type | transaction id | state | from check |
 * Recall         | time | region | group | topic | id | success |
 * ```
 * Owns: the text. Never does: IO.
 * Source: apache/rocketmq client/trace/TraceDataEncoder.java encoderFromContextBean
 */

const FIELD = "\u0001";
const RECORD = "\u0002";

/** Kind of a message in traces. Source: common/message/MessageType.java ordinals */
const TYPE_NUMBER: Readonly<Record<string, number>> = {
  Normal_Msg: 0,
  Trans_Msg_Half: 1,
  Trans_msg_Commit: 2,
  Delay_Msg: 3,
  Order_Msg: 4,
};

/** One message of a trace. */
export interface TraceBean {
  readonly topic: string;
  readonly msgId: string;
  readonly offsetMsgId: string;
  readonly tags: string;
  readonly keys: string;
  readonly storeHost: string;
  readonly bodyLength: number;
  readonly retryTimes: number;
}

/** A trace as text, with what it may be found by. */
export interface TraceRecord {
  /** Region it belongs to. */
  readonly regionId: string;
  /** Text of the records. */
  readonly data: string;
  /** Ids and keys. */
  readonly keys: readonly string[];
}

/**
 * @param trace a send
 * @returns its record
 */
export function pubRecord(
  trace: {
    readonly timeStamp: number;
    readonly regionId: string;
    readonly groupName: string;
    readonly costTime: number;
    readonly msgType: string;
    readonly success: boolean;
    readonly bean: TraceBean;
  },
): TraceRecord {
  const { bean } = trace;
  return record(trace.regionId, [bean], [[
    "Pub",
    trace.timeStamp,
    trace.regionId,
    trace.groupName,
    bean.topic,
    bean.msgId,
    bean.tags,
    bean.keys,
    bean.storeHost,
    bean.bodyLength,
    trace.costTime,
    TYPE_NUMBER[trace.msgType] ?? 0,
    bean.offsetMsgId,
    trace.success,
  ]]);
}

/**
 * @param trace a hand-out to a listener
 * @returns its records, one for each message
 */
export function subBeforeRecord(
  trace: {
    readonly timeStamp: number;
    readonly regionId: string;
    readonly groupName: string;
    readonly requestId: string;
    readonly beans: readonly TraceBean[];
  },
): TraceRecord {
  return record(
    trace.regionId,
    trace.beans,
    trace.beans.map((bean) => [
      "SubBefore",
      trace.timeStamp,
      trace.regionId,
      trace.groupName,
      trace.requestId,
      bean.msgId,
      bean.retryTimes,
      bean.keys,
    ]),
  );
}

/**
 * @param trace a listener that came back
 * @returns its records, one for each message
 */
export function subAfterRecord(
  trace: {
    readonly timeStamp: number;
    readonly regionId: string;
    readonly groupName: string;
    readonly requestId: string;
    readonly costTime: number;
    readonly success: boolean;
    readonly contextCode: number;
    readonly beans: readonly TraceBean[];
  },
): TraceRecord {
  return record(
    trace.regionId,
    trace.beans,
    trace.beans.map((bean) => [
      "SubAfter",
      trace.requestId,
      bean.msgId,
      trace.costTime,
      trace.success,
      bean.keys,
      trace.contextCode,
      trace.timeStamp,
      trace.groupName,
    ]),
  );
}

/**
 * @param trace an end of a transaction
 * @returns its record
 */
export function endTransactionRecord(
  trace: {
    readonly timeStamp: number;
    readonly regionId: string;
    readonly groupName: string;
    readonly transactionId: string;
    readonly transactionState: string;
    readonly fromTransactionCheck: boolean;
    readonly bean: TraceBean;
  },
): TraceRecord {
  const { bean } = trace;
  return record(trace.regionId, [bean], [[
    "EndTransaction",
    trace.timeStamp,
    trace.regionId,
    trace.groupName,
    bean.topic,
    bean.msgId,
    bean.tags,
    bean.keys,
    bean.storeHost,
    TYPE_NUMBER["Trans_msg_Commit"] ?? 2,
    trace.transactionId,
    trace.transactionState,
    trace.fromTransactionCheck,
  ]]);
}

/**
 * @param trace a recall
 * @returns its record
 */
export function recallRecord(
  trace: {
    readonly timeStamp: number;
    readonly regionId: string;
    readonly groupName: string;
    readonly topic: string;
    readonly msgId: string;
    readonly success: boolean;
  },
): TraceRecord {
  const { timeStamp, regionId, groupName, topic, msgId, success } = trace;
  return {
    regionId,
    data: ["Recall", timeStamp, regionId, groupName, topic, msgId, success].join(FIELD) + RECORD,
    keys: [msgId],
  };
}

function record(
  regionId: string,
  beans: readonly TraceBean[],
  rows: readonly (readonly (string | number | boolean)[])[],
): TraceRecord {
  const keys = beans.flatMap((bean) => [bean.msgId, ...bean.keys.split(" ")]).filter((key) => key.length > 0);
  return { regionId, data: rows.map((row) => row.join(FIELD) + RECORD).join(""), keys };
}
