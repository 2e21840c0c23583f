/**
 * Replication as the main thread sees it: the HA port before the first slave, and where the master of a slave is.
 *
 * It owns the door and the master's address. Everything else is done by the actors.
 */
import type { Supervisor } from "../kernel/supervisor.ts";
import type { BrokerChildren } from "./broker_children.ts";
import type { BrokerValues } from "./broker_configuration.ts";
import { HaDoor } from "./ha/ha_door.ts";
import { isSlave, ReplicationRules } from "./ha/replication_rules.ts";

/** How long HAClient gets to leave its master. Milliseconds. */
const HALT_MS = 5000;

/** What this works with. */
export interface BrokerReplicationParts {
  readonly values: BrokerValues;
  readonly supervisor: Supervisor;
  readonly children: BrokerChildren;
  readonly log: (level: "info" | "warn" | "error", text: string) => void;
}

/** HA address of the master of a slave, as it is known now. */
export class MasterAddress {
  readonly #isFixed: boolean;
  #now: string | undefined;

  /** @param values of the broker; an address of the configuration counts more than what name servers say */
  constructor(values: Pick<BrokerValues, "haMasterAddress">) {
    this.#isFixed = values.haMasterAddress !== "";
    this.#now = this.#isFixed ? values.haMasterAddress : undefined;
  }

  /** The address. */
  get now(): string | undefined {
    return this.#now;
  }

  /** Takes what a name server says. @returns whether the address is another one now */
  learn(address: string): boolean {
    if (this.#isFixed || address === this.#now) return false;
    this.#now = address;
    return true;
  }
}

/** Replication of one broker. */
export class BrokerReplication {
  readonly #parts: BrokerReplicationParts;
  readonly #master: MasterAddress;
  #door: HaDoor | undefined;

  /** @param parts what it works with; @param master that HAClient is started with too */
  constructor(parts: BrokerReplicationParts, master: MasterAddress) {
    const { supervisor, children, log } = parts;
    this.#parts = parts;
    this.#master = master;
    supervisor.on(children.haService, "log", ({ level, text }) => log(level, text));
    supervisor.on(children.controller, "master", ({ haAddress }) => this.#follow(haAddress));
    if (children.haClient !== undefined) supervisor.on(children.haClient, "log", ({ level, text }) => log(level, text));
    if (children.groupTransfer !== undefined) {
      supervisor.on(children.groupTransfer, "log", ({ level, text }) => log(level, text));
    }
  }

  /**
   * Opens the HA port where HAService does not do it from the start.
   *
   * @throws {NetError} `LISTEN_FAILED`
   */
  start(): void {
    const { values, supervisor, children, log } = this.#parts;
    if (new ReplicationRules(values).waits) return;
    this.#door = new HaDoor({
      hostname: values.bindAddress,
      port: values.haListenPort,
      open: () => supervisor.wake(children.haService),
      alias: (from, address) => supervisor.ref(children.haService).tell("alias", { from, address }),
      failed: (error) =>
        log("error", `Cannot serve slaves: ${error instanceof Error ? error.message : error}; restart the broker`),
    });
  }

  /** Leaves the master, so that nothing is appended any more. @throws {AskTimeoutError} when HAClient does not come to an end */
  async halt(): Promise<void> {
    const { supervisor, children: { haClient }, values } = this.#parts;
    if (haClient === undefined || !isSlave(values) || !supervisor.isUp(haClient)) return;
    await supervisor.ref(haClient).ask("halt", null, { timeoutMs: HALT_MS });
  }

  /** Closes the port. */
  async stop(): Promise<void> {
    await this.#door?.close();
  }

  #follow(address: string): void {
    const { supervisor, children: { haClient } } = this.#parts;
    if (haClient === undefined || !this.#master.learn(address)) return;
    // One that is being started again is given the address then.
    if (supervisor.isUp(haClient)) supervisor.ref(haClient).tell("follow", { address });
  }
}
