/**
 * Recorded requests between a RocketMQ broker and its name server.
 *
 * Owns: their decoding.
 * Reads: tests/golden/frames.
 * Never: changes a frame.
 */
import type { RemotingCommand } from "../../protocol/command.ts";
import { FrameDecoder } from "../../protocol/frame.ts";

const DIRECTORY = new URL("../golden/frames/", import.meta.url);

/** Requests to the name server of a recording, in order. */
export function goldenLines(name: string): RemotingCommand[] {
  const lines = Deno.readTextFileSync(new URL(`${name}.jsonl`, DIRECTORY)).split("\n").filter((line) => line !== "");
  return lines.flatMap((line) => {
    const { peer, flag, bytes } = JSON.parse(line) as { peer: string; flag: number; bytes?: string };
    if (peer !== "namesrv" || (flag & 1) !== 0 || bytes === undefined) return [];
    const decoder = new FrameDecoder();
    decoder.push(Uint8Array.fromBase64(bytes));
    const command = decoder.next();
    return command === undefined ? [] : [command];
  });
}
