/**
 * The world around the control plane, made of the controller's peers.
 *
 * Owns: deadlines of the asks.
 * Reads: nothing.
 * Never: waits for a gateway that is gone.
 */
import { ActorGoneError, toError } from "../../kernel/errors.ts";
import type { ActorContext, PeerRef } from "../../kernel/contract.ts";
import { awake } from "../awake.ts";
import { syncLogUpTo } from "../log_sync.ts";
import type {
  BrokerControllerContract,
  ColdReadPeerContract,
  GatewayPeerContract,
} from "../broker_controller_contract.ts";
import { COLD_READ_TIMEOUT_MS, type Outputs, PUBLISH_TIMEOUT_MS } from "./outputs.ts";
import type { SnapshotKind, SubscriberLink } from "./subscribers.ts";

/** How long the deletion of files may take, milliseconds. */
const HOUSEKEEPING_TIMEOUT_MS = 30_000;
/** How long a look at the disks may take, milliseconds. */
const DISK_USE_TIMEOUT_MS = 2_000;
/** How much longer than a client's deadline the gateway may take to say that it passed, milliseconds. */
const CALL_MARGIN_MS = 1_000;
/** What the schedule service would say before it delivered anything. */
const NO_DELAY_OFFSETS = { text: '{"offsetTable":{}}', levels: [] } as const;

type Context = ActorContext<BrokerControllerContract>;

/**
 * Makes the outputs.
 *
 * @param context the controller's world
 * @param gateways peer names of the gateways, index = gateway number
 */
export function peerOutputs(context: Context, gateways: readonly string[]): Outputs {
  const gatewayOf = (gateway: number): PeerRef<GatewayPeerContract> => {
    const name = gateways[gateway];
    if (name === undefined) throw new RangeError(`No gateway ${gateway}: there are ${gateways.length}`);
    return context.peer(name as `gateway-${number}`);
  };
  return {
    coldReads: coldReadsOf(context),
    housekeeping: housekeepingOf(context),
    replication: replicationOf(context),
    deleteQueues: async (topics) => {
      await context.peer("reput").ask("deleteTopics", { topics: [...topics] }, { timeoutMs: HOUSEKEEPING_TIMEOUT_MS });
    },
    push: (channel, command) => gatewayOf(channel.gateway).tell("push", { channel: channel.channel, command }),
    callClient: (channel, command, timeoutMs) =>
      gatewayOf(channel.gateway).ask("callClient", { channel: channel.channel, command, timeoutMs }, {
        timeoutMs: timeoutMs + CALL_MARGIN_MS,
      }),
    closeChannel: (channel) => gatewayOf(channel.gateway).tell("closeChannel", { channel: channel.channel }),
    flushOffsets: async (exceptGateway) => {
      const others = gateways.map((_, gateway) => gateway).filter((gateway) => gateway !== exceptGateway);
      await Promise.all(others.map((gateway) => flush(gatewayOf(gateway))));
    },
    syncLog: () => syncLogUpTo(context.peer("flush-log"), 0),
    delayOffsets: async () => {
      const schedule = context.peer("schedule");
      if (!schedule.connected) return NO_DELAY_OFFSETS;
      return await schedule.ask("delayOffsets", null, { timeoutMs: COLD_READ_TIMEOUT_MS });
    },
    subscriberLink: (name) => subscriberLink(context, name),
    log: (level, text) => context.signal("log", { level, text }),
  };
}

function coldReadsOf(context: Context): Outputs["coldReads"] {
  const peer = (): Promise<PeerRef<ColdReadPeerContract>> => awake(context, context.peer("cold-read"), "cold-read");
  const options = { timeoutMs: COLD_READ_TIMEOUT_MS };
  return {
    offsetByTime: async (request) => (await (await peer()).ask("offsetByTime", request, options)).offset,
    storeTimes: async (points) => (await (await peer()).ask("storeTimes", { items: [...points] }, options)).times,
    readMessage: async (position) => (await (await peer()).ask("readMessage", { offset: position }, options)).record,
    queueUnits: async (request) => await (await peer()).ask("queueUnits", request, options),
  };
}

function housekeepingOf(context: Context): Outputs["housekeeping"] {
  const peer = context.peer("housekeeping");
  const options = { timeoutMs: HOUSEKEEPING_TIMEOUT_MS };
  return {
    cleanExpiredConsumeQueues: async () => {
      await peer.ask("cleanExpiredConsumeQueues", null, options);
    },
    cleanUnusedTopics: async (keep) => {
      await peer.ask("cleanUnusedTopics", { keep: [...keep] }, options);
    },
    deleteExpiredCommitLog: async () => {
      await peer.ask("deleteExpiredCommitLog", null, options);
    },
    diskUse: async () => {
      try {
        return await peer.ask("diskUse", null, { timeoutMs: DISK_USE_TIMEOUT_MS });
      } catch (error) {
        // Figures of everything else are worth having without the disk's.
        context.signal("log", { level: "warn", text: `Cannot tell how full the disks are: ${toError(error).message}` });
        return undefined;
      }
    },
  };
}

function replicationOf(context: Context): Outputs["replication"] {
  const options = { timeoutMs: COLD_READ_TIMEOUT_MS };
  return {
    slaves: async () => {
      const service = context.peer("ha-service");
      return service.connected ? await service.ask("slaves", null, options) : undefined;
    },
    master: async () => {
      const client = context.peer("ha-client");
      return client.connected ? await client.ask("master", null, options) : undefined;
    },
  };
}

/** A gateway that is gone has told its offsets before, or lost them with its connections. */
async function flush(gateway: PeerRef<GatewayPeerContract>): Promise<void> {
  if (!gateway.connected) return;
  try {
    await gateway.ask("flushOffsets", null, { timeoutMs: PUBLISH_TIMEOUT_MS });
  } catch (error) {
    if (!(error instanceof ActorGoneError)) throw error;
  }
}

function subscriberLink(context: Context, name: string): SubscriberLink {
  const peer: PeerRef<GatewayPeerContract> = context.peer(name as `gateway-${number}`);
  return {
    give: (kind: SnapshotKind, update) =>
      peer.ask(kind, update as never, { timeoutMs: PUBLISH_TIMEOUT_MS }) as Promise<{ version: number }>,
    get connected(): boolean {
      return peer.connected;
    },
  };
}
