/**
 * Prints which test proves which part of delivery, with the brokers and clients that it runs on, and fails when a part has no proof.
 *
 *     deno task delivery-features
 *
 * A part is proved when every test that is named for it exists, and one of them runs the same assertions on RingMQ and on
 * Apache's broker with a real Java client of 5.4. Where Java's client hides what has to be seen, or cannot bring it about, the row says so.
 *
 * Owns: the list of parts. Reads: the names of the tests, from their sources.
 * Never: runs a test.
 *
 * @module
 */
import { endOnHelp } from "./help.ts";
import { type NamedTest, testsOf } from "./test_names.ts";

/** Why a part is proved without Java's client of 5.4. */
type Without = "bare frames" | "files" | "inside" | "own client";

/** A part and the tests that prove it, each by a part of its name. */
interface Part {
  readonly part: string;
  readonly tests: readonly string[];
  readonly without?: Without;
}

const part = (text: string, ...tests: string[]): Part => ({ part: text, tests });
const partWithout = (without: Without, text: string, ...tests: string[]): Part => ({ part: text, tests, without });

const SIXTEEN = "fails ${RETRIES} times is tried again by level and then dead";
const LIMITS = "a group's limit, retry queues and retry policy are kept";
const FALLBACK = "A send to a retry topic is dead beyond its limit";
const STOPS = "an orderly member that stops gives its lock back at once, one that dies keeps it";
const LEVELS = "a message of each level comes after its time, whatever waits at other levels";
const SHORTER = "A level that was made shorter while the broker was down";
const KILLED = "a killed broker delivers what waited, by level and by time";
const EXACT = "exact times, relative and absolute, are kept, recalled and limited";
const TIMED_RETRY = "a retry is put off by its level, also one of a message that had a time of delivery";
const SQL = "an SQL92 subscription delivers what it selects and is kept in consumerFilter.json";
const RESET = "offsets are reset by time while a group is away and while it is there, and cloned";
const REMOVED = "offsets on both sides of what was removed are corrected, and looked up by time";
const SWITCH = "a group is forbidden one topic, or all, and allowed again; a message is consumed directly";

/** Parts by line. */
const LINES: Readonly<Record<string, readonly Part[]>> = {
  "Retry and DLQ": [
    part("send-back with levels", TIMED_RETRY, "a message refused twice is retried and then taken"),
    part("%RETRY% and %DLQ% topics", "is retried by level and reaches the dead-letter queue", SIXTEEN),
    part("sixteen failures, times by level", SIXTEEN),
    part("limit from group or message; 4.9 and 5.x", LIMITS, FALLBACK),
    part("retry policy of a group", LIMITS),
    part("counters", LIMITS),
  ],
  Orderly: [
    part("lock, unlock", STOPS, "A queue lock has one owner at a time, who may ask again and give it back"),
    part("expiry 60 s", "is free 60 s after it was renewed last", "QueueLocks.lock() hands an expired lock over"),
    part("lock released on clean exit", STOPS),
    part("a member dies", STOPS, "is free 60 s after it was renewed last", "tests/conformance/orderly_kill_test.ts"),
    part("order in each queue while members come and go", "reach both members of each group"),
  ],
  "Delay levels": [
    part("18 levels from messageDelayLevel", LEVELS, "Messages that wait for an hour are stored at level 18"),
    partWithout("files", "delayOffset.json", SHORTER, "DelayOffsets.encode() writes the bytes of Apache's file again"),
    part("restart-safe", KILLED, "schedule killed while messages wait", "tests/broker/delayed_delivery_test.ts"),
    partWithout("files", "change of levels recomputed", SHORTER),
    part("no head-of-line stall", LEVELS),
    partWithout("inside", "lateness as a metric", "schedule counts what it delivers and how late it was at most"),
    partWithout("inside", "back-off while the store refuses", "schedule backs off while the log refuses"),
  ],
  "Exact delays": [
    part("TIMER_DELIVER_MS, TIMER_DELAY_MS, TIMER_DELAY_SEC", EXACT, "Timer messages come at their time, once"),
    partWithout(
      "files",
      "Apache's files",
      "TimerStore opens Apache's timer files",
      "writes log, wheel and checkpoint as",
    ),
    part("limits and answers", EXACT, "A timer message is answered with a recall handle, a wrong one is refused"),
    part("recall", EXACT, "A recalled message never comes", "Recalls are refused with the same codes and texts"),
    part("retries kept apart from user delays", TIMED_RETRY),
    part("restart-safe", KILLED, "a broker that is killed with timer messages waiting delivers all of them"),
  ],
  Transactions: [
    part("half messages, commit, rollback, checks", "consumers see what is committed, at once or when asked"),
    part("check-back to any producer of the group", "another producer of the group is asked when the first is gone"),
    part("the check-max topic", "what stays unknown is given up after the last check and kept aside"),
    part(
      "restart-safe",
      "a killed broker forgets neither open nor ended transactions",
      "tests/broker/transactions_kill_test.ts",
    ),
    partWithout("inside", "both op-body dialects", "operation records name what is done, in both dialects"),
    partWithout(
      "bare frames",
      "odd branches",
      "Ends of transactions that fit no half message are refused",
      "decideCheck() follows RocketMQ's rules",
      "HalfLedger skips what retention took",
    ),
  ],
  Filters: [
    part("tags", "mqadmin ${command.name} prints what it prints for Apache", "consumes only the subscribed tags"),
    part("SQL92", SQL),
    partWithout("inside", "the whole grammar", "SQL92 expressions mean what they mean to RocketMQ's filter module"),
    part("consumerFilter.json", SQL, "ConsumerFilters: who leaves is dead, comes back"),
    part(
      "bad expressions, with their position",
      SQL,
      "Bad expressions are refused, with the place where they go wrong",
    ),
    partWithout(
      "bare frames",
      "long polls wake for what may match",
      "A parked pull is answered with what its tags or expression select",
      "is not woken by what does not match, and then by what does",
    ),
  ],
  Offsets: [
    part("reset by time, online and offline", RESET),
    partWithout("own client", "reset by the clients", "mqadmin looks at our running consumer, resets it"),
    part("clone", RESET),
    part("min, max, time on both sides of retention", REMOVED),
    part("illegal offsets corrected", REMOVED),
    part("broadcast", "broadcasting gives each member everything, and the broker keeps no offset of it"),
  ],
  "Requests, traces, inspection, switches": [
    part("request–reply", "a reply finds its request, and a request that nobody answers runs out of time"),
    part("message trace topic", "traces of a send and of its consumption lie in the trace topic"),
    part("consumeMessageDirectly", SWITCH),
    part("consumer running info", SWITCH),
    part("consume-order switch", LIMITS, SWITCH),
    part("group forbidden", SWITCH),
    partWithout(
      "bare frames",
      "disableConsumeIfConsumerReadSlowly",
      "A group that reads too far behind is disabled",
      "ControlPlane disables groups that read too far behind",
    ),
  ],
};

