/**
 * The lines that consumers of every language write, read back and judged.
 *
 * Owns: the format ("member queueId queueOffset seq reconsumeTimes retried receivedMs") and what a delivery is held to.
 * Reads: log files. Never: waits.
 *
 * @module
 */

/** One delivery. */
export interface Delivery {
  readonly member: string;
  readonly queueId: number;
  readonly queueOffset: number;
  /** Number of the message, or -1 when the body is not as it was built. */
  readonly seq: number;
  readonly reconsumeTimes: number;
  readonly retried: boolean;
  readonly receivedMs: number;
}

/** What a list of deliveries amounts to. */
export interface DeliverySummary {
  readonly deliveries: number;
  /** Numbers that never came, at most 20 of them. */
  readonly missing: readonly number[];
  readonly missingCount: number;
  /** Deliveries beyond the first of a number. */
  readonly duplicates: number;
  /** Deliveries whose body was damaged or foreign. */
  readonly damaged: number;
  /** Deliveries by member. */
  readonly byMember: Readonly<Record<string, number>>;
}

/**
 * Reads a log.
 *
 * @param path The file; one that does not exist is empty.
 */
export async function readDeliveries(path: string): Promise<Delivery[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  return text.split("\n").filter((line) => line !== "").map((line) => {
    const [member, queueId, queueOffset, seq, reconsumeTimes, retried, receivedMs] = line.split(" ");
    return {
      member: member!,
      queueId: Number(queueId),
      queueOffset: Number(queueOffset),
      seq: Number(seq),
      reconsumeTimes: Number(reconsumeTimes),
      retried: retried === "1",
      receivedMs: Number(receivedMs),
    };
  });
}

/**
 * Compares deliveries with what was sent.
 *
 * @param deliveries All deliveries of a group.
 * @param sent Numbers from 0 up to this one, exclusive.
 */
export function summarize(deliveries: readonly Delivery[], sent: number): DeliverySummary {
  const seen = new Uint32Array(sent);
  const byMember: Record<string, number> = {};
  let damaged = 0;
  for (const { seq, member } of deliveries) {
    byMember[member] = (byMember[member] ?? 0) + 1;
    if (seq < 0 || seq >= sent) damaged++;
    else seen[seq]!++;
  }
  const missing: number[] = [];
  let missingCount = 0;
  let duplicates = 0;
  seen.forEach((count, seq) => {
    if (count === 0 && ++missingCount <= 20) missing.push(seq);
    duplicates += Math.max(0, count - 1);
  });
  return { deliveries: deliveries.length, missing, missingCount, duplicates, damaged, byMember };
}

/**
 * Finds deliveries out of order: in each queue the first delivery of an offset must not come after that of a later one,
 * and within one hold of a queue by one member offsets must go up by one.
 *
 * @param deliveries Deliveries of an orderly group, in the order in which they happened.
 * @returns One line for each offence, at most 20.
 */
export function orderOffences(deliveries: readonly Delivery[]): string[] {
  const offences: string[] = [];
  const highest = new Map<number, number>();
  const last = new Map<number, Delivery>();
  for (const delivery of deliveries) {
    const { queueId, queueOffset, member } = delivery;
    const before = last.get(queueId);
    const top = highest.get(queueId) ?? -1;
    if (queueOffset > top + 1) offences.push(`queue ${queueId}: ${queueOffset} came while ${top + 1} had not`);
    if (
      before !== undefined && before.member === member && queueOffset !== before.queueOffset + 1 && queueOffset > top
    ) {
      offences.push(`queue ${queueId}: ${member} had ${before.queueOffset} and then ${queueOffset}`);
    }
    highest.set(queueId, Math.max(top, queueOffset));
    last.set(queueId, delivery);
  }
  return offences.slice(0, 20);
}

/**
 * Finds messages of one shard that came out of order: a shard is `seq % shards`, and the first deliveries of a shard must
 * go up by number.
 *
 * @param deliveries Deliveries of an orderly group, in the order in which they happened.
 * @param options First number that was sent in order, the number after the last, and the count of shards.
 * @returns One line for each offence, at most 20.
 */
export function shardOffences(
  deliveries: readonly Delivery[],
  options: { readonly from: number; readonly to: number; readonly shards: number },
): string[] {
  const offences: string[] = [];
  const seen = new Set<number>();
  const last = new Map<number, number>();
  for (const { seq } of deliveries) {
    if (seq < options.from || seq >= options.to || seen.has(seq)) continue;
    seen.add(seq);
    const shard = seq % options.shards;
    const before = last.get(shard) ?? -1;
    if (seq < before) offences.push(`shard ${shard}: ${seq} came after ${before}`);
    last.set(shard, seq);
  }
  return offences.slice(0, 20);
}
