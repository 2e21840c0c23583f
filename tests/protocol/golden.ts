/**
 * Golden frames and stores for the tests of the protocol: what a real broker and real clients said and wrote.
 */
import { type ExtFields, isResponse, type RemotingCommand } from "../../protocol/command.ts";
import { decodeFrame } from "../../protocol/frame.ts";

const GOLDEN = new URL("../golden/", import.meta.url);

/** One recorded frame. */
export interface GoldenFrame {
  readonly file: string;
  readonly conversation: string;
  readonly n: number;
  readonly from: "client" | "server";
  readonly serialize: "JSON" | "ROCKETMQ";
  /** Header as recorded; values of ext fields may be numbers and booleans. */
  readonly header: Readonly<Record<string, unknown>>;
  readonly bodyLength: number;
  readonly bytes: Uint8Array;
  readonly command: RemotingCommand;
  /** For a response, the request that it answers, when that was recorded. */
  readonly request: GoldenFrame | undefined;
  /** Text that names the frame in a failure. */
  readonly name: string;
}

interface Line {
  readonly conversation: string;
  readonly n: number;
  readonly conn: number;
  readonly from: "client" | "server";
  readonly opaque: number;
  readonly header: Record<string, unknown>;
  readonly serialize: "JSON" | "ROCKETMQ";
  readonly bodyLength: number;
  readonly bytes: string;
}

let loaded: readonly GoldenFrame[] | undefined;

/** All recorded frames, in the order of their files. */
export function goldenFrames(): readonly GoldenFrame[] {
  return loaded ??= frameFiles().flatMap(readFrames);
}

/** Names of the frame files. */
export function frameFiles(): string[] {
  return [...Deno.readDirSync(new URL("frames/", GOLDEN))].map((entry) => entry.name).sort();
}

function readFrames(file: string): GoldenFrame[] {
  const requests = new Map<string, GoldenFrame>();
  const lines = Deno.readTextFileSync(new URL(`frames/${file}`, GOLDEN)).trim().split("\n");
  return lines.map((text): GoldenFrame => {
    const line: Line = JSON.parse(text);
    const bytes = fromBase64(line.bytes);
    const command = decodeFrame(bytes);
    const asker = isResponse(command) ? (line.from === "client" ? "server" : "client") : line.from;
    const key = `${line.conversation} ${line.conn} ${asker} ${line.opaque}`;
    const frame: GoldenFrame = {
      file,
      conversation: line.conversation,
      n: line.n,
      from: line.from,
      serialize: line.serialize,
      header: line.header,
      bodyLength: line.bodyLength,
      bytes,
      command,
      request: isResponse(command) ? requests.get(key) : undefined,
      name: `${file} ${line.conversation} #${line.n}`,
    };
    if (!isResponse(command)) requests.set(key, frame);
    return frame;
  });
}

/** Ext fields of a recorded header with every value as text. */
export function goldenExt(frame: GoldenFrame): ExtFields {
  const ext = frame.header["extFields"] as Record<string, unknown> | undefined;
  return Object.fromEntries(Object.entries(ext ?? {}).map(([key, value]) => [key, String(value)]));
}

/** Bytes of a file of a golden store. */
export function storeFile(path: string): Uint8Array {
  return Deno.readFileSync(new URL(`stores/${path}`, GOLDEN));
}

/** Names in a folder of a golden store. */
export function storeFolder(path: string): string[] {
  return [...Deno.readDirSync(new URL(`stores/${path}/`, GOLDEN))].map((entry) => entry.name).sort();
}

/** Lines of a manifest of a golden store. */
export function manifest<T>(path: string): T[] {
  return new TextDecoder().decode(storeFile(path)).trim().split("\n").map((line): T => JSON.parse(line));
}

function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (unit) => unit.charCodeAt(0));
}
