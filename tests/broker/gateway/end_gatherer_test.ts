import { assertEquals, assertRejects } from "@std/assert";
import { EndGatherer } from "../../../actors/broker/gateway/end_gatherer.ts";
import { createRequest, type RemotingCommand } from "../../../protocol/command.ts";
import { HeaderError } from "../../../protocol/errors.ts";
import { RequestCode } from "../../../protocol/request_code.ts";

function endOf(transaction: number): RemotingCommand {
  return createRequest(RequestCode.END_TRANSACTION, {
    producerGroup: "g",
    tranStateTableOffset: String(transaction),
    commitLogOffset: String(100 * transaction),
    commitOrRollback: "8",
    fromTransactionCheck: "false",
    msgId: "m",
    transactionId: String(transaction),
  });
}

Deno.test("EndGatherer.end() sends the ends of a turn together, and gives each its answer", async () => {
  const asked: number[][] = [];
  const gatherer = new EndGatherer((headers) => {
    asked.push(headers.map(({ tranStateTableOffset }) => tranStateTableOffset));
    return Promise.resolve(
      headers.map(({ tranStateTableOffset: offset }) => offset === 2 ? null : { code: offset, remark: undefined }),
    );
  });
  const answers = await Promise.all([1, 2, 3].map((transaction) => gatherer.end(endOf(transaction))));
  assertEquals(answers.map((answer) => answer?.code), [1, undefined, 3]);
  await gatherer.end(endOf(4));
  assertEquals(asked, [[1, 2, 3], [4]]);
});

Deno.test("EndGatherer.end() sends no more than 256 in one message", async () => {
  const asked: number[] = [];
  const gatherer = new EndGatherer((headers) => {
    asked.push(headers.length);
    return Promise.resolve(headers.map(() => null));
  });
  await Promise.all(Array.from({ length: 300 }, (_, transaction) => gatherer.end(endOf(transaction))));
  assertEquals(asked, [256, 44]);
});

Deno.test("EndGatherer.end() tells all of a turn when they could not be asked, and an end that cannot be read itself only", async () => {
  const gatherer = new EndGatherer(() => Promise.reject(new Error("gone")));
  const [first, second] = [gatherer.end(endOf(1)), gatherer.end(endOf(2))];
  await assertRejects(() => first, Error, "gone");
  await assertRejects(() => second, Error, "gone");
  const broken = createRequest(RequestCode.END_TRANSACTION, { producerGroup: "g" });
  await assertRejects(() => gatherer.end(broken), HeaderError);
});
