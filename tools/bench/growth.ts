/**
 * How the cost of a message grows with connections, topics, bodies, the log and consumer groups: RingMQ, and Apache RocketMQ 5.4.0 beside it,
 * each as far as it gets.
 *
 * Owns: the brokers and a temporary folder. Never: reaches beyond loopback.
 */
import { inBenchFolder } from "./bench_folder.ts";
import { type Contender, startApache, startRingMq } from "./contender.ts";
import { usedShareOfDisk } from "./disk_share.ts";
import { type Curve, CURVES } from "./growth_curves.ts";
import { measurePoint, type Runner } from "./growth_point.ts";
import { curvePlot, curveTable, curveVerdict, type Point, pointName } from "./growth_report.ts";
import { buildLoad } from "./load.ts";
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
  --plots FOLDER     where the plots go (docs)

It ends with exit code 1 when RingMQ did not get to a point. 10,000 connections need as many open files on either side: ulimit -n.`;

/** Brokers begin to remove what is old, and then to refuse sends, when this much of their disk is used; a point there says nothing. */
const DISK_SHARE_MAX = 0.7;

const args = benchOptions(HELP, {
  numbers: { rounds: 1, seconds: 4, "warm-up": 10, "up-to": Infinity },
  texts: ["plots"],
  flags: ["without-apache"],
  parts: CURVES.map(({ id }) => id),
  takesSettings: true,
});
const plots = args.plots ?? new URL("../../docs", import.meta.url).pathname;

async function measureCurve(curve: Curve, options: RoundOptions): Promise<Point[]> {
  const folder = `${options.folder}/${curve.id}`;
  await using ringmq = await startRingMq(`${folder}/ringmq`, args.set);
  await warmUp(ringmq, options);
  await using apache = args["without-apache"] ? undefined : await startApache(`${folder}/apache`, args.set);
  if (apache !== undefined) await warmUp(apache, options);
  const brokers: Contender[] = apache === undefined ? [ringmq] : [apache, ringmq];
  const runners: Runner[] = brokers.map((contender) => ({ contender, missed: 0 }));
  const points: Point[] = [];
  for (const at of curve.points.filter((point) => point <= args["up-to"])) {
    const share = usedShareOfDisk(options.folder);
    if (share > DISK_SHARE_MAX) {
      out(`  The disk is full to ${(100 * share).toFixed(0)}%: points from ${pointName(at)} are left out`);
      break;
    }
    points.push(await measurePoint(curve, at, runners, options));
  }
  return points;
}

/** @returns whether RingMQ got to every point */
async function main(): Promise<boolean> {
  let isWhole = true;
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
    const curves = CURVES.filter(({ id }) => args.only.has(id));
    const began = performance.now();
    for (const [index, curve] of curves.entries()) {
      const minutes = Math.round((performance.now() - began) / 60_000);
      out(`\n${curve.title} (curve ${index + 1} of ${curves.length}, ${minutes} min after the start)`);
      const points = await measureCurve(curve, options);
      isWhole &&= points.every(({ ringmq }) => ringmq !== undefined);
      out(`\n${curveTable(curve, points)}\n\n${curveVerdict(curve, points).join("\n")}`);
      const file = `${plots}/growth_${curve.id}.svg`;
      await Deno.writeTextFile(file, curvePlot(curve, points, caption(args)));
      out(`Plot: ${file}`);
      await Deno.remove(`${folder}/${curve.id}`, { recursive: true });
    }
  });
  return isWhole;
}

Deno.exit(await main() ? 0 : 1);
