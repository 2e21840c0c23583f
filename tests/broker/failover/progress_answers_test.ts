/** What a follower takes over of the master's deliveries rests on messages that the follower must have. */
import { assertEquals } from "@std/assert";
import { ProgressAnswers } from "../../../actors/broker/gateway/progress_answers.ts";
import { createRequest, createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { ResponseCode } from "../../../protocol/response_code.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";

const COMMAND = createRequest(RequestCode.GET_ALL_DELAY_OFFSET, {});

interface Bench {
  readonly clock: SimulatedClock;
  appended: number;
  replicated: number;
  readonly code: number | undefined;
}

function ask(awaitsSet: boolean): Bench {
  const clock = new SimulatedClock();
  let answer: RemotingCommand | undefined;
  const bench = {
    clock,
    appended: 100,
    replicated: 60,
    get code(): number | undefined {
      return answer?.code;
    },
  };
  const answers = new ProgressAnswers({
    memory: { appended: { load: () => bench.appended }, replicated: { load: () => bench.replicated } },
    clock,
    awaitsSet,
  });
  void answers.of(COMMAND, Promise.resolve(createResponse(COMMAND, ResponseCode.SUCCESS))).then((each) =>
    answer = each
  );
  return bench;
}

Deno.test("ProgressAnswers: an answer leaves when the set has what was appended by then, and waits for nothing later", async () => {
  const bench = ask(true);
  await bench.clock.run(1000);
  bench.appended = 200;
  bench.replicated = 99;
  await bench.clock.run(1000);
  assertEquals(bench.code, undefined);
  bench.replicated = 100;
  await bench.clock.run(10);
  assertEquals(bench.code, ResponseCode.SUCCESS);
});

Deno.test("ProgressAnswers: a set that has it not in time makes a refusal", async () => {
  const bench = ask(true);
  await bench.clock.run(6000);
  assertEquals(bench.code, ResponseCode.SYSTEM_ERROR);
});

Deno.test("ProgressAnswers: without a set that is waited for nothing is held back", async () => {
  const bench = ask(false);
  await bench.clock.run(0);
  assertEquals(bench.code, ResponseCode.SUCCESS);
});
