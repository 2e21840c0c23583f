/**
 * Runs an actor on the caller's thread, turn by turn.
 *
 * Owns: the cell of the actor.
 * Reads: nothing.
 * Never: gives up what a worker guarantees: payloads are copied, a turn never starts inside another.
 *
 * @module
 */

import { type Clock, systemClock } from "../../store/clock.ts";
import { ActorCell, type CellHost } from "./actor_cell.ts";
import { Backlog } from "./backlog.ts";
import type { ActorRef, Contract, Role, Start } from "./contract.ts";
import { ControlBlock } from "./control_block.ts";
import { eventLoopScheduler, type InlineRuntime, pipe, scheduled, type TurnScheduler } from "./inline_runtime.ts";
import { OwnedActor } from "./owned_actor.ts";
import { channelPort, type Port } from "./port.ts";
import { INIT_TIMEOUT_MS, meet, type StartOptions } from "./spawn.ts";
import type { OwnerMessage } from "./wire.ts";

/** How an inline actor is started. */
export interface InlineOptions<C extends Contract> extends StartOptions<C> {
  /** Picks whose turn is next; the event loop when left out. */
  readonly scheduler?: TurnScheduler;
}

/**
 * Runs an actor on the caller's thread.
 *
 * @param role What the actor is; its module is not loaded.
 * @param start Makes its behaviour.
 * @param init What it is started with.
 * @param options As for `spawn`, and the scheduler. The clock is also the actor's.
 * @returns Its address, once its behaviour has started.
 * @throws {InitFailedError} When the behaviour refuses to start; the cause is what it threw.
 * @throws {InitTimeoutError} When it is not up in time.
 */
export async function inline<C extends Contract>(
  role: Role<C>,
  start: Start<C>,
  init: C["init"],
  options: InlineOptions<C> = {},
): Promise<ActorRef<C>> {
  const name = options.name ?? role.name;
  const clock = options.clock ?? systemClock;
  const runtime: InlineRuntime = { scheduler: options.scheduler ?? eventLoopScheduler };
  const control = new ControlBlock();
  const [ownerEnd, actorEnd] = pipe(runtime.scheduler, `owner of ${name}`, name);
  const epoch = options.epoch ?? 1;
  const backlog = new Backlog(0);
  const shared = { control, backlog: new Backlog(1, backlog.memory) };
  const cell = new ActorCell<C>({ name, epoch }, start, actorEnd, shared, inlineHost(runtime, clock, name));
  const actor = new OwnedActor<C>({
    name,
    epoch,
    port: ownerEnd,
    clock,
    control,
    backlog,
    runtime,
    postLink: (message): void => ownerEnd.postAsIs(message),
    terminate: (): void => cell.abandon(),
  });
  actorEnd.listen((message) => cell.receive(message as OwnerMessage));
  actorEnd.post({ kind: "hello" });
  options.prepare?.(actor);
  await actor.bringUp(
    { role: role.name, value: init },
    { timeoutMs: options.initTimeoutMs ?? INIT_TIMEOUT_MS, transfer: options.transfer ?? [] },
    () => meet(actor, options.peers ?? []),
  );
  return actor;
}

function inlineHost(runtime: InlineRuntime, clock: Clock, name: string): CellHost {
  return {
    clock,
    ownsThread: false,
    openPort: (port: MessagePort | Port): Port =>
      port instanceof MessagePort ? scheduled(channelPort(port), runtime.scheduler, name) : port,
    breathe: (): Promise<void> => runtime.scheduler.pass(),
    cpuUs: (): number => 0,
    ended: (): void => {},
  };
}
