/**
 * A loss of power over real files: from what strace wrote down of a broker follows which bytes were written and never synced, and these are made zeros again, as they
 * were when the file was made.
 *
 * Owns: the reading of strace's lines. Reads: a trace of `pwrite64` and `fdatasync` with paths (`-y`). Never: touches what was synced, nor files that were not traced.
 *
 * @module
 */

/** A range of a file. */
export interface WrittenRange {
  readonly path: string;
  readonly start: number;
  readonly bytes: number;
}

interface Write extends WrittenRange {
  isDone: boolean;
}

const WRITE = /^(\d+) +pwrite64\(\d+<([^>]*)>, .*, (\d+), (\d+)(?:\) += (-?\d+)| <unfinished)/;
const SYNC = /^(\d+) +fdatasync\(\d+<([^>]*)>(?:\) += (-?\d+)| <unfinished)/;
const RESUMED = /^(\d+) +<\.\.\. (pwrite64|fdatasync) resumed>.*\) += (-?\d+)/;

/** Lines of calls that strace made fail. */
export function injectedCalls(trace: readonly string[]): string[] {
  return trace.filter((line) => line.endsWith("(INJECTED)"));
}

/**
 * What was written and not synced afterwards, in the order of the writes. A sync covers what was written before it began; a write that failed wrote nothing.
 *
 * @param trace Lines of strace.
 */
export function unsyncedWrites(trace: readonly string[]): WrittenRange[] {
  let pending: Write[] = [];
  const underWay = new Map<string, { readonly covers: readonly Write[] } | Write>();
  const ended = (call: { readonly covers: readonly Write[] } | Write, result: number): void => {
    if ("covers" in call) {
      if (result === 0) pending = pending.filter((write) => !call.covers.includes(write));
    } else if (result > 0) call.isDone = true;
    else pending = pending.filter((write) => write !== call);
  };
  for (const line of trace) {
    const resumed = RESUMED.exec(line);
    if (resumed !== null) {
      const call = underWay.get(resumed[1]!);
      underWay.delete(resumed[1]!);
      if (call !== undefined) ended(call, Number(resumed[3]));
      continue;
    }
    const write = WRITE.exec(line);
    const sync = write === null ? SYNC.exec(line) : null;
    if (write !== null) {
      const call: Write = { path: write[2]!, start: Number(write[4]), bytes: Number(write[3]), isDone: false };
      pending.push(call);
      if (write[5] === undefined) underWay.set(write[1]!, call);
      else ended(call, Number(write[5]));
    } else if (sync !== null) {
      const path = sync[2]!;
      const call = { covers: pending.filter((each) => each.path === path && each.isDone) };
      if (sync[3] === undefined) underWay.set(sync[1]!, call);
      else ended(call, Number(sync[3]));
    }
  }
  return pending.map(({ path, start, bytes }) => ({ path, start, bytes }));
}

/**
 * Drops from the files what was not synced.
 *
 * @returns bytes that were dropped
 */
export async function dropUnsynced(trace: readonly string[]): Promise<number> {
  const ranges = unsyncedWrites(trace);
  for (const { path, start, bytes } of ranges) {
    using file = await Deno.open(path, { write: true });
    await file.seek(start, Deno.SeekMode.Start);
    const zeros = new Uint8Array(bytes);
    for (let done = 0; done < bytes;) done += await file.write(zeros.subarray(done));
  }
  return ranges.reduce((sum, { bytes }) => sum + bytes, 0);
}
