/**
 * Signed requests of our client against a broker that checks signatures (RocketMQ's access control 2.0).
 */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { ClientError, type MessageExt, type SessionCredentials } from "../../actors/client/mod.ts";
import { Collector, fresh, producerOn } from "./client_kit.ts";
import { needing } from "./client_support.ts";
import { conformanceSuite } from "./suite.ts";

const KNOWN: SessionCredentials = { accessKey: "orders", secretKey: "a secret of this test" };
const PROVIDERS = "org.apache.rocketmq.auth";

const test = conformanceSuite({
  clients: [],
  broker: {
    authenticationEnabled: "true",
    authenticationProvider: `${PROVIDERS}.authentication.provider.DefaultAuthenticationProvider`,
    authenticationMetadataProvider: `${PROVIDERS}.authentication.provider.LocalAuthenticationMetadataProvider`,
    initAuthenticationUser: JSON.stringify({ username: KNOWN.accessKey, password: KNOWN.secretKey }),
    innerClientAuthenticationCredentials: JSON.stringify(KNOWN),
    authorizationEnabled: "true",
    authorizationProvider: `${PROVIDERS}.authorization.provider.DefaultAuthorizationProvider`,
    authorizationMetadataProvider: `${PROVIDERS}.authorization.provider.LocalAuthorizationMetadataProvider`,
  },
});

for (const workers of [true, false]) {
  needing(test, "acl")(
    `Signed requests are taken: sends, pulls, send-backs, offsets, ${workers ? "with workers" : "inline"}`,
    [],
    async ({ target }) => {
      const topic = fresh("SIGNED");
      const consumerGroup = fresh("CG");
      await using producer = await producerOn(target, { credentials: KNOWN });
      await producer.send({ topic, body: "plain" });
      await producer.send([{ topic, body: "of a batch" }]);
      await producer.send({ topic, body: "zipped ".repeat(2_000) });
      await producer.sendOneway({ topic, body: "one-way" });
      const seen: string[] = [];
      const options = { workers, credentials: KNOWN, consumerGroup, persistConsumerOffsetInterval: 200 };
      await using collector = new Collector(target, {
        ...options,
        messageListener: ([message], context) => {
          const { bodyText, reconsumeTimes } = message as MessageExt;
          seen.push(`${bodyText.slice(0, 6)}/${reconsumeTimes}`);
          if (bodyText !== "plain" || reconsumeTimes > 0) {
            collector.messages.push(message as MessageExt);
            return "CONSUME_SUCCESS";
          }
          context.delayLevelWhenNextConsume = 1;
          return "RECONSUME_LATER";
        },
      });
      collector.consumer.subscribe(topic);
      await collector.consumer.start();
      await collector.count(4);
      assertEquals(seen.sort(), ["of a b/0", "one-wa/0", "plain/0", "plain/1", "zipped/0"]);
      await collector.consumer.shutdown();
      await producer.send({ topic, body: "after the restart" });
      await using next = new Collector(target, options);
      next.consumer.subscribe(topic);
      await next.consumer.start();
      await next.count(1);
      assertEquals(next.bodies, ["after the restart"]);
    },
  );
}

needing(test, "acl")("A wrong secret and none at all are refused, and the error says so", [], async ({ target }) => {
  const topic = fresh("SIGNED");
  await using known = await producerOn(target, { credentials: KNOWN });
  await known.send({ topic, body: "creates the topic" });
  for (const credentials of [{ ...KNOWN, secretKey: "another" }, { ...KNOWN, accessKey: "nobody" }, undefined]) {
    await using producer = await producerOn(target, credentials === undefined ? {} : { credentials });
    const error = await assertRejects(() => producer.send({ topic, body: "x" }), ClientError);
    assertEquals([error.code, error.outcome, error.brokerAddr], ["NOT_AUTHORIZED", "failed", target.broker]);
    assertEquals([error.responseCode, error.retryable], [16, false]);
    assert(/user|sign/i.test(error.message), error.message);
  }
});
