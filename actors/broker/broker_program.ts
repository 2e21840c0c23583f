/**
 * The broker as a program: command line in, exit code out.
 *
 * It owns the command line and what is printed. `startBroker` does the work.
 */
import { systemClock } from "../../store/clock.ts";
import type { ProgramWorld } from "../kernel/deno_world.ts";
import { ExitCode } from "../kernel/exit_code.ts";
import { NetError } from "../net/errors.ts";
import { PropertiesError } from "../../protocol/properties_error.ts";
import { ConfigurationError, describeConfiguration } from "../../store/configuration.ts";
import { StoreError } from "../../store/errors.ts";
import { DiskError } from "../../store/file/disk.ts";
import { describeActivity } from "./actor_activity.ts";
import { describeReplication } from "./ha/replication_rules.ts";
import { startBroker } from "./broker.ts";
import { type Broker, type SupervisedBroker, thisMachine } from "./broker_options.ts";
import { FailoverBroker, isFailover, startFailoverBroker } from "./failover/failover_broker.ts";
import type { RecoveryResult } from "../../store/recovery.ts";
import { isWrittenLater } from "./write_mode.ts";
import {
  BROKER_SCHEMA,
  type BrokerConfiguration,
  type BrokerValues,
  readBrokerConfiguration,
} from "./broker_configuration.ts";

const USAGE = `Broker of RingMQ

Usage: deno task broker [options]

  -c, --configFile FILE      properties file with the keys of RocketMQ's broker.conf
  -n, --namesrvAddr ADDRS    name servers, host:port;host:port
      --set KEY=VALUE        one value; stronger than the file; may be given several times
      --gateways N           threads that share the ports (1; more need --unstable-net, and a processor each
                             beside one for the other actors: fewer are started where there are not so many)
  -p, --printConfigItem      print each value with its origin, and end
  -h, --help                 print this, and end

SIGTERM and SIGINT stop it in order. SIGUSR2 makes it print what each of its actors did so far: turns, work, CPU time.

Exit codes: 0 stopped in order, 1 failed, 2 bad configuration, 3 port taken, 4 store held by another process, 5 store damaged, 6 disk failed, 7 an actor crashed too
often, 8 a part did not stop in time.
`;

interface BrokerArguments {
  readonly configFile: string | undefined;
  readonly sets: readonly string[];
  readonly gateways: number;
  readonly print: boolean;
  readonly help: boolean;
}

/**
 * Reads a command line.
 *
 * @throws {ConfigurationError} when an option is unknown or its value is missing
 */
export function parseBrokerArguments(args: readonly string[]): BrokerArguments {
  let configFile: string | undefined;
  const sets: string[] = [];
  let gateways = 1;
  let print = false;
  let help = false;
  for (let at = 0; at < args.length; at++) {
    const [option, own] = splitOption(args[at]!);
    const value = (): string => {
      const next = own ?? args[++at];
      if (next === undefined) throw new ConfigurationError([`option "${option}" needs a value`]);
      return next;
    };
    if (option === "-c" || option === "--configFile") configFile = value();
    else if (option === "-n" || option === "--namesrvAddr") sets.push(`namesrvAddr=${value()}`);
    else if (option === "--set") sets.push(value());
    else if (option === "--gateways") gateways = wholeNumber(option, value());
    else if (option === "-p" || option === "--printConfigItem") print = true;
    else if (option === "-h" || option === "--help") help = true;
    else throw new ConfigurationError([`option "${option}" is unknown, see --help`]);
  }
  return { configFile, sets, gateways, print, help };
}

/**
 * How many gateways a machine has use for. Where they have to share processors with each other and with dispatch, they answer in smaller turns and switch
 * more often: two on two processors took 4 to 9% fewer sends than one.
 *
 * @param asked by the command line
 * @param processors of this machine
 */
export function gatewaysFor(asked: number, processors: number): number {
  return Math.max(1, Math.min(asked, processors - 1));
}

