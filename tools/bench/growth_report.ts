/**
 * The table, the verdict and the plot of a curve of growth.
 *
 * Never: measures.
 */
import type { Curve } from "./growth_curves.ts";

/** What was measured of a broker at a point. */
export interface Figure {
  readonly rate: number;
  /** Requests that were refused. */
  readonly failed: number;
  /** Connections that were never answered while it was measured, at worst: the others had their share. */
  readonly silent: number;
  /** Milliseconds that dispatch needed after the last answer, at worst. */
  readonly behindMs: number;
}

/** What was measured at a point; undefined of a broker that did not get there, or was not asked to. */
export interface Point {
  readonly at: number;
  readonly apache: Figure | undefined;
  readonly ringmq: Figure | undefined;
}

/** Share of a rate that must be left up to `Curve.holdsUntil`. */
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

function cell(figure: Figure | undefined): string {
  if (figure === undefined) return "–";
  const { failed, silent } = figure;
  const notes = [[failed, "refused"], [silent, "connections unanswered"]] as const;
  return [
    rate(figure.rate),
    ...notes.filter(([count]) => count > 0).map(([count, what]) => `${count.toLocaleString("en")} ${what}`),
  ].join(", ");
}

function behind(figure: Figure | undefined): string {
  if (figure === undefined) return "–";
  return Number.isFinite(figure.behindMs) ? figure.behindMs.toFixed(0) : "over a minute";
}

/** The points as a table in Markdown. */
export function curveTable(curve: Curve, points: readonly Point[]): string {
  return [
    `| ${curve.axis} | Apache ${curve.unit} | RingMQ ${curve.unit} | ratio | dispatch behind, Apache / RingMQ, ms |`,
    "|---|---|---|---|---|",
    ...points.map(({ at, apache, ringmq }) => {
      const ratio = apache === undefined || ringmq === undefined ? "–" : (ringmq.rate / apache.rate).toFixed(2);
      const cells = [pointName(at), cell(apache), cell(ringmq), ratio, `${behind(apache)} / ${behind(ringmq)}`];
      return `| ${cells.join(" | ")} |`;
    }),
  ].join("\n");
}

function besideApache(points: readonly Point[]): string[] {
  const both = points.flatMap(({ at, apache, ringmq }) =>
    apache && ringmq ? [{ at, ratio: ringmq.rate / apache.rate }] : []
  );
  if (both.length === 0) return [];
  const below = both.filter(({ ratio }) => ratio < 1).map(({ at, ratio }) => `${pointName(at)} (${ratio.toFixed(2)})`);
  return [below.length === 0 ? "never below Apache's: held" : `below Apache's at ${below.join(", ")}: not held`];
}

/** Where a broker that was asked was out, in words. */
function missing(name: string, points: readonly Point[], of: (point: Point) => Figure | undefined): string[] {
  const first = points.find((point) => of(point) === undefined);
  return first === undefined ? [] : [`${name} does not get to ${pointName(first.at)}`];
}

function unanswered(points: readonly Point[]): string[] {
  return points.flatMap(({ at, ringmq }) => {
    if (ringmq === undefined || ringmq.silent === 0) return [];
    return [
      `RingMQ left ${ringmq.silent.toLocaleString("en")} connections without an answer at ${pointName(at)}: not held`,
    ];
  });
}

/** The point that has the least of a rate before it, in words. */
function leastLeft(what: string, shares: readonly { readonly at: number; readonly share: number }[]): string[] {
  const [least] = shares.toSorted((a, b) => a.share - b.share);
  if (least === undefined) return [];
  const verdict = least.share >= SHARE_LEFT_MIN ? "held" : "not held";
  return [`of ${what} at least ${(100 * least.share).toFixed(1)}% is left, at ${pointName(least.at)}: ${verdict}`];
}

/**
 * What a curve says about its bars, in words.
 *
 * What is lost is told against the first point, and against the best point before: one connection with one send in flight is slower than
 * many, so that a curve which begins with it could fall far and still be above its beginning.
 */
export function curveVerdict(curve: Curve, points: readonly Point[]): string[] {
  const rates = points.flatMap(({ at, ringmq }) =>
    ringmq && at <= (curve.holdsUntil ?? -1) ? [{ at, rate: ringmq.rate }] : []
  );
  const later = rates.slice(1);
  const ofFirst = later.map(({ at, rate }) => ({ at, share: rate / rates[0]!.rate }));
  const ofBest = later.map(({ at, rate }, index) => {
    const before = rates.slice(0, index + 1).map((one) => one.rate);
    return { at, share: rate / Math.max(...before) };
  });
  return [
    ...besideApache(points),
    ...(points.some(({ apache }) => apache) ? missing("Apache", points, ({ apache }) => apache) : []),
    ...missing("RingMQ", points, ({ ringmq }) => ringmq),
    ...unanswered(points),
    ...leastLeft("the first point's rate", ofFirst),
    ...leastLeft("the best rate before", ofBest),
  ];
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
  const most = Math.max(1, ...points.flatMap(({ apache, ringmq }) => [apache?.rate ?? 0, ringmq?.rate ?? 0])) * 1.1;
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
      ...line(APACHE_COLOR, points.map(({ apache }) => apache?.rate)),
      ...line(RINGMQ_COLOR, points.map(({ ringmq }) => ringmq?.rate)),
      text(left, height - 10, "RingMQ", `fill="${RINGMQ_COLOR}" font-weight="bold"`),
      text(left + 70, height - 10, "Apache", `fill="${APACHE_COLOR}" font-weight="bold"`),
      "</svg>",
    ].join("\n")
  }\n`;
}
