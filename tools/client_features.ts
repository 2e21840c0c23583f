/**
 * Prints which test proves which feature of the client, and fails when a feature has none.
 *
 *     deno task client-features
 *
 * Owns: the list of features. Reads: the names of the tests, from their sources.
 * Never: runs a test.
 *
 * @module
 */
import { endOnHelp } from "./help.ts";
import { type NamedTest, testsOf } from "./test_names.ts";

/** A feature and the tests that prove it, each by a part of its name. */
type Feature = readonly [feature: string, ...tests: string[]];

/** Features by chapter. */
const CHAPTERS: Readonly<Record<string, readonly Feature[]>> = {
  Producers: [
    ["start and stop", "Bad use of a producer is refused", "Producer.send() stores a message"],
    ["one shared instance for a client id", "Members with one instance name share a client id"],
    ["heartbeats", "Heartbeats.all()", "Heartbeats.opened()", "Heartbeats.closed()"],
    ["route cache and refresh", "Queues move to another broker", "A broker that has lost a topic refuses"],
    ["name servers by HTTP discovery", "A producer finds the name servers by HTTP"],
    ["send and wait", "Producer.send() stores a message", "Producer.send() from 64 callers"],
    ["send one-way", "Producer.sendOneway()"],
    ["batch, with a size-splitting helper", "Producer.send() sends a list as one batch"],
    ["chosen queue; selectors by hash, random, machine room", "goes to the chosen queue and follows selectors"],
    ["order by sharding key", "keeps the order of each sharding key"],
    ["retries and retry codes", "tries again on another broker, twice, for each of Java's codes"],
    ["time-outs", "keeps all tries within its time"],
    ["latency fault tolerance", "notAvailableMs() is Java's table", "With latency fault tolerance", "detectOnce()"],
    ["compression zlib, lz4, zstd", "Producer.send() compresses with ${compressType}"],
    ["transactions with executor and check-back", "Transactions: committed ones arrive"],
    ["request and reply", "Request and reply: the reply finds its request"],
    ["send, check-forbidden and RPC hooks", "Send hooks and RPC hooks see every send"],
    ["end-transaction hooks", "Transactions: committed ones arrive"],
    ["message trace", "Traces of sends and of consumption", "Apache's trace consumer decodes our traces"],
    ["delay levels", "with a delay level is delivered later"],
    ["exact delivery time, recall", "Timed messages arrive at their time and can be recalled"],
    ["namespaces", "Names get the namespace"],
    ["ACL signing", "signRequest() signs as Java", "Signed requests are taken", "A wrong secret and none at all"],
    ["TLS", "Producer and consumer work over TLS", "A certificate that nobody vouches for"],
    ["bounds on requests and bytes in flight", "Sends beyond the bound", "InFlight.enter() waits for bytes"],
  ],
  Consumers: [
    ["push, concurrent", "PushConsumer consumes everything once"],
    ["push, orderly", "An orderly queue is consumed by one member at a time"],
    ["lite pull: subscribe, seek, pause, commit", "LitePullConsumer with subscribe"],
    ["lite pull: assign", "LitePullConsumer with assign"],
    ["plain pull", "PullConsumer pulls what it is told to"],
    ["broadcasting, local offset file", "Broadcasting gives every member every message"],
    ["clustering, remote offsets", "Offsets outlive a restart of the consumer"],
    ["actors in workers and inline", 'PushConsumer consumes everything once, ${workers ? "with workers" : "inline"}'],
    ["allocation strategies equal to Java's", "Allocation strategies give what Java's give"],
    ["flow control by count", "when too many messages are held"],
    ["flow control by size", "when the bodies held are too large"],
    ["flow control by offset span", "when the offsets held are too far apart"],
    ["bound of a topic divided over its queues", "A bound on a topic is divided over the queues held"],
    ["slow pulls hold nobody back", "A queue whose broker does not answer holds back no other queue"],
    ["500 ms before a new pull", "A new queue is first pulled half a second after rebalance"],
    ["consume-from-where", "computeStartOffset() follows Java's table", "A new group begins where the broker says"],
    [
      "retry with back-off, send-back, dead letters",
      "comes back through the retry topic, then goes to the dead letters",
    ],
    ["ackIndex", "ackIndex retries only the messages behind it"],
    ["orderly: autoCommit off, COMMIT, ROLLBACK, suspend", "autoCommit off: offsets move on COMMIT only"],
    ["orderly: the broker's offset after locking", "An orderly queue is consumed by one member at a time"],
    ["orderly: lock loss retried after 10 and 100 ms", "asks for it after 100 ms", "asks for it after 10 ms"],
    ["orderly: dead letters", "An orderly message that fails too often goes to the dead letters"],
    ["consume time-out", "A message whose listener does not return is sent back"],
    ["tag subscriptions", "PushConsumer consumes only the subscribed tags"],
    ["SQL92 subscriptions", "PushConsumer consumes what a SQL92 expression selects"],
    ["client-side tag check", "Tags of one hash are told apart by the client"],
    ["filter hooks, consume hooks, statistics", "filter hooks take messages away"],
    ["queue-change callback, unsubscribe, suspend and resume", "suspend() and resume() hold pulls"],
    ["graceful stop", "shutdown() waits for running listeners"],
    ["locks released, group left at the stop", "An orderly queue is consumed by one member at a time"],
  ],
  "Requests of brokers": [
    ["39 check transaction state", "Transactions: committed ones arrive"],
    ["40 consumer ids changed", "Two members share the queues"],
    ["220 reset offsets", "mqadmin looks at our running consumer", "A consumer answers the broker"],
    ["221 consumer status", "A consumer answers the broker"],
    ["307 running info", "mqadmin looks at our running consumer"],
    ["309 consume directly", "mqadmin looks at our running consumer"],
    ["326 reply message", "Request and reply: the reply finds its request"],
  ],
  Manner: [
    ["await using", "Offsets outlive a restart of the consumer"],
    ["AbortSignal on everything that waits", "Everything that waits ends with its AbortSignal"],
    ["for await; leaving the loop releases the message", "for await gives messages one at a time"],
    ["options with Java's names and defaults", "resolveOptions() has Java's defaults", "consumerSettings() has Java's"],
    ["typed errors with phases", "A missing route is told apart", "Sends beyond the bound"],
    [
      "unknown apart from failed",
      "says unknown when any try may have been stored",
      "The broker is killed and comes back",
    ],
    ["no route: name server, topic, permission, auto-creation", "A missing route is told apart"],
    ["random part in client ids", "puts a random part into every client id"],
    ["logger and diagnostics channels", "Events are published to diagnostics channels"],
    ["Admin", "Admin manages topics, groups, offsets and finds messages"],
    ["reconnects by itself", "The broker is killed and comes back", "The name server is killed and comes back"],
    ["workers are real", "PullMessageService paused", "RebalanceService paused"],
    ["beside Java's client", "A group of our consumers and Java's", "A Java transaction listener and ours answer"],
    ["Node 22 from npm", "The npm package produces, push-consumes and transacts on Node 22"],
    ["run by URL", "Name server, broker and client run by URL"],
    ["bad use", "Bad use of a producer is refused", "Bad use of a consumer is refused"],
  ],
};

