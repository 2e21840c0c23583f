/**
 * A progress bar of one line.
 *
 * Owns: what the line looked like last, so that it is drawn again only when it changed.
 * Reads: nothing.
 * Never: writes; its caller does.
 */

const BAR_CELLS = 30;
const STEP_CELLS = 9;

/** Draws how much of a step is done. */
export class ProgressBar {
  #last = "";

  /**
   * The line to draw.
   *
   * @param step what is going on
   * @param done how much of it is done
   * @param total how much there is
   * @returns the line without a line end, undefined when it is the same as before
   */
  line(step: string, done: number, total: number): string | undefined {
    const share = total <= 0 ? 1 : Math.min(1, Math.max(0, done / total));
    const cells = Math.floor(share * BAR_CELLS);
    const percent = String(Math.floor(share * 100)).padStart(3);
    const line = `${step.padEnd(STEP_CELLS)} [${"#".repeat(cells)}${".".repeat(BAR_CELLS - cells)}] ${percent} %`;
    if (line === this.#last) return undefined;
    this.#last = line;
    return line;
  }
}
