/**
 * The RouteInfoManager actor: the one owner of route tables, KV configuration and the running configuration.
 *
 * Owns: `RouteTables`, `KvConfig`, the scan for silent brokers. Reads: what the gateway hands it.
 * Never: sockets. A crash loses the tables and nothing else; `Recovery` says what is answered until they are whole again.
 */

import { ResponseCode } from "../../protocol/response_code.ts";
import { InvariantError } from "../../store/assert.ts";
import type { Timer } from "../../store/clock.ts";
import { LightDisk } from "../../store/file/light_disk.ts";
import type { Disk } from "../../store/file/disk.ts";
import type { ActorContext, Behaviour } from "../kernel/contract.ts";
import type { NameServerReply, RouteInfoManagerContract, RouteInfoManagerInit } from "./contracts.ts";
import { refuse } from "./desk_reply.ts";
import { KvConfig } from "./kv_config.ts";
import { NameServerDesk } from "./name_server_desk.ts";
import type { NameServerConfiguration } from "./name_server_configuration.ts";
import { noticeExt } from "./notice.ts";
import { Recovery } from "./recovery.ts";
import { RouteGenerations } from "./route_generations.ts";
import { RouteTables } from "./route_tables.ts";
import type { RouteObserver } from "./route_types.ts";
import { RequestCode } from "../../protocol/request_code.ts";

/** Milliseconds in a second. */
const SECOND_MS = 1_000;

/** Shortest pause between two scans; a configured 0 must not spin. A word of ours. */
const SCAN_MS_MIN = 10;

type Context = ActorContext<RouteInfoManagerContract>;

/**
 * Starts the actor.
 *
 * @param init Configuration, shared words, and who is expected back.
 * @param context The actor's world.
 * @returns Its behaviour.
 * @throws {StoreError} when the KV file is damaged.
 */
export function startRouteInfoManager(
  init: RouteInfoManagerInit,
  context: Context,
): Behaviour<RouteInfoManagerContract> {
  return routeInfoManagerOn(new LightDisk())(init, context);
}

/**
 * As {@link startRouteInfoManager} on a disk of the caller's choice, for inline runs.
 *
 * @param disk Where the KV file and the configuration are.
 * @returns The actor's start function.
 */
export function routeInfoManagerOn(
  disk: Disk,
): (init: RouteInfoManagerInit, context: Context) => Behaviour<RouteInfoManagerContract> {
  return (init, context) => new RouteInfoManager(init, context, disk);
}

class RouteInfoManager implements Behaviour<RouteInfoManagerContract> {
  readonly asks: Behaviour<RouteInfoManagerContract>["asks"];
  readonly tells: Behaviour<RouteInfoManagerContract>["tells"];
  readonly #context: Context;
  readonly #generations: RouteGenerations;
  readonly #tables: RouteTables;
  readonly #recovery: Recovery;
  #configuration: NameServerConfiguration;
  #wasRecovering: boolean;
  #liveChanged = false;
  #scanTimer: Timer;

  constructor(init: RouteInfoManagerInit, context: Context, disk: Disk) {
    this.#context = context;
    this.#configuration = init.configuration;
    this.#generations = new RouteGenerations(init.generations);
    const { values } = init.configuration;
    this.#recovery = new Recovery(context.clock, init.expected, values.recoveryWaitSeconds * SECOND_MS);
    this.#wasRecovering = this.#recovery.isRunning;
    this.#tables = new RouteTables(context.clock, () => this.#configuration.values, this.#observer());
    const desk = new NameServerDesk({
      clock: context.clock,
      disk,
      tables: this.#tables,
      kvConfig: new KvConfig(disk, values.kvConfigPath),
      configuration: () => this.#configuration,
      replaceConfiguration: (configuration) => this.#replaceConfiguration(configuration),
      isRecovering: () => this.#recovery.isRunning,
      heardOf: (cluster, address) => this.#recovery.heardOf(cluster, address),
      orderChanged: (topic) => this.#generations.changeTopic(topic),
    });
    this.asks = {
      route: (query) => this.#turn(() => desk.route(query)),
      request: (request) => {
        const reply = this.#turn(() => desk.answer(request));
        release(request.body);
        return reply;
      },
    };
    this.tells = {
      channelClosed: ({ channel }) => {
        this.#tables.channelClosed(channel);
        this.#endTurn();
      },
    };
    this.#scanTimer = this.#armScan();
  }

  stop(): void {
    this.#scanTimer.cancel();
  }

  /** While the tables are being rebuilt, answers made before the crash stay good: no change is counted until the end. */
  #observer(): RouteObserver {
    return {
      topicChanged: (topic) => {
        if (!this.#wasRecovering) this.#generations.changeTopic(topic);
      },
      everyTopicChanged: () => {
        if (!this.#wasRecovering) this.#generations.changeEvery();
      },
      liveBrokersChanged: () => {
        this.#liveChanged = true;
      },
      minBrokerIdChanged: (notice) => {
        this.#context.peer("gateway").tell("sendOneway", {
          addresses: notice.receivers,
          code: RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE,
          ext: noticeExt(notice),
        });
      },
    };
  }

  /** What a request makes a handler throw is its answer; a broken invariant ends the actor. */
  #turn(answer: () => NameServerReply): NameServerReply {
    try {
      return answer();
    } catch (error) {
      if (error instanceof InvariantError) this.#context.fail(error);
      const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
      return refuse(ResponseCode.SYSTEM_ERROR, text);
    } finally {
      this.#endTurn();
    }
  }

  #endTurn(): void {
    if (this.#wasRecovering && !this.#recovery.isRunning) {
      this.#wasRecovering = false;
      this.#generations.changeEvery();
    }
    if (!this.#liveChanged || this.#wasRecovering) return;
    this.#liveChanged = false;
    const live = [...this.#tables.brokers.live].map(({ cluster, address }) => ({ cluster, address }));
    this.#context.signal("liveBrokersChanged", live);
  }

  #replaceConfiguration(configuration: NameServerConfiguration): void {
    this.#configuration = configuration;
    this.#generations.changeEvery();
    this.#context.signal("configurationChanged", configuration);
    this.#scanTimer.cancel();
    this.#scanTimer = this.#armScan();
  }

  #armScan(): Timer {
    const waitMs = Math.max(SCAN_MS_MIN, this.#configuration.values.scanNotActiveBrokerInterval);
    return this.#context.clock.setTimer(waitMs, () => {
      for (const channel of this.#tables.removeExpired()) {
        this.#context.peer("gateway").tell("closeChannel", { channel });
      }
      this.#tables.check();
      this.#endTurn();
      this.#scanTimer = this.#armScan();
    });
  }
}

/** Gives a body back before the collector finds it: nothing of a request is kept as bytes, and one of 16 MiB may come each second. */
function release({ buffer }: Uint8Array): void {
  if (buffer instanceof ArrayBuffer) buffer.transfer(0);
}
