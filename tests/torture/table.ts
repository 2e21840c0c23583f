/**
 * Tables of figures on standard output.
 *
 * Owns: the alignment. Reads: nothing. Never: rounds.
 *
 * @module
 */

/**
 * Prints rows under the names of their fields.
 *
 * @param rows The rows; all have the fields of the first.
 */
export function printTable(rows: readonly Readonly<Record<string, string | number>>[]): void {
  const names = Object.keys(rows[0] ?? {});
  const widths = names.map((name) => Math.max(name.length, ...rows.map((row) => String(row[name]).length)));
  const line = (cells: readonly string[]): string =>
    cells.map((cell, index) => cell.padStart(widths[index]!)).join("  ");
  console.log(line(names));
  for (const row of rows) console.log(line(names.map((name) => String(row[name]))));
}
