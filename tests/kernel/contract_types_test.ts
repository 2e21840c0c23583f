/**
 * Misuse of a contract that must not compile. Each case stands under a `@ts-expect-error`: the type check of this file is
 * the test, and a case that compiles fails it.
 *
 * @module
 */

import { assertEquals } from "@std/assert";
import { child } from "../../actors/kernel/child.ts";
import {
  type ActorContext,
  type ActorRef,
  type Behaviour,
  type CloneableContract,
  type Contract,
  defineRole,
  type Start,
} from "../../actors/kernel/contract.ts";
import { introduce } from "../../actors/kernel/introduce.ts";
import { spawn } from "../../actors/kernel/spawn.ts";

interface OtherContract extends Contract {
  init: undefined;
  asks: { size: { request: undefined; reply: number } };
  tells: { reset: undefined };
  signals: Record<never, never>;
}

interface LedgerContract extends Contract {
  init: { path: string; memory: SharedArrayBuffer; port: MessagePort };
  asks: {
    balance: { request: { account: string }; reply: number };
    accounts: { request: undefined; reply: ReadonlyMap<string, readonly number[]> };
  };
  tells: { add: { account: string; amount: number; receipt?: Uint8Array } };
  signals: { low: { account: string } };
  peers: { other: OtherContract };
}

const url = new URL("./ledger_worker.ts", import.meta.url);
const ledgerRole = defineRole<LedgerContract>("ledger", url);

/** Never run: only its types count. */
async function asks(ref: ActorRef<LedgerContract>): Promise<void> {
  const balance: number = await ref.ask("balance", { account: "a" }, { timeoutMs: 1 });
  assertEquals(typeof balance, "number");
  // @ts-expect-error there is no such ask
  await ref.ask("balances", { account: "a" }, { timeoutMs: 1 });
  // @ts-expect-error a tell is not an ask
  await ref.ask("add", { account: "a", amount: 1 }, { timeoutMs: 1 });
  // @ts-expect-error the request is wrong
  await ref.ask("balance", { account: 1 }, { timeoutMs: 1 });
  // @ts-expect-error the request has a field too many
  await ref.ask("balance", { account: "a", amount: 1 }, { timeoutMs: 1 });
  // @ts-expect-error the deadline is missing
  await ref.ask("balance", { account: "a" });
  // @ts-expect-error the deadline is missing from the options
  await ref.ask("balance", { account: "a" }, {});
  // @ts-expect-error the reply is a number
  const text: string = await ref.ask("balance", { account: "a" }, { timeoutMs: 1 });
  // @ts-expect-error a function cannot cross
  await ref.ask("balance", { account: "a", then: () => 1 }, { timeoutMs: 1 });
  assertEquals(typeof text, "string");
}

/** Never run: only its types count. */
function tells(ref: ActorRef<LedgerContract>): void {
  ref.tell("add", { account: "a", amount: 1, receipt: new Uint8Array(1) });
  // @ts-expect-error an ask is not a tell
  ref.tell("balance", { account: "a" });
  // @ts-expect-error the payload is incomplete
  ref.tell("add", { account: "a" });
  ref.on("low", ({ account }) => account.length);
  // @ts-expect-error there is no such signal
  ref.on("high", () => {});
  // @ts-expect-error the handler takes something else
  ref.on("low", (account: number) => account);
  // @ts-expect-error a stop needs a deadline
  void ref.stop();
}

/** Never run: only its types count. */
function inside(context: ActorContext<LedgerContract>): Behaviour<LedgerContract> {
  context.signal("low", { account: "a" });
  // @ts-expect-error there is no such signal
  context.signal("high", { account: "a" });
  void context.peer("other").ask("size", undefined, { timeoutMs: 1 }).then((size: number) => size);
  // @ts-expect-error there is no such peer
  context.peer("another");
  // @ts-expect-error the peer has no such ask
  void context.peer("other").ask("balance", { account: "a" }, { timeoutMs: 1 });
  return {
    asks: {
      balance: ({ account }, from) => account.length + from.length,
      accounts: () => Promise.resolve(new Map([["a", [1]]])),
    },
    tells: { add: ({ amount }) => void amount.toFixed() },
    stop: () => {},
  };
}

