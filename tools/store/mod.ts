/**
 * `deno task store check | dump | rebuild | repair <directory>`: looks at a store directory, ours or Apache's, and puts it right.
 *
 * Owns: the command line. Reads: the store. Never: writes to a store that a broker has.
 *
 * @module
 */
import { parseArgs } from "@std/cli/parse-args";
import { StoreError } from "../../store/errors.ts";
import { DiskError } from "../../store/file/disk.ts";
import { DenoDisk } from "../../store/file/deno_disk.ts";
import { systemClock } from "../../store/clock.ts";
import { endOnHelp } from "../help.ts";
import { checkStore } from "./check.ts";
import { dumpIndex, dumpLog, dumpQueue, dumpState } from "./dump.ts";
import { ProgressBar } from "./progress_bar.ts";
import { rebuildStore } from "./rebuild.ts";
import { repairStore } from "./repair.ts";
import { type OpenStore, openStore, type Output, type StoreOptions } from "./store_files.ts";

/** What is printed when the command line says nothing that can be done. */
export const USAGE: string = `Looks at a store directory, RingMQ's or Apache's, and puts it right.

  deno task store check <directory>                 reads all of it; exit code 1 when something is wrong
  deno task store dump <directory> [state]          checkpoint, durable position, abort mark
  deno task store dump <directory> log [--from <position>] [--count <n>]
  deno task store dump <directory> queue <topic> <queueId> [--from <offset>] [--count <n>]
  deno task store dump <directory> index            headers of the index files
  deno task store rebuild <directory>               makes queues and indexes again from the log
  deno task store repair <directory>                recovers as a broker does at its start, and closes in order
  deno task store repair <directory> --cut <position>   ends the log at damage that a check or a start has named

Sizes are found from the files. Where they cannot be: --log-file-bytes, --queue-file-bytes, --index-slots, --index-entries.
rebuild and repair take --delay-levels "1s 5s …" when the broker has a messageDelayLevel of its own. They need the broker to be stopped.`;

const NUMBERS = ["from", "count", "cut", "log-file-bytes", "queue-file-bytes", "index-slots", "index-entries"] as const;

type NumberName = typeof NUMBERS[number];

/** The command line, read. */
interface StoreCommand {
  readonly words: readonly string[];
  readonly numbers: Partial<Record<NumberName, number>>;
  readonly delayLevels: string | undefined;
}

/**
 * Runs a command.
 *
 * @param args command line without the program
 * @param output where lines and progress go
 * @returns exit code: 0, 1 when a check found something, 2 when the command line is wrong
 * @throws {StoreError} when the store cannot be read
 * @throws {DiskError} when the disk refuses
 */
export function runStoreCommand(args: readonly string[], output: Output): number {
  const command = readCommand(args);
  const [verb, root] = command.words;
  if (verb === undefined || !VERBS.includes(verb) || root === undefined) {
    output.line(USAGE);
    return args.length === 0 ? 0 : 2;
  }
  const disk = new DenoDisk();
  if (!disk.exists(`${root}/commitlog`)) {
    output.line(`Cannot open store "${root}": it has no directory "commitlog"`);
    return 2;
  }
  const store = openStore(disk, root, storeOptionsOf(command));
  try {
    return runVerb(verb, store, command, output);
  } finally {
    store.handles.close();
  }
}

const VERBS = ["check", "dump", "rebuild", "repair"];

function runVerb(verb: string, store: OpenStore, command: StoreCommand, output: Output): number {
  if (verb === "check") return checkStore(store, output).findings === 0 ? 0 : 1;
  if (verb === "dump") return dump(store, command, output);
  const { delayLevels, numbers: { cut } } = command;
  const options = {
    processId: Deno.pid,
    nowMs: () => systemClock.nowMs(),
    ...(delayLevels === undefined ? {} : { delayLevels }),
  };
  if (verb === "repair") {
    return repairStore(store, cut === undefined ? options : { ...options, cutAt: cut }, output) ? 0 : 1;
  }
  rebuildStore(store, options, output);
  return 0;
}

function dump(store: OpenStore, command: StoreCommand, output: Output): number {
  const [, , what, topic, queueId] = command.words;
  const { from, count } = command.numbers;
  const range = { ...(from === undefined ? {} : { from }), ...(count === undefined ? {} : { count }) };
  if (what === "log") dumpLog(store, range, output);
  else if (what === "index") dumpIndex(store, output);
  else if (what === undefined || what === "state") dumpState(store, output);
  else if (what === "queue" && topic !== undefined && /^\d+$/.test(queueId ?? "")) {
    dumpQueue(store, { topic, queueId: Number(queueId) }, range, output);
  } else {
    output.line(USAGE);
    return 2;
  }
  return 0;
}

function readCommand(args: readonly string[]): StoreCommand {
  const parsed = parseArgs([...args], { string: [...NUMBERS, "delay-levels"] }) as Record<string, unknown> & {
    _: unknown[];
  };
  const numbers: Partial<Record<NumberName, number>> = {};
  for (const name of NUMBERS) {
    const text = parsed[name];
    if (typeof text === "string" && /^\d+$/.test(text)) numbers[name] = Number(text);
  }
  const levels = parsed["delay-levels"];
  return { words: parsed._.map(String), numbers, delayLevels: typeof levels === "string" ? levels : undefined };
}

function storeOptionsOf({ numbers }: StoreCommand): StoreOptions {
  const options: Record<string, number> = {};
  const set = (key: keyof StoreOptions, name: NumberName): void => {
    const value = numbers[name];
    if (value !== undefined) options[key] = value;
  };
  set("logFileBytes", "log-file-bytes");
  set("queueFileBytes", "queue-file-bytes");
  set("indexSlots", "index-slots");
  set("indexEntries", "index-entries");
  return options;
}

/** Lines to standard output; a bar to standard error, on one line, only where a person looks. */
export function terminalOutput(): Output {
  const write = (stream: { writeSync(bytes: Uint8Array): number }, text: string): void => {
    const bytes = new TextEncoder().encode(text);
    for (let at = 0; at < bytes.length;) at += stream.writeSync(bytes.subarray(at));
  };
  const isWatched = Deno.stderr.isTerminal();
  const bar = new ProgressBar();
  let isDrawn = false;
  return {
    line: (text) => {
      if (isDrawn) write(Deno.stderr, "\r\x1b[K");
      isDrawn = false;
      write(Deno.stdout, `${text}\n`);
    },
    progress: (step, done, total) => {
      const line = isWatched ? bar.line(step, done, total) : undefined;
      if (line === undefined) return;
      isDrawn = true;
      write(Deno.stderr, `\r${line}`);
    },
  };
}

function main(): number {
  const output = terminalOutput();
  try {
    return runStoreCommand(Deno.args, output);
  } catch (error) {
    if (!(error instanceof StoreError || error instanceof DiskError || error instanceof RangeError)) throw error;
    output.line(error.message);
    return 1;
  }
}

if (import.meta.main) {
  endOnHelp(USAGE);
  Deno.exit(main());
}
