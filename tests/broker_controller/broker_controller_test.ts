/** The actor as a whole, in the test's thread and in a worker: the same suite. */
import { assertEquals } from "@std/assert";
import { brokerControllerRole, brokerControllerStart } from "../../actors/broker/broker_controller.ts";
import type {
  BrokerControllerContract,
  BrokerControllerInit,
  GatewayPeerContract,
} from "../../actors/broker/broker_controller_contract.ts";
import { readBrokerConfiguration } from "../../actors/broker/broker_configuration.ts";
import { type ActorRef, defineRole } from "../../actors/kernel/contract.ts";
import { inline } from "../../actors/kernel/inline.ts";
import { introduce } from "../../actors/kernel/introduce.ts";
import { spawn } from "../../actors/kernel/spawn.ts";
import { Server } from "../../actors/net/server.ts";
import { tcpTransport } from "../../actors/net/transport.ts";
import { createRequest, createResponse, type ExtFields, type RemotingCommand } from "../../protocol/command.ts";
import { decodeRegisterBrokerBody } from "../../protocol/register_broker.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { DenoDisk } from "../../store/file/deno_disk.ts";
import { createGauges } from "../../store/gauges.ts";
import { TopicView } from "../../store/topic_view.ts";
import { until } from "../helpers/until.ts";
import { withActors } from "../helpers/with_actors.ts";

/** Longer than the controller waits for an actor that sleeps. */
const TIMEOUT = { timeoutMs: 60_000 };

/** A gateway that only records what it is told. */
class ProbeGateway {
  readonly view = new TopicView();
  readonly pushed: RemotingCommand[] = [];
  readonly seen: string[] = [];

  start(): Promise<ActorRef<GatewayPeerContract>> {
    const note = (kind: string) => (update: { readonly version: number }): { version: number } => {
      this.seen.push(`${kind} ${update.version}`);
      return { version: update.version };
    };
    return inline(defineRole<GatewayPeerContract>("gateway-0", new URL(import.meta.url)), () => ({
      asks: {
        topics: (update) => ({ version: this.view.apply(update) }),
        groups: note("groups"),
        subscriptions: note("subscriptions"),
        resets: note("resets"),
        configuration: note("configuration"),
        callClient: ({ command }) => createResponse(command, 0, "from the client"),
        flushOffsets: () => null,
      },
      tells: {
        push: ({ command }) => void this.pushed.push(command),
        closeChannel: () => {},
      },
      stop: () => {},
    }), null);
  }
}

interface Suite {
  readonly controller: ActorRef<BrokerControllerContract>;
  readonly gateway: ProbeGateway;
  readonly root: string;
  /** Requests that the name server got. */
  readonly registrations: RemotingCommand[];
  ask(code: number, ext?: ExtFields, body?: string): Promise<RemotingCommand>;
}

const RUNNERS = {
  "in this thread": (init: BrokerControllerInit): Promise<ActorRef<BrokerControllerContract>> =>
    inline(brokerControllerRole, brokerControllerStart({ disk: new DenoDisk(), transport: tcpTransport }), init),
  "in a worker": (init: BrokerControllerInit): Promise<ActorRef<BrokerControllerContract>> =>
    spawn(brokerControllerRole, init),
};

async function withSuite(
  run: typeof RUNNERS[keyof typeof RUNNERS],
  body: (suite: Suite) => Promise<void>,
): Promise<string> {
  const root = await Deno.makeTempDir();
  const registrations: RemotingCommand[] = [];
  const nameServer = new Server({
    transport: tcpTransport,
    hostname: "127.0.0.1",
    port: 0,
    handler: (request) => {
      registrations.push(request);
      return createResponse(request, 0);
    },
  });
  try {
    await withActors(async (keep) => {
      const gateway = new ProbeGateway();
      const probe = await keep(gateway.start());
      const file =
        `brokerName=b\nbrokerIP1=127.0.0.1\nstorePathRootDir=${root}\nnamesrvAddr=127.0.0.1:${nameServer.port};127.0.0.1:1\n`;
      const configuration = readBrokerConfiguration({ file }, {
        hostName: "h",
        localAddress: "127.0.0.1",
        homeDirectory: root,
      });
      const controller = await keep(run({
        configuration,
        configurationPath: undefined,
        gauges: createGauges(),
        gateways: ["gateway-0"],
        queues: [],
        bootTimestamp: 0,
        memoryBytes: 1 << 30,
      }));
      await introduce(controller, "gateway-0", probe, null);
      const { topics } = await controller.ask("subscribe", { name: "gateway-0", control: true }, TIMEOUT);
      gateway.view.apply(topics);
      await body({
        controller,
        gateway,
        root,
        registrations,
        ask: async (code, ext = {}, text = "") => {
          const command = createRequest(code, ext, new TextEncoder().encode(text));
          const channel = { gateway: 0, channel: 7 };
          const answer = await controller.ask("request", { command, channel, remoteAddress: "127.0.0.1:5" }, TIMEOUT);
          return answer!;
        },
      });
    });
    return root;
  } finally {
    await nameServer.stop({ timeoutMs: 1_000 });
  }
}