// @ts-expect-error an ask has no handler
const incomplete: Behaviour<LedgerContract>["asks"] = { balance: () => 1 };
// @ts-expect-error the handler gives the wrong reply
const wrongReply: Behaviour<LedgerContract>["asks"]["balance"] = () => "1";
const start: Start<LedgerContract> = (_, context) => inside(context);

/** Never run: only its types count. */
async function starts(ledger: ActorRef<LedgerContract>, other: ActorRef<OtherContract>): Promise<void> {
  // @ts-expect-error the init is incomplete
  await spawn(ledgerRole, { path: "a" });
  await introduce(ledger, "other", other, null);
  // @ts-expect-error the ledger has no such peer
  await introduce(ledger, "another", other, null);
  // @ts-expect-error the other has no peers
  await introduce(ledger, "other", other, "ledger");
  const { port1: port } = new MessageChannel();
  const init = (): LedgerContract["init"] => ({ path: "a", memory: new SharedArrayBuffer(1), port });
  child({ name: "a", role: ledgerRole, start, init, restart: "restart", stopDeadlineMs: 1, peers: { other: "b" } });
  // @ts-expect-error the ledger has no such peer
  child({ name: "a", role: ledgerRole, start, init, restart: "restart", stopDeadlineMs: 1, peers: { another: "b" } });
  // @ts-expect-error a child needs a deadline for its stop
  child({ name: "a", role: ledgerRole, start, init, restart: "restart" });
}

interface Base extends Contract {
  init: undefined;
  asks: Record<never, never>;
  tells: Record<never, never>;
  signals: Record<never, never>;
}
interface FunctionInInit extends Omit<Base, "init"> {
  init: { done: () => void };
}
interface PromiseInRequest extends Omit<Base, "asks"> {
  asks: { a: { request: Promise<number>; reply: undefined } };
}
interface FunctionDeepInReply extends Omit<Base, "asks"> {
  asks: { a: { request: undefined; reply: { list: readonly { done: () => void }[] } } };
}
interface ClassInTell extends Omit<Base, "tells"> {
  tells: { a: { writer: WritableStreamDefaultWriter } };
}
interface SymbolInSignal extends Omit<Base, "signals"> {
  signals: { a: symbol };
}
interface FunctionInMap extends Omit<Base, "tells"> {
  tells: { a: ReadonlyMap<string, () => void> };
}
interface OptionalFunction extends Omit<Base, "tells"> {
  tells: { a: { done?: () => void } };
}

defineRole<Base>("base", url);
// @ts-expect-error a function cannot cross
defineRole<FunctionInInit>("a", url);
// @ts-expect-error a promise cannot cross
defineRole<PromiseInRequest>("a", url);
// @ts-expect-error a function cannot cross, however deep
defineRole<FunctionDeepInReply>("a", url);
// @ts-expect-error an object with methods cannot cross
defineRole<ClassInTell>("a", url);
// @ts-expect-error a symbol cannot cross
defineRole<SymbolInSignal>("a", url);
// @ts-expect-error a function cannot cross inside a map
defineRole<FunctionInMap>("a", url);
// @ts-expect-error nor when it is optional
defineRole<OptionalFunction>("a", url);

/** What may cross: checked by being assignable. */
interface Everything extends Omit<Base, "tells"> {
  tells: {
    atoms: { text: string; count: number; big: bigint; flag: boolean; nothing: null; maybe?: string; when: Date };
    bytes: { view: Uint8Array; buffer: ArrayBuffer; shared: SharedArrayBuffer; words: Int32Array };
    nested: { map: Map<string, readonly [number, string]>; set: ReadonlySet<number>; list: readonly { a: 1 }[] };
    union: { kind: "a"; port: MessagePort } | { kind: "b"; open: unknown };
  };
}
type Accepts<C extends Contract & CloneableContract<C>> = C;
type EverythingCrosses = Accepts<Everything>;

Deno.test("contract misuse is refused by the type check", () => {
  const cases: readonly unknown[] = [asks, tells, inside, starts, incomplete, wrongReply];
  const everything: EverythingCrosses["init"] = undefined;
  assertEquals([cases.length, everything, ledgerRole.name], [6, undefined, "ledger"]);
});
