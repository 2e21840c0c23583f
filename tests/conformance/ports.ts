/**
 * Free TCP ports for servers of other programs, which cannot be given port 0.
 *
 * Owns: the choice. Reads: which ports can be listened on now. Never: keeps one open.
 *
 * @module
 */

/** Below the range that the kernel hands out by itself, so that no outgoing connection takes a port between choice and use. */
const PORT_MIN = 12_000;
const PORT_SPAN = 18_000;

/**
 * Finds a port such that it and its neighbours are free.
 *
 * @param neighbours Distances that must be free too; a broker needs -2 (fast port) and +1 (HA).
 * @returns The port.
 * @throws {Error} When 200 tries found none.
 */
export function freePort(neighbours: readonly number[] = []): number {
  for (let tries = 0; tries < 200; tries++) {
    const port = PORT_MIN + crypto.getRandomValues(new Uint32Array(1))[0]! % PORT_SPAN;
    if ([0, ...neighbours].every((distance) => isFree(port + distance))) return port;
  }
  throw new Error("Cannot find a free port");
}

function isFree(port: number): boolean {
  try {
    Deno.listen({ hostname: "0.0.0.0", port }).close();
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.AddrInUse) return false;
    throw error;
  }
}