/** One proof of a feature, or the lack of it. */
interface Proof {
  readonly chapter: string;
  readonly feature: string;
  /** Part of the name that was looked for. */
  readonly part: string;
  readonly found: NamedTest | undefined;
}

function proofs(): Proof[] {
  const tests = [
    ...testsOf("tests/client"),
    ...testsOf("tests/conformance", { fits: (file) => file.startsWith("client_") }),
  ];
  return Object.entries(CHAPTERS).flatMap(([chapter, list]) =>
    list.flatMap(([feature, ...parts]) =>
      parts.map((part) => ({ chapter, feature, part, found: tests.find(({ name }) => name.includes(part)) }))
    )
  );
}

/**
 * Finds features without proof.
 *
 * @returns One line for each test that is named and does not exist.
 */
export function clientFeatureGaps(): string[] {
  return proofs().filter(({ found }) => found === undefined)
    .map(({ feature, part }) => `${feature}: no test is named "${part}"`);
}

function main(): number {
  let chapter = "";
  let feature = "";
  for (const proof of proofs()) {
    if (proof.chapter !== chapter) console.log(`\n${proof.chapter}`);
    const { found, part } = proof;
    const text = found === undefined
      ? `GAP: no test is named "${part}"`
      : `${found.file}: ${found.name}${found.needs === undefined ? "" : ` [broker must have ${found.needs}]`}`;
    console.log(`  ${(proof.feature === feature ? "" : proof.feature).padEnd(56)} ${text}`);
    ({ chapter, feature } = proof);
  }
  const features = Object.values(CHAPTERS).reduce((sum, list) => sum + list.length, 0);
  const gaps = clientFeatureGaps().length;
  console.log(`\n${features} features, ${gaps} gaps`);
  return gaps === 0 ? 0 : 1;
}

if (import.meta.main) {
  endOnHelp(`
deno task client-features     prints which test proves which feature of the client; fails when a feature has none
  -h  --help                  print this, and end
`);
  Deno.exit(main());
}
