/**
 * RingMQ by itself: every shape that needs neither Apache nor Java.
 *
 * Owns: the broker and a temporary folder. Never: reaches beyond loopback.
 */
import { inBenchFolder } from "./bench_folder.ts";
import { startRingMq } from "./contender.ts";
import { compareGateways, firstMessageMs, memoryMiB, pullOld } from "./extras.ts";
import { buildLoad, median } from "./load.ts";
import { readBack } from "./measures.ts";
import { benchOptions, caption, out } from "./options.ts";
import { ratesPlotOf } from "./report.ts";
import { describe, measure, type Measured, type RoundOptions, warmUp, writeLoop } from "./rounds.ts";
import { QUEUES, type Shape } from "./shape.ts";
import { SHAPES } from "./shapes.ts";

const ALONE = SHAPES.filter(({ needsJava }) => needsJava !== true);

const HELP = `Measures RingMQ on this machine; nothing else is needed but a C compiler.

  deno task bench [options]

  --rounds N       measurements of each shape (3)
  --seconds N      seconds of a measurement (5)
  --warm-up N      seconds of load before the first (10)
  --only A,B       only these shapes: ${ALONE.map(({ id }) => id).join(", ")}
  --set key=value  a setting of the broker; may be repeated
  --plot FILE      draws the rates as SVG (docs/bench_alone.svg, when the whole table is measured)`;

const args = benchOptions(HELP, {
  numbers: { rounds: 3, seconds: 5, "warm-up": 10 },
  texts: ["plot"],
  parts: ALONE.map(({ id }) => id),
  takesSettings: true,
});

const PLOT_PATH = new URL("../../docs/bench_alone.svg", import.meta.url).pathname;

interface Row {
  readonly title: string;
  readonly perSecond: number;
  readonly cells: readonly string[];
}

function rowOf(shape: Shape, runs: readonly Measured[], unread: number): Row {
  const middle = (of: (one: Measured) => number): number => median(runs.map(of));
  const perSecond = middle((one) => one.perSecond!);
  const cells = [
    Math.round(perSecond).toLocaleString("en"),
    middle((one) => one.p50Us).toFixed(0),
    middle((one) => one.p99Us).toFixed(0),
    middle((one) => one.cpuPerMillion).toFixed(1),
    Math.max(...runs.map((one) => one.behindMs)).toFixed(0),
    String(unread),
  ];
  return { title: shape.title, perSecond, cells };
}

async function shapesOf(flush: Shape["flush"], options: RoundOptions): Promise<Row[]> {
  const shapes = ALONE.filter((shape) => shape.flush === flush && args.only.has(shape.id));
  if (shapes.length === 0) return [];
  const rows: Row[] = [];
  await using broker = await startRingMq(`${options.folder}/${flush}`, [
    `flushDiskType=${flush}`,
    ...args.set,
  ]);
  const idleMiB = memoryMiB(broker);
  await warmUp(broker, options);
  broker.run(true);
  for (const shape of shapes) {
    out(`\n${shape.title}`);
    await shape.prepare?.(broker, options.tools);
    const runs: Measured[] = [];
    for (let round = 1; round <= options.rounds; round++) {
      const one = await measure(broker, shape, round, options);
      runs.push(one);
      out(`  ${round}  ${describe("RingMQ", one)}`);
    }
    const { topic } = shape;
    rows.push(rowOf(shape, runs, await readBack(broker, { topic, queues: QUEUES, count: options.readBackCount })));
  }
  out(`\n${flush}: anonymous memory idle ${idleMiB.toFixed(0)} MiB, afterwards ${memoryMiB(broker).toFixed(0)} MiB`);
  return rows;
}

async function main(): Promise<void> {
  await inBenchFolder("bench-alone", async (folder) => {
    const options: RoundOptions = {
      tools: { load: await buildLoad(folder), seconds: args.seconds },
      rounds: args.rounds,
      warmUpSeconds: args["warm-up"],
      readBackCount: 1000,
      folder,
    };
    out(caption(args));
    const rows = [...await shapesOf("ASYNC_FLUSH", options), ...await shapesOf("SYNC_FLUSH", options)];
    if (args.isWhole) {
      const old = await pullOld(startRingMq, `${folder}/old`, options.tools, options.rounds);
      out(
        `pull of old data (page cache dropped): ${
          old.map((one) => one.messagesPerSecond.toFixed(0)).join(", ")
        } msgs/s`,
      );
      out(`start to first message: ${(await firstMessageMs(startRingMq, `${folder}/start`)).toFixed(0)} ms`);
      const gateways = await compareGateways(options);
      const [one, two] = [gateways.one, gateways.two].map((rates) => median(rates).toFixed(0));
      out(`send 1 KiB, 64 × 1, one gateway and two: ${one}, ${two} msgs/s`);
      out(`a plain loop of write(2): ${(await writeLoop(options)).toFixed(0)} MiB/s`);
    }
    out("\n| shape | msgs/s | p50 µs | p99 µs | CPU s per million | dispatch behind ms | of 1,000 not read back |");
    out("|---|---|---|---|---|---|---|");
    for (const { title, cells } of rows) out(`| ${[title, ...cells].join(" | ")} |`);
    const plot = args.plot ?? (args.isWhole ? PLOT_PATH : undefined);
    if (plot !== undefined) await Deno.writeTextFile(plot, ratesPlotOf(rows, caption(args)));
  });
}

await main();
Deno.exit(0);
