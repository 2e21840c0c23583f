/**
 * One end of a pair of mailboxes, whatever carries the messages.
 *
 * Owns: the interface that every part of the kernel sends through, and its forms over a worker, over the worker's own
 * global scope and over a message channel.
 * Reads: nothing.
 * Never: looks into a message.
 *
 * @module
 */

/** One end. Messages arrive in the order in which the other end sent them; those before `listen` wait. */
export interface Port {
  /**
   * Sends a copy.
   *
   * @param message What is sent.
   * @param transfer What is moved rather than copied.
   * @throws {DOMException} `DataCloneError` when the message cannot be copied.
   */
  post(message: unknown, transfer?: Transferable[]): void;
  /** Starts to receive; once. */
  listen(handler: (message: unknown) => void): void;
  /** Ends both directions; nothing is received after it. */
  close(): void;
}

/** What sends and receives like a message port. */
interface MessageTarget {
  postMessage(message: unknown, transfer: Transferable[]): void;
  onmessage: ((event: MessageEvent) => void) | null;
}

class TargetPort implements Port {
  readonly #target: MessageTarget;
  readonly #end: () => void;

  constructor(target: MessageTarget, end: () => void) {
    this.#target = target;
    this.#end = end;
  }

  post(message: unknown, transfer: Transferable[] = []): void {
    this.#target.postMessage(message, transfer);
  }

  listen(handler: (message: unknown) => void): void {
    this.#target.onmessage = (event: MessageEvent): void => handler(event.data);
  }

  close(): void {
    this.#target.onmessage = null;
    this.#end();
  }
}

/**
 * The owner's end to a worker. Closing it does not end the worker.
 *
 * @param worker The worker.
 */
export function workerPort(worker: Worker): Port {
  return new TargetPort(worker as unknown as MessageTarget, () => {});
}

/**
 * The worker's end to its owner. Closing it leaves the global scope open.
 *
 * @param scope The worker's global scope.
 */
export function scopePort(scope: unknown): Port {
  return new TargetPort(scope as MessageTarget, () => {});
}

/**
 * One end of a message channel.
 *
 * @param port The message port.
 */
export function channelPort(port: MessagePort): Port {
  return new TargetPort(port as unknown as MessageTarget, () => port.close());
}
