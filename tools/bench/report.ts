/**
 * The table and the plot of a comparison.
 *
 * Never: measures.
 */
import { median } from "./load.ts";
import type { Measured, ShapeResult } from "./rounds.ts";

/** A row of the table. */
export interface Row {
  readonly title: string;
  readonly apache: string;
  readonly ringmq: string;
  /** How far RingMQ is ahead; over 1 is ahead. */
  readonly ratio: number;
  readonly spread: readonly [number, number];
  readonly must: number;
  readonly goal: number;
  readonly p99: string;
  /** Whether p99 is low enough; undefined where it does not count. */
  readonly isP99Held?: boolean;
  readonly cpu: string;
  readonly note: string;
}

/** Share of what the disk takes from a plain loop of write(2) that is enough in place of the ratio. */
const DISK_SHARE = 0.9;

function middle(list: readonly Measured[], of: (one: Measured) => number): number {
  return median(list.map(of));
}

function count(value: number): string {
  return Math.round(value).toLocaleString("en");
}

/** Whether p99 is low enough: not higher than Apache's; where times are compared, by as much as the median. */
function isP99Low({ shape }: ShapeResult, apacheUs: number, ringmqUs: number): boolean {
  return ringmqUs * (shape.compares === "times" ? shape.must : 1) <= apacheUs;
}

/** The row of a shape. */
export function rowOf(result: ShapeResult): Row {
  const { shape, apache, ringmq } = result;
  const value = (one: Measured): number => shape.compares === "rate" ? one.perSecond! : 1 / one.p50Us;
  const ratios = ringmq.map((one, round) => value(one) / value(apache[round]!));
  const shown = (list: readonly Measured[]): string =>
    shape.compares === "rate"
      ? `${count(middle(list, (one) => one.perSecond!))}/s`
      : `${count(middle(list, (one) => one.p50Us))} µs`;
  const [p99Apache, p99RingMq] = [apache, ringmq].map((list) => middle(list, (one) => one.p99Us)) as [number, number];
  const cpu = [apache, ringmq].map((list) => middle(list, (one) => one.cpuPerMillion).toFixed(1));
  const behindMs = Math.max(...ringmq.map((one) => one.behindMs));
  const notes = [`dispatch ${behindMs.toFixed(0)} ms behind`];
  const failed = [...apache, ...ringmq].reduce((sum, one) => sum + one.failed, 0);
  if (failed > 0) notes.push(`${failed} failed`);
  if (result.unread > 0) notes.push(`${result.unread} not read back`);
  if (result.writeMiBPerSecond.length > 0) {
    const share = middle(ringmq, (one) => one.logMiBPerSecond!) / median(result.writeMiBPerSecond);
    notes.push(`${(100 * share).toFixed(0)}% of write(2)${share >= DISK_SHARE ? ", which is enough" : ""}`);
  }
  return {
    title: shape.title,
    apache: shown(apache),
    ringmq: shown(ringmq),
    ratio: median(ratios),
    spread: [Math.min(...ratios), Math.max(...ratios)],
    must: shape.must,
    goal: shape.goal,
    p99: `${count(p99Apache)} / ${count(p99RingMq)} µs`,
    isP99Held: isP99Low(result, p99Apache, p99RingMq),
    cpu: shape.sends && shape.compares === "rate" ? cpu.join(" / ") : "",
    note: notes.join(", "),
  };
}

/** What a row says about its bars. */
export function verdict(row: Row): string {
  const isMet = row.ratio >= row.must || row.note.includes("which is enough");
  const p99 = row.isP99Held === false ? ", p99 higher" : "";
  if (!isMet) return `below ${row.must}${p99}`;
  return (row.ratio >= row.goal ? "goal" : "held") + p99;
}

/** The rows as a table in Markdown. */
export function tableOf(rows: readonly Row[]): string {
  return [
    "| shape | Apache | RingMQ | ratio (spread) | must | verdict | p99 Apache / RingMQ | CPU s per million, Apache / RingMQ | |",
    "|---|---|---|---|---|---|---|---|---|",
    ...rows.map((row) => {
      const [low, high] = row.spread;
      const ratio = `${row.ratio.toFixed(2)} (${low.toFixed(2)}–${high.toFixed(2)})`;
      const cells = [row.title, row.apache, row.ringmq, ratio, row.must, verdict(row), row.p99, row.cpu, row.note];
      return `| ${cells.join(" | ")} |`;
    }),
  ].join("\n");
}

const PLOT = { width: 900, left: 330, right: 60, rowHeight: 30, top: 56, bottom: 40 } as const;

