/**
 * Requests about the broker as a whole.
 *
 * Owns: the answers to 25, 26, 28, 306, 316, 329, 401, 402 and 2003.
 * Reads: configuration, gauges, rates.
 * Never: deletes a file itself.
 *
 * Source: apache/rocketmq broker AdminBrokerProcessor, QueryAssignmentProcessor.setMessageRequestMode
 */
import { decodeSetMessageRequestMode } from "../../../protocol/bodies/assignment.ts";
import { encodeGetBrokerConfigResponseHeader } from "../../../protocol/commands/broker_admin.ts";
import { encodeDataVersion } from "../../../protocol/data_version.ts";
import { stringifyFastJson } from "../../../protocol/fast_json.ts";
import { encodeKvTable } from "../../../protocol/kv_table.ts";
import { PropertiesError } from "../../../protocol/properties_error.ts";
import { parseProperties } from "../../../protocol/properties_text.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { decodeUtf8, encodeUtf8 } from "../../../protocol/utf8.ts";
import { RETRY_TOPIC_PREFIX } from "../../../store/topic_names.ts";
import { ConfigFile } from "./config_files.ts";
import { accept, type HandlerTable, refuse, type Room } from "./request_desk.ts";
import { runtimeInfoOf } from "./runtime_info.ts";

/** Topic whose queues are the delay levels. Source: apache/rocketmq common TopicValidator RMQ_SYS_SCHEDULE_TOPIC */
const SCHEDULE_TOPIC = "SCHEDULE_TOPIC_XXXX";

/** Handlers of this family. */
export function brokerRequests(room: Room): HandlerTable {
  return {
    ...configurationRequests(room),
    ...runtimeRequests(room),
    ...housekeepingRequests(room),
    ...requestModeRequests(room),
  };
}

function configurationRequests({ configuration }: Room): HandlerTable {
  return {
    [RequestCode.UPDATE_BROKER_CONFIG]: async (call) => {
      if (call.command.body.length === 0) return accept(call);
      let table: Map<string, string>;
      try {
        table = parseProperties(decodeUtf8(call.command.body));
      } catch (error) {
        if (!(error instanceof PropertiesError)) throw error;
        return refuse(call, ResponseCode.SYSTEM_ERROR, "string2Properties error");
      }
      if (configuration.forbids(table.keys())) {
        return refuse(call, ResponseCode.NO_PERMISSION, "Can not update config in black list.");
      }
      await configuration.update(table);
      return accept(call);
    },

    [RequestCode.GET_BROKER_CONFIG]: (call) => {
      const version = decodeUtf8(encodeDataVersion(configuration.version));
      return accept(call, encodeGetBrokerConfigResponseHeader({ version }), encodeUtf8(configuration.text()));
    },
  };
}

function runtimeRequests({ state, outputs }: Room): HandlerTable {
  return {
    [RequestCode.GET_BROKER_RUNTIME_INFO]: async (call) => {
      const [{ levels }, disk] = await Promise.all([outputs.delayOffsets(), outputs.housekeeping.diskUse()]);
      const table = runtimeInfoOf({
        values: state.values,
        gauges: state.gauges,
        disk,
        stats: state.storeStats,
        days: state.days,
        bootTimestamp: state.bootTimestamp,
        nowMs: state.nowMs(),
        actsAsMaster: state.actsAsMaster,
        failover: state.failover,
        delayLevels: levels.map(({ level, delivered }) => ({
          level,
          delivered,
          max: state.maxOffset(SCHEDULE_TOPIC, level - 1),
        })),
      });
      return accept(call, {}, encodeKvTable({ table }));
    },

    [RequestCode.GET_COLD_DATA_FLOW_CTR_INFO]: (call) => {
      const { cgColdReadThreshold, globalColdReadThreshold } = state.values;
      const info = { runtimeTable: {}, configTable: {}, cgColdReadThreshold, globalColdReadThreshold, globalAcc: 0 };
      return accept(call, {}, encodeUtf8(stringifyFastJson(info, { sortKeys: false })));
    },
  };
}

function housekeepingRequests({ state, outputs: { housekeeping } }: Room): HandlerTable {
  return {
    [RequestCode.CLEAN_EXPIRED_CONSUMEQUEUE]: async (call) => {
      await housekeeping.cleanExpiredConsumeQueues();
      return accept(call);
    },

    [RequestCode.CLEAN_UNUSED_TOPIC]: async (call) => {
      await housekeeping.cleanUnusedTopics([...state.topics.names(), ...state.systemTopics.names()]);
      return accept(call);
    },

    [RequestCode.DELETE_EXPIRED_COMMITLOG]: async (call) => {
      await housekeeping.deleteExpiredCommitLog();
      return accept(call);
    },
  };
}

function requestModeRequests({ state, files, saver, groups }: Room): HandlerTable {
  return {
    [RequestCode.SET_MESSAGE_REQUEST_MODE]: async (call) => {
      const mode = decodeSetMessageRequestMode(call.command.body);
      if (mode.topic.startsWith(RETRY_TOPIC_PREFIX)) {
        return refuse(call, ResponseCode.NO_PERMISSION, "retry topic is not allowed to set mode");
      }
      if (!state.topics.has(mode.topic)) {
        return refuse(call, ResponseCode.TOPIC_NOT_EXIST, `topic[${mode.topic}] not exist`);
      }
      if ((await groups.find(mode.consumerGroup)) === undefined) {
        return refuse(call, ResponseCode.SUBSCRIPTION_GROUP_NOT_EXIST, "subscription group does not exist");
      }
      state.requestModes.set(mode);
      await saver.save(ConfigFile.RequestModes);
      return accept(call);
    },

    [RequestCode.GET_ALL_MESSAGE_REQUEST_MODE]: (call) =>
      accept(call, {}, encodeUtf8(files.encodeCompact(ConfigFile.RequestModes))),
  };
}
