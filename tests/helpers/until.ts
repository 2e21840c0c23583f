/**
 * Waits on a condition with a deadline: what tests do instead of sleeping.
 *
 * @module
 */

/** How long is waited, and for what. */
export interface UntilOptions {
  /** Milliseconds until the wait fails. */
  readonly timeoutMs: number;
  /** What is waited for, for the message. */
  readonly what: string;
}

/** Milliseconds between two looks, after some looks without any wait. */
const LOOK_INTERVAL_MS = 5;

/**
 * Waits until a condition holds.
 *
 * @param condition Looked at again and again; what is truthy ends the wait.
 * @param options Deadline and name.
 * @returns What the condition gave.
 * @throws {Error} When the deadline passes; the message says what was waited for.
 */
export async function until<T>(condition: () => T | Promise<T>, options: UntilOptions): Promise<NonNullable<T>> {
  const deadlineMs = performance.now() + options.timeoutMs;
  for (let look = 0;; look++) {
    const value = await condition();
    if (value) return value;
    if (performance.now() >= deadlineMs) {
      throw new Error(`Waited ${options.timeoutMs} ms in vain: ${options.what}`);
    }
    await new Promise((resolve) => setTimeout(resolve, look < 3 ? 0 : LOOK_INTERVAL_MS));
  }
}

/**
 * Fails a promise that takes too long.
 *
 * @param promise What is waited for.
 * @param options Deadline and name.
 * @returns What the promise settles with.
 * @throws {Error} When the deadline passes; the message says what was waited for.
 */
export async function within<T>(promise: Promise<T>, options: UntilOptions): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`Waited ${options.timeoutMs} ms in vain: ${options.what}`)),
      options.timeoutMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
