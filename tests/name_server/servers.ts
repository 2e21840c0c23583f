/**
 * A name server on a free port with files of its own, for the time of a test.
 */

import { type NameServer, startNameServer } from "../../actors/name_server/mod.ts";
import type { NameServerValues } from "../../actors/name_server/mod.ts";

/**
 * Runs a test with a name server.
 *
 * @param settings Values over the defaults.
 * @param body The test; it gets the server and the folder of its files.
 */
export async function withNameServer(
  settings: Partial<NameServerValues>,
  body: (server: NameServer, folder: string) => Promise<void>,
): Promise<void> {
  const folder = await Deno.makeTempDir({ prefix: "ringmq-name-server-" });
  try {
    await using server = await startNameServer({ settings: { ...filesIn(folder), ...settings } });
    await body(server, folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Port and files that no other server uses. */
export function filesIn(folder: string): Partial<NameServerValues> {
  return {
    bindAddress: "127.0.0.1",
    listenPort: 0,
    kvConfigPath: `${folder}/kvConfig.json`,
    configStorePath: `${folder}/namesrv.properties`,
  };
}
