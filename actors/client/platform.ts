/**
 * The few things the client needs of the machine: pid, address, environment, home directory.
 *
 * Owns: reading them once. Reads: node:os, node:process. Never does: network.
 * Works on Deno and Node alike; what permissions refuse is replaced by a stand-in.
 */

import { homedir, networkInterfaces } from "node:os";
import process from "node:process";

/** Runs a look at the machine that a missing permission may refuse. */
function allowed<T>(look: () => T, otherwise: T): T {
  try {
    return look();
  } catch (refused) {
    if (refused instanceof Error) return otherwise;
    throw refused;
  }
}

/** @returns the process id, or 0 where reading it is refused */
export function processId(): number {
  return allowed(() => process.pid, 0);
}

/**
 * @param name environment variable
 * @returns its value; undefined when unset or refused
 */
export function environment(name: string): string | undefined {
  return allowed(() => process.env[name], undefined);
}

/** @returns the home directory, or the current directory where reading it is refused */
export function homeDirectory(): string {
  return allowed(() => homedir(), ".");
}

/** @returns this machine's first IPv4 address that is not loopback; 127.0.0.1 when there is none or reading is refused */
export function localAddress(): string {
  const interfaces = allowed(() => networkInterfaces(), {});
  for (const addresses of Object.values(interfaces)) {
    for (const address of addresses ?? []) {
      if (address.family === "IPv4" && !address.internal) return address.address;
    }
  }
  return "127.0.0.1";
}

/** @returns an unsigned 32-bit number by chance */
export function random32(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
}

/** @returns whether this runtime is Deno with Web Workers that run TypeScript modules */
export function hasWorkers(): boolean {
  return typeof Worker === "function" && "Deno" in globalThis;
}
