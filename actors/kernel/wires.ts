/**
 * Who is introduced to whom: the children's peers as a list of channels.
 *
 * Owns: the rule that two children which name each other share one channel.
 * Reads: nothing.
 * Never: introduces anyone.
 *
 * @module
 */

import type { AnyChild } from "./child.ts";

/** One channel between two children. */
export interface Wire {
  /** Name of the child that starts first. */
  readonly left: string;
  /** What the left child calls the right one; null when it only answers. */
  readonly atLeft: string | null;
  /** Name of the child that starts later. */
  readonly right: string;
  /** What the right child calls the left one; null when it only answers. */
  readonly atRight: string | null;
}

/**
 * Works out the channels.
 *
 * @param children The children in the order of their start.
 * @returns One wire for each channel.
 * @throws {RangeError} When a peer is no child, or a child is to be its own peer.
 */
export function wiresOf(children: readonly AnyChild[]): Wire[] {
  const order = new Map(children.map((child, index) => [child.name, index]));
  for (const child of children) {
    for (const [peer, name] of child.peers) {
      if (!order.has(name)) throw new RangeError(`Cannot wire peer "${peer}" of "${child.name}": no child "${name}"`);
      if (name === child.name) throw new RangeError(`Cannot wire peer "${peer}" of "${child.name}" to itself`);
    }
  }
  const wires: Wire[] = [];
  for (const [index, left] of children.entries()) {
    for (const right of children.slice(index + 1)) wires.push(...wiresBetween(left, right));
  }
  return wires;
}

function wiresBetween(left: AnyChild, right: AnyChild): Wire[] {
  const atLeft = namesFor(left, right);
  const atRight = namesFor(right, left);
  return Array.from({ length: Math.max(atLeft.length, atRight.length) }, (_, n) => ({
    left: left.name,
    atLeft: atLeft[n] ?? null,
    right: right.name,
    atRight: atRight[n] ?? null,
  }));
}

function namesFor(child: AnyChild, other: AnyChild): string[] {
  return [...child.peers].filter(([, name]) => name === other.name).map(([peer]) => peer);
}
