/**
 * What a running cluster is: a file in its folder.
 *
 * Owns: the file. Reads: it, and whether processes live. Never: starts or ends one.
 */
import type { ClusterMember, Shape } from "./shapes.ts";

/** A server of a cluster. */
export interface ClusterServer {
  readonly name: string;
  readonly pid: number;
  readonly port: number;
}

/** A broker of a cluster. */
export type ClusterBroker = ClusterServer & ClusterMember;

/** A cluster. */
export interface ClusterState {
  readonly shape: Shape;
  /** Settings of every broker over those of its role, `key=value` each; none when left out. */
  readonly settings?: readonly string[];
  readonly nameServer: ClusterServer;
  /** etcd of a failover set; its port is that for clients. */
  readonly etcd?: ClusterServer & { readonly peerPort: number } | undefined;
  readonly brokers: readonly ClusterBroker[];
}

const FILE = "cluster.json";

/** Reads the cluster of a folder; undefined when there is none. */
export function readCluster(dir: string): ClusterState | undefined {
  try {
    return JSON.parse(Deno.readTextFileSync(`${dir}/${FILE}`)) as ClusterState;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

/** Writes the cluster of a folder. */
export function writeCluster(dir: string, state: ClusterState): void {
  Deno.writeTextFileSync(`${dir}/${FILE}`, JSON.stringify(state, null, 2));
}

/** Forgets the cluster of a folder; stores and logs stay. */
export function removeCluster(dir: string): void {
  Deno.removeSync(`${dir}/${FILE}`);
}

/** Sends a signal. @returns false when the process is gone */
export function signal(pid: number, name: Deno.Signal): boolean {
  try {
    Deno.kill(pid, name);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof TypeError) return false;
    throw error;
  }
}

/** Whether a process lives. One that has ended and that nobody has looked after does not. */
export function isAlive(pid: number): boolean {
  const script = 'kill -0 "$1" 2>/dev/null && ! grep -q "^State:.Z" "/proc/$1/status" 2>/dev/null';
  return new Deno.Command("sh", { args: ["-c", script, "sh", String(pid)] }).outputSync().success;
}
