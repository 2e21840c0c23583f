/**
 * What the broker under test has: tests of our client that need more are declared, and said to be skipped.
 *
 * Owns: the list. Reads: `RINGMQ_TARGET`, and `RINGMQ_BROKER_HAS`, a comma-separated list of features to take for there.
 * Never: skips anything on Apache.
 *
 * @module
 */
import { targetName } from "./target.ts";
import type { SuiteTest } from "./suite.ts";

/** Parts of a broker that RingMQ's may lack. */
export type BrokerFeature = "transactions" | "timers" | "sql92" | "request-reply" | "tls" | "acl";

/** What RingMQ's broker has of them. */
const RINGMQ_HAS: readonly BrokerFeature[] = ["transactions", "timers", "request-reply", "sql92"];

/**
 * Whether the broker under test has a feature.
 *
 * @param feature What is needed.
 */
export function brokerHas(feature: BrokerFeature): boolean {
  if (targetName() === "apache") return true;
  const asked = (Deno.env.get("RINGMQ_BROKER_HAS") ?? "").split(",");
  return RINGMQ_HAS.includes(feature) || asked.includes(feature);
}

/**
 * Declares tests that need a feature of the broker.
 *
 * @param test How the suite declares a test.
 * @param feature What is needed.
 * @returns The same, or a declaration that is skipped with the reason in its name.
 */
export function needing(test: SuiteTest, feature: BrokerFeature): SuiteTest {
  if (brokerHas(feature)) return test;
  return (name) => {
    Deno.test({ name: `${name} (skipped: RingMQ's broker has no ${feature} yet)`, ignore: true, fn: () => undefined });
  };
}