const HEARTBEAT = JSON.stringify({
  clientID: "c",
  consumerDataSet: [{
    groupName: "g",
    consumeType: "CONSUME_PASSIVELY",
    messageModel: "CLUSTERING",
    consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
    subscriptionDataSet: [{
      topic: "T",
      subString: "*",
      subVersion: 1,
      expressionType: "TAG",
      tagsSet: [],
      codeSet: [],
    }],
  }],
  producerDataSet: [{ groupName: "p" }],
});

const CREATE: ExtFields = {
  topic: "T",
  defaultTopic: "TBW102",
  readQueueNums: "4",
  writeQueueNums: "4",
  perm: "6",
  topicFilterType: "SINGLE_TAG",
  order: "false",
};

for (const [where, run] of Object.entries(RUNNERS)) {
  Deno.test(`BrokerController ${where} serves gateways, registers, and saves what it owns when it stops`, async () => {
    const root = await withSuite(run, async ({ controller, gateway, ask, registrations }) => {
      const signals: string[] = [];
      controller.on("registered", ({ nameServer }) => void signals.push(nameServer));
      const { registered } = await controller.ask("register", null, TIMEOUT);
      assertEquals([registered, registrations.length, registrations[0]?.code], [1, 1, RequestCode.REGISTER_BROKER]);
      await until(() => signals.length === 1, { timeoutMs: 60_000, what: "signal of the first registration" });

      assertEquals((await ask(RequestCode.UPDATE_AND_CREATE_TOPIC, CREATE)).code, 0);
      const entry = gateway.view.get("T")!;
      assertEquals([entry.slots.length, gateway.view.queues.nextOffset(entry.slots[3]!)], [4, 0]);
      const changed = decodeRegisterBrokerBody(registrations[1]!.body).topicConfigSerializeWrapper.topicConfigTable;
      assertEquals([...changed.keys()], ["T"]);

      assertEquals((await ask(RequestCode.HEART_BEAT, {}, HEARTBEAT)).code, 0);
      assertEquals(gateway.seen, ["groups 1", "subscriptions 1"]);
      await until(() => gateway.pushed.length === 1, { timeoutMs: 60_000, what: "notification of the member" });
      const info = await ask(RequestCode.GET_CONSUMER_RUNNING_INFO, {
        consumerGroup: "g",
        clientId: "c",
        jstackEnable: "false",
      });
      assertEquals([info.code, info.remark], [0, "from the client"]);

      controller.tell("offsets", [{ group: "g", topic: "T", queueId: 1, offset: 5, clientHost: "" }]);
      const { offsets } = await controller.ask(
        "consumerOffsets",
        { items: [{ group: "g", topic: "T", queueId: 1 }] },
        TIMEOUT,
      );
      assertEquals(offsets, [5]);
      const push = createRequest(RequestCode.PUSH_REPLY_MESSAGE_TO_CLIENT);
      const call = async (clientId: string): Promise<string | undefined> => {
        const { answer } = await controller.ask("callProducer", { clientId, command: push, timeoutMs: 1_000 }, TIMEOUT);
        return answer?.remark;
      };
      assertEquals([await call("c"), await call("nobody")], ["from the client", undefined]);
      controller.tell("channelClosed", { gateway: 0, channel: 7 });
      await until(() => gateway.seen.includes("subscriptions 2"), { timeoutMs: 60_000, what: "end of the group" });

      await controller.ask("unregister", null, TIMEOUT);
      assertEquals(registrations.at(-1)?.code, RequestCode.UNREGISTER_BROKER);
    });
    const read = (name: string): string => Deno.readTextFileSync(`${root}/config/${name}`);
    assertEquals(JSON.parse(read("topics.json")).topicConfigTable.T.writeQueueNums, 4);
    assertEquals(read("consumerOffset.json").includes("1:5"), true);
    assertEquals(read("subscriptionGroup.json").includes('"g":{'), true);
    await Deno.remove(root, { recursive: true });
  });
}

Deno.test("BrokerController answers 32 in an error when nobody comes to read, and goes on", async () => {
  const root = await withSuite(RUNNERS["in this thread"], async ({ ask }) => {
    const answer = await ask(RequestCode.GET_EARLIEST_MSG_STORETIME, { topic: "TBW102", queueId: "0" });
    assertEquals([answer.code, answer.remark], [1, 'Cannot ask "storeTimes" of "cold-read": it is not connected']);
    assertEquals((await ask(RequestCode.GET_MAX_OFFSET, { topic: "TBW102", queueId: "0" })).ext.offset, "0");
  });
  await Deno.remove(root, { recursive: true });
});
