/**
 * Gives memory of large buffers back at once.
 *
 * The collector looks at dead buffers late, because to it they are small objects: a thread that makes one of 36 KiB after the other keeps some 150 MiB of
 * them, and each new one is fresh memory, which the kernel has to clear. Freed at once, the next one lies where the last one was.
 */

/**
 * Frees the memory behind bytes now. All views of the same buffer are empty afterwards. Shared memory, and what is freed already, is left alone.
 *
 * @param bytes that nobody uses any more, no read or write under way either
 */
export function freeBytes(bytes: Uint8Array): void {
  const { buffer } = bytes;
  if (buffer instanceof ArrayBuffer && !buffer.detached) buffer.transfer(0);
}
