/**
 * The worker's side of `spawn`.
 *
 * Owns: the worker's global scope: its messages and its uncaught errors.
 * Reads: nothing.
 * Never: returns control to the module; `serve(role, start)` is the one statement of a worker file.
 *
 * @module
 */

import { afterIo } from "./after_io.ts";
import { threadCpuUs } from "./thread_cpu.ts";
import { systemClock } from "../../store/clock.ts";
import { ActorCell, type CellHost } from "./actor_cell.ts";
import { Backlog } from "./backlog.ts";
import type { Contract, Role, Start } from "./contract.ts";
import { ControlBlock } from "./control_block.ts";
import { encodeError, InitFailedError } from "./errors.ts";
import { channelPort, type Port, scopePort } from "./port.ts";
import type { ActorMessage, OwnerMessage } from "./wire.ts";

/** What the worker's global scope has. */
interface Scope extends EventTarget {
  close(): void;
}

/**
 * Serves an actor in this worker.
 *
 * @param role What the actor is.
 * @param start Makes its behaviour.
 */
export function serve<C extends Contract>(role: Role<C>, start: Start<C>): void {
  const scope = globalThis as unknown as Scope;
  const owner = scopePort(scope);
  let cell: ActorCell<C> | undefined;
  const close = scope.close.bind(scope);
  listenForEnds(scope, (error) => {
    if (cell !== undefined) cell.crash(error);
    else owner.post({ kind: "crashed", error: encodeError(error) } satisfies ActorMessage);
  });
  owner.listen((received) => {
    const message = received as OwnerMessage;
    if (message.kind !== "attach") cell?.receive(message);
    else if (message.role === role.name) {
      const control = new ControlBlock(message.control);
      const backlog = new Backlog(1, message.backlog);
      cell = new ActorCell<C>(message, start, owner, { control, backlog }, workerHost(close));
    } else {
      const error = new InitFailedError(`Cannot serve "${message.role}": this worker serves "${role.name}"`);
      owner.post({ kind: "refused", error: encodeError(error) } satisfies ActorMessage);
    }
  });
  owner.post({ kind: "hello" } satisfies ActorMessage);
}

/** Every way in which a worker can end without a word to its owner is made to say one. */
function listenForEnds(scope: Scope, crash: (error: unknown) => void): void {
  scope.addEventListener("error", (event) => {
    event.preventDefault();
    crash((event as ErrorEvent).error);
  });
  scope.addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    crash((event as PromiseRejectionEvent).reason);
  });
  scope.addEventListener("unload", () => crash(new Error("The worker was ended by an exit inside it")));
  scope.close = (): void => crash(new Error("The worker was ended by a close inside it"));
}

function workerHost(close: () => void): CellHost {
  return {
    clock: systemClock,
    ownsThread: true,
    openPort: (port: MessagePort | Port): Port => channelPort(port as MessagePort),
    breathe: (): Promise<void> => afterIo(),
    cpuUs: threadCpuUs,
    ended: close,
  };
}
