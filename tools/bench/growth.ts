/**
 * How the cost of a message grows with connections, topics, bodies, the log and consumer groups: RingMQ, and Apache RocketMQ 5.4.0 beside it as
 * far as that gets.
 *
 * Owns: the brokers and a temporary folder. Never: reaches beyond loopback.
 */
import { inBenchFolder } from "./bench_folder.ts";
import { type Contender, startApache, startRingMq } from "./contender.ts";
import { type Curve, CURVES, measurePoint, rateOf } from "./growth_curves.ts";
import { curvePlot, curveTable, curveVerdict, type Point, pointName } from "./growth_report.ts";
import { buildLoad, median } from "./load.ts";
import { untilDispatched } from "./measures.ts";
import { benchOptions, caption, out } from "./options.ts";
import { type RoundOptions, warmUp } from "./rounds.ts";

const HELP = `Measures how rates change as work grows.

  deno task bench:growth [options]

  --only A,B         only these curves: ${CURVES.map(({ id }) => id).join(", ")}
  --rounds N         measurements of each point on each broker (1)
  --seconds N        seconds of a measurement (4)
  --warm-up N        seconds of load before the first (10)
  --up-to N          leaves out points above this
  --set key=value    a setting of both brokers; may be repeated
  --without-apache   RingMQ alone
  --plots FOLDER     where the plots go (docs)`;

const args = benchOptions(HELP, {
  numbers: { rounds: 1, seconds: 4, "warm-up": 10, "up-to": Infinity },
  texts: ["plots"],
  flags: ["without-apache"],
  parts: CURVES.map(({ id }) => id),
  takesSettings: true,
});
const plots = args.plots ?? new URL("../../docs", import.meta.url).pathname;

/** Measures one broker at a point. @returns undefined when it does not get there, which is said */
async function rateAt(
  curve: Curve,
  contender: Contender,
  point: number,
  options: RoundOptions,
): Promise<number | undefined> {
  contender.run(true);
  try {
    await curve.reach?.(contender, point, options.tools);
    const rates: number[] = [];
    for (let round = 0; round < options.rounds; round++) {
      const result = await measurePoint(curve, contender, point, options.tools);
      rates.push(rateOf(curve, result));
      const behindMs = await untilDispatched(contender);
      out(
        `  ${pointName(point).padStart(8)}  ${contender.name.padEnd(7)} ${rates.at(-1)?.toFixed(1)} ${curve.unit}  ` +
          `p50 ${result.p50Us} us  p99 ${result.p99Us} us  failed ${result.failed}  dispatched after ${
            behindMs.toFixed(0)
          } ms`,
      );
    }
    return median(rates);
  } catch (error) {
    out(`  ${pointName(point)}: ${contender.name} does not get there: ${String(error).slice(0, 300)}`);
    return undefined;
  } finally {
    contender.run(false);
  }
}

async function measureCurve(curve: Curve, options: RoundOptions): Promise<Point[]> {
  out(`\n${curve.title}`);
  const folder = `${options.folder}/${curve.id}`;
  await using ringmq = await startRingMq(`${folder}/ringmq`, args.set);
  await warmUp(ringmq, options);
  await using apache = args["without-apache"] ? undefined : await startApache(`${folder}/apache`, args.set);
  if (apache !== undefined) await warmUp(apache, options);
  const points: Point[] = [];
  let follows = apache !== undefined;
  for (const at of curve.points.filter((point) => point <= args["up-to"])) {
    const theirs = apache === undefined || !follows ? undefined : await rateAt(curve, apache, at, options);
    follows = theirs !== undefined;
    const ours = await rateAt(curve, ringmq, at, options);
    if (ours === undefined) throw new Error(`RingMQ does not get to ${pointName(at)} ${curve.axis}`);
    points.push({ at, apache: theirs, ringmq: ours });
  }
  return points;
}

async function main(): Promise<void> {
  await inBenchFolder("bench-growth", async (folder) => {
    const options: RoundOptions = {
      tools: { load: await buildLoad(folder), seconds: args.seconds },
      rounds: args.rounds,
      warmUpSeconds: args["warm-up"],
      readBackCount: 0,
      folder,
    };
    out(caption(args));
    await Deno.mkdir(plots, { recursive: true });
    for (const curve of CURVES.filter(({ id }) => args.only.has(id))) {
      const points = await measureCurve(curve, options);
      out(`\n${curveTable(curve, points)}\n\n${curveVerdict(curve, points).join("\n")}`);
      const file = `${plots}/growth_${curve.id}.svg`;
      await Deno.writeTextFile(file, curvePlot(curve, points, caption(args)));
      out(`Plot: ${file}`);
      await Deno.remove(`${folder}/${curve.id}`, { recursive: true });
    }
  });
}

await main();
Deno.exit(0);
