/**
 * The instances of this process, by client id.
 *
 * Owns: the table and the count of their members. Never does: anything with messages.
 * Source: apache/rocketmq client/impl/MQClientManager.java
 */

import { ClientInstance } from "./client_instance.ts";
import { type ClientOptions, type ResolvedOptions, resolveOptions } from "./options.ts";

interface Shared {
  readonly instance: ClientInstance;
  users: number;
}

const instances = new Map<string, Shared>();

/**
 * Joins the instance of a client id, making it when it is the first.
 *
 * @param options options of the member
 * @returns the instance, started
 * @throws {ClientError} NO_NAME_SERVER when it cannot start
 */
export async function joinInstance(options: ClientOptions): Promise<ClientInstance> {
  const resolved: ResolvedOptions = resolveOptions(options);
  let shared = instances.get(resolved.clientId);
  if (shared === undefined) {
    shared = { instance: new ClientInstance(resolved), users: 0 };
    instances.set(resolved.clientId, shared);
  }
  shared.users++;
  try {
    await shared.instance.start();
  } catch (error) {
    await leaveInstance(shared.instance);
    throw error;
  }
  return shared.instance;
}

/**
 * Leaves an instance; the last one to leave stops it.
 *
 * @param instance joined before
 */
export async function leaveInstance(instance: ClientInstance): Promise<void> {
  const shared = instances.get(instance.clientId);
  if (shared === undefined || --shared.users > 0) return;
  instances.delete(instance.clientId);
  await instance.stop();
}
