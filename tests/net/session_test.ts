import { assertEquals, assertThrows } from "@std/assert";
import { NetError } from "../../actors/net/errors.ts";
import { Session } from "../../actors/net/session.ts";
import { createRequest, createResponse, isOneway, markOneway, type RemotingCommand } from "../../protocol/command.ts";
import { ProtocolError } from "../../protocol/errors.ts";
import { decodeFrame, encodeFrame } from "../../protocol/frame.ts";
import { SimulatedClock } from "../helpers/simulated_clock.ts";

interface Bench {
  readonly clock: SimulatedClock;
  readonly session: Session<string>;
  readonly expired: string[];
}

function bench(outstandingMax = 10): Bench {
  const clock = new SimulatedClock();
  const expired: string[] = [];
  const session = new Session<string>({ clock, expired: (ticket) => expired.push(ticket), outstandingMax });
  return { clock, session, expired };
}

/** Sends a request and gives it as the other end decodes it. */
function sent(session: Session<string>, ticket: string, timeoutMs = 1_000): RemotingCommand {
  return decodeFrame(session.request(createRequest(10), timeoutMs, ticket));
}

Deno.test("Session.request() numbers requests from 1, each with its own opaque", () => {
  const { session } = bench();
  assertEquals(["a", "b", "c"].map((ticket) => sent(session, ticket).opaque), [1, 2, 3]);
  assertEquals(session.outstanding, 3);
});

Deno.test("Session.take() finds the request of a response, in any order and once", () => {
  const { session } = bench();
  const [a, b] = ["a", "b"].map((ticket) => sent(session, ticket));
  assertEquals(session.take(createResponse(b!, 0)), "b");
  assertEquals(session.take(createResponse(a!, 0)), "a");
  assertEquals(session.take(createResponse(a!, 0)), undefined);
  assertEquals([session.outstanding, session.unknownResponses], [0, 1]);
});

Deno.test("Session gives a request up at its deadline and no timer stays when nothing waits", () => {
  const { session, clock, expired } = bench();
  sent(session, "late", 100);
  sent(session, "later", 200);
  const answered = sent(session, "answered", 150);
  session.take(createResponse(answered, 0));
  clock.advance(99);
  assertEquals(expired, []);
  clock.advance(1);
  assertEquals(expired, ["late"]);
  clock.advance(100);
  assertEquals([expired, session.outstanding, clock.timers], [["late", "later"], 0, 0]);
});

Deno.test("Session meets deadlines that lie close together within 10 ms", () => {
  const { session, clock, expired } = bench();
  for (const timeoutMs of [100, 101, 105, 110]) sent(session, `${timeoutMs}`, timeoutMs);
  clock.advance(100);
  assertEquals(expired, ["100"]);
  clock.advance(10);
  assertEquals(expired, ["100", "101", "105", "110"]);
});

Deno.test("Session.request() is refused when too many wait, and nothing is entered", () => {
  const { session } = bench(2);
  const first = sent(session, "a");
  sent(session, "b");
  const error = assertThrows(() => sent(session, "c"), NetError, "2 wait already");
  assertEquals([error.code, session.outstanding], ["OVERFLOW", 2]);
  session.take(createResponse(first, 0));
  assertEquals(sent(session, "d").opaque, 3);
});

Deno.test("Session.oneway() enters nothing", () => {
  const { session } = bench();
  const request = decodeFrame(session.oneway(markOneway(createRequest(10))));
  assertEquals([isOneway(request), request.opaque, session.outstanding], [true, 1, 0]);
});

Deno.test("Session.end() takes everything out in the order in which it came", () => {
  const { session, clock } = bench();
  for (const ticket of ["a", "b", "c"]) sent(session, ticket);
  session.forget(2);
  assertEquals([session.end(), session.outstanding, clock.timers], [["a", "c"], 0, 0]);
});

Deno.test("Session.receive() gives the same commands whole, byte by byte and cut anywhere", () => {
  const commands = [1, 2, 3].map((code) => ({
    ...createRequest(code, { n: `${code}` }, new Uint8Array(code)),
    opaque: code,
  }));
  const bytes = new Uint8Array(commands.flatMap((command) => [...encodeFrame(command)]));
  const read = (chunks: Uint8Array[]): [number, string | undefined, number][] => {
    const { session } = bench();
    return chunks.flatMap((chunk) => session.receive(chunk)).map((
      { code, ext, body },
    ) => [code, ext["n"], body.length]);
  };
  const expected = commands.map(({ code }) => [code, `${code}`, code]);
  assertEquals(read([bytes]), expected as never);
  assertEquals(read(Array.from(bytes, (byte) => new Uint8Array([byte]))), expected as never);
  for (let cut = 1; cut < bytes.length; cut++) {
    assertEquals(read([bytes.slice(0, cut), bytes.slice(cut)]), expected as never, `cut at ${cut}`);
  }
});

Deno.test("Session.receive() gives what lies in front of a broken frame, then throws for good", () => {
  const { session } = bench();
  const whole = encodeFrame(createRequest(5));
  const into: RemotingCommand[] = [];
  const broken = new Uint8Array([...whole, 0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0]);
  assertThrows(() => session.receive(broken, into), ProtocolError);
  assertEquals(into.map(({ code }) => code), [5]);
  assertThrows(() => session.receive(whole), ProtocolError);
});
