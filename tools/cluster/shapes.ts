/**
 * Shapes of clusters: which brokers there are, and what their broker.conf says of their role.
 *
 * Owns: the list. Reads: nothing. Never: a port or a path.
 */

/** One broker of a shape. */
export interface ClusterMember {
  /** Name within the cluster, for commands: `a`, `a-slave`. */
  readonly name: string;
  readonly brokerName: string;
  readonly brokerId: number;
  readonly brokerRole: "ASYNC_MASTER" | "SYNC_MASTER" | "SLAVE";
  /** Its set agrees through etcd; role and id are what it is given then. */
  readonly isFailover?: boolean;
}

/** Names of the shapes. */
export const SHAPES = ["1m", "2m", "3m", "2m-2s-async", "2m-2s-sync", "1m-2s-failover"] as const;

/** Name of a shape. */
export type Shape = typeof SHAPES[number];

/** The shape whose brokers agree through etcd. */
export const FAILOVER_SHAPE = "1m-2s-failover";

/** Brokers of a shape, masters before slaves. */
export function membersOf(shape: Shape): ClusterMember[] {
  if (shape === FAILOVER_SHAPE) {
    return ["a", "b", "c"].map((name) => ({
      name,
      brokerName: "broker-f",
      brokerId: 0,
      brokerRole: "ASYNC_MASTER",
      isFailover: true,
    }));
  }
  const letters = ["a", "b", "c"].slice(0, Number(shape[0]));
  const role = shape.endsWith("-sync") ? "SYNC_MASTER" : "ASYNC_MASTER";
  const masters = letters.map((letter): ClusterMember => ({
    name: letter,
    brokerName: `broker-${letter}`,
    brokerId: 0,
    brokerRole: role,
  }));
  if (!shape.includes("-2s")) return masters;
  const slaves = letters.map((letter): ClusterMember => ({
    name: `${letter}-slave`,
    brokerName: `broker-${letter}`,
    brokerId: 1,
    brokerRole: "SLAVE",
  }));
  return [...masters, ...slaves];
}
