/**
 * Workers that load their modules before their actor is started, so that the actors of a server load side by side and not one after the other.
 *
 * Owns: workers that are warm and not yet taken. Reads: nothing. Never: starts a behaviour; `spawn` does, with a warm worker of the same role and name when there
 * is one.
 *
 * @module
 */

import type { Contract, Role } from "./contract.ts";
import { type Port, workerPort } from "./port.ts";
import { workerEnded, workerStarted } from "./worker_count.ts";

/** A worker whose modules load or are loaded. */
export interface WarmWorker {
  /** The worker. */
  readonly worker: Worker;
  /** Its number in the count of workers. */
  readonly counted: number;
  /** Its port; what it says before somebody listens waits. */
  readonly port: Port;
  /** What it failed with while nobody looked after it. */
  readonly failures: readonly Error[];
}

const warm = new Map<string, WarmWorker[]>();

/** Workers that one server warms up; those that it did not take end with it. */
export class WarmUp implements Disposable {
  readonly #started: { readonly key: string; readonly warmWorker: WarmWorker }[] = [];

  /**
   * Starts a worker that loads the modules of a role.
   *
   * @param role What the actor will be.
   * @param name Name of the actor; that of its role when left out.
   */
  start<C extends Contract>(role: Role<C>, name: string = role.name): void {
    const key = keyOf(role, name);
    const warmWorker = startWorker(role.module, name);
    this.#started.push({ key, warmWorker });
    warm.set(key, [...warm.get(key) ?? [], warmWorker]);
  }

  /** Ends the workers that nobody took. */
  [Symbol.dispose](): void {
    for (const { key, warmWorker } of this.#started.splice(0)) {
      const left = warm.get(key) ?? [];
      if (!left.includes(warmWorker)) continue;
      keep(key, left.filter((other) => other !== warmWorker));
      warmWorker.worker.terminate();
      workerEnded(warmWorker.counted, false);
    }
  }
}

/**
 * Takes a warm worker, or starts one.
 *
 * @param role What the actor is.
 * @param name Name of the actor.
 * @returns A worker that nobody else has.
 */
export function takeWorker<C extends Contract>(role: Role<C>, name: string): WarmWorker {
  const key = keyOf(role, name);
  const [found, ...left] = warm.get(key) ?? [];
  keep(key, left);
  return found ?? startWorker(role.module, name);
}

function keep(key: string, left: WarmWorker[]): void {
  if (left.length === 0) warm.delete(key);
  else warm.set(key, left);
}

function startWorker(module: URL, name: string): WarmWorker {
  const worker = new Worker(module, { type: "module", name });
  const failures: Error[] = [];
  worker.onerror = (event: ErrorEvent): void => {
    // Without this the process would end with the worker.
    event.preventDefault();
    failures.push(new Error(`${event.message} at ${event.filename}:${event.lineno}:${event.colno}`));
  };
  return { worker, counted: workerStarted(name), port: new PatientPort(workerPort(worker)), failures };
}

/** A port whose messages wait until somebody listens. */
class PatientPort implements Port {
  readonly #port: Port;
  #waiting: unknown[] | undefined = [];

  constructor(port: Port) {
    this.#port = port;
    port.listen((message) => this.#waiting?.push(message));
  }

  post(message: unknown, transfer: Transferable[] = []): void {
    this.#port.post(message, transfer);
  }

  listen(handler: (message: unknown) => void): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    this.#port.listen(handler);
    for (const message of waiting) handler(message);
  }

  close(): void {
    this.#port.close();
  }
}

function keyOf<C extends Contract>(role: Role<C>, name: string): string {
  return `${name} ${role.module.href}`;
}