function escapeXml(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}

/**
 * The ratios as horizontal bars, with the spread as a line and what must be reached as a mark.
 *
 * @param rows what is drawn
 * @param caption the machine and the versions
 * @returns an SVG document
 */
export function plotOf(rows: readonly Row[], caption: string): string {
  const { width, left, right, rowHeight, top, bottom } = PLOT;
  const height = top + rows.length * rowHeight + bottom;
  const most = Math.ceil(Math.max(1, ...rows.map(({ spread, must, ratio }) => Math.max(spread[1], must, ratio))));
  const x = (value: number): string => (left + value / most * (width - left - right)).toFixed(1);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    `<text x="12" y="22" font-size="16" font-weight="bold">RingMQ to Apache RocketMQ: how far ahead</text>`,
    `<text x="12" y="42" fill="#666666" font-size="11">${escapeXml(caption)}</text>`,
  ];
  const end = top + rows.length * rowHeight;
  const step = most <= 10 ? 1 : Math.ceil(most / 10);
  for (let tick = 0; tick <= most; tick += step) {
    const color = tick === 1 ? "#333333" : "#dddddd";
    parts.push(`<line x1="${x(tick)}" x2="${x(tick)}" y1="${top}" y2="${end}" stroke="${color}"/>`);
    parts.push(`<text x="${x(tick)}" y="${end + 18}" text-anchor="middle" fill="#666666">${tick}</text>`);
  }
  rows.forEach((row, at) => {
    const y = top + at * rowHeight;
    const mid = y + rowHeight / 2;
    const color = verdict(row).startsWith("below") ? "#d98c5f" : "#3f7fbf";
    parts.push(`<text x="${left - 10}" y="${mid + 4}" text-anchor="end">${escapeXml(row.title)}</text>`);
    const barWidth = Number(x(row.ratio)) - left;
    parts.push(
      `<rect x="${left}" y="${y + 6}" width="${barWidth.toFixed(1)}" height="${rowHeight - 12}" fill="${color}"/>`,
    );
    parts.push(
      `<line x1="${x(row.spread[0])}" x2="${
        x(row.spread[1])
      }" y1="${mid}" y2="${mid}" stroke="#222222" stroke-width="2"/>`,
    );
    parts.push(
      `<line x1="${x(row.must)}" x2="${x(row.must)}" y1="${y + 2}" y2="${
        y + rowHeight - 2
      }" stroke="#b03030" stroke-width="2"/>`,
    );
    const labelX = Number(x(Math.max(row.ratio, row.spread[1], row.must))) + 6;
    parts.push(`<text x="${labelX}" y="${mid + 4}">${row.ratio.toFixed(2)}</text>`);
  });
  parts.push(
    `<text x="12" y="${
      height - 8
    }" fill="#666666" font-size="11">bar: median ratio; black: spread of the rounds; red: what must be reached</text>`,
    "</svg>",
  );
  return `${parts.join("\n")}\n`;
}

/**
 * Rates as horizontal bars.
 *
 * @param rows what is drawn
 * @param caption the machine and the versions
 * @returns an SVG document
 */
export function ratesPlotOf(
  rows: readonly { readonly title: string; readonly perSecond: number }[],
  caption: string,
): string {
  const { width, left, right, rowHeight, top, bottom } = PLOT;
  const end = top + rows.length * rowHeight;
  const most = Math.max(1, ...rows.map(({ perSecond }) => perSecond));
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${
      end + bottom
    }" font-family="sans-serif" font-size="13">`,
    `<rect width="${width}" height="${end + bottom}" fill="#ffffff"/>`,
    `<text x="12" y="22" font-size="16" font-weight="bold">RingMQ: messages a second</text>`,
    `<text x="12" y="42" fill="#666666" font-size="11">${escapeXml(caption)}</text>`,
  ];
  rows.forEach(({ title, perSecond }, at) => {
    const y = top + at * rowHeight;
    const mid = y + rowHeight / 2 + 4;
    const barWidth = perSecond / most * (width - left - right - 40);
    parts.push(`<text x="${left - 10}" y="${mid}" text-anchor="end">${escapeXml(title)}</text>`);
    parts.push(
      `<rect x="${left}" y="${y + 6}" width="${barWidth.toFixed(1)}" height="${rowHeight - 12}" fill="#3f7fbf"/>`,
      `<text x="${(left + barWidth + 6).toFixed(1)}" y="${mid}">${count(perSecond)}</text>`,
    );
  });
  return `${[...parts, "</svg>"].join("\n")}\n`;
}
