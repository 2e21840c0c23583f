/**
 * How the cost of a message grows with connections, topics, bodies, the log and consumer groups: RingMQ, and Apache RocketMQ 5.4.0 beside it as
 * far as that gets.
 *
 * Owns: the brokers and a temporary folder. Never: reaches beyond loopback.
 */
import { parseArgs } from "@std/cli/parse-args";
import { refuseNoNumbers, refuseUnknown } from "../help.ts";
import { inBenchFolder } from "./bench_folder.ts";
import { type Contender, startApache, startRingMq } from "./contender.ts";
import { type Curve, CURVES, measurePoint, rateOf } from "./growth_curves.ts";
import { curvePlot, curveTable, curveVerdict, type Point, pointName } from "./growth_report.ts";
import { buildLoad, median } from "./load.ts";
import { untilDispatched } from "./measures.ts";
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

const args = parseArgs(Deno.args, {
  string: ["rounds", "seconds", "warm-up", "only", "set", "plots", "up-to"],
  collect: ["set"],
  boolean: ["help", "without-apache"],
  default: { rounds: "1", seconds: "4", "warm-up": "10", plots: new URL("../../docs", import.meta.url).pathname },
  unknown: refuseUnknown,
});
refuseNoNumbers(args, "rounds", "seconds", "warm-up", "up-to");

function out(text: string): void {
  Deno.stdout.writeSync(new TextEncoder().encode(`${text}\n`));
}

function caption(): string {
  const memory = `${Math.round(Deno.systemMemoryInfo().total / 2 ** 30)} GiB`;
  const machine = `${navigator.hardwareConcurrency} cores, ${memory}, ${Deno.build.os} ${Deno.osRelease()}`;
  const sets = (args.set as string[]).map((one) => `, ${one}`).join("");
  return `${machine}, Deno ${Deno.version.deno}; ${args.rounds} × ${args.seconds} s a point${sets}`;
}

/** Curves that were asked for. @throws {Error} for one that there is not */
function asked(): readonly Curve[] {
  if (args["only"] === undefined) return CURVES;
  return String(args["only"]).split(",").map((id) => {
    const curve = CURVES.find((one) => one.id === id);
    if (curve === undefined) throw new Error(`There is no curve "${id}"; see --help`);
    return curve;
  });
}

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
  const sets = args.set as string[];
  await using ringmq = await startRingMq(`${folder}/ringmq`, sets);
  await warmUp(ringmq, options);
  await using apache = args["without-apache"] ? undefined : await startApache(`${folder}/apache`, sets);
  if (apache !== undefined) await warmUp(apache, options);
  const points: Point[] = [];
  let follows = apache !== undefined;
  for (const at of curve.points.filter((point) => point <= Number(args["up-to"] ?? Infinity))) {
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
      tools: { load: await buildLoad(folder), seconds: Number(args.seconds) },
      rounds: Number(args.rounds),
      warmUpSeconds: Number(args["warm-up"]),
      readBackCount: 0,
      folder,
      out,
    };
    out(caption());
    await Deno.mkdir(String(args.plots), { recursive: true });
    for (const curve of asked()) {
      const points = await measureCurve(curve, options);
      out(`\n${curveTable(curve, points)}\n\n${curveVerdict(curve, points).join("\n")}`);
      const file = `${args.plots}/growth_${curve.id}.svg`;
      await Deno.writeTextFile(file, curvePlot(curve, points, caption()));
      out(`Plot: ${file}`);
      await Deno.remove(`${folder}/${curve.id}`, { recursive: true });
    }
  });
}

if (args.help) {
  out(HELP);
} else {
  await main();
  Deno.exit(0);
}