/** Runs a broker until it is asked to stop. @returns the exit code */
export async function runBroker(args: readonly string[], world: ProgramWorld): Promise<number> {
  let broker: SupervisedBroker | FailoverBroker;
  try {
    const parsed = parseBrokerArguments(args);
    if (parsed.help) {
      world.print(USAGE.trimEnd());
      return ExitCode.OK;
    }
    const configuration = readConfigurationOf(parsed, world);
    if (parsed.print) {
      for (const line of describeConfiguration(BROKER_SCHEMA, configuration)) world.print(line);
      return ExitCode.OK;
    }
    for (const { key, origin } of configuration.unknown) world.complain(`Unknown key "${key}" (${origin}) is ignored`);
    const processors = navigator.hardwareConcurrency;
    const gateways = gatewaysFor(parsed.gateways, processors);
    if (gateways < parsed.gateways) {
      world.complain(
        `Starts ${gateways} of ${parsed.gateways} gateways: with ${processors} processors more are slower`,
      );
    }
    const start = isFailover(configuration.values) ? startFailoverBroker : startBroker;
    broker = await start({
      configuration,
      configurationPath: parsed.configFile,
      gateways,
      onLog: (level, text) => world.complain(`${new Date(systemClock.nowMs()).toISOString()} ${level} ${text}`),
      onProgress: progressPrinter(world),
    });
  } catch (error) {
    const exitCode = exitCodeOf(error);
    world.complain([messageOf(error), ...(NEXT_STEPS[exitCode] ?? [])].join("\n"));
    return exitCode;
  }
  // Whoever reads the last line below may send a signal at once, so the program listens for it before it prints.
  const stopped = world.untilStopped();
  for (const line of describeStart(broker)) world.print(line);
  return await serveUntilStopped(broker, stopped, world);
}

async function serveUntilStopped(broker: Broker, stopped: Promise<void>, world: ProgramWorld): Promise<number> {
  const endReports = world.onReportAsked?.(() => void report(broker, world));
  const why = await Promise.race([stopped, broker.failed]);
  endReports?.();
  if (why !== undefined) {
    world.complain(`Broker gives up: ${why.text}`);
    return why.exitCode;
  }
  const exitCode = await broker.stop();
  world.print(exitCode === ExitCode.OK ? "The broker stopped." : `The broker stopped with exit code ${exitCode}.`);
  return exitCode;
}

/** How long actors get to look at their CPU time for the first time. Milliseconds. */
const LOOK_MS = 300;

/** Prints what each actor did so far. */
async function report(broker: Broker, world: ProgramWorld): Promise<void> {
  broker.activity();
  await systemClock.sleep(LOOK_MS);
  for (const line of describeActivity(broker.activity())) world.complain(line);
}

function describeStart(broker: SupervisedBroker | FailoverBroker): string[] {
  const { values, recovery } = broker;
  const role = broker instanceof FailoverBroker ? `Failover set: ${broker.state.text}` : describeReplication(values);
  return [
    ...(recovery === undefined ? [] : [describeStore(values, recovery)]),
    `Flush mode ${values.flushDiskType}: ${lossWindow(values)}`,
    ...(role === undefined ? [] : [role]),
    `The broker[${values.brokerName}, ${broker.address}] boot success. serializeType=JSON${
      values.namesrvAddr === "" ? "" : ` and name server is ${values.namesrvAddr}`
    }`,
  ];
}

function describeStore(values: BrokerValues, { row, logMin, logEnd, queues, wasTorn }: RecoveryResult): string {
  const torn = wasTorn ? ", a torn tail was cut" : "";
  return `Store ${values.storePathRootDir}: ${row} start, commit log ${logMin} to ${logEnd}, ${queues.length} queues${torn}`;
}

