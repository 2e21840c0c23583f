/**
 * Ends of transactions on their way to TransactionalMessageService: those of one turn go in one message, which costs both threads more than the end itself.
 *
 * Owns: the ends of this turn. Reads: nothing. Never: looks into a transaction.
 */
import { createResponse, type RemotingCommand } from "../../../protocol/command.ts";
import { decodeEndTransactionRequestHeader } from "../../../protocol/commands/transaction.ts";
import { EndScan } from "../../../protocol/hot/end_scan.ts";
import type { HeaderScan } from "../../../protocol/hot/header_scan.ts";
import { decodeUtf8 } from "../../../protocol/utf8.ts";
import type { EndAnswer, TransactionEnd } from "../transactions/transactions_contract.ts";
import type { GatewayConnection } from "./connection.ts";
import { PENDING_MAX } from "./general_path.ts";

/** Ends that go in one message at most. */
const ENDS_MAX = 256;

/** Asks TransactionalMessageService. */
export type AskEnds = (ends: readonly TransactionEnd[]) => Promise<readonly (EndAnswer | null)[]>;

interface WaitingEnd {
  readonly end: TransactionEnd;
  readonly resolve: (answer: EndAnswer | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Gathers the ends of a turn. */
export class EndGatherer {
  readonly #ask: AskEnds;
  readonly #scan = new EndScan();
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
    const answer = await this.#gather(header.producerGroup, header);
    return answer === null ? null : createResponse(command, answer.code, answer.remark);
  }

  /**
   * Takes an end that nobody waits for, as RocketMQ's clients send them, without an object for its header.
   *
   * @param scan of the frame's header; @param bytes that hold it
   * @returns false when the general path has to take it
   */
  take(connection: GatewayConnection, scan: HeaderScan, bytes: Uint8Array): boolean {
    const end = this.#scan;
    if ((scan.flag & 2) === 0 || connection.pending >= PENDING_MAX || !end.read(bytes, scan)) return false;
    const producerGroup = decodeUtf8(bytes, scan.valueStart[end.group]!, scan.valueEnd[end.group]!);
    connection.pending++;
    const done = (): void => void connection.pending--;
    // Whoever is not heard is asked for the state of the transaction later.
    this.#gather(producerGroup, end).then(done, done);
    return true;
  }

  /** Adds an end to those of this turn. Only what the service needs goes there: what a message carries is copied. */
  #gather(producerGroup: string, of: Omit<TransactionEnd, "producerGroup">): Promise<EndAnswer | null> {
    const { tranStateTableOffset, commitLogOffset, commitOrRollback, fromTransactionCheck } = of;
    const end = { producerGroup, tranStateTableOffset, commitLogOffset, commitOrRollback, fromTransactionCheck };
    const { promise, resolve, reject } = Promise.withResolvers<EndAnswer | null>();
    this.#waiting.push({ end, resolve, reject });
    if (this.#waiting.length === 1) queueMicrotask(() => this.#send());
    else if (this.#waiting.length === ENDS_MAX) this.#send();
    return promise;
  }

  #send(): void {
    const ends = this.#waiting;
    if (ends.length === 0) return;
    this.#waiting = [];
    this.#ask(ends.map(({ end }) => end)).then(
      (answers) => ends.forEach(({ resolve }, index) => resolve(answers[index] ?? null)),
      (error) => ends.forEach(({ reject }) => reject(error)),
    );
  }
}
