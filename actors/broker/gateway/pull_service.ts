// hot
/**
 * Pulls on a gateway: checked, planned, copied out of the ring, or handed to whoever may wait for the disk, or parked.
 *
 * What is in the ring is served without reading the commit log: the queue's units by one pread, the records as they are stored, straight into the
 * connection's output. A pull that finds nothing and may wait is parked: it goes into this table first, then to PullRequestHoldService through a ring, which looks at
 * the queue again before it waits, so no arrival slips between.
 */
import { freeBytes } from "../../../protocol/free_bytes.ts";
import type { HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { PullScan } from "../../../protocol/hot/pull_scan.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import type { Clock } from "../../../store/clock.ts";
import type { LogReader } from "../../../store/log_reader.ts";
import { takeLong, type TokenRing } from "../../../store/memory/token_ring.ts";
import type { QueueTable } from "../../../store/queue_table.ts";
import { WAKE_WORDS, WakeReason } from "../broker_memory.ts";
import type { ColdPull, ColdPullFound } from "../cold_read_contract.ts";
import { type PullAnswer, pushPullHeader } from "./answer_bytes.ts";
import type { GatewayConnection } from "./connection.ts";
import type { PullSuggestion } from "./gateway_replication.ts";
import type { ControlView } from "./control_view.ts";
import type { NameLookup } from "./name_lookup.ts";
import { PULL_UNITS_MAX, PullPlan } from "./pull_plan.ts";
import type { PlannedRead, WarmGate } from "./planned_read.ts";
import {
  checkPull,
  type PullFields,
  PullFlag,
  type PullRefusal,
  type PullRequest,
  type PullSettings,
} from "./pull_request.ts";
import type { ServedTopic } from "./served_topic.ts";
import type { PullMeter } from "./traffic_meter.ts";
import type { HoldDoor } from "./hold_door.ts";

/** Pulls parked on one gateway at most; the next one is answered at once. */
export const PARKED_MAX = 200_000;

/** Longest time that a client may have its pull parked. Milliseconds. */
export const SUSPEND_MS_MAX = 300_000;

/** Id of every master. Source: apache/rocketmq common MixAll.MASTER_ID */
const MASTER_ID = 0;

/** Reads consume-queue units. */
export interface QueueUnits {
  /** Reads up to `count` units from `offset` on. @returns units read */
  readUnits(topic: string, queueId: number, offset: number, count: number, into: Uint8Array): number;
}

/** What the pull service works with. */
export interface PullParts {
  readonly control: ControlView;
  readonly topics: NameLookup<ServedTopic>;
  readonly queues: QueueTable;
  readonly units: QueueUnits;
  readonly reader: LogReader;
  /** Reads files, and when this thread may. */
  readonly planned: PlannedRead;
  readonly warm: WarmGate;
  readonly settings: PullSettings & {
    readonly longPollingEnable: boolean;
    readonly shortPollingTimeMs: number;
    /** Why no pull is taken here; undefined when they are. */
    readonly refusal: PullRefusal | undefined;
  };
  readonly suggestion: PullSuggestion;
  readonly wakes: TokenRing;
  readonly hold: HoldDoor;
  readonly clock: Clock;
  readonly meter: PullMeter;
  /** Reads what the ring no longer holds. */
  readonly cold: (pull: ColdPull) => Promise<ColdPullFound>;
  /** Output of a connection is ready for the end of the turn. */
  readonly markDirty: (connection: GatewayConnection) => void;
  /** A commit rode on a pull. */
  readonly commit: (
    group: string,
    topic: string,
    queueId: number,
    offset: number,
    connection: GatewayConnection,
  ) => void;
  /** Answers with a code and a remark. */
  readonly refuse: (connection: GatewayConnection, opaque: number, refusal: PullRefusal) => void;
  /** A pull took a pending offset reset. */
  readonly resetTaken: (group: string, topic: string, queueId: number) => void;
}

/** Pulls of one gateway. */
export class PullService {
  readonly #parts: PullParts;
  readonly #scan = new PullScan();
  readonly #plan = new PullPlan();
  readonly #parked = new Map<number, PullRequest>();
  readonly #unoffered = new Set<number>();
  readonly #wake = new Int32Array(WAKE_WORDS);
  readonly #decoder = new TextDecoder();
  readonly #answer: PullAnswer = {
    code: 0,
    remark: "",
    suggestWhichBrokerId: 0,
    groupSysFlag: 0,
    topicSysFlag: 0,
    nextBeginOffset: 0,
    minOffset: 0,
    maxOffset: 0,
  };
  #nextToken = 1;
  #coldPulls = 0;
  #ringPulls = 0;
  #warmPulls = 0;

  /** @param parts what it works with */
  constructor(parts: PullParts) {
    this.#parts = parts;
  }

  /** Pulls parked now, and pulls answered from the ring, from the page cache and by ColdReadService so far. */
  get counters(): {
    readonly parked: number;
    readonly ringPulls: number;
    readonly warmPulls: number;
    readonly coldPulls: number;
  } {
    const [ringPulls, warmPulls, coldPulls] = [this.#ringPulls, this.#warmPulls, this.#coldPulls];
    return { parked: this.#parked.size, ringPulls, warmPulls, coldPulls };
  }

  /**
   * Takes a pull from its frame.
   *
   * @returns false when the general path has to take it: a field that is missing or odd, or a group that may have to be created
   */
  take(connection: GatewayConnection, scan: HeaderScan, bytes: Uint8Array): boolean {
    const pull = this.#scan;
    if ((scan.flag & 2) !== 0 || !pull.read(bytes, scan)) return false;
    const group = this.#parts.control.groups.find(bytes, scan.valueStart[pull.group]!, scan.valueEnd[pull.group]!);
    const topic = this.#parts.topics.find(bytes, scan.valueStart[pull.topic]!, scan.valueEnd[pull.topic]!);
    if (group === undefined || topic === undefined) return false;
    this.#start(connection, scan.opaque, {
      lite: scan.code === RequestCode.LITE_PULL_MESSAGE,
      groupName: group.name,
      topicName: topic.entry.topic,
      queueId: pull.queueId,
      queueOffset: pull.queueOffset,
      maxMsgNums: pull.maxMsgNums,
      maxMsgBytes: pull.maxMsgBytes,
      sysFlag: pull.sysFlag,
      suspendTimeoutMs: pull.suspendTimeoutMs,
      subVersion: pull.subVersion,
      subscription: this.#text(bytes, scan, pull.subscription),
      expressionType: this.#text(bytes, scan, pull.expressionType),
    }, pull.commitOffset);
    return true;
  }

  /** Takes a pull whose fields another decoder read. */
  takeFields(connection: GatewayConnection, opaque: number, fields: PullFields, commitOffset: number): void {
    this.#start(connection, opaque, fields, commitOffset);
  }

  /** Looks at what PullRequestHoldService woke. */
  takeWakes(): void {
    const { wakes } = this.#parts;
    while (wakes.accept(this.#wake)) {
      const token = this.#wake[0]!;
      const request = this.#parked.get(token);
      if (request === undefined) continue;
      this.#unpark(token, request);
      if (request.connection.closed) continue;
      // What PullRequestHoldService passed over does not match.
      request.offset = Math.max(request.offset, takeLong(this.#wake, 2));
      const late = this.#wake[1] === WakeReason.Deadline || this.#parts.clock.nowMs() >= request.deadlineMs;
      this.#execute(request, !late);
    }
    if (wakes.takeOverflow()) this.offerAgain();
    else if (this.#unoffered.size > 0) this.#offerUnoffered();
    if (this.#parked.size > 0) this.#parts.hold.rouse();
  }

  /**
   * Looks at every parked pull while nobody holds them: a thread may be long in starting, and a message shall not wait for that. For the tick.
   */
  lookUnheld(): void {
    const { hold, queues, clock } = this.#parts;
    if (this.#parked.size === 0 || hold.isUp) return;
    const nowMs = clock.nowMs();
    // Who is parked again meanwhile has seen what there is, and is passed over.
    for (const [token, request] of this.#parked) {
      const isLate = nowMs >= request.deadlineMs;
      if (!isLate && queues.maxOffset(request.slot) <= request.offset) continue;
      this.#unpark(token, request);
      this.#execute(request, !isLate);
    }
  }

  /** PullRequestHoldService was started, perhaps again, and knows nothing: filters are told and pulls are offered anew. */
  holdRestarted(): void {
    this.#parts.hold.forgetFilters();
    this.offerAgain();
  }

  /** Offers every parked pull anew, after PullRequestHoldService was started again or lost a wake. */
  offerAgain(): void {
    for (const token of this.#parked.keys()) this.#unoffered.add(token);
    this.#offerUnoffered();
  }

  /** Answers every parked pull, because the broker stops. */
  answerAll(): void {
    const all = [...this.#parked.values()];
    this.#parked.clear();
    for (const request of all) if (!request.connection.closed) this.#execute(request, false);
  }

  /**
   * Forgets the parked pulls of a connection that is gone, so that nothing of it stays until their time is over. PullRequestHoldService is told so; when its
   * ring is full it keeps a token that means nothing here any more.
   */
  closed(connection: GatewayConnection): void {
    if (connection.parked === undefined) return;
    for (const token of connection.parked) {
      const request = this.#parked.get(token);
      this.#parked.delete(token);
      if (!this.#unoffered.delete(token) && request !== undefined) this.#parts.hold.takeBack(token, request);
    }
    connection.parked = undefined;
  }

  #text(bytes: Uint8Array, scan: HeaderScan, field: number): string | undefined {
    if (field < 0) return undefined;
    const start = scan.valueStart[field]!;
    const end = scan.valueEnd[field]!;
    if (end - start === 1 && bytes[start] === 0x2a) return "*";
    if (end - start === 3 && bytes[start] === 0x54 && bytes[start + 2] === 0x47) return "TAG";
    return this.#decoder.decode(bytes.subarray(start, end));
  }

  #start(connection: GatewayConnection, opaque: number, fields: PullFields, commitOffset: number): void {
    const { control, topics, settings, commit, clock } = this.#parts;
    if (settings.refusal !== undefined) return this.#parts.refuse(connection, opaque, settings.refusal);
    const group = control.groups.byName(fields.groupName);
    const topic = topics.byName(fields.topicName);
    const checked = checkPull(fields, group, topic, settings, connection.remoteAddress);
    if (checked.refused) return this.#parts.refuse(connection, opaque, checked);
    let holdMs = 0;
    if ((fields.sysFlag & PullFlag.Suspend) !== 0) {
      holdMs = settings.longPollingEnable
        ? Math.min(fields.suspendTimeoutMs, SUSPEND_MS_MAX)
        : settings.shortPollingTimeMs;
    }
    const request: PullRequest = {
      connection,
      opaque,
      group: group!,
      topic: topic!,
      queueId: fields.queueId,
      slot: topic!.slot(fields.queueId),
      offset: fields.queueOffset,
      maxMsgNums: fields.maxMsgNums,
      maxMsgBytes: Math.max(fields.maxMsgBytes, 100),
      codes: checked.codes,
      filter: checked.filter,
      deadlineMs: holdMs > 0 ? clock.nowMs() + holdMs : 0,
    };
    if ((fields.sysFlag & PullFlag.Commit) !== 0) {
      commit(request.group.name, fields.topicName, fields.queueId, commitOffset, connection);
    }
    this.#execute(request, holdMs > 0);
  }

  #execute(request: PullRequest, maySuspend: boolean): void {
    const { queues, control } = this.#parts;
    const max = queues.maxOffset(request.slot);
    const min = queues.minOffset(request.slot);
    if (control.hasResets && this.#takeReset(request, min, max)) return;
    const offset = request.offset;
    if (max === 0) {
      return this.#nothing(
        request,
        "NO_MESSAGE_IN_QUEUE",
        offset === 0 ? ResponseCode.PULL_NOT_FOUND : ResponseCode.PULL_OFFSET_MOVED,
        0,
        min,
        max,
        maySuspend,
      );
    }
    if (offset < min) {
      return this.#nothing(request, "OFFSET_TOO_SMALL", ResponseCode.PULL_OFFSET_MOVED, min, min, max, false);
    }
    if (offset === max) {
      return this.#nothing(request, "OFFSET_OVERFLOW_ONE", ResponseCode.PULL_NOT_FOUND, offset, min, max, maySuspend);
    }
    if (offset > max) {
      return this.#nothing(request, "OFFSET_OVERFLOW_BADLY", ResponseCode.PULL_OFFSET_MOVED, max, min, max, false);
    }
    this.#serve(request, min, max, maySuspend);
  }

  #serve(request: PullRequest, min: number, max: number, maySuspend: boolean): void {
    // What looks into messages takes its time, and other connections shall not wait for it.
    if (request.filter !== null) return this.#readCold(request, min, max, maySuspend);
    const { units, reader } = this.#parts;
    const plan = this.#plan;
    const wanted = request.codes === null ? Math.min(request.maxMsgNums, 32) : PULL_UNITS_MAX;
    const count = Math.max(1, Math.min(wanted, max - request.offset));
    const read = units.readUnits(request.topic.entry.topic, request.queueId, request.offset, count, plan.units);
    if (read === 0) return this.#readCold(request, min, max);
    plan.make(request.offset, read, { messages: request.maxMsgNums, bytes: request.maxMsgBytes }, request.codes);
    if (plan.count === 0) return this.#noMatch(request, plan.nextOffset, min, max, maySuspend);
    const first = plan.positions[0]!;
    if (first >= reader.ringStart() ? this.#copy(request, min, max) : this.#readWarm(request, first, min, max)) return;
    this.#readCold(request, min, max);
  }

  /** @returns false when somebody has to read it who may wait for the disk */
  #readWarm(request: PullRequest, first: number, min: number, max: number): boolean {
    const { warm, planned, reader, meter, markDirty } = this.#parts;
    if (!warm.enter(first, reader.end)) return false;
    const plan = this.#plan;
    const connection = request.connection;
    const before = connection.outEnd;
    const behindBytes = reader.end - plan.positions[plan.count - 1]!;
    const answer = this.#fill(request, ResponseCode.SUCCESS, "FOUND", plan.nextOffset, min, max);
    this.#suggest(request, behindBytes);
    if (!pushPullHeader(connection, request.opaque, answer, plan.bytes)) return true;
    const isRead = planned.read(plan, connection.out, connection.outEnd);
    warm.leave();
    if (!isRead) {
      connection.outEnd = before;
      return false;
    }
    connection.outEnd += plan.bytes;
    this.#warmPulls++;
    meter.found(request, plan.count, plan.bytes, true, plan.nextOffset, behindBytes);
    markDirty(connection);
    return true;
  }

  /** @returns false when the ring was written over meanwhile */
  #copy(request: PullRequest, min: number, max: number): boolean {
    const { reader, meter, markDirty } = this.#parts;
    const plan = this.#plan;
    const connection = request.connection;
    const before = connection.outEnd;
    const answer = this.#fill(request, ResponseCode.SUCCESS, "FOUND", plan.nextOffset, min, max);
    const behindBytes = reader.end - plan.positions[plan.count - 1]!;
    this.#suggest(request, behindBytes);
    if (!pushPullHeader(connection, request.opaque, answer, plan.bytes)) return true;
    for (let i = 0; i < plan.count; i++) {
      if (!reader.copyFromRing(plan.positions[i]!, plan.sizes[i]!, connection.out, connection.outEnd)) {
        connection.outEnd = before;
        return false;
      }
      connection.outEnd += plan.sizes[i]!;
    }
    this.#ringPulls++;
    meter.found(request, plan.count, plan.bytes, false, plan.nextOffset, behindBytes);
    markDirty(connection);
    return true;
  }

  /** Nothing that was looked at matches: go on behind it, or wait, or tell the client to ask again. */
  #noMatch(request: PullRequest, next: number, min: number, max: number, maySuspend: boolean): void {
    if (maySuspend && next === max && !this.#parts.suggestion.isBesideMaster()) {
      request.offset = next;
      return this.#park(request);
    }
    this.#nothing(request, "NO_MATCHED_MESSAGE", ResponseCode.PULL_RETRY_IMMEDIATELY, next, min, max, false);
  }

  #nothing(
    request: PullRequest,
    status: string,
    code: number,
    next: number,
    min: number,
    max: number,
    maySuspend: boolean,
  ): void {
    const isBesideMaster = this.#parts.suggestion.isBesideMaster();
    if (maySuspend && !isBesideMaster && code === ResponseCode.PULL_NOT_FOUND && this.#parked.size < PARKED_MAX) {
      return this.#park(request);
    }
    this.#parts.meter.missed();
    const told = isBesideMaster ? ResponseCode.PULL_RETRY_IMMEDIATELY : code;
    const answer = this.#fill(request, told, status, next, min, max);
    this.#suggest(request, 0);
    if (pushPullHeader(request.connection, request.opaque, answer, 0)) this.#parts.markDirty(request.connection);
  }

  #fill(request: PullRequest, code: number, remark: string, next: number, min: number, max: number): PullAnswer {
    const answer = this.#answer;
    answer.code = code;
    answer.remark = remark;
    answer.groupSysFlag = request.group.config.groupSysFlag;
    answer.topicSysFlag = request.topic.entry.topicSysFlag;
    answer.nextBeginOffset = next;
    answer.minOffset = min;
    answer.maxOffset = max;
    return answer;
  }

  /**
   * Names the broker that the client should turn to next.
   *
   * @param behindBytes bytes from the last record given to the end of the log; 0 when none is
   *
   * Source: apache/rocketmq broker PullMessageProcessor.composeResponseHeader, store DefaultMessageStore.getMessage
   */
  #suggest({ group: { config } }: PullRequest, behindBytes: number): void {
    const { suggestion } = this.#parts;
    const answer = this.#answer;
    answer.suggestWhichBrokerId = MASTER_ID;
    if (!suggestion.mayReadSlaves) return;
    if (behindBytes > suggestion.slowBytes) answer.suggestWhichBrokerId = config.whichBrokerWhenConsumeSlowly;
    else if (!suggestion.isBesideMaster()) answer.suggestWhichBrokerId = config.brokerId;
  }

  #takeReset(request: PullRequest, min: number, max: number): boolean {
    const { control, resetTaken } = this.#parts;
    const { topic } = request.topic.entry;
    const offset = control.resetOf(request.group.name, topic, request.queueId);
    if (offset === undefined) return false;
    control.dropReset(request.group.name, topic, request.queueId);
    resetTaken(request.group.name, topic, request.queueId);
    this.#nothing(request, "OFFSET_RESET", ResponseCode.PULL_OFFSET_MOVED, offset, min, max, false);
    return true;
  }

  #readCold(request: PullRequest, min: number, max: number, maySuspend = false): void {
    this.#coldPulls++;
    request.connection.pending++;
    this.#parts.cold({
      topic: request.topic.entry.topic,
      queueId: request.queueId,
      offset: request.offset,
      maxOffset: max,
      maxMsgNums: request.maxMsgNums,
      maxBytes: request.maxMsgBytes,
      codes: request.codes === null ? null : [...request.codes],
      filter: request.filter,
    }).then((found) => this.#answerCold(request, found, min, max, maySuspend), (error) => {
      request.connection.pending--;
      const remark = error instanceof Error ? error.message : String(error);
      this.#parts.refuse(request.connection, request.opaque, { refused: true, code: ResponseCode.SYSTEM_BUSY, remark });
    });
  }

  #answerCold(request: PullRequest, found: ColdPullFound, min: number, max: number, maySuspend: boolean): void {
    const { connection } = request;
    connection.pending--;
    if (found.status === "NO_MATCHED_MESSAGE") {
      return this.#noMatch(request, found.nextBeginOffset, min, max, maySuspend);
    }
    if (found.status !== "FOUND") {
      const code = found.status === "OFFSET_FOUND_NULL"
        ? ResponseCode.PULL_NOT_FOUND
        : ResponseCode.PULL_RETRY_IMMEDIATELY;
      return this.#nothing(request, found.status, code, found.nextBeginOffset, min, max, false);
    }
    const answer = this.#fill(request, ResponseCode.SUCCESS, "FOUND", found.nextBeginOffset, min, max);
    this.#suggest(request, found.behindBytes);
    if (!pushPullHeader(connection, request.opaque, answer, found.body.length)) return;
    const { messages, body, nextBeginOffset, behindBytes } = found;
    connection.out.set(body, connection.outEnd);
    connection.outEnd += body.length;
    this.#parts.meter.found(request, messages, body.length, true, nextBeginOffset, behindBytes);
    freeBytes(body);
    this.#parts.markDirty(connection);
  }

  #park(request: PullRequest): void {
    const { connection } = request;
    if (connection.closed) return;
    const token = this.#nextToken;
    this.#nextToken = (this.#nextToken + 1) & 0x7fffffff;
    this.#parked.set(token, request);
    (connection.parked ??= new Set()).add(token);
    if (!this.#parts.hold.park(token, request)) this.#unoffered.add(token);
  }

  #unpark(token: number, request: PullRequest): void {
    this.#parked.delete(token);
    request.connection.parked?.delete(token);
  }

  #offerUnoffered(): void {
    for (const token of this.#unoffered) {
      const request = this.#parked.get(token);
      if (request !== undefined && !this.#parts.hold.park(token, request)) break;
      this.#unoffered.delete(token);
    }
  }
}
