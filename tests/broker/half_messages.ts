/**
 * Half messages and their ends, as bare frames.
 *
 * Owns: the properties of a half message. Reads: nothing. Never: retries.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import type { RemotingCommand } from "../../protocol/command.ts";
import { decodeOffsetMessageId } from "../../protocol/message_id.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { send } from "../conformance/broker_requests.ts";
import type { RawClient } from "../conformance/raw_client.ts";
import { PATIENCE_MS } from "./broker_bench.ts";
import { plainProperties } from "./broker_calls.ts";

/** Ends of a transaction. */
export const COMMIT = 8;
export const ROLLBACK = 12;

/** A half message that waits for its end. */
export interface Half {
  readonly body: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Sends a half message of the group "producers". */
export async function sendHalf(client: RawClient, topic: string, body: string): Promise<Half> {
  const properties = plainProperties("TRAN_MSG\u0001true\u0002PGROUP\u0001producers\u0002");
  const answer = await send(client, topic, body, { properties, sysFlag: 4, group: "producers" });
  assertEquals(answer.code, 0, answer.remark);
  const { offset } = decodeOffsetMessageId(answer.ext["msgId"]!);
  return {
    body,
    fields: {
      topic,
      producerGroup: "producers",
      tranStateTableOffset: answer.ext["queueOffset"]!,
      commitLogOffset: String(offset),
      fromTransactionCheck: "false",
      msgId: /UNIQ_KEY.([0-9A-F]{32})/.exec(properties)![1]!,
      transactionId: "t",
    },
  };
}

/** Ends a transaction. */
export function endTransaction(client: RawClient, half: Half, how: number): Promise<RemotingCommand> {
  const fields = { ...half.fields, commitOrRollback: String(how) };
  return client.call(RequestCode.END_TRANSACTION, fields, "", { timeoutMs: PATIENCE_MS });
}
