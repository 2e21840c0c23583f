/**
 * The gateway of a name server: the sockets.
 *
 * Owns: the listening address, the connections, the route cache. Reads: the shared generations.
 * Never: knows tables. A route that it has is answered in the same turn; everything else is asked of RouteInfoManager.
 *
 * A crash of this actor drops the connections and nothing else: the tables live elsewhere, and brokers that lost their
 * connection through it stay registered until they come back or expire.
 */

import { createRequest, createResponse, isOneway, type RemotingCommand } from "../../protocol/command.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { ActorContext, Behaviour } from "../kernel/contract.ts";
import type { Channel } from "../net/channel.ts";
import { PeerPool } from "../net/peer_pool.ts";
import { Server } from "../net/server.ts";
import { tcpTransport, type Transport } from "../net/transport.ts";
import type { GatewayReport, NameServerGatewayContract, NameServerGatewayInit, NameServerReply } from "./contracts.ts";
import { endpointsOf, EtcdClient } from "../net/etcd/etcd_client.ts";
import { CONTROLLER_CODES, ControllerDesk } from "./controller_desk.ts";
import { GatewayRoutes } from "./gateway_routes.ts";
import { ProductEnvironment } from "./product_environment.ts";
import { RouteGenerations } from "./route_generations.ts";

/** Milliseconds that requests in work get when the gateway stops. A word of ours. */
const DRAIN_MS = 3_000;

/** Milliseconds to connect to a broker that is told something. Source: apache/rocketmq namesrv RouteInfoManager.notifyMinBrokerIdChanged. */
const NOTICE_CONNECT_MS = 300;

/** Milliseconds that one question to etcd may take: below the 3 s that tools wait for an answer. A word of ours. */
const ETCD_MS = 2_000;

/** Milliseconds in a second. */
const SECOND_MS = 1_000;

/** Channel numbers of one incarnation stay below this; those of the next begin here. */
const CHANNELS_PER_EPOCH = 2 ** 32;

type Context = ActorContext<NameServerGatewayContract>;

/**
 * Starts the actor over TCP.
 *
 * @param init Address, configuration, shared words.
 * @param context The actor's world.
 * @returns Its behaviour; it accepts connections from then on.
 * @throws {NetError} `LISTEN_FAILED` when the address cannot be listened on.
 */
export function startGateway(init: NameServerGatewayInit, context: Context): Behaviour<NameServerGatewayContract> {
  return gatewayOn(tcpTransport)(init, context);
}

/**
 * As {@link startGateway} over a transport of the caller's choice, for inline runs.
 *
 * @param transport Opens and accepts connections.
 * @returns The actor's start function.
 */
export function gatewayOn(
  transport: Transport,
): (init: NameServerGatewayInit, context: Context) => Behaviour<NameServerGatewayContract> {
  return (init, context) => new NameServerGateway(init, context, transport);
}

class NameServerGateway implements Behaviour<NameServerGatewayContract> {
  readonly asks: Behaviour<NameServerGatewayContract>["asks"];
  readonly tells: Behaviour<NameServerGatewayContract>["tells"];
  readonly #context: Context;
  readonly #routes: GatewayRoutes;
  readonly #product: ProductEnvironment | undefined;
  /** undefined where brokers agree on nothing. */
  readonly #controller: ControllerDesk | undefined;
  readonly #server: Server;
  readonly #peers: PeerPool;
  readonly #firstChannel: number;
  #noticesFailed = 0;
  #handlersFailed = 0;

