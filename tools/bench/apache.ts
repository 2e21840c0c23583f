/**
 * RingMQ and Apache RocketMQ 5.4.0 side by side, in one run: the whole table.
 *
 * Each is warmed up with the other held still (SIGSTOP), then they alternate on each shape; medians are compared. After each shape it is
 * looked how far dispatch was behind, and random messages are read back, by offset and by key. Only the ratio within one run means something.
 *
 * Owns: the brokers and a temporary folder. Never: reaches beyond loopback.
 */
import { inBenchFolder } from "./bench_folder.ts";
import { type Contender, startApache, startRingMq } from "./contender.ts";
import { firstMessageMs, memoryMiB, pullOld, STARTS } from "./extras.ts";
import { javaLoad } from "./java_load.ts";
import { buildLoad, median } from "./load.ts";
import { natsTable } from "./nats.ts";
import { benchOptions, caption, out } from "./options.ts";
import { plotOf, type Row, rowOf, tableOf } from "./report.ts";
import { compare, type Measured, type RoundOptions, type ShapeResult, warmUp } from "./rounds.ts";
import type { Shape } from "./shape.ts";
import { SHAPES } from "./shapes.ts";
import { buildTransactionLoad } from "./transaction_load.ts";

const PLOT_PATH = new URL("../../docs/bench_apache.svg", import.meta.url).pathname;

const PARTS = [...SHAPES.map(({ id }) => id), "start", "memory", "pull-old", "nats"];

const HELP = `Compares RingMQ with Apache RocketMQ 5.4.0 on this machine.

  deno task bench:apache [options]     the whole table
  deno task bench:send [options]       its first three shapes

  --rounds N       measurements of each shape on each broker (5)
  --seconds N      seconds of a measurement (10)
  --warm-up N      seconds of load before the first (30)
  --only A,B       only these: ${PARTS.join(", ")}
  --set key=value  a setting of both brokers; may be repeated
  --keep FILE      adds the rows to those that the file keeps of earlier runs, and prints and draws them all: the table in parts
  --plot FILE      draws the ratios as SVG (docs/bench_apache.svg, when the whole table is measured)`;

const args = benchOptions(HELP, {
  numbers: { rounds: 5, seconds: 10, "warm-up": 30 },
  texts: ["keep", "plot"],
  parts: PARTS,
  takesSettings: true,
});

/** Puts rows beside those of earlier runs; one of the same title takes the place of the older. @returns all of them */
async function keepRows(path: string, rows: readonly Row[]): Promise<Row[]> {
  const earlier: Row[] = await Deno.readTextFile(path).then(JSON.parse, (error) => {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  });
  const all = new Map([...earlier, ...rows].map((row) => [row.title, row]));
  await Deno.writeTextFile(path, JSON.stringify([...all.values()], undefined, 1));
  return [...all.values()];
}

/** A row for figures that were taken once or for which less is better. */
function plainRow(
  title: string,
  figures: { apache: number[]; ringmq: number[]; unit: string; must: number; goal: number },
): Row {
  const { apache, ringmq, unit, must, goal } = figures;
  const ratios = ringmq.map((one, at) => apache[at]! / one);
  const show = (list: number[]): string => `${Math.round(median(list)).toLocaleString("en")} ${unit}`;
  return {
    ...{ title, must, goal, apache: show(apache), ringmq: show(ringmq), ratio: median(ratios) },
    ...{ spread: [Math.min(...ratios), Math.max(...ratios)] as const, p99: "", cpu: "", note: "" },
  };
}

async function both(
  folder: string,
  sets: readonly string[],
  body: (pair: { apache: Contender; ringmq: Contender }) => Promise<void>,
): Promise<void> {
  await using apache = await startApache(`${folder}/apache`, sets);
  apache.run(false);
  await using ringmq = await startRingMq(`${folder}/ringmq`, sets);
  ringmq.run(false);
  await body({ apache, ringmq });
}

