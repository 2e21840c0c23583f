// hot
/**
 * The shapes of the headers that a thread sees most.
 *
 * Owns: a few shapes, the last used first. Never: learns from each header that is new when it has as many shapes as it keeps: a stream of headers that are all
 * different would pay for shapes that nobody uses.
 */
import { HeaderShape, type ScannedHeader } from "./header_shape.ts";

/** Shapes that are kept at most: sends and pulls of two kinds of clients. */
export const SHAPES_MAX = 4;

/** From then on it learns from every so many-th header that is of none. */
const LEARN_EVERY = 64;

/** A few shapes. One for each scan. */
export class KnownShapes {
  readonly #shapes: HeaderShape[] = [];
  #strangers = 0;

  /** How many there are. */
  get length(): number {
    return this.#shapes.length;
  }

  /** @param index below {@link length}; the last used comes first */
  at(index: number): HeaderShape {
    return this.#shapes[index]!;
  }

  /** A header was of the shape at an index, which is the first from now on. */
  used(index: number): void {
    const shapes = this.#shapes;
    const shape = shapes[index]!;
    shape.uses++;
    if (index === 0) return;
    for (let i = index; i > 0; i--) shapes[i] = shapes[i - 1]!;
    shapes[0] = shape;
  }

  /**
   * A header was of no shape: makes one, or adds what is different in it to the one that it is most like.
   *
   * @param bytes that hold the header
   * @param start first byte of it
   * @param end byte behind it
   * @param scanned where its fields lie
   */
  learn(bytes: Uint8Array, start: number, end: number, scanned: ScannedHeader): void {
    const shapes = this.#shapes;
    if (shapes.length === SHAPES_MAX && ++this.#strangers % LEARN_EVERY !== 0) return;
    const shape = HeaderShape.of(bytes, start, end, scanned);
    if (shape === undefined) return;
    for (let i = 0; i < shapes.length; i++) {
      const joined = shapes[i]!.joined(shape);
      if (joined === undefined) continue;
      joined.uses = shapes[i]!.uses;
      shapes[i] = joined;
      return;
    }
    if (shapes.length === SHAPES_MAX) this.#dropLeastUsed();
    shapes.push(shape);
  }

  #dropLeastUsed(): void {
    const shapes = this.#shapes;
    let least = 0;
    for (let i = 1; i < shapes.length; i++) if (shapes[i]!.uses < shapes[least]!.uses) least = i;
    shapes.splice(least, 1);
    for (const shape of shapes) shape.uses = 0;
  }
}
