/**
 * What tests under strace share.
 *
 * Owns: the rule for what is skipped. Reads: PATH, through a shell; `RINGMQ_CONFORMANCE`. Never: skips in silence.
 *
 * @module
 */
import { assertEquals } from "@std/assert";
import { RequestCode } from "../../protocol/request_code.ts";
import { topicFields } from "../conformance/broker_requests.ts";
import type { RawClient } from "../conformance/raw_client.ts";
import { PATIENCE_MS } from "./broker_bench.ts";

/** Declares a test that needs strace. */
export function straceTest(name: string, body: () => Promise<void>): void {
  const { stdout } = new Deno.Command("sh", { args: ["-c", "command -v strace; true"], stderr: "null" }).outputSync();
  const ignore = stdout.length === 0 && Deno.env.get("RINGMQ_CONFORMANCE") !== "required";
  if (ignore) console.log(`skipped, strace is missing: ${name}`);
  Deno.test({ name, ignore, fn: body });
}

/** Makes a topic, of one queue when nothing else is said. */
export async function makeTopic(client: RawClient, topic: string, queues = 1): Promise<void> {
  const answer = await client.call(RequestCode.UPDATE_AND_CREATE_TOPIC, topicFields(topic, { queues }), "", {
    timeoutMs: PATIENCE_MS,
  });
  assertEquals(answer.code, 0, answer.remark);
}
