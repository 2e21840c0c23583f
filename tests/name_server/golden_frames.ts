/**
 * Recorded conversations with a name server of RocketMQ 5.4.0, as pairs of request and answer.
 */

import type { RemotingCommand } from "../../protocol/command.ts";
import { decodeFrame } from "../../protocol/frame.ts";

/** One line of a recording. */
interface Line {
  readonly conversation: string;
  readonly n: number;
  readonly conn: number;
  readonly from: "client" | "server";
  readonly peer: string;
  readonly opaque: number;
  readonly flag: number;
  readonly bytes: string;
}

/** A request and what RocketMQ answered. */
export interface GoldenExchange {
  /** Where it is in the recording, for messages. */
  readonly label: string;
  /** Connection inside the conversation. */
  readonly connection: string;
  /** The request's whole frame. */
  readonly frame: Uint8Array;
  readonly request: RemotingCommand;
  readonly answer: RemotingCommand;
}

const FOLDER = new URL("../golden/frames/", import.meta.url);

/** The exchanges of one recording with its name server, in the order of the requests. */
export function goldenExchanges(name: string): GoldenExchange[] {
  const lines = Deno.readTextFileSync(new URL(`${name}.jsonl`, FOLDER)).trimEnd().split("\n")
    .map((text) => JSON.parse(text) as Line).filter((line) => line.peer === "namesrv");
  const keyOf = (line: Line): string => `${line.conversation} ${line.conn} ${line.opaque}`;
  const answers = new Map(lines.filter((line) => line.from === "server").map((line) => [keyOf(line), line]));
  const exchanges: GoldenExchange[] = [];
  for (const line of lines) {
    const answer = answers.get(keyOf(line));
    if (line.from !== "client" || answer === undefined) continue;
    const frame = Uint8Array.fromBase64(line.bytes);
    exchanges.push({
      label: `${line.conversation} #${line.n}`,
      connection: `${line.conversation} ${line.conn}`,
      frame,
      request: decodeFrame(frame),
      answer: decodeFrame(Uint8Array.fromBase64(answer.bytes)),
    });
  }
  return exchanges;
}
