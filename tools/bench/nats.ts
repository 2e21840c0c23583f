/**
 * RingMQ beside NATS JetStream with file storage, in one run: sends of 1 KiB.
 *
 * Both are warmed up, then they alternate on each shape, the other one held still (SIGSTOP): a rate of RingMQ from another hour says nothing
 * about NATS.
 *
 * Owns: both servers. Never: leaves one behind.
 */
import { freePort } from "../free_ports.ts";
import { startRingMq } from "./contender.ts";
import { type LoadResult, median, runLoad } from "./load.ts";
import { out } from "./options.ts";
import { type RoundOptions, warmUp } from "./rounds.ts";
import { SHAPES } from "./shapes.ts";

/** Shapes that are compared, with the connections and the publishes in flight on each that they mean for NATS. */
const COMPARED = [["send-64x1", 64, 1], ["send-1x1", 1, 1], ["send-4x256", 4, 256]] as const;

/** A running NATS server, and load for it. */
interface Nats extends AsyncDisposable {
  /** Publishes over so many connections, so many at a time on each. */
  publish(connections: number, window: number, seconds: number): Promise<LoadResult>;
  /** Lets it run, or holds it still. */
  run(running: boolean): void;
}

/** Builds and starts NATS JetStream with file storage. */
async function startNats(folder: string): Promise<Nats> {
  const program = `${folder}/nats`;
  const cwd = new URL("./nats/", import.meta.url);
  const built = await new Deno.Command("go", { args: ["build", "-o", program, "."], cwd }).output();
  if (!built.success) throw new Error(new TextDecoder().decode(built.stderr));
  const port = String(freePort());
  const server = new Deno.Command(program, {
    args: ["serve", port, `${folder}/nats_store`],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  const reader = server.stdout.getReader();
  const said = new TextDecoder().decode((await reader.read()).value);
  if (!said.includes("boot success")) throw new Error("NATS does not start");
  return {
    publish: (connections, window, seconds) =>
      runLoad(program, ["load", port, String(connections), String(window), "1024", "1", String(seconds)]),
    run: (running) => server.kill(running ? "SIGCONT" : "SIGSTOP"),
    [Symbol.asyncDispose]: async () => {
      server.kill("SIGCONT");
      server.kill("SIGTERM");
      await server.status;
      await reader.cancel();
    },
  };
}

/**
 * Measures both.
 *
 * @param sets settings of RingMQ's broker
 * @returns the table in Markdown
 */
export async function natsTable(sets: readonly string[], options: RoundOptions): Promise<string> {
  const { tools, rounds, folder } = options;
  await using ringmq = await startRingMq(`${folder}/beside_nats`, sets);
  await warmUp(ringmq, options);
  await using nats = await startNats(folder);
  await nats.publish(64, 1, options.warmUpSeconds);
  nats.run(false);
  const lines = ["| shape | NATS JetStream, file storage | RingMQ | ratio (spread) |", "|---|---|---|---|"];
  for (const [id, connections, window] of COMPARED) {
    const shape = SHAPES.find((one) => one.id === id)!;
    const sends = {
      nats: async () => (await nats.publish(connections, window, tools.seconds)).messagesPerSecond,
      ringmq: async (round: number) => (await shape.run(ringmq, tools, round)).perSecond!,
    };
    const rates: Record<keyof typeof sends, number[]> = { nats: [], ringmq: [] };
    for (let round = 1; round <= rounds; round++) {
      for (const name of round % 2 === 0 ? ["ringmq", "nats"] as const : ["nats", "ringmq"] as const) {
        const server = { nats, ringmq }[name];
        server.run(true);
        rates[name].push(await sends[name](round));
        server.run(false);
      }
      out(`  ${connections} × ${window}  NATS ${show(rates.nats.at(-1)!)}  RingMQ ${show(rates.ringmq.at(-1)!)}`);
    }
    const ratios = rates.ringmq.map((rate, at) => rate / rates.nats[at]!);
    const spread = [Math.min(...ratios), Math.max(...ratios)].map((ratio) => ratio.toFixed(2)).join("–");
    const cells = [`${connections} × ${window}`, show(median(rates.nats)), show(median(rates.ringmq))];
    lines.push(`| ${cells.join(" | ")} | ${median(ratios).toFixed(2)} (${spread}) |`);
  }
  return lines.join("\n");
}

function show(perSecond: number): string {
  return `${Math.round(perSecond).toLocaleString("en")}/s`;
}
