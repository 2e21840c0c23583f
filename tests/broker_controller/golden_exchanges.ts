/**
 * Recorded traffic between clients or tools and a RocketMQ 5.4.0 broker, as exchanges.
 *
 * Owns: the pairing of requests and answers.
 * Reads: tests/golden/frames.
 * Never: changes a frame.
 */
import type { RemotingCommand } from "../../protocol/command.ts";
import { FrameDecoder } from "../../protocol/frame.ts";

/** One request on a connection to the broker, with its answer when there was one. */
export interface GoldenExchange {
  readonly conversation: string;
  /** Milliseconds since the conversation began. */
  readonly timeMs: number;
  readonly connection: number;
  /** Who asked. */
  readonly from: "client" | "server";
  readonly request: RemotingCommand;
  readonly answer: RemotingCommand | undefined;
}

interface GoldenLine {
  readonly conversation: string;
  readonly t: number;
  readonly conn: number;
  readonly from: "client" | "server";
  readonly peer: string;
  readonly flag: number;
  readonly opaque: number;
  readonly bytes?: string;
}

const DIRECTORY = new URL("../golden/frames/", import.meta.url);

/** Every exchange with the broker of a recording, in the order of the requests. */
export function goldenExchanges(name: string): GoldenExchange[] {
  const lines = Deno.readTextFileSync(new URL(`${name}.jsonl`, DIRECTORY)).split("\n").filter((line) => line !== "");
  const exchanges: { -readonly [K in keyof GoldenExchange]: GoldenExchange[K] }[] = [];
  const open = new Map<string, typeof exchanges[number]>();
  for (const line of lines) {
    const frame = JSON.parse(line) as GoldenLine;
    if (!frame.peer.startsWith("broker") || frame.bytes === undefined) continue;
    const command = decodeOne(Uint8Array.fromBase64(frame.bytes));
    const asker = (frame.flag & 1) === 0 ? frame.from : frame.from === "client" ? "server" : "client";
    const key = `${frame.peer} ${frame.conn} ${frame.opaque} ${asker}`;
    if ((frame.flag & 1) !== 0) {
      const exchange = open.get(key);
      if (exchange !== undefined) exchange.answer = command;
      open.delete(key);
      continue;
    }
    const { conversation, t: timeMs, conn: connection, from } = frame;
    const exchange = { conversation, timeMs, connection, from, request: command, answer: undefined };
    exchanges.push(exchange);
    open.set(key, exchange);
  }
  return exchanges;
}

function decodeOne(bytes: Uint8Array): RemotingCommand {
  const decoder = new FrameDecoder();
  decoder.push(bytes);
  const command = decoder.next();
  if (command === undefined) throw new TypeError("Cannot decode golden frame: it is cut off");
  return command;
}
