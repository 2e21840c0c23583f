/**
 * Builds and runs the light load generator, load.c.
 *
 * Owns: the compiled program, in a temporary folder. Never: reaches beyond loopback.
 */

/** What one run of load.c printed. */
export interface LoadResult {
  readonly messagesPerSecond: number;
  /** Of bodies, or of what pulls brought; NaN where the program does not say. */
  readonly mibPerSecond: number;
  readonly failed: number;
  /** Connections that had no answer in the measured time; 0 where the program does not say. */
  readonly silent: number;
  readonly p50Us: number;
  readonly p99Us: number;
}

/** Compiles load.c. @returns path of the program */
export async function buildLoad(folder: string): Promise<string> {
  const program = `${folder}/load`;
  const source = new URL("./load.c", import.meta.url).pathname;
  const { code, stderr } = await new Deno.Command("cc", { args: ["-O2", "-o", program, source] }).output();
  if (code !== 0) throw new Error(`Cannot compile load.c: ${new TextDecoder().decode(stderr)}`);
  return program;
}

/** Runs load.c. */
export async function runLoad(program: string, args: readonly string[]): Promise<LoadResult> {
  const { stdout, stderr } = await new Deno.Command(program, { args: [...args], stdout: "piped", stderr: "piped" })
    .output();
  const text = new TextDecoder().decode(stdout);
  const field = (name: string): number => {
    const match = new RegExp(`${name}=([0-9.]+)`).exec(text);
    if (match === null) throw new Error(`load.c printed no ${name}: ${text}${new TextDecoder().decode(stderr)}`);
    return Number(match[1]);
  };
  return {
    messagesPerSecond: field("msgs_per_s"),
    mibPerSecond: text.includes("MiB_per_s=") ? field("MiB_per_s") : NaN,
    failed: field("failed"),
    silent: text.includes("silent=") ? field("silent") : 0,
    p50Us: field("p50_us"),
    p99Us: field("p99_us"),
  };
}

/** The middle of some numbers. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
