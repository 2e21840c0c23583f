/**
 * Ends of transactions on their way to TransactionalMessageService: those of one turn go in one message, which costs both threads more than the end itself.
 *
 * Owns: the ends of this turn. Reads: nothing. Never: looks into a transaction.
 */
import { createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import {
  decodeEndTransactionRequestHeader,
  type EndTransactionRequestHeader,
} from "../../../protocol/commands/transaction.ts";
import type { EndAnswer } from "../transactions/transactions_contract.ts";

/** Ends that go in one message at most. */
const ENDS_MAX = 256;

/** Asks TransactionalMessageService. */
export type AskEnds = (headers: readonly EndTransactionRequestHeader[]) => Promise<readonly (EndAnswer | null)[]>;

interface WaitingEnd {
  readonly header: EndTransactionRequestHeader;
  readonly resolve: (answer: EndAnswer | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers the ends of a turn. */
export class EndGatherer {
  readonly #ask: AskEnds;
  #waiting: WaitingEnd[] = [];

  /** @param ask gives the ends on, and answers in their order */
  constructor(ask: AskEnds) {
    this.#ask = ask;
  }

  /**
   * Ends a transaction.
   *
   * @param command END_TRANSACTION
   * @returns the answer; null when nothing is to be answered
   * @throws {HeaderError} when a field is missing or wrong
   */
  async end(command: RemotingCommand): Promise<RemotingCommand | null> {
    const header = decodeEndTransactionRequestHeader(command.ext);
    const { promise, resolve, reject } = Promise.withResolvers<EndAnswer | null>();
    this.#waiting.push({ header, resolve, reject });
    if (this.#waiting.length === 1) queueMicrotask(() => this.#send());
    else if (this.#waiting.length === ENDS_MAX) this.#send();
    const answer = await promise;
    return answer === null ? null : createResponse(command, answer.code, answer.remark);
  }

  #send(): void {
    const ends = this.#waiting;
    if (ends.length === 0) return;
    this.#waiting = [];
    this.#ask(ends.map(({ header }) => header)).then(
      (answers) => ends.forEach(({ resolve }, index) => resolve(answers[index] ?? null)),
      (error) => ends.forEach(({ reject }) => reject(error)),
    );
  }
}
