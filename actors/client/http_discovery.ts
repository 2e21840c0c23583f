/**
 * Finds the name servers by HTTP: a service answers with `host:port;host:port`.
 *
 * Owns: the request. Never does: keep the answer.
 * Source: apache/rocketmq common/namesrv/DefaultTopAddressing.java fetchNSAddr
 */

import { ClientError, messageOf } from "./errors.ts";
import { splitAddresses } from "./option_checks.ts";

/**
 * @param url address of the service
 * @param timeoutMs deadline, in milliseconds
 * @returns addresses of the name servers
 * @throws {ClientError} NO_NAME_SERVER when the service does not answer with any
 */
export async function discoverNameServers(url: string, timeoutMs: number): Promise<string[]> {
  let text: string;
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutMs) });
    text = await answer.text();
    if (!answer.ok) throw new Error(`the service answered with status ${answer.status}`);
  } catch (cause) {
    throw new ClientError("NO_NAME_SERVER", `Cannot discover name servers at "${url}": ${messageOf(cause)}`, {
      cause,
      retryable: true,
    });
  }
  const addresses = splitAddresses(text.trim());
  if (addresses.length === 0) {
    throw new ClientError("NO_NAME_SERVER", `Cannot discover name servers at "${url}": the answer names none`, {
      retryable: true,
    });
  }
  return addresses;
}