  constructor(init: NameServerGatewayInit, context: Context, transport: Transport) {
    const { values } = init.configuration;
    this.#context = context;
    this.#firstChannel = context.epoch * CHANNELS_PER_EPOCH;
    this.#routes = new GatewayRoutes(context.peer("routes"), new RouteGenerations(init.generations), values);
    this.#peers = new PeerPool({ transport, clock: context.clock, connectTimeoutMs: NOTICE_CONNECT_MS });
    this.#product = values.clusterTest ? new ProductEnvironment(transport, context.clock, values) : undefined;
    this.#controller = controllerDesk(values.etcdEndpoints, context);
    this.#server = new Server({
      transport,
      hostname: init.hostname,
      port: init.port,
      clock: context.clock,
      handler: (command, channel) => this.#answer(command, channel),
      closed: (channel) => this.#channelClosed(channel),
      handlerFailed: () => {
        this.#handlersFailed++;
      },
      listenFailed: (error) => context.fail(error),
      idleMs: values.serverChannelMaxIdleTimeSeconds * SECOND_MS,
      onewayInFlightMax: values.serverOnewaySemaphoreValue,
    });
    context.signal("listening", { port: this.#server.port });
    this.asks = {
      address: () => ({ hostname: init.hostname, port: this.#server.port }),
      report: () => this.#report(),
    };
    this.tells = {
      closeChannel: ({ channel }) => this.#server.channel(channel - this.#firstChannel)?.close(),
      sendOneway: (notice) => this.#sendOneway(notice),
    };
  }

  async stop(): Promise<void> {
    await this.#server.stop({ timeoutMs: DRAIN_MS });
    await this.#peers.close();
    await this.#product?.close();
  }

  /** A route from the cache is sent as it is; undefined says that nothing is left to answer. */
  #answer(command: RemotingCommand, channel: Channel): undefined | Promise<RemotingCommand> {
    if (command.code === RequestCode.GET_ROUTEINFO_BY_TOPIC) {
      const frame = this.#routes.cached(command);
      if (frame !== undefined) {
        if (!isOneway(command)) channel.sendFrame(frame.complete(command.opaque));
        return undefined;
      }
    }
    return this.#ask(command, channel);
  }

  async #ask(command: RemotingCommand, channel: Channel): Promise<RemotingCommand> {
    if (this.#controller !== undefined && CONTROLLER_CODES.has(command.code)) {
      const { code, ext, body } = command;
      return responseOf(
        command,
        await this.#controller.answer({ code, ext, body, localAddress: channel.localAddress }),
      );
    }
    let reply = await this.#routes.ask(command, this.#firstChannel + channel.number);
    const isUnknownTopic = command.code === RequestCode.GET_ROUTEINFO_BY_TOPIC &&
      reply.code === ResponseCode.TOPIC_NOT_EXIST;
    if (isUnknownTopic && this.#product !== undefined) reply = await this.#product.route(command) ?? reply;
    return responseOf(command, reply);
  }

  #channelClosed(channel: Channel): void {
    this.#context.peer("routes").tell("channelClosed", { channel: this.#firstChannel + channel.number });
  }

  /** Brokers that cannot be reached learn it at their next look; the failure is counted. */
  #sendOneway({ addresses, code, ext }: NameServerGatewayContract["tells"]["sendOneway"]): void {
    for (const address of addresses) {
      this.#peers.oneway(address, createRequest(code, { ...ext })).catch(() => {
        this.#noticesFailed++;
      });
    }
  }

  #report(): GatewayReport {
    const { hits, misses, bytes, entries, waiting, refused, timedOut } = this.#routes.counts;
    return {
      connections: this.#server.channels.length,
      cacheHits: hits,
      cacheMisses: misses,
      cacheBytes: bytes,
      cacheEntries: entries,
      asksWaiting: waiting,
      refused,
      timedOut,
      noticesFailed: this.#noticesFailed,
      handlersFailed: this.#handlersFailed,
    };
  }
}

function controllerDesk(text: string, { clock }: Context): ControllerDesk | undefined {
  const endpoints = endpointsOf(text);
  if (endpoints.length === 0) return undefined;
  return new ControllerDesk({ etcd: new EtcdClient({ endpoints, clock, timeoutMs: ETCD_MS }), clock, endpoints });
}

function responseOf(command: RemotingCommand, reply: NameServerReply): RemotingCommand {
  return createResponse(command, reply.code, reply.remark, reply.ext === undefined ? {} : { ...reply.ext }, reply.body);
}
