/**
 * Brokers of one set as far as they agree: managers over an etcd in memory, on a clock that a test moves.
 *
 * Owns: the managers and what they said. Reads: nothing. Never: runs a broker.
 *
 * @module
 */
import { BrokerIdentityFiles } from "../../../actors/broker/failover/broker_identity.ts";
import { ReplicasManager } from "../../../actors/broker/failover/replicas_manager.ts";
import type { ReplicaRole } from "../../../actors/broker/failover/replica_role.ts";
import type { ReplicasManagerContract } from "../../../actors/broker/failover/replicas_manager_contract.ts";
import { type BrokerValues, readBrokerConfiguration } from "../../../actors/broker/broker_configuration.ts";
import type { Disk } from "../../../store/file/disk.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";
import { createLogMemory, LogMemory } from "../../../store/memory/log_memory.ts";
import { LeaseView } from "../../../store/memory/lease_region.ts";
import { EtcdLine, MemoryEtcd } from "../../helpers/memory_etcd.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";

const MACHINE = { hostName: "host", localAddress: "10.0.0.1", homeDirectory: "/home" };

/** A log that ends somewhere. */
function logOf(logEnd: number): LogMemory {
  const memory = new LogMemory(createLogMemory({ ringBytes: 64 * 1024, appendBytesMax: 1024 }));
  const ends = { logStart: 0, logEnd, flushed: logEnd, dispatched: logEnd, replicated: logEnd, storeTimestamp: 0 };
  memory.reset(ends);
  return memory;
}

/** What one manager said. */
export class Member {
  /** Roles that it was given, the latest last. */
  readonly roles: ReplicaRole[] = [];
  /** Signals by name. */
  readonly signals: [string, unknown][] = [];
  readonly line: EtcdLine;
  readonly manager: ReplicasManager;
  readonly running: Promise<void>;
  readonly #clock: SimulatedClock;
  readonly #views = new Map<SharedArrayBuffer, LeaseView>();

  constructor(set: FailoverSet, number: number, settings: Partial<BrokerValues>, logEnd: number) {
    this.#clock = set.clock;
    this.line = new EtcdLine(set.etcd);
    const { values } = readBrokerConfiguration({}, MACHINE);
    this.manager = new ReplicasManager({
      init: {
        values: { ...values, brokerName: "b", listenPort: 1000 * number, haListenPort: 1000 * number + 1, ...settings },
        logEpoch: 0,
      },
      clock: set.clock,
      etcd: this.line,
      leases: this.line,
      files: new BrokerIdentityFiles(set.disk(number), "/store"),
      newCheckCode: () => `code ${set.nextCode++}`,
      signal: (name, payload) => this.#note(name, payload),
    });
    this.running = this.manager.run();
    this.manager.started(logOf(logEnd), 0);
  }

  /** The role now. */
  get role(): ReplicaRole | undefined {
    return this.roles.at(-1);
  }

  /** Whether this member would acknowledge now. */
  get acknowledges(): boolean {
    const lease = this.role?.lease;
    if (lease === undefined) return false;
    let view = this.#views.get(lease);
    if (view === undefined) this.#views.set(lease, view = new LeaseView(lease, this.#clock));
    return view.isHeld;
  }

  /** Texts of the log. */
  get log(): string[] {
    return this.signals.filter(([name]) => name === "log").map(([, payload]) => (payload as { text: string }).text);
  }

  #note<K extends keyof ReplicasManagerContract["signals"] & string>(
    name: K,
    payload: ReplicasManagerContract["signals"][K],
  ): void {
    this.signals.push([name, payload]);
    if (name === "role") this.roles.push(payload as ReplicaRole);
  }
}

/** A set. */
export class FailoverSet implements AsyncDisposable {
  readonly clock: SimulatedClock = new SimulatedClock();
  readonly etcd: MemoryEtcd = new MemoryEtcd(this.clock);
  readonly members: Member[] = [];
  nextCode = 1;
  readonly #disks = new Map<number, Disk>();

  /** Disk of a member; it outlives it. */
  disk(number: number): Disk {
    let disk = this.#disks.get(number);
    if (disk === undefined) {
      this.#disks.set(number, disk = new MemoryDisk());
      disk.makeDirectory("/store");
    }
    return disk;
  }

  /** Starts a member. */
  start(number: number, settings: Partial<BrokerValues> = {}, logEnd = 0): Member {
    const member = new Member(this, number, settings, logEnd);
    this.members.push(member);
    return member;
  }

  /** Lets time pass in small steps; who acknowledges is looked at in each. @throws {Error} when two do */
  async run(ms: number): Promise<void> {
    for (let passedMs = 0; passedMs < ms; passedMs += 10) {
      await this.clock.run(10);
      const acknowledging = this.members.filter((member) => member.acknowledges);
      if (acknowledging.length > 1) throw new Error(`${acknowledging.length} members acknowledge at once`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { manager, line } of this.members) {
      line.isCut = false;
      line.isDeaf = false;
      const stopped = manager.stop();
      await this.clock.run(1000);
      await stopped;
    }
  }
}
