import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClientCallError, ClientCalls } from "../../../actors/broker/gateway/client_calls.ts";
import type { GatewayConnection } from "../../../actors/broker/gateway/connection.ts";
import { createRequest, createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { FrameDecoder } from "../../../protocol/frame.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";
import { connectionOver, outputOf } from "./recording_socket.ts";

interface Bench {
  readonly clock: SimulatedClock;
  readonly calls: ClientCalls;
  readonly dirty: GatewayConnection[];
}

function bench(): Bench {
  const clock = new SimulatedClock();
  const dirty: GatewayConnection[] = [];
  return { clock, dirty, calls: new ClientCalls(clock, (connection) => dirty.push(connection)) };
}

/** Frames that a connection is about to send. */
function framesOf(connection: GatewayConnection): RemotingCommand[] {
  const decoder = new FrameDecoder();
  decoder.push(outputOf(connection));
  const frames: RemotingCommand[] = [];
  for (let frame = decoder.next(); frame !== undefined; frame = decoder.next()) frames.push(frame);
  return frames;
}

async function codeOf(call: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => call, ClientCallError)).code;
}

Deno.test("ClientCalls.call() settles with the answer of that connection and that opaque, and with no other", async () => {
  const { calls, dirty } = bench();
  const [one, other] = [connectionOver(), connectionOver()];
  const first = calls.call(one, createRequest(307, { a: "1" }), 1000);
  const second = calls.call(one, createRequest(309), 1000);
  assertEquals([calls.waiting, dirty.length], [2, 2]);
  const [asked, next] = framesOf(one);
  assertEquals([asked!.code, next!.code, asked!.flag], [307, 309, 0]);
  assert(asked!.opaque > 0 && next!.opaque > asked!.opaque, "opaque 0 counts as missing for some clients");
  const answer = createResponse(asked!, 0, undefined, { b: "2" });
  assertEquals(calls.answered(other, answer), false);
  assertEquals(calls.answered(one, { ...answer, opaque: 99_999 }), false);
  assertEquals(calls.answered(one, answer), true);
  assertEquals(calls.answered(one, answer), false);
  assertEquals((await first).ext, { b: "2" });
  calls.answered(one, createResponse(next!, 1));
  assertEquals((await second).code, 1);
  assertEquals(calls.waiting, 0);
});

Deno.test("ClientCalls.call() is given up at its deadline, and a late answer is nobody's", async () => {
  const { calls, clock } = bench();
  const connection = connectionOver();
  const waiting = codeOf(calls.call(connection, createRequest(307), 500));
  await clock.advance(499);
  assertEquals(calls.waiting, 1);
  await clock.advance(1);
  assertEquals(await waiting, "TIMEOUT");
  assertEquals(calls.answered(connection, createResponse(framesOf(connection)[0]!, 0)), false);
});

Deno.test("ClientCalls.closed() fails what waits for that connection only; who is gone is not asked", async () => {
  const { calls } = bench();
  const [leaving, staying] = [connectionOver(), connectionOver()];
  const lost = codeOf(calls.call(leaving, createRequest(307), 1000));
  const kept = calls.call(staying, createRequest(307), 1000);
  leaving.close();
  calls.closed(leaving);
  assertEquals(await lost, "CHANNEL_GONE");
  assertEquals(await codeOf(calls.call(leaving, createRequest(307), 1000)), "CHANNEL_GONE");
  calls.answered(staying, createResponse(framesOf(staying)[0]!, 0));
  assertEquals((await kept).code, 0);
});

Deno.test("ClientCalls.call() is refused when too many wait", async () => {
  const { calls } = bench();
  const connection = connectionOver();
  const waiting = Array.from({ length: 10_000 }, () => codeOf(calls.call(connection, createRequest(307), 1000)));
  assertEquals(await codeOf(calls.call(connection, createRequest(307), 1000)), "TOO_MANY");
  calls.closed(connection);
  assertEquals(new Set(await Promise.all(waiting)), new Set(["CHANNEL_GONE"]));
});

Deno.test("ClientCalls.push() sends a one-way request that nothing waits for", () => {
  const { calls } = bench();
  const connection = connectionOver();
  calls.push(connection, createRequest(40, { consumerGroup: "g" }));
  assertEquals(framesOf(connection).map(({ code, flag }) => [code, flag]), [[40, 2]]);
  assertEquals(calls.waiting, 0);
});
