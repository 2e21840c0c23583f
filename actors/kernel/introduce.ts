/**
 * Makes two actors each other's peers.
 *
 * Owns: the channel until both have their end of it.
 * Reads: who runs the two.
 * Never: relays a message; the actors talk without their owner.
 *
 * @module
 */

import { Backlog } from "./backlog.ts";
import type { ActorHandle, ActorRef, Contract, PeerName } from "./contract.ts";
import { PeerRefusedError } from "./errors.ts";
import { pipe } from "./inline_runtime.ts";
import { OwnedActor } from "./owned_actor.ts";
import type { Port } from "./port.ts";

let links = 0;

/**
 * Makes two actors each other's peers over a channel of their own. When an actor had a peer of that name already, the
 * name now means the new one, and asks that wait on the old one are rejected.
 *
 * @param a One actor.
 * @param nameOfBAtA What it calls the other; null when it only answers.
 * @param b The other actor.
 * @param nameOfAAtB What that one calls the first; null when it only answers.
 * @throws {PeerRefusedError} When one of them has ended.
 */
export function introduce<A extends Contract, B extends Contract>(
  a: ActorRef<A>,
  nameOfBAtA: PeerName<A> | null,
  b: ActorRef<B>,
  nameOfAAtB: PeerName<B> | null,
): Promise<void> {
  return introduceHandles(a, nameOfBAtA, b, nameOfAAtB);
}

/**
 * As {@link introduce}, for actors whose contracts are not known here.
 *
 * @param a One actor.
 * @param nameOfBAtA What it calls the other; null when it only answers.
 * @param b The other actor.
 * @param nameOfAAtB What that one calls the first; null when it only answers.
 * @throws {PeerRefusedError} When one of them has ended, or was not made by `spawn` or `inline`.
 */
export async function introduceHandles(
  a: ActorHandle,
  nameOfBAtA: string | null,
  b: ActorHandle,
  nameOfAAtB: string | null,
): Promise<void> {
  if (!(a instanceof OwnedActor) || !(b instanceof OwnedActor)) {
    throw new PeerRefusedError(`Cannot introduce ${a.name} and ${b.name}: they were not made by this kernel`);
  }
  for (const actor of [a, b]) {
    // Looked at before the channel is made: an end that nobody takes would stay open.
    if (!actor.connected) {
      throw new PeerRefusedError(`Cannot introduce ${a.name} and ${b.name}: ${actor.name} has ended`);
    }
  }
  const link = ++links;
  const [endOfA, endOfB] = makeChannel(a, b);
  const backlog = new Backlog(0).memory;
  const common = { kind: "link", link, backlog } as const;
  await Promise.all([
    a.link({ ...common, as: nameOfBAtA, from: b.name, port: endOfA, side: 0 }, () => b.unlink(link)),
    b.link({ ...common, as: nameOfAAtB, from: a.name, port: endOfB, side: 1 }, () => a.unlink(link)),
  ]);
}

/** Two inline actors under one scheduler share a pipe, so that it decides the order of their messages too. */
function makeChannel(a: OwnedActor<Contract>, b: OwnedActor<Contract>): [Port | MessagePort, Port | MessagePort] {
  const runtime = a.options.runtime;
  if (runtime !== undefined && runtime.scheduler === b.options.runtime?.scheduler) {
    return pipe(runtime.scheduler, a.name, b.name);
  }
  const { port1, port2 } = new MessageChannel();
  return [port1, port2];
}
