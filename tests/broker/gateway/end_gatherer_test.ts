import { assert, assertEquals, assertRejects } from "@std/assert";
import { GatewayConnection } from "../../../actors/broker/gateway/connection.ts";
import { EndGatherer } from "../../../actors/broker/gateway/end_gatherer.ts";
import { PENDING_MAX } from "../../../actors/broker/gateway/general_path.ts";
import { afterIo } from "../../../actors/kernel/after_io.ts";
import { createRequest, markOneway, type RemotingCommand } from "../../../protocol/command.ts";
import { HeaderError } from "../../../protocol/errors.ts";
import { encodeFrame } from "../../../protocol/frame.ts";
import { HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { RequestCode } from "../../../protocol/request_code.ts";
import { RecordingSocket } from "./recording_socket.ts";

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

/** A scanned frame and what take() is given with it. */
function framed(command: RemotingCommand): { scan: HeaderScan; bytes: Uint8Array } {
  const bytes = encodeFrame(command);
  const scan = new HeaderScan();
  const headerBytes = new DataView(bytes.buffer, bytes.byteOffset).getInt32(4) & 0xffffff;
  assert(scan.scanJson(bytes, 8, 8 + headerBytes));
  return { scan, bytes };
}

Deno.test("EndGatherer.take() sends what nobody waits for as end() does, and counts it until it is done", async () => {
  const asked: unknown[] = [];
  const reply = Promise.withResolvers<never>();
  const gatherer = new EndGatherer((ends) => {
    asked.push(ends);
    return reply.promise;
  });
  const connection = new GatewayConnection(1, new RecordingSocket(), false);
  const oneway = framed(markOneway(endOf(7)));
  assert(gatherer.take(connection, oneway.scan, oneway.bytes));
  const waiting = gatherer.end(endOf(7));
  assertEquals(connection.pending, 1);
  await afterIo();
  assertEquals(asked.length, 1);
  const [first, second] = asked[0] as [unknown, unknown];
  assertEquals(first, second);
  reply.reject(new Error("gone"));
  await assertRejects(() => waiting, Error, "gone");
  await afterIo();
  assertEquals([connection.pending, connection.closed], [0, false]);
});

Deno.test("EndGatherer.take() leaves to the general path whoever waits, what cannot be read, and a connection with too many", () => {
  const gatherer = new EndGatherer(() => Promise.reject(new Error("nobody asked for this")));
  const connection = new GatewayConnection(1, new RecordingSocket(), false);
  const refused = [endOf(1), markOneway(createRequest(RequestCode.END_TRANSACTION, { producerGroup: "g" }))].map(
    framed,
  );
  for (const { scan, bytes } of refused) assertEquals(gatherer.take(connection, scan, bytes), false);
  connection.pending = PENDING_MAX;
  const { scan, bytes } = framed(markOneway(endOf(1)));
  assertEquals(gatherer.take(connection, scan, bytes), false);
});