/** What an acknowledgement is worth in a mode, in words. */
function lossWindow(values: BrokerValues): string {
  if (values.flushDiskType === "SYNC_FLUSH") {
    return "an acknowledged message is on the device; nothing is lost by a crash of broker or machine";
  }
  const machineMs = values.flushIntervalCommitLog;
  if (isWrittenLater(values)) {
    const brokerMs = values.commitIntervalCommitLog + values.commitCommitLogThoroughInterval;
    return `with transientStorePoolEnable an acknowledged message is in memory only; a crash of the broker loses up to ${brokerMs} ms, a crash of the machine up to ${machineMs} ms more (at most ${values.flushCommitLogThoroughInterval} ms under little load)`;
  }
  return `an acknowledged message is in the page cache; a crash of the broker loses nothing, a crash of the machine up to ${machineMs} ms (at most ${values.flushCommitLogThoroughInterval} ms under little load)`;
}

function progressPrinter(world: ProgramWorld): (progress: { step: string; done: number; total: number }) => void {
  let lastMs = systemClock.monotonicMs();
  return ({ step, done, total }) => {
    if (systemClock.monotonicMs() - lastMs < 1000) return;
    lastMs = systemClock.monotonicMs();
    world.complain(`Recovery: ${step} ${total > 0 ? `${Math.floor(done / total * 100)}%` : done}`);
  };
}

function readConfigurationOf(parsed: BrokerArguments, world: ProgramWorld): BrokerConfiguration {
  const file = parsed.configFile === undefined ? undefined : readFile(parsed.configFile, world);
  return readBrokerConfiguration({
    ...(file === undefined ? {} : { file }),
    sets: parsed.sets,
    environment: world.environment,
  }, thisMachine());
}

function readFile(path: string, world: ProgramWorld): string {
  try {
    return world.readText(path);
  } catch (cause) {
    throw new ConfigurationError([`file "${path}" cannot be read, ${messageOf(cause)}`]);
  }
}

/** What to do after a start that failed, by its exit code. */
const NEXT_STEPS: Readonly<Record<number, readonly string[]>> = {
  [ExitCode.PORT_TAKEN]: [
    "Stop who listens there, or set listenPort to another port; the ports two below and one above it are used too.",
  ],
  [ExitCode.STORE_DAMAGED]: [
    '"deno task store check <directory>" says what is wrong, "deno task store repair <directory>" puts right what can be. Keep a copy.',
  ],
};

/** The exit code for a failed start. */
export function exitCodeOf(error: unknown): number {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const code = (cause as { code?: unknown }).code;
    if (cause instanceof ConfigurationError || cause instanceof PropertiesError) return ExitCode.BAD_CONFIGURATION;
    if (cause instanceof Deno.errors.NotFound) return ExitCode.BAD_CONFIGURATION;
    if (cause instanceof NetError || code === "listen-failed" || cause.name === "NetError") return ExitCode.PORT_TAKEN;
    if (code === "STORE_LOCKED") return ExitCode.STORE_LOCKED;
    if (cause instanceof StoreError || cause.name === "StoreError") return ExitCode.STORE_DAMAGED;
    if (cause instanceof DiskError || cause.name === "DiskError") return ExitCode.DISK_FAILED;
  }
  return ExitCode.FAILED;
}

function messageOf(error: unknown): string {
  const lines: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { message } = cause;
    if (!lines.some((earlier) => earlier.includes(message))) lines.push(message);
  }
  return lines.length === 0 ? String(error) : lines.join("\n  because: ");
}

function wholeNumber(option: string, text: string): number {
  const value = Number(text);
  if (!Number.isSafeInteger(value) || value < 1) {
    throw new ConfigurationError([`option "${option}" needs a whole number above 0`]);
  }
  return value;
}

function splitOption(argument: string): [string, string | undefined] {
  const separator = argument.startsWith("--") && !argument.startsWith("--set") ? argument.indexOf("=") : -1;
  return separator < 0 ? [argument, undefined] : [argument.slice(0, separator), argument.slice(separator + 1)];
}
