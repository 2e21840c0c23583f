/**
 * What a slave takes over from its master besides the log: topics, consumer offsets, delay offsets, groups, request modes, timer metrics and checkpoint.
 *
 * Owns: where the master is, and what the last round brought. Reads: the master's answers. Never: sends anything to the master that changes it; never ends the other parts of a round because one failed.
 *
 * Source: apache/rocketmq broker SlaveSynchronize, BrokerController.initializeBrokerScheduledTasks
 */
import { decodeMessageRequestModeTable } from "../../../protocol/bodies/assignment.ts";
import { decodeConsumerOffsetTable } from "../../../protocol/bodies/consumer_offsets.ts";
import { decodeDelayOffsetTable } from "../../../protocol/bodies/delay_offsets.ts";
import { decodeTimerMetrics } from "../../../protocol/bodies/queue_metrics.ts";
import { createRequest, type ExtFields, type RemotingCommand } from "../../../protocol/command.ts";
import {
  decodeGetAllSubscriptionGroupResponseHeader,
  encodeGetAllSubscriptionGroupRequestHeader,
} from "../../../protocol/commands/group.ts";
import {
  decodeGetAllTopicConfigResponseHeader,
  encodeGetAllTopicConfigRequestHeader,
} from "../../../protocol/commands/topic.ts";
import { type DataVersion, encodeDataVersion, isSameDataVersion } from "../../../protocol/data_version.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { decodeSubscriptionGroupTable } from "../../../protocol/subscription_group.ts";
import { decodeTopicConfigAndMappingTable } from "../../../protocol/topic_config.ts";
import { decodeUtf8 } from "../../../protocol/utf8.ts";
import type { Disk } from "../../../store/file/disk.ts";
import { writeTextFile } from "../../../store/file/json_file.ts";
import { writeFollowedCheckpoint } from "../../../store/timer/timer_checkpoint.ts";
import { ConfigFile } from "./config_files.ts";
import type { ConfigSaver } from "./config_saver.ts";
import type { GroupChanges } from "./group_changes.ts";
import type { ControllerState } from "./state.ts";
import type { TopicChanges } from "./topic_changes.ts";

/** Time between two looks at the master's timer checkpoint, milliseconds. Source: apache/rocketmq broker BrokerController.initializeBrokerScheduledTasks */
export const TIMER_SYNC_INTERVAL_MS = 3_000;

/** How many times as long as it took a round has to wait for the next one. */
const ROUND_SHARE = 20;

/** Intervals that a long round puts the next one off at most: with the default as long as RocketMQ 5 waits in any case. */
const INTERVALS_MAX = 6;

/** Longest wait for an answer, milliseconds. Source: apache/rocketmq broker BrokerOuterAPI.getAllTopicConfig */
const CALL_MS = 30_000;

/** Names on a page, as a slave asks for them. Source: apache/rocketmq broker BrokerOuterAPI.getMaxPageSize */
const PAGE_NAMES = 2000;

/** Distance of the fast port, which answers the topic table. Source: apache/rocketmq common MixAll.brokerVIPChannel */
const FAST_PORT_DISTANCE = 2;

/** What this works with. */
export interface SlaveSynchronizeParts {
  readonly state: ControllerState;
  readonly topics: TopicChanges;
  readonly groups: GroupChanges;
  readonly saver: ConfigSaver;
  readonly disk: Disk;
  /** Directory of the configuration files. */
  readonly directory: string;
  readonly call: (address: string, command: RemotingCommand, timeoutMs: number) => Promise<RemotingCommand>;
  readonly log: (level: "info" | "warn" | "error", text: string) => void;
}

/** Follows a master's tables. */
export class SlaveSynchronize {
  readonly #parts: SlaveSynchronizeParts;
  readonly #failures = new Map<string, string>();
  #master: string | undefined;
  #lastRoundMs = 0;

  /** @param parts what it works with */
  constructor(parts: SlaveSynchronizeParts) {
    this.#parts = parts;
  }