async function shapesOf(
  flush: Shape["flush"],
  options: RoundOptions,
): Promise<{ results: ShapeResult[]; rows: Row[] }> {
  const shapes = SHAPES.filter((shape) => shape.flush === flush && args.only.has(shape.id));
  const results: ShapeResult[] = [];
  const rows: Row[] = [];
  const withMemory = flush === "ASYNC_FLUSH" && args.only.has("memory");
  if (shapes.length === 0 && !withMemory) return { results, rows };
  const folder = `${options.folder}/${flush}`;
  await Deno.mkdir(folder);
  await both(folder, [`flushDiskType=${flush}`, ...args.set], async (pair) => {
    const memory = (): number[] => [memoryMiB(pair.apache), memoryMiB(pair.ringmq)];
    const idle = memory();
    for (const one of [pair.apache, pair.ringmq]) await warmUp(one, options);
    for (const shape of shapes) results.push(await compare(shape, pair, options));
    rows.push(...results.map(rowOf));
    if (!withMemory) return;
    const row = (title: string, [apache, ringmq]: number[], must: number, goal: number): Row =>
      plainRow(title, { apache: [apache!], ringmq: [ringmq!], unit: "MiB", must, goal });
    rows.push(row("anonymous memory, idle", idle, 3, 4), row("anonymous memory after the table", memory(), 6, 10));
  });
  await Deno.remove(folder, { recursive: true });
  return { results, rows };
}

function cpuRow(results: readonly ShapeResult[]): Row[] {
  const sends = results.find(({ shape }) => shape.id === "send-64x1");
  if (sends === undefined) return [];
  const seconds = (list: Measured[]): number[] => list.map((one) => one.cpuPerMillion);
  const figures = { apache: seconds(sends.apache), ringmq: seconds(sends.ringmq), unit: "s", must: 2, goal: 3 };
  return [plainRow("CPU seconds for a million sends, 64 × 1", figures)];
}

async function startRow(folder: string): Promise<Row> {
  const figures: { apache: number[]; ringmq: number[] } = { apache: [], ringmq: [] };
  for (let round = 0; round < args.rounds; round++) {
    for (const name of ["apache", "ringmq"] as const) {
      const took = await firstMessageMs(STARTS[name], `${folder}/start_${name}_${round}`);
      figures[name].push(took);
      out(`  start to first message, ${name}: ${took.toFixed(0)} ms`);
    }
  }
  return plainRow("start to first message", { ...figures, unit: "ms", must: 10, goal: 20 });
}

async function oldRow(options: RoundOptions): Promise<Row> {
  const rates: { apache: number[]; ringmq: number[] } = { apache: [], ringmq: [] };
  for (const name of ["apache", "ringmq"] as const) {
    const results = await pullOld(STARTS[name], `${options.folder}/old_${name}`, options.tools, options.rounds);
    rates[name] = results.map(({ messagesPerSecond }) => messagesPerSecond);
    out(`  pull of old data, ${name}: ${rates[name].map((rate) => rate.toFixed(0)).join(", ")} msgs/s`);
  }
  const times = (list: number[]): number[] => list.map((rate) => 1e6 / rate);
  const row = plainRow("pull of old data (page cache dropped)", {
    ...{ apache: times(rates.apache), ringmq: times(rates.ringmq), unit: "", must: 1, goal: 1.5 },
  });
  const show = (list: number[]): string => `${Math.round(median(list)).toLocaleString("en")}/s`;
  return { ...row, apache: show(rates.apache), ringmq: show(rates.ringmq) };
}

async function main(): Promise<void> {
  await inBenchFolder("bench-apache", async (folder) => {
    const needsJava = SHAPES.some(({ id, needsJava }) => needsJava === true && args.only.has(id));
    const options: RoundOptions = {
      tools: {
        load: await buildLoad(folder),
        seconds: args.seconds,
        ...(needsJava ? { java: await javaLoad(folder), transactions: await buildTransactionLoad(folder) } : {}),
      },
      rounds: args.rounds,
      warmUpSeconds: args["warm-up"],
      readBackCount: 1000,
      folder,
    };
    out(caption(args));
    const rows: Row[] = [];
    const asynchronous = await shapesOf("ASYNC_FLUSH", options);
    rows.push(...asynchronous.rows, ...cpuRow(asynchronous.results));
    rows.push(...(await shapesOf("SYNC_FLUSH", options)).rows);
    if (args.only.has("pull-old")) rows.push(await oldRow(options));
    if (args.only.has("start")) rows.push(await startRow(folder));
    const shown = args.keep === undefined ? rows : await keepRows(args.keep, rows);
    if (shown.length > 0) out(`\n${tableOf(shown)}\n`);
    if (args.only.has("nats")) out(`${await natsTable(args.set, options)}\n`);
    const plot = args.plot ?? (args.isWhole ? PLOT_PATH : undefined);
    if (plot !== undefined) {
      await Deno.writeTextFile(plot, plotOf(shown, caption(args)));
      out(`Plot: ${plot}`);
    }
  });
}

await main();
Deno.exit(0);
