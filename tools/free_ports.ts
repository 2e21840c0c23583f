/**
 * Ports that are free now, for servers that demos, benches and tests start and that cannot be given port 0.
 *
 * Owns: the choice. Reads: which ports can be listened on now. Never: keeps one open, or gives one out twice in a process: what was chosen may not be listened
 * on yet when the next is chosen.
 */

/**
 * Below the range that systems give to connections by themselves: no connection takes a port between choice and use, and none that has ended within the
 * last minute holds it.
 */
const PORT_MIN = 12_000;
const PORT_SPAN = 18_000;

const TRIES_MAX = 200;

/** Given out of late; so many are forgotten at once, when those are long in use or free again. */
const GIVEN_MAX = 4_096;

const given = new Set<number>();

/**
 * Finds a port such that it and its neighbours are free.
 *
 * @param neighbours distances that must be free too
 * @throws {Error} when 200 tries found none
 */
export function freePort(neighbours: readonly number[] = []): number {
  for (let tries = 0; tries < TRIES_MAX; tries++) {
    const port = PORT_MIN + crypto.getRandomValues(new Uint32Array(1))[0]! % PORT_SPAN;
    const ports = [0, ...neighbours].map((distance) => port + distance);
    if (!ports.every((one) => !given.has(one) && isFree(one))) continue;
    if (given.size > GIVEN_MAX) given.clear();
    for (const one of ports) given.add(one);
    return port;
  }
  throw new Error(`Cannot find a free port from ${PORT_MIN} on: end what listens there`);
}

/** A port for a broker: it listens there and two below (fast port), and its HA service one above. */
export function freeBrokerPort(): number {
  return freePort([-2, 1]);
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
