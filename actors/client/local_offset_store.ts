/**
 * Offsets of broadcasting consumers, in a file of RocketMQ's format.
 *
 * ```text
 * <directory>/<client id>/<group>/offsets.json       {"offsetTable":{{"brokerName":"b","queueId":0,"topic":"T"}:12}}
 * <directory>/<client id>/<group>/offsets.json.bak   the one before, read when the first is missing or damaged
 * ```
 * Owns: the file. Reads: node:fs. Never does: network.
 * Source: apache/rocketmq client/consumer/store/LocalFileOffsetStore.java
 */

import { mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { parseFastJson, stringifyFastJson } from "../../protocol/fast_json.ts";
import { fields, numberOf, queueTable, readQueueTable } from "./bodies.ts";
import { ClientError, messageOf } from "./errors.ts";
import type { MessageQueue } from "./message_queue.ts";
import { type OffsetStore, OffsetTable } from "./offset_store.ts";

/** Offsets kept in a file. */
export class LocalFileOffsetStore implements OffsetStore {
  readonly #table = new OffsetTable();
  readonly #directory: string;

  /** @param options directory: root of all offset files; clientId and group: folders below it */
  constructor(options: { directory: string; clientId: string; group: string }) {
    this.#directory = `${options.directory}/${options.clientId}/${options.group}`;
  }

  /** Path of the file. */
  get path(): string {
    return `${this.#directory}/offsets.json`;
  }

  /**
   * Reads the file, or its backup when the file is missing or damaged.
   *
   * @throws {ClientError} OFFSET_FILE when both are damaged
   */
  load(): Promise<void> {
    for (const path of [this.path, `${this.path}.bak`]) {
      const text = readIfThere(path);
      if (text === undefined || text.length === 0) continue;
      try {
        const table = readQueueTable(fields(parseFastJson(text))["offsetTable"]);
        for (const [queue, offset] of table) this.#table.update(queue, numberOf(offset as number), false);
        return Promise.resolve();
      } catch (cause) {
        if (path.endsWith(".bak")) {
          return Promise.reject(
            new ClientError("OFFSET_FILE", `Cannot read offsets from "${path}": ${messageOf(cause)}`, { cause }),
          );
        }
      }
    }
    return Promise.resolve();
  }

  /** See {@linkcode OffsetStore.update}. */
  update(queue: MessageQueue, offset: number, increaseOnly: boolean): void {
    this.#table.update(queue, offset, increaseOnly);
  }

  /** See {@linkcode OffsetStore.readMemory}. */
  readMemory(queue: MessageQueue): number | undefined {
    return this.#table.read(queue);
  }

  /** See {@linkcode OffsetStore.read}. */
  read(queue: MessageQueue): Promise<number | undefined> {
    return Promise.resolve(this.#table.read(queue));
  }

  /** See {@linkcode OffsetStore.readStored}. */
  readStored(queue: MessageQueue): Promise<number | undefined> {
    return this.read(queue);
  }

  /**
   * Writes the file for these queues.
   *
   * @param queues queues consumed now
   * @throws {ClientError} OFFSET_FILE when it cannot be written
   */
  persistAll(queues: readonly MessageQueue[]): Promise<void> {
    this.#table.retain(queues);
    return this.#write();
  }

  /** Writes the file. */
  persist(): Promise<void> {
    return this.#write();
  }

  /** Keeps the entry: every member consumes every queue. */
  remove(): void {}

  /** See {@linkcode OffsetStore.table}. */
  table(topic?: string): [MessageQueue, number][] {
    return this.#table.table(topic);
  }

  #write(): Promise<void> {
    const table = this.#table.table();
    if (table.length === 0) return Promise.resolve();
    try {
      mkdirSync(this.#directory, { recursive: true });
      const previous = readIfThere(this.path);
      if (previous !== undefined && previous.length > 0) replaceFile(`${this.path}.bak`, previous);
      replaceFile(this.path, stringifyFastJson({ offsetTable: queueTable(table) }, { pretty: true }));
      return Promise.resolve();
    } catch (cause) {
      return Promise.reject(
        new ClientError("OFFSET_FILE", `Cannot write offsets to "${this.path}": ${messageOf(cause)}`, { cause }),
      );
    }
  }
}

function replaceFile(path: string, text: string): void {
  writeFileSync(`${path}.tmp`, text);
  renameSync(`${path}.tmp`, path);
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw new ClientError("OFFSET_FILE", `Cannot read offsets from "${path}": ${messageOf(error)}`, { cause: error });
  }
}