  /** Takes the address of the master. @returns whether it is another one now */
  follow(master: string): boolean {
    if (master === this.#master || master === this.#parts.state.brokerAddress) return false;
    this.#master = master;
    return true;
  }

  /** The master is gone: nothing is taken over until one is followed again. */
  leave(): void {
    this.#master = undefined;
  }

  /** Whether the master is known. */
  get isFollowing(): boolean {
    return this.#master !== undefined;
  }

  /** Milliseconds that the next round has to wait. */
  get waitMs(): number {
    const { slaveSynchronizeInterval: intervalMs } = this.#parts.state.values;
    return Math.max(intervalMs, Math.min(this.#lastRoundMs * ROUND_SHARE, intervalMs * INTERVALS_MAX));
  }

  /** Takes everything over once. */
  async syncAll(): Promise<void> {
    const master = this.#master;
    if (master === undefined) return;
    const { clock, values } = this.#parts.state;
    const beganMs = clock.monotonicMs();
    await this.#part("topics", () => this.#topics(master));
    await this.#part("consumer offsets", () => this.#consumerOffsets(master));
    await this.#part("delay offsets", () => this.#delayOffsets(master));
    await this.#part("groups", () => this.#groups(master));
    await this.#part("request modes", () => this.#requestModes(master));
    if (values.timerWheelEnable) await this.#part("timer metrics", () => this.#timerMetrics(master));
    this.#lastRoundMs = clock.monotonicMs() - beganMs;
  }

  /** Takes over how far the master's timers are. */
  async syncTimerCheckpoint(): Promise<void> {
    const master = this.#master;
    if (master === undefined || !this.#parts.state.values.timerWheelEnable) return;
    await this.#part("timer checkpoint", async () => {
      const { body } = await this.#ask(master, RequestCode.GET_TIMER_CHECK_POINT);
      writeFollowedCheckpoint(this.#parts.disk, this.#parts.directory, body);
    });
  }

  async #topics(master: string): Promise<void> {
    const { state, topics } = this.#parts;
    const configs = new Map<string, Parameters<typeof topics.follow>[0][number]>();
    const version = await this.#pages(
      async (begin, before) => {
        const ext = encodeGetAllTopicConfigRequestHeader({
          topicSeq: begin,
          maxTopicNum: PAGE_NAMES,
          dataVersion: before === undefined ? "" : decodeUtf8(encodeDataVersion(before)),
        });
        const answer = await this.#ask(fastAddressOf(master), RequestCode.GET_ALL_TOPIC_CONFIG, { ...ext });
        const { dataVersion, topicConfigTable } = decodeTopicConfigAndMappingTable(answer.body);
        if (begin === 0) configs.clear();
        for (const [name, config] of topicConfigTable) configs.set(name, config);
        const { totalTopicNum } = decodeGetAllTopicConfigResponseHeader(answer.ext);
        return { version: dataVersion, count: topicConfigTable.size, total: totalTopicNum };
      },
    );
    if (!isSameDataVersion(version, state.topics.version)) await topics.follow([...configs.values()], version);
  }

  async #groups(master: string): Promise<void> {
    const { state, groups } = this.#parts;
    const configs = new Map<string, Parameters<typeof groups.follow>[0][number]>();
    const forbidden = new Map<string, ReadonlyMap<string, number>>();
    const version = await this.#pages(
      async (begin, before) => {
        const ext = encodeGetAllSubscriptionGroupRequestHeader({
          groupSeq: begin,
          maxGroupNum: PAGE_NAMES,
          dataVersion: before === undefined ? "" : decodeUtf8(encodeDataVersion(before)),
        });
        const answer = await this.#ask(master, RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG, { ...ext });
        const { dataVersion, subscriptionGroupTable, forbiddenTable } = decodeSubscriptionGroupTable(answer.body);
        if (begin === 0) {
          configs.clear();
          forbidden.clear();
        }
        for (const [name, config] of subscriptionGroupTable) configs.set(name, config);
        for (const [name, topics] of forbiddenTable) forbidden.set(name, topics);
        const { totalGroupNum } = decodeGetAllSubscriptionGroupResponseHeader(answer.ext);
        return { version: dataVersion, count: subscriptionGroupTable.size, total: totalGroupNum };
      },
    );
    if (!isSameDataVersion(version, state.groups.version)) {
      await groups.follow([...configs.values()], forbidden, version);
    }
  }

  /** Reads a table page by page, from the beginning again when it changed in between. @returns its version */
  async #pages(
    read: (
      begin: number,
      version: DataVersion | undefined,
    ) => Promise<{ version: DataVersion; count: number; total: number | undefined }>,
  ): Promise<DataVersion> {
    let version: DataVersion | undefined;
    let begin = 0;
    for (;;) {
      const page = await read(begin, version);
      if (page.total === undefined) return page.version; // A master before 5.3.3 gives everything at once.
      if (version !== undefined && !isSameDataVersion(version, page.version)) {
        version = undefined;
        begin = 0;
        continue;
      }
      version = page.version;
      begin += page.count;
      if (begin >= page.total || page.count === 0) return version;
    }
  }

  async #consumerOffsets(master: string): Promise<void> {
    const { state, saver } = this.#parts;
    const { body } = await this.#ask(master, RequestCode.GET_ALL_CONSUMER_OFFSET);
    const { offsetTable, dataVersion } = decodeConsumerOffsetTable(body);
    state.offsets.replace([...offsetTable].map(([key, queues]) => [key, new Map(queues)] as const), dataVersion);
    await saver.save(ConfigFile.Offsets);
    state.offsets.markSaved();
  }

  async #delayOffsets(master: string): Promise<void> {
    const { disk, directory } = this.#parts;
    const text = decodeUtf8((await this.#ask(master, RequestCode.GET_ALL_DELAY_OFFSET)).body);
    decodeDelayOffsetTable(text);
    writeTextFile(disk, `${directory}/delayOffset.json`, text);
  }

  async #requestModes(master: string): Promise<void> {
    const { state, saver } = this.#parts;
    const { body } = await this.#ask(master, RequestCode.GET_ALL_MESSAGE_REQUEST_MODE);
    const { messageRequestModeMap } = decodeMessageRequestModeTable(body);
    state.requestModes.replace([...messageRequestModeMap.values()].flatMap((groups) => [...groups.values()]));
    await saver.save(ConfigFile.RequestModes);
  }

  async #timerMetrics(master: string): Promise<void> {
    const { disk, directory } = this.#parts;
    const text = decodeUtf8((await this.#ask(master, RequestCode.GET_TIMER_METRICS)).body);
    decodeTimerMetrics(text);
    writeTextFile(disk, `${directory}/timermetrics`, text);
  }

  async #ask(address: string, code: number, ext: ExtFields = {}): Promise<RemotingCommand> {
    const answer = await this.#parts.call(address, createRequest(code, ext), CALL_MS);
    if (answer.code === ResponseCode.SUCCESS) return answer;
    throw new Error(`${address} answered request ${code} with ${answer.code} ${answer.remark ?? ""}`);
  }

  /** Does one part; a failure is logged when it is another one than last time. */
  async #part(name: string, work: () => Promise<void>): Promise<void> {
    try {
      await work();
      if (this.#failures.delete(name)) {
        this.#parts.log("info", `Replication: ${name} of the master are taken over again`);
      }
    } catch (error) {
      const text = error instanceof Error ? error.message : String(error);
      if (this.#failures.get(name) === text) return;
      this.#failures.set(name, text);
      this.#parts.log("warn", `Replication: cannot take over ${name} of the master: ${text}`);
    }
  }
}

function fastAddressOf(address: string): string {
  const at = address.lastIndexOf(":");
  return `${address.slice(0, at)}:${Number(address.slice(at + 1)) - FAST_PORT_DISTANCE}`;
}
