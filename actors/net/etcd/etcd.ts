/**
 * The agreement that failover rests on, as those who use it see it: keys with revisions, transactions, leases.
 *
 * Owns: the interface and its errors. Reads: nothing. Never: knows what a key means, or how etcd is reached.
 *
 * @module
 */

/** A key as it stands. */
export interface EtcdEntry {
  readonly key: string;
  readonly value: string;
  /** Revision of its last change. */
  readonly modRevision: number;
  /** Lease that it lives by; "0" when it lives by none. */
  readonly lease: string;
}

/** What must hold for a transaction to change anything: the key was last changed at this revision; 0: it is not there. */
export interface EtcdCondition {
  readonly key: string;
  readonly modRevision: number;
}

/** One change of a transaction. */
export type EtcdChange =
  | { readonly put: string; readonly value: string; readonly lease?: string }
  | { readonly remove: string };

/** A lease that was granted. */
export interface EtcdLease {
  readonly lease: string;
  /** What etcd made of the time that was asked for; it has a shortest one of its own. */
  readonly ttlSeconds: number;
}

/** etcd, or what stands for it. Every call ends within its deadline. */
export interface Etcd {
  /**
   * Reads what lies below a prefix, as of the latest revision.
   *
   * @throws {EtcdError} when it cannot be had
   */
  list(prefix: string): Promise<EtcdEntry[]>;
  /**
   * Makes all changes when all conditions hold, else none.
   *
   * @returns whether they were made; false may also come after a first try of this call took effect whose answer was lost, so who is told false reads again
   * @throws {EtcdError} when the outcome is not known
   */
  commit(conditions: readonly EtcdCondition[], changes: readonly EtcdChange[]): Promise<boolean>;
  /** Asks for a lease. @throws {EtcdError} */
  grant(ttlSeconds: number): Promise<EtcdLease>;
  /** Renews a lease. @returns seconds that it lives on; 0 when it is gone. @throws {EtcdError} */
  keepAlive(lease: string): Promise<number>;
  /** Gives a lease back; its keys go with it. One that is gone already is no error. @throws {EtcdError} */
  revoke(lease: string): Promise<void>;
}

/** Why etcd gave no answer that can be used. */
export type EtcdErrorCode =
  /** No endpoint answered in time. */
  | "ETCD_UNREACHABLE"
  /** It answered that it refuses. */
  | "ETCD_REFUSED"
  /** It answered what is no answer. */
  | "ETCD_MALFORMED";

/** A call that failed. */
export class EtcdError extends Error {
  override readonly name = "EtcdError";
  /** Why. */
  readonly code: EtcdErrorCode;

  /** @param code why; @param message why, for people; @param options the cause */
  constructor(code: EtcdErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
  }

  /** Whether the same call may succeed later. */
  get retryable(): boolean {
    return this.code === "ETCD_UNREACHABLE";
  }
}
