/**
 * An orderly consumer of ours in a process of its own, to be killed: `orderly_member.ts <name server> <group> <topic> <name> <log>`.
 *
 * Owns: its process. Reads: nothing but messages. Never: ends by itself.
 *
 * @module
 */
import { PushConsumer } from "../../actors/client/mod.ts";
import { systemClock } from "../../store/clock.ts";
import { checkBody } from "../conformance/numbered_body.ts";

if (import.meta.main) {
  const [namesrvAddr = "", consumerGroup = "", topic = "", name = "", log = ""] = Deno.args;
  const file = await Deno.open(log, { create: true, append: true });
  const consumer = new PushConsumer({
    namesrvAddr,
    consumerGroup,
    instanceName: name,
    consumeFromWhere: "CONSUME_FROM_FIRST_OFFSET",
    messageListenerOrderly: (messages) => {
      const lines = messages.map(({ queueId, queueOffset, body, reconsumeTimes }) =>
        `${name} ${queueId} ${queueOffset} ${checkBody(body)} ${reconsumeTimes} 0 ${systemClock.nowMs()}\n`
      );
      const bytes = new TextEncoder().encode(lines.join(""));
      for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
      return "SUCCESS";
    },
  });
  consumer.subscribe(topic);
  await consumer.start();
  console.log("{}");
}
