/**
 * The name server as a program: command line in, exit code out.
 *
 * Owns: the command line and what is printed. Reads: the configuration file and the environment.
 * Never: serves anything itself; `startNameServer` does.
 */

import type { ProgramWorld } from "../kernel/deno_world.ts";
import { ExitCode } from "../kernel/exit_code.ts";
import { ConfigurationError, describeConfiguration, readConfiguration } from "../../store/configuration.ts";
import { NAME_SERVER_FULL_SCHEMA, type NameServerConfiguration, withPaths } from "./name_server_configuration.ts";
import { type NameServer, startNameServer } from "./name_server.ts";

const USAGE = `Name server of RingMQ

Usage: deno task namesrv [options]

  -c, --configFile FILE   properties file with the keys of RocketMQ's namesrv.conf
      --set KEY=VALUE     one value; stronger than the file; may be given several times
  -p, --printConfigItem   print each value with its origin, and end
  -h, --help              print this, and end

SIGTERM and SIGINT stop it in order. Exit codes: 0 stopped in order, 1 failed, 2 bad configuration, 3 port taken, 5 a file of its own is damaged, 7 an actor crashed
too often, 8 a part did not stop in time.
`;

export type { ProgramWorld };

/** A command line that was understood. */
export interface ProgramArguments {
  readonly configFile: string | undefined;
  readonly sets: readonly string[];
  readonly print: boolean;
  readonly help: boolean;
}

/**
 * Reads a command line.
 *
 * @param args Arguments without the program's name.
 * @returns What they ask for.
 * @throws {ConfigurationError} when an option is unknown or its value is missing.
 */
export function parseArguments(args: readonly string[]): ProgramArguments {
  let configFile: string | undefined;
  const sets: string[] = [];
  let print = false;
  let help = false;
  for (let at = 0; at < args.length; at++) {
    const [option, inline] = splitOption(args[at] ?? "");
    const valueOf = (): string => {
      const value = inline ?? args[++at];
      if (value === undefined) throw new ConfigurationError([`option "${option}" needs a value`]);
      return value;
    };
    if (option === "-c" || option === "--configFile") configFile = valueOf();
    else if (option === "--set") sets.push(valueOf());
    else if (option === "-p" || option === "--printConfigItem") print = true;
    else if (option === "-h" || option === "--help") help = true;
    else throw new ConfigurationError([`option "${option}" is unknown, see --help`]);
  }
  return { configFile, sets, print, help };
}

/**
 * Runs a name server until it is asked to stop.
 *
 * @param args Command line.
 * @param world Surroundings.
 * @returns The exit code.
 */
export async function runNameServer(args: readonly string[], world: ProgramWorld): Promise<ExitCode> {
  let server: NameServer;
  try {
    const parsed = parseArguments(args);
    if (parsed.help) {
      world.print(USAGE.trimEnd());
      return ExitCode.OK;
    }
    const configuration = configurationOf(parsed, world);
    if (parsed.print) {
      for (const line of describeConfiguration(NAME_SERVER_FULL_SCHEMA, configuration)) world.print(line);
      return ExitCode.OK;
    }
    for (const { key, origin } of configuration.unknown) world.complain(`Unknown key "${key}" (${origin}) is ignored`);
    server = await startNameServer({ configuration });
  } catch (error) {
    const exitCode = exitCodeOf(error);
    const next = exitCode === ExitCode.PORT_TAKEN ? "\nStop who listens there, or set listenPort to another port." : "";
    world.complain(`${reasonOf(error)}${next}`);
    return exitCode;
  }
  // Whoever reads the line below may send a signal at once, so the program listens for it before it prints.
  const stopped = world.untilStopped();
  world.print(`The Name Server boot success. serializeType=JSON, address ${server.hostname}:${server.port}`);
  return await serveUntilStopped(server, stopped, world);
}

async function serveUntilStopped(server: NameServer, stopped: Promise<void>, world: ProgramWorld): Promise<ExitCode> {
  const gaveUp = await Promise.race([stopped, server.ended]);
  if (gaveUp !== undefined) world.complain(`Name server gives up: ${gaveUp.child}: ${gaveUp.error?.message}`);
  try {
    await server.stop();
  } catch (error) {
    world.complain(error instanceof Error ? error.message : String(error));
    return ExitCode.STOP_TIMED_OUT;
  }
  if (gaveUp !== undefined) return gaveUp.exitCode as ExitCode;
  world.print("The Name Server stopped.");
  return ExitCode.OK;
}

function configurationOf(parsed: ProgramArguments, world: ProgramWorld): NameServerConfiguration {
  const file = parsed.configFile === undefined ? undefined : readFile(parsed.configFile, world);
  const configuration = readConfiguration(NAME_SERVER_FULL_SCHEMA, {
    ...(file === undefined ? {} : { file }),
    sets: parsed.sets,
    environment: world.environment,
  });
  return withPaths(configuration, world.environment["HOME"] ?? ".", parsed.configFile);
}

function readFile(path: string, world: ProgramWorld): string {
  try {
    return world.readText(path);
  } catch (cause) {
    throw new ConfigurationError([`file "${path}" cannot be read, ${reasonOf(cause)}`]);
  }
}

/** The message with those of its causes: an actor that cannot start says why in the cause. */
function reasonOf(error: unknown): string {
  const messages: string[] = [];
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { message } = cause;
    if (!messages.some((earlier) => earlier.includes(message))) messages.push(message);
  }
  return messages.length === 0 ? String(error) : messages.join(": ");
}

/** What the errors that end a start mean, by the code that they carry also across actors. */
const EXIT_CODES: Readonly<Record<string, ExitCode>> = {
  CONFIGURATION_INVALID: ExitCode.BAD_CONFIGURATION,
  PROPERTIES_MALFORMED: ExitCode.BAD_CONFIGURATION,
  BAD_ADDRESS: ExitCode.PORT_TAKEN,
  LISTEN_FAILED: ExitCode.PORT_TAKEN,
  FILE_FORMAT: ExitCode.STORE_DAMAGED,
};

/**
 * The exit code for a failed start.
 *
 * @param error What was thrown.
 * @returns The most telling code.
 */
export function exitCodeOf(error: unknown): ExitCode {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    const { code } = cause as { code?: unknown };
    const known = typeof code === "string" && Object.hasOwn(EXIT_CODES, code) ? EXIT_CODES[code] : undefined;
    if (known !== undefined) return known;
    if (cause.name === "DiskError") return ExitCode.DISK_FAILED;
  }
  return ExitCode.FAILED;
}

function splitOption(argument: string): [string, string | undefined] {
  const separator = argument.startsWith("--") ? argument.indexOf("=") : -1;
  return separator < 0 ? [argument, undefined] : [argument.slice(0, separator), argument.slice(separator + 1)];
}
