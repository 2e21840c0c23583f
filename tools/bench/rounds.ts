/**
 * Measures two brokers on some shapes, in turn, while the other is held still.
 *
 * Owns: nothing. Never: starts or stops a broker.
 */
import type { Contender } from "./contender.ts";
import { checkRoom } from "./disk_share.ts";
import { runLoad } from "./load.ts";
import { cpuSeconds, readBack, untilDispatched } from "./measures.ts";
import { out } from "./options.ts";
import { QUEUES, type Sample, type Shape, type Tools } from "./shape.ts";

/** A measurement with what was looked at beside it. */
export interface Measured extends Sample {
  /** Processor seconds of the broker for a million messages. */
  readonly cpuPerMillion: number;
  /** Milliseconds that dispatch needed after the last answer. */
  readonly behindMs: number;
}

/** The measurements of one shape, of both brokers, round by round. */
export interface ShapeResult {
  readonly shape: Shape;
  readonly apache: Measured[];
  readonly ringmq: Measured[];
  /** Of a plain loop of write(2) in the same run, in MiB/s; for shapes that are compared with the disk. */
  readonly writeMiBPerSecond: number[];
  /** Random messages that were not read back as they were sent, of both brokers. */
  unread: number;
}

/** How it is measured. */
export interface RoundOptions {
  readonly tools: Tools;
  readonly rounds: number;
  readonly warmUpSeconds: number;
  /** Messages that are read back after each shape. */
  readonly readBackCount: number;
  /** Folder on the disk that the brokers use. */
  readonly folder: string;
}

/** Log bytes of one batch of 32 messages of 1 KiB: the block that the write loop writes. */
const WRITE_BLOCK_BYTES = 36_000;

/** Sends to a broker until its code is warm. The broker is held still afterwards. */
export async function warmUp(contender: Contender, { tools, warmUpSeconds }: RoundOptions): Promise<void> {
  contender.run(true);
  const where = ["-p", String(contender.brokerPort), "-t", "LoadTopic"];
  const shape = ["-m", "send", "-c", "64", "-w", "1", "-s", "1024", "-d", String(warmUpSeconds), "-W", "0"];
  await runLoad(tools.load, [...where, ...shape]);
  out(`Warmed up ${contender.name} for ${warmUpSeconds} s`);
  contender.run(false);
}

/** MiB/s of a plain loop of write(2) on the disk that the brokers use. */
export async function writeLoop({ tools, folder }: RoundOptions): Promise<number> {
  const file = `${folder}/write_loop`;
  const args = ["-m", "write", "-t", file, "-s", String(WRITE_BLOCK_BYTES), "-d", String(Math.min(5, tools.seconds))];
  const { stdout } = await new Deno.Command(tools.load, { args }).output();
  await Deno.remove(file);
  return Number(/MiB_per_s=([0-9.]+)/.exec(new TextDecoder().decode(stdout))?.[1]);
}

/** Measures a shape on one broker. */
export async function measure(one: Contender, shape: Shape, round: number, options: RoundOptions): Promise<Measured> {
  const cpuBefore = cpuSeconds(one.pids[0]!);
  const began = performance.now();
  const sample = await shape.run(one, options.tools, round);
  const elapsedS = (performance.now() - began) / 1000;
  const cpu = cpuSeconds(one.pids[0]!) - cpuBefore;
  const behindMs = await untilDispatched(one);
  return { ...sample, behindMs, cpuPerMillion: cpu / elapsedS / (sample.perSecond ?? NaN) * 1e6 };
}

/** One line of what a measurement gave. */
export function describe(name: string, one: Measured): string {
  const rate = one.perSecond === undefined ? "" : `${one.perSecond.toFixed(0).padStart(8)} msgs/s`;
  return `${name.padEnd(8)}${
    rate.padEnd(17)
  }p50 ${one.p50Us} us  p99 ${one.p99Us} us  failed ${one.failed}  dispatched after ${one.behindMs.toFixed(0)} ms`;
}

/**
 * Measures a shape on both.
 *
 * @param contenders Apache and RingMQ, both held still
 * @throws {Error} when a broker does not answer, or its disk has no room for what comes next
 */
export async function compare(
  shape: Shape,
  { apache, ringmq }: { readonly apache: Contender; readonly ringmq: Contender },
  options: RoundOptions,
): Promise<ShapeResult> {
  const result: ShapeResult = { shape, apache: [], ringmq: [], writeMiBPerSecond: [], unread: 0 };
  const both = [apache, ringmq];
  out(`\n${shape.title}`);
  for (const one of both) {
    one.run(true);
    await shape.prepare?.(one, options.tools);
    one.run(false);
  }
  for (let round = 1; round <= options.rounds; round++) {
    for (const one of round % 2 === 0 ? [...both].reverse() : both) {
      one.run(true);
      const measured = await measure(one, shape, round, options);
      one.run(false);
      (one === apache ? result.apache : result.ringmq).push(measured);
      out(`  ${round}  ${describe(one.name, measured)}`);
      checkRoom(options.folder);
      if (measured.logMiBPerSecond !== undefined && one === ringmq) {
        result.writeMiBPerSecond.push(await writeLoop(options));
      }
    }
  }
  for (const one of both) {
    one.run(true);
    result.unread += await readBack(one, { topic: shape.topic, queues: QUEUES, count: options.readBackCount });
    one.run(false);
  }
  if (result.unread > 0) out(`  ${result.unread} messages were not read back as they were sent`);
  return result;
}
