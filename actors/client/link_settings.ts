/**
 * Settings of a link that can cross to a worker.
 */

import type { SessionCredentials, TlsOptions } from "./options.ts";

/** How connections are made. */
export interface LinkSettings {
  /** Milliseconds to open a connection. */
  readonly connectTimeoutMillis: number;
  /** Signs requests. */
  readonly credentials: SessionCredentials | undefined;
  /** Encrypts connections. */
  readonly tls: TlsOptions | undefined;
}
