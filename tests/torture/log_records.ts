/**
 * The records of a commit log that no broker has open, one after the other, without decoding more than is asked for.
 *
 * Owns: one file's bytes at a time. Reads: the files. Never: changes them, but for the one cut that stands for a lost write.
 *
 * @module
 */
import { MAGIC_BLANK } from "../../protocol/record.ts";

/** A record of a log whose hosts are IPv4. */
export interface LogRecord {
  readonly path: string;
  /** First byte in the file. */
  readonly at: number;
  readonly bytes: number;
  readonly topic: string;
  readonly queueId: number;
  /** Milliseconds since 1970. */
  readonly storedMs: number;
  readonly body: DataView;
}

const TOPIC_MAX = 64;

/** Visits every record of a log. @param directory of the commit log */
export function forEachRecord(directory: string, visit: (record: LogRecord) => void): void {
  const names = [...Deno.readDirSync(directory)].map(({ name }) => name).filter((name) => /^\d{20}$/.test(name)).sort();
  const topics = new Topics();
  for (const name of names) {
    const bytes = Deno.readFileSync(`${directory}/${name}`);
    const view = new DataView(bytes.buffer);
    let at = 0;
    while (at + 8 <= bytes.length) {
      const size = view.getInt32(at);
      if (size <= 0 || view.getInt32(at + 4) === MAGIC_BLANK) break;
      const bodyBytes = view.getInt32(at + 84);
      const topicAt = at + 88 + bodyBytes;
      visit({
        path: `${directory}/${name}`,
        at,
        bytes: size,
        topic: topics.at(bytes, topicAt + 1, view.getUint8(topicAt)),
        queueId: view.getInt32(at + 12),
        storedMs: Number(view.getBigInt64(at + 56)),
        body: new DataView(bytes.buffer, at + 88, bodyBytes),
      });
      at += size;
    }
  }
}

/**
 * Takes the last record off a log, as if it had never reached the device.
 *
 * @param directory of the commit log; @param topic that the record must be of
 * @returns False when the last record is of another topic; nothing is cut then
 */
export function cutLastRecord(directory: string, topic: string): boolean {
  let last: LogRecord | undefined;
  forEachRecord(directory, (record) => last = record);
  if (last?.topic !== topic) return false;
  using file = Deno.openSync(last.path, { write: true });
  file.seekSync(last.at, Deno.SeekMode.Start);
  const zeros = new Uint8Array(last.bytes);
  for (let done = 0; done < zeros.length;) done += file.writeSync(zeros.subarray(done));
  return true;
}

/** Names are few: each is decoded once. */
class Topics {
  readonly #known: { readonly bytes: Uint8Array; readonly text: string }[] = [];

  at(bytes: Uint8Array, start: number, length: number): string {
    for (const { bytes: known, text } of this.#known) {
      if (known.length === length && known.every((byte, index) => byte === bytes[start + index])) return text;
    }
    const name = bytes.slice(start, start + length);
    const text = new TextDecoder().decode(name);
    if (this.#known.length < TOPIC_MAX) this.#known.push({ bytes: name, text });
    return text;
  }
}
