/**
 * The short path of a pull: a request out of a text template, an answer out of its bytes.
 *
 * Answers that found messages, or nothing yet, are read here; all others come back as commands.
 *
 * Owns: the template of one queue and the pull that waits. Reads: nothing. Never does: decode records, try again.
 */

import { type ExtFields, type RemotingCommand, RINGMQ_VERSION } from "../../protocol/command.ts";
import { asciiText, isText } from "../../protocol/hot/ascii_text.ts";
import { decimalAt, type HeaderScan } from "../../protocol/hot/header_scan.ts";
import { writeInt } from "../../protocol/java_number.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import type { DirectRequest } from "../net/direct_request.ts";
import type { DirectLine } from "./link.ts";

/** What the answer of a pull says. */
export interface PullReply {
  /** Response code. */
  readonly code: number;
  /** Replica to pull from next; undefined when it does not say. */
  readonly suggestedBrokerId: number | undefined;
  /** Offset to pull next; undefined when it does not say. */
  readonly nextOffset: number | undefined;
  /** First offset the broker keeps. */
  readonly minOffset: number;
  /** Next offset the broker will write. */
  readonly maxOffset: number;
  /** Records, in memory that holds little else. */
  readonly body: Uint8Array;
}

/**
 * @param answer answer of a pull
 * @returns what it says
 */
export function pullReplyOf(answer: RemotingCommand): PullReply {
  const { suggestWhichBrokerId, nextBeginOffset, minOffset, maxOffset } = answer.ext;
  return {
    code: answer.code,
    suggestedBrokerId: suggestWhichBrokerId === undefined ? undefined : Number(suggestWhichBrokerId),
    nextOffset: nextBeginOffset === undefined ? undefined : Number(nextBeginOffset),
    minOffset: Number(minOffset ?? 0),
    maxOffset: Number(maxOffset ?? 0),
    body: answer.body,
  };
}

const SUGGESTED = asciiText("suggestWhichBrokerId");
const NEXT = asciiText("nextBeginOffset");
const MIN = asciiText("minOffset");
const MAX = asciiText("maxOffset");

const PREFIX_BYTES = 8;
/** Bytes of UTF-8 that one UTF-16 unit takes at most. */
const UTF8_BYTES_MAX = 3;
/** Digits of four numbers, and what stands between them. */
const ROOM_FOR_PLACE = 256;

const encoder = new TextEncoder();

/** What differs from pull to pull. */
export interface PullPlace {
  readonly queueOffset: number;
  readonly commitOffset: number;
  readonly sysFlag: number;
}

/** The pulls of one queue, one at a time. */
export class DirectPull implements DirectRequest {
  readonly code: number;
  readonly timeoutMs: number;
  readonly frameBytesMax: number;
  readonly #head: string;
  #place: PullPlace = { queueOffset: 0, commitOffset: 0, sysFlag: 0 };
  #waiting: PromiseWithResolvers<PullReply | RemotingCommand | undefined> | undefined;

  /**
   * @param code PULL_MESSAGE or LITE_PULL_MESSAGE
   * @param ext its fields without those of {@linkcode PullPlace}
   * @param timeoutMs milliseconds until a pull is given up
   */
  constructor(code: number, ext: ExtFields, timeoutMs: number) {
    this.code = code;
    this.timeoutMs = timeoutMs;
    this.#head = `{"code":${code},"extFields":${JSON.stringify(ext).slice(0, -1)}`;
    this.frameBytesMax = PREFIX_BYTES + UTF8_BYTES_MAX * this.#head.length + ROOM_FOR_PLACE;
  }

  /**
   * Sends a pull; the one before has ended.
   *
   * @param line connection
   * @param place what to pull
   * @returns the answer to come, which rejects with a NetError when there is none; undefined when the line did not take it
   * @throws {NetError} OVERFLOW
   */
  send(line: DirectLine, place: PullPlace): Promise<PullReply | RemotingCommand | undefined> | undefined {
    this.#place = place;
    if (!line.direct(this)) return undefined;
    this.#waiting = Promise.withResolvers();
    return this.#waiting.promise;
  }

  write(into: Uint8Array, at: number, opaque: number): number {
    const { queueOffset, commitOffset, sysFlag } = this.#place;
    const text =
      `${this.#head},"queueOffset":"${queueOffset}","commitOffset":"${commitOffset}","sysFlag":"${sysFlag}"},` +
      `"flag":0,"language":"JAVA","opaque":${opaque},"serializeTypeCurrentRPC":"JSON","version":${RINGMQ_VERSION}}`;
    const { written } = encoder.encodeInto(text, into.subarray(at + PREFIX_BYTES));
    writeInt(into, at, PREFIX_BYTES - 4 + written);
    writeInt(into, at + 4, written);
    return at + PREFIX_BYTES + written;
  }

  answered(bytes: Uint8Array, scan: HeaderScan, bodyStart: number, bodyEnd: number, own: boolean): boolean {
    const { code } = scan;
    if (
      code !== ResponseCode.SUCCESS && code !== ResponseCode.PULL_NOT_FOUND &&
      code !== ResponseCode.PULL_RETRY_IMMEDIATELY
    ) return false;
    let suggestedBrokerId: number | undefined;
    let nextOffset: number | undefined;
    let minOffset = 0;
    let maxOffset = 0;
    for (let i = 0; i < scan.count; i++) {
      const key = scan.keyStart[i]!;
      const keyEnd = scan.keyEnd[i]!;
      const start = scan.valueStart[i]!;
      const end = scan.valueEnd[i]!;
      if (isText(bytes, key, keyEnd, NEXT)) nextOffset = decimalAt(bytes, start, end);
      else if (isText(bytes, key, keyEnd, MAX)) maxOffset = decimalAt(bytes, start, end);
      else if (isText(bytes, key, keyEnd, MIN)) minOffset = decimalAt(bytes, start, end);
      else if (isText(bytes, key, keyEnd, SUGGESTED)) suggestedBrokerId = decimalAt(bytes, start, end);
    }
    if (Number.isNaN(nextOffset) || Number.isNaN(minOffset + maxOffset) || Number.isNaN(suggestedBrokerId)) {
      return false;
    }
    const body = own ? bytes.subarray(bodyStart, bodyEnd) : bytes.slice(bodyStart, bodyEnd);
    this.#waiting?.resolve({ code, suggestedBrokerId, nextOffset, minOffset, maxOffset, body });
    return true;
  }

  /** Ends the pull that waits without an answer. */
  giveUp(): void {
    this.#waiting?.resolve(undefined);
  }

  resolve(response: RemotingCommand): void {
    this.#waiting?.resolve(response);
  }

  reject(error: Error): void {
    this.#waiting?.reject(error);
  }
}

/**
 * @param reply what a pull came back with
 * @returns whether it is a command that nobody has read
 */
export function isCommand(reply: PullReply | RemotingCommand): reply is RemotingCommand {
  return "ext" in reply;
}
