/**
 * When CommitRealTimeService writes what is in memory, as the configuration says.
 *
 * Owns: the rule, and when appending threads wake the service. Reads: values and cursors. Never: writes.
 */
import type { LogMemory } from "../../../store/memory/log_memory.ts";
import { PageRule } from "../../../store/page_rule.ts";
import type { BrokerValues } from "../broker_configuration.ts";
import { WaiterBell } from "../broker_memory.ts";
import type { LaterWrite } from "../gateway/gateway.ts";

/** The rule of commits. Source: apache/rocketmq store CommitLog.CommitRealTimeService.run */
export function commitRule(values: BrokerValues): PageRule {
  return new PageRule({
    leastPages: values.commitCommitLogLeastPages,
    thoroughMs: values.commitCommitLogThoroughInterval,
    fileBytes: values.mappedFileSizeCommitLog,
  });
}

/**
 * How a thread that appends wakes the service (wakeCommitWhenPutMessage). It does when there are pages enough; less is written when the interval is over, so a
 * wake-up for less would find nothing to do.
 */
export function commitCaller(values: BrokerValues, memory: LogMemory): LaterWrite {
  const rule = commitRule(values);
  const bell = memory.waiterBell(WaiterBell.Commit);
  const wakes = values.wakeCommitWhenPutMessage;
  return {
    appended: () => {
      if (wakes && rule.hasPages(memory.written.load(), memory.appended.load())) bell.ring();
    },
    refusesWhenFull: values.fastFailIfNoBufferInStorePool,
  };
}
