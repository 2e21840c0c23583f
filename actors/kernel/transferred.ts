/**
 * Replies that move buffers instead of copying them.
 *
 * Owns: the note beside a reply value that says what moves.
 * Reads: nothing.
 * Never: changes the value.
 *
 * @module
 */

const MOVED = new WeakMap<object, Transferable[]>();

/**
 * Marks what of a reply or signal is moved to the receiver.
 *
 * @param value The reply.
 * @param transfer Buffers and ports inside it; they are unusable here afterwards.
 * @returns The same value.
 */
export function transferred<T extends object>(value: T, transfer: Transferable[]): T {
  MOVED.set(value, transfer);
  return value;
}

/**
 * What was marked to move with a value.
 *
 * @param value Any reply.
 * @returns The list, empty when nothing was marked.
 */
export function transferOf(value: unknown): Transferable[] {
  return typeof value === "object" && value !== null ? MOVED.get(value) ?? [] : [];
}
