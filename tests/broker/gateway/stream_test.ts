/** A stream of requests, cut anywhere: each is answered once, with what belongs to it. */
import { assert, assertEquals } from "@std/assert";
import { createRequest, isResponse, type RemotingCommand, SerializeType } from "../../../protocol/command.ts";
import { encodeFrame, FrameDecoder } from "../../../protocol/frame.ts";
import { decodeRecords } from "../../../protocol/record.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { heartbeat, sendFields } from "../../conformance/broker_requests.ts";
import { within } from "../../helpers/until.ts";
import { joined } from "../../protocol/hot/mutations.ts";
import { SeededRandom } from "../../torture/seeded_random.ts";
import { PATIENCE_MS, withBroker } from "../broker_bench.ts";
import { bodiesOf, plainProperties } from "../broker_calls.ts";

const text = (value: string): Uint8Array => new TextEncoder().encode(value);

/** A request of the stream and what its answer must be. */
interface Expected {
  readonly frame: Uint8Array;
  readonly check: (answer: RemotingCommand) => void;
}

const ok = (answer: RemotingCommand): void => assertEquals(answer.code, 0, answer.remark);

/** One request of a kind that chance picks. */
function requestOf(opaque: number, random: SeededRandom): Expected {
  const serializeType = random.next() < 0.3 ? SerializeType.ROCKETMQ : SerializeType.JSON;
  const frameOf = (code: number, ext: Record<string, string>, body?: Uint8Array): Uint8Array =>
    encodeFrame({ ...createRequest(code, ext, body), opaque, serializeType });
  const roll = random.next();
  if (roll < 0.5) {
    // The short path wants a UNIQ_KEY; without one the general path takes the send.
    const properties = random.next() < 0.7 ? plainProperties() : "";
    const body = text(`${opaque} ${"x".repeat(random.between(0, 20_000))}`);
    return { frame: frameOf(RequestCode.SEND_MESSAGE_V2, sendFields("T", { properties }), body), check: ok };
  }
  if (roll < 0.8) {
    const ext = {
      consumerGroup: "conformance_raw",
      topic: "Filled",
      queueId: "0",
      queueOffset: "3",
      maxMsgNums: "4",
      sysFlag: "4",
      commitOffset: "0",
      suspendTimeoutMillis: "0",
      subscription: "*",
      subVersion: "0",
      expressionType: "TAG",
    };
    const check = (answer: RemotingCommand): void => {
      ok(answer);
      const bodies = decodeRecords(answer.body).map(({ body }) => new TextDecoder().decode(body));
      assertEquals(bodies, ["b3", "b4", "b5", "b6"]);
    };
    return { frame: frameOf(RequestCode.PULL_MESSAGE, ext), check };
  }
  if (roll < 0.9) {
    const check = (answer: RemotingCommand): void => assertEquals([answer.code, answer.ext["offset"]], [0, "10"]);
    return { frame: frameOf(RequestCode.GET_MAX_OFFSET, { topic: "Filled", queueId: "0" }), check };
  }
  if (roll < 0.95) {
    return { frame: frameOf(RequestCode.HEART_BEAT, {}, text(heartbeat("c", { producerGroup: "p" }))), check: ok };
  }
  return { frame: frameOf(9999, {}), check: ({ code }) => assertEquals(code, 3) };
}

async function exchange(
  socket: Deno.TcpConn,
  requests: ReadonlyMap<number, Expected>,
  pieceMax: () => number,
): Promise<number[]> {
  const answered: number[] = [];
  const decoder = new FrameDecoder();
  const sink = new Uint8Array(65_536);
  const reading = (async (): Promise<void> => {
    while (answered.length < requests.size) {
      const count = await socket.read(sink);
      assert(count !== null, `the broker closed after ${answered.length} answers`);
      decoder.push(sink.slice(0, count));
      for (let answer = decoder.next(); answer !== undefined; answer = decoder.next()) {
        if (!isResponse(answer)) continue;
        const expected = requests.get(answer.opaque);
        assert(expected !== undefined, `an answer to ${answer.opaque}`);
        expected.check(answer);
        answered.push(answer.opaque);
      }
    }
  })();
  const stream = joined(...[...requests.values()].map(({ frame }) => frame));
  for (let at = 0; at < stream.length;) {
    at += await socket.write(stream.subarray(at, Math.min(stream.length, at + pieceMax())));
  }
  await within(reading, { timeoutMs: PATIENCE_MS, what: `${requests.size} answers` });
  return answered;
}

for (const [how, pieceMax] of [["a few bytes", 40], ["pieces", 5000], ["large pieces", 1_000_000]] as const) {
  Deno.test(`a gateway answers every request of a stream once, cut into ${how}`, async () => {
    await withBroker({}, async (bench) => {
      for (const topic of ["T", "Filled"]) await bench.topic(topic, { queues: 1 });
      using socket = await Deno.connect({ hostname: "127.0.0.1", port: bench.broker.port });
      socket.setNoDelay(true);
      const random = new SeededRandom(pieceMax);
      const cut = (): number => random.between(1, pieceMax);
      const fill = new Map<number, Expected>();
      for (let i = 0; i < 10; i++) {
        const request = createRequest(310, sendFields("Filled", { properties: plainProperties() }), text(`b${i}`));
        fill.set(i + 1, { frame: encodeFrame({ ...request, opaque: i + 1 }), check: ok });
      }
      // Sends of the short path are answered in their order.
      assertEquals(await exchange(socket, fill, cut), [...fill.keys()]);
      await bodiesOf(await bench.client(), "Filled", { count: 10 });
      const requests = new Map<number, Expected>();
      const count = pieceMax < 100 ? 100 : 600;
      for (let opaque = 100; opaque < 100 + count; opaque++) requests.set(opaque, requestOf(opaque, random));
      const answered = await exchange(socket, requests, cut);
      assertEquals(answered.sort((a, b) => a - b), [...requests.keys()]);
    });
  });
}