/** A test with where it runs. */
interface Proof {
  readonly test: NamedTest;
  /** Brokers under the same assertions. */
  readonly targets: string;
}

const ALL_TESTS: readonly NamedTest[] = testsOf("tests", { deep: true });

/** A test by a part of its name, or by its file where the name is made at run time. */
function proofOf(name: string): Proof | undefined {
  const found = ALL_TESTS.filter((test) => name.endsWith("_test.ts") ? test.file === name : test.name.includes(name));
  const test = found.find(({ isOnBoth }) => isOnBoth) ?? found[0];
  return test === undefined ? undefined : { test, targets: test.isOnBoth ? "RingMQ, Apache" : "RingMQ" };
}

/** What is wrong with a part; nothing when it is proved. */
function faultsOf({ part: text, tests, without }: Part): string[] {
  const proofs = tests.map(proofOf);
  const missing = tests.filter((_, i) => proofs[i] === undefined).map((name) => `${text}: no test is named "${name}"`);
  if (missing.length > 0 || without === "inside") return missing;
  const onBoth = proofs.filter((proof) => proof?.test.isOnBoth === true);
  if (onBoth.length === 0 && without !== "files") return [`${text}: no test runs on both brokers`];
  const hasJava = onBoth.some((proof) => proof!.test.clients.includes("java54") || usesAdmin(proof!.test));
  return hasJava || without !== undefined ? [] : [`${text}: no test drives Java's client of 5.4`];
}

/** Suites that start mqadmin and Java clients for all of their tests. */
function usesAdmin({ file }: NamedTest): boolean {
  return file.endsWith("/mqadmin_test.ts");
}

/**
 * Finds parts without proof.
 *
 * @returns One line for each thing that is missing.
 */
export function deliveryFeatureGaps(): string[] {
  return Object.values(LINES).flatMap((list) => list.flatMap(faultsOf));
}

function main(): number {
  for (const [line, list] of Object.entries(LINES)) {
    console.log(`\n${line}`);
    for (const { part: text, tests, without } of list) {
      tests.forEach((name, i) => {
        const proof = proofOf(name);
        const shown = proof === undefined
          ? `GAP: no test is named "${name}"`
          : `[${[proof.targets, ...proof.test.clients].join(", ")}] ${proof.test.file}: ${proof.test.name}`;
        const reason = i === 0 && without !== undefined ? ` (${without})` : "";
        console.log(`  ${(i === 0 ? `${text}${reason}` : "").padEnd(54)} ${shown}`);
      });
    }
  }
  const gaps = deliveryFeatureGaps();
  for (const gap of gaps) console.log(`GAP: ${gap}`);
  console.log(`\n${Object.values(LINES).flat().length} parts, ${gaps.length} gaps`);
  return gaps.length === 0 ? 0 : 1;
}

if (import.meta.main) {
  endOnHelp(`
deno task delivery-features   prints which test proves which part of delivery; fails when a part has none
  -h  --help                  print this, and end
`);
  Deno.exit(main());
}
