/**
 * Hooks that turn sends, consumption and ends of transactions into trace records.
 * Source: apache/rocketmq client/trace/hook/*.java
 */

import type { ClientInstance } from "../client_instance.ts";
import type { ConsumeMessageHook, EndTransactionHook, SendMessageHook } from "../hooks.ts";
import type { MessageExt } from "../message_ext.ts";
import { unwrapNamespace } from "../names.ts";
import type { ProducerOptions } from "../producer_options.ts";
import { PropertyName } from "../property_names.ts";
import { uniqueIds } from "../unique_ids.ts";
import { TraceDispatcher } from "./dispatcher.ts";
import { endTransactionRecord, pubRecord, subAfterRecord, subBeforeRecord, type TraceBean } from "./encode.ts";

const REGION_DEFAULT = "DefaultRegion";

/** Source: client/consumer/listener/ConsumeReturnType.java ordinals */
const CONTEXT_CODE: Readonly<Record<string, number>> = {
  SUCCESS: 0,
  TIME_OUT: 1,
  EXCEPTION: 2,
  RETURNNULL: 3,
  FAILED: 4,
};

/**
 * @param instance client instance
 * @param options whether and where to trace
 * @returns the dispatcher; undefined when tracing is off
 */
export function producerTrace(
  instance: ClientInstance,
  options: Pick<ProducerOptions, "enableTrace">,
): TraceDispatcher | undefined {
  if (options.enableTrace === undefined || options.enableTrace === false) return undefined;
  return new TraceDispatcher(instance, typeof options.enableTrace === "string" ? options.enableTrace : undefined);
}

/**
 * @param dispatcher takes the records
 * @param instance client instance
 * @returns the hook
 */
export function sendTraceHook(dispatcher: TraceDispatcher, instance: ClientInstance): SendMessageHook {
  const { clock, namespace } = instance.options;
  return {
    hookName: "SendMessageTraceHook",
    sendMessageAfter: (context) => {
      if (context.mq.topic === dispatcher.topic || context.sendResult?.traceOn === false) return;
      const { message, sendResult } = context;
      dispatcher.append(pubRecord({
        timeStamp: context.startMs,
        regionId: sendResult?.regionId ?? REGION_DEFAULT,
        groupName: unwrapNamespace(namespace, context.producerGroup),
        costTime: Math.round((clock.nowMs() - context.startMs) / context.messages.length),
        msgType: context.msgType,
        success: sendResult?.sendStatus === "SEND_OK",
        bean: {
          topic: unwrapNamespace(namespace, message.topic),
          msgId: sendResult?.msgId ?? message.properties.get(PropertyName.UNIQ_KEY) ?? "",
          offsetMsgId: sendResult?.offsetMsgId ?? "",
          tags: message.properties.get(PropertyName.TAGS) ?? "",
          keys: message.properties.get(PropertyName.KEYS) ?? "",
          storeHost: context.brokerAddr,
          bodyLength: context.messages.reduce((sum, one) => sum + one.body.length, 0),
          retryTimes: 0,
        },
      }));
    },
  };
}

/**
 * @param dispatcher takes the records
 * @param instance client instance
 * @returns the hook
 */
export function endTransactionTraceHook(dispatcher: TraceDispatcher, instance: ClientInstance): EndTransactionHook {
  const { clock, namespace } = instance.options;
  return {
    hookName: "EndTransactionTraceHook",
    endTransaction: (context) => {
      dispatcher.append(endTransactionRecord({
        timeStamp: clock.nowMs(),
        regionId: REGION_DEFAULT,
        groupName: unwrapNamespace(namespace, context.producerGroup),
        transactionId: context.transactionId,
        transactionState: context.transactionState,
        fromTransactionCheck: context.fromTransactionCheck,
        bean: {
          topic: unwrapNamespace(namespace, context.topic),
          msgId: context.msgId,
          offsetMsgId: "",
          tags: context.tags ?? "",
          keys: context.keys ?? "",
          storeHost: context.brokerAddr,
          bodyLength: 0,
          retryTimes: 0,
        },
      }));
    },
  };
}

interface ConsumeTrace {
  readonly requestId: string;
  readonly regionId: string;
  readonly beans: readonly TraceBean[];
  readonly startMs: number;
}

/**
 * @param dispatcher takes the records
 * @param instance client instance
 * @returns the hook
 */
export function consumeTraceHook(dispatcher: TraceDispatcher, instance: ClientInstance): ConsumeMessageHook {
  const { clock, namespace } = instance.options;
  return {
    hookName: "ConsumeMessageTraceHook",
    consumeMessageBefore: (context) => {
      const traced = context.msgList.filter((message) => message.getProperty(PropertyName.TRACE_ON) !== "false");
      const first = traced[0];
      if (first === undefined) return;
      const trace: ConsumeTrace = {
        requestId: uniqueIds().next(),
        regionId: first.getProperty(PropertyName.MSG_REGION) ?? REGION_DEFAULT,
        beans: traced.map((message) => beanOf(message, namespace)),
        startMs: clock.nowMs(),
      };
      context.mqTraceContext = trace;
      dispatcher.append(subBeforeRecord({
        timeStamp: trace.startMs,
        regionId: trace.regionId,
        groupName: unwrapNamespace(namespace, context.consumerGroup),
        requestId: trace.requestId,
        beans: trace.beans,
      }));
    },
    consumeMessageAfter: (context) => {
      const trace = context.mqTraceContext as ConsumeTrace | undefined;
      if (trace === undefined) return;
      dispatcher.append(subAfterRecord({
        timeStamp: clock.nowMs(),
        regionId: trace.regionId,
        groupName: unwrapNamespace(namespace, context.consumerGroup),
        requestId: trace.requestId,
        costTime: Math.round((clock.nowMs() - trace.startMs) / trace.beans.length),
        success: context.success,
        contextCode: CONTEXT_CODE[context.returnType] ?? 0,
        beans: trace.beans,
      }));
    },
  };
}

function beanOf(message: MessageExt, namespace: string): TraceBean {
  return {
    topic: unwrapNamespace(namespace, message.topic),
    msgId: message.msgId,
    offsetMsgId: message.offsetMsgId,
    tags: message.tags ?? "",
    keys: message.keys ?? "",
    storeHost: message.storeHost,
    bodyLength: message.storeSize,
    retryTimes: message.reconsumeTimes,
  };
}
