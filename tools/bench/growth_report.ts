/**
 * The table, the verdict and the plot of a curve of growth.
 *
 * Never: measures.
 */
import type { Curve } from "./growth_curves.ts";

/** What was measured at a point. */
export interface Point {
  readonly at: number;
  /** Undefined where Apache did not get to this point, or was not asked to. */
  readonly apache: number | undefined;
  readonly ringmq: number;
}

/** Share of the first point's rate that must be left at `Curve.holdsUntil`. */
const SHARE_LEFT_MIN = 0.7;

const PLOT = { width: 640, height: 320, left: 84, right: 24, top: 60, bottom: 48 } as const;
const RINGMQ_COLOR = "#3f7fbf";
const APACHE_COLOR = "#d98c5f";

function rate(value: number): string {
  return value >= 100 ? Math.round(value).toLocaleString("en") : value.toPrecision(2);
}

/** A point of the axis as people write it. */
export function pointName(at: number): string {
  if (at >= 2 ** 20 && at % 2 ** 20 === 0) return `${at / 2 ** 20} Mi`;
  if (at >= 2 ** 10 && at % 2 ** 10 === 0) return `${at / 2 ** 10} Ki`;
  return at.toLocaleString("en");
}

/** The points as a table in Markdown. */
export function curveTable(curve: Curve, points: readonly Point[]): string {
  return [
    `| ${curve.axis} | Apache ${curve.unit} | RingMQ ${curve.unit} | ratio |`,
    "|---|---|---|---|",
    ...points.map(({ at, apache, ringmq }) => {
      const [theirs, ratio] = apache === undefined ? ["–", "–"] : [rate(apache), (ringmq / apache).toFixed(2)];
      return `| ${pointName(at)} | ${theirs} | ${rate(ringmq)} | ${ratio} |`;
    }),
  ].join("\n");
}

/** What a curve says about its bars, in words. */
export function curveVerdict(curve: Curve, points: readonly Point[]): string[] {
  const lines: string[] = [];
  const below = points.filter(({ apache, ringmq }) => apache !== undefined && ringmq < apache);
  if (points.some(({ apache }) => apache !== undefined)) {
    const where = below.map(({ at }) => pointName(at)).join(", ");
    lines.push(below.length === 0 ? "never below Apache's: held" : `below Apache's at ${where}`);
  }
  const [first] = points;
  const last = points.findLast(({ at }) => at <= (curve.holdsUntil ?? -1));
  if (first !== undefined && last !== undefined) {
    const left = last.ringmq / first.ringmq;
    const verdict = left >= SHARE_LEFT_MIN ? "held" : "not held";
    lines.push(`${(100 * left).toFixed(0)}% of the first point's rate at ${pointName(last.at)}: ${verdict}`);
  }
  return lines;
}

/**
 * The curve as a plot: its points side by side, the rate from 0.
 *
 * @param curve what grew
 * @param points what was measured
 * @param caption the machine and the versions
 * @returns an SVG document
 */
export function curvePlot(curve: Curve, points: readonly Point[], caption: string): string {
  const { width, height, left, right, top, bottom } = PLOT;
  const most = Math.max(1, ...points.flatMap(({ apache, ringmq }) => [apache ?? 0, ringmq])) * 1.1;
  const x = (index: number): number => left + (index + 0.5) / points.length * (width - left - right);
  const y = (value: number): number => height - bottom - value / most * (height - top - bottom);
  const text = (tx: number, ty: number, body: string, more = ""): string =>
    `<text x="${tx.toFixed(1)}" y="${ty.toFixed(1)}" ${more}>${body}</text>`;
  const line = (color: string, values: readonly (number | undefined)[]): string[] => {
    const spots = values.flatMap((value, index) => value === undefined ? [] : [[x(index), y(value)] as const]);
    return [
      `<polyline fill="none" stroke="${color}" stroke-width="2" points="${
        spots.map(([sx, sy]) => `${sx.toFixed(1)},${sy.toFixed(1)}`).join(" ")
      }"/>`,
      ...spots.map(([sx, sy]) => `<circle cx="${sx.toFixed(1)}" cy="${sy.toFixed(1)}" r="3.5" fill="${color}"/>`),
    ];
  };
  const steps = [0, 0.25, 0.5, 0.75, 1].map((share) => share * most / 1.1);
  return `${
    [
      `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="12">`,
      `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
      text(12, 22, `${curve.unit} by ${curve.title}`, `font-size="15" font-weight="bold"`),
      text(12, 40, caption.replace(/&/g, "&amp;").replace(/</g, "&lt;"), `fill="#666666" font-size="10"`),
      ...steps.flatMap((value) => [
        `<line x1="${left}" x2="${width - right}" y1="${y(value).toFixed(1)}" y2="${
          y(value).toFixed(1)
        }" stroke="#dddddd"/>`,
        text(left - 8, y(value) + 4, rate(value), `text-anchor="end" fill="#666666"`),
      ]),
      ...points.map(({ at }, index) =>
        text(x(index), height - bottom + 18, pointName(at), `text-anchor="middle" fill="#666666"`)
      ),
      text(width - right, height - 10, curve.axis, `text-anchor="end" fill="#666666"`),
      ...line(APACHE_COLOR, points.map(({ apache }) => apache)),
      ...line(RINGMQ_COLOR, points.map(({ ringmq }) => ringmq)),
      text(left, height - 10, "RingMQ", `fill="${RINGMQ_COLOR}" font-weight="bold"`),
      text(left + 70, height - 10, "Apache", `fill="${APACHE_COLOR}" font-weight="bold"`),
      "</svg>",
    ].join("\n")
  }\n`;
}
