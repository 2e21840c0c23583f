/**
 * Bodies that name themselves, as every client program of the suite builds and checks them.
 *
 * Owns: the format, `#seq:seed;` and then bytes that follow from the two (xorshift32, one byte a step). Never: sends.
 *
 * @module
 */

const FACTOR = 0x9e3779b1 | 0;

/**
 * A body.
 *
 * @param seq Its number.
 * @param seed Of the run.
 * @param bytes Its length, at least that of the head.
 */
export function buildBody(seq: number, seed: number, bytes: number): Uint8Array {
  const head = new TextEncoder().encode(`#${seq}:${seed};`);
  const body = new Uint8Array(Math.max(bytes, head.length));
  body.set(head);
  let x = Math.imul(seq | 0, FACTOR) ^ seed;
  if (x === 0) x = 1;
  for (let i = head.length; i < body.length; i++) {
    x ^= x << 13;
    x ^= x >>> 17;
    x ^= x << 5;
    body[i] = x & 0xff;
  }
  return body;
}

/**
 * The number of a body.
 *
 * @param body What was delivered.
 * @returns The number, -1 when it is not one of ours or differs from what was built.
 */
export function checkBody(body: Uint8Array): number {
  const match = /^#(\d+):(\d+);/.exec(new TextDecoder("latin1").decode(body.subarray(0, 40)));
  if (match === null) return -1;
  const seq = Number(match[1]);
  const built = buildBody(seq, Number(match[2]), body.length);
  return built.length === body.length && built.every((byte, i) => byte === body[i]) ? seq : -1;
}
