/**
 * Numbers for what parked pulls filter by, so that a park record need not carry it.
 *
 * Owns: the numbers of one gateway; each is told to PullRequestHoldService once, before a pull is parked with it.
 * Reads: nothing. Never: gives a number twice, nor grows beyond its bounds: then all are forgotten and given anew.
 */
import type { WakeFilterChange } from "../hold/hold_contract.ts";
import type { PullRequest } from "./pull_request.ts";

/** Filters at most. */
const FILTERS_MAX = 50_000;

/** Characters of all filters together at most. */
const CHARACTERS_MAX = 16 * 1024 * 1024;

/** Numbers at most; they begin at 1 again behind it. */
const IDS_MAX = 0x7fff_ffff;

/** Numbers that one incarnation of a gateway has before they may be those of the next: PullRequestHoldService may still know the old ones. */
const IDS_PER_INCARNATION = 2 ** 20;

/** The numbers of one gateway. */
export class WakeFilterIds {
  readonly #gateway: number;
  readonly #tell: (change: WakeFilterChange) => void;
  readonly #ids = new Map<string, number>();
  #characters = 0;
  #next: number;

  /** @param gateway its index; @param incarnation of the gateway, from 1; @param tell tells PullRequestHoldService */
  constructor(gateway: number, incarnation: number, tell: (change: WakeFilterChange) => void) {
    this.#gateway = gateway;
    this.#tell = tell;
    this.#next = 1 + (incarnation * IDS_PER_INCARNATION) % IDS_MAX;
  }

  /** The number of what a pull filters by; 0 when every message matches. */
  idOf({ codes, filter, topic }: Pick<PullRequest, "codes" | "filter" | "topic">): number {
    if (codes === null && filter === null) return 0;
    const name = topic.entry.topic;
    const key = filter === null ? `${name}\n${[...codes!].join()}` : `${name}\nsql ${filter}`;
    const known = this.#ids.get(key);
    if (known !== undefined) return known;
    if (this.#ids.size >= FILTERS_MAX || this.#characters + key.length > CHARACTERS_MAX) this.forgetAll();
    const id = this.#next;
    this.#next = id === IDS_MAX ? 1 : id + 1;
    this.#ids.set(key, id);
    this.#characters += key.length;
    this.#tell({
      gateway: this.#gateway,
      forgetAll: false,
      filter: { id, topic: name, codes: filter === null ? [...codes!] : null, expression: filter },
    });
    return id;
  }

  /** Forgets every number: there are too many, or PullRequestHoldService was started again and knows none. */
  forgetAll(): void {
    this.#ids.clear();
    this.#characters = 0;
    this.#tell({ gateway: this.#gateway, forgetAll: true });
  }
}
