/**
 * One frozen object for all queues that look alike: a hundred thousand topics have a few dozen shapes.
 *
 * Owns: the table of shapes seen. Reads: nothing. Never: grows beyond its bound; it starts again instead, and equal shapes
 * are then two objects until their topics are registered anew, which costs memory but changes no answer.
 */

import type { QueueShape } from "./route_types.ts";

/** Shapes kept before the table starts again. A word of ours. */
const SHAPE_COUNT_MAX = 16_384;

/** Interned queue shapes. */
export class QueueShapes {
  readonly #shapes = new Map<number, QueueShape>();

  /**
   * The shared object for a shape. Allocates only for a shape not seen before.
   *
   * @param shape Any object with the four fields.
   * @param perm Permission to use instead of the one in `shape`.
   * @returns A frozen shape with equal fields.
   */
  intern(shape: QueueShape, perm: number = shape.perm): QueueShape {
    const { readQueueNums, writeQueueNums, topicSysFlag } = shape;
    const key = packed(readQueueNums, writeQueueNums, perm, topicSysFlag);
    const known = key === undefined ? undefined : this.#shapes.get(key);
    if (known !== undefined) return known;
    const fresh: QueueShape = Object.freeze({ readQueueNums, writeQueueNums, perm, topicSysFlag });
    if (key !== undefined) {
      if (this.#shapes.size >= SHAPE_COUNT_MAX) this.#shapes.clear();
      this.#shapes.set(key, fresh);
    }
    return fresh;
  }

  /** Shapes held now. */
  get size(): number {
    return this.#shapes.size;
  }
}

/**
 * Whether two shapes are equal.
 *
 * @param left A shape.
 * @param right Another one.
 * @returns True when all four fields are equal.
 */
export function sameShape(left: QueueShape, right: QueueShape): boolean {
  return left === right ||
    (left.readQueueNums === right.readQueueNums && left.writeQueueNums === right.writeQueueNums &&
      left.perm === right.perm && left.topicSysFlag === right.topicSysFlag);
}

/** The four fields in 48 bits, which a double holds exactly; undefined when one does not fit. */
function packed(read: number, write: number, perm: number, flag: number): number | undefined {
  const fits = fitsIn(read, 0xffff) && fitsIn(write, 0xffff) && fitsIn(perm, 0xff) && fitsIn(flag, 0xff);
  return fits ? ((read * 0x10000 + write) * 0x100 + perm) * 0x100 + flag : undefined;
}

function fitsIn(value: number, max: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= max;
}
