/**
 * Every message that crosses between actors, as one closed union.
 *
 * Owns: the shapes; a port carries nothing else.
 * Reads: nothing.
 * Never: used outside this room.
 *
 *     owner ── OwnerMessage ──► actor        spawn or inline to the actor it runs
 *     owner ◄── ActorMessage ── actor
 *     actor ◄── PeerMessage ──► actor        over a channel that `introduce` made
 *
 * @module
 */

import type { BacklogSide } from "./backlog.ts";
import type { ErrorData } from "./errors.ts";
import type { Port } from "./port.ts";

/** A request; answered by one {@link ReplyMessage} with its id. */
export interface AskMessage {
  readonly kind: "ask";
  readonly id: number;
  readonly name: string;
  readonly payload: unknown;
}

/** A message that is not answered. */
export interface TellMessage {
  readonly kind: "tell";
  readonly name: string;
  readonly payload: unknown;
}

/** The answer to an ask: a value, or an error as data. */
export interface ReplyMessage {
  readonly kind: "reply";
  readonly id: number;
  readonly value?: unknown;
  readonly error?: ErrorData;
}

/** What two actors send each other. `bye` is the last one: the sender has ended. */
export type PeerMessage = AskMessage | TellMessage | ReplyMessage | { readonly kind: "bye" };

/** What the owner of an actor sends it. */
export type OwnerMessage =
  | AskMessage
  | TellMessage
  | {
    /** First of all: who the actor is. */
    readonly kind: "attach";
    readonly name: string;
    readonly role: string;
    readonly epoch: number;
    readonly control: SharedArrayBuffer;
    readonly backlog: SharedArrayBuffer;
  }
  | { readonly kind: "init"; readonly init: unknown }
  | {
    readonly kind: "link";
    readonly link: number;
    /** What this actor calls the other; null when it does not call it. */
    readonly as: string | null;
    /** Name of the other actor. */
    readonly from: string;
    readonly port: MessagePort | Port;
    readonly backlog: SharedArrayBuffer;
    /** Which end of the backlog this actor has. */
    readonly side: BacklogSide;
  }
  | { readonly kind: "unlink"; readonly link: number }
  | { readonly kind: "stop" }
  | { readonly kind: "pause" }
  | { readonly kind: "resume" }
  | { readonly kind: "crash"; readonly message: string };

/** What an actor sends its owner. `farewell` and `crashed` are last. */
export type ActorMessage =
  | ReplyMessage
  | { readonly kind: "hello" }
  | { readonly kind: "started" }
  | { readonly kind: "refused"; readonly error: ErrorData }
  | { readonly kind: "linked"; readonly link: number; readonly error?: ErrorData }
  | { readonly kind: "signal"; readonly name: string; readonly payload: unknown }
  | { readonly kind: "paused" }
  | { readonly kind: "farewell" }
  | { readonly kind: "crashed"; readonly error: ErrorData };
