/**
 * Ports that are free now, for servers that demos, benches and tests start.
 *
 * Owns: nothing. Reads: the system. Never: keeps a port.
 */

/** A port that nobody listens on. */
export function freePort(): number {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  return port;
}

/** A port for a broker: it listens there and two below, and its HA service one above. */
export function freeBrokerPort(): number {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = freePort();
    if (port > 1026 && port < 65_000 && [port, port - 2, port + 1].every(isFree)) return port;
  }
  throw new Error("Cannot find three free ports for a broker");
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
