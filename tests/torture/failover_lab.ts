/**
 * A failover set in a network of its own: each broker in a network namespace, joined by a bridge in the namespace of this process, where etcd, the name server and the load are.
 *
 * ```
 *   this namespace: bridge 10.99.0.254, etcd, name server, load
 *        │ v1            │ v2
 *   10.99.0.1       10.99.0.2        one namespace for each broker
 * ```
 *
 * Owns: namespaces, processes, what is cut between them. Reads: logs, request 28. Never: outlives this process: the kernel ends namespaces and processes with it. Needs a namespace of its own already, see failover.ts.
 *
 * @module
 */
import { EtcdClient } from "../../actors/net/etcd/etcd_client.ts";
import { readReplicaSet, ReplicaSetKeys, type ReplicaSetView } from "../../actors/net/etcd/replica_set.ts";
import { decodeKvTable } from "../../protocol/kv_table.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { systemClock } from "../../store/clock.ts";
import { etcdCommand } from "../../tools/etcd_process.ts";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";

const ROOT = new URL("../../", import.meta.url).pathname;
const NET = "10.99.0";
const HUB = `${NET}.254`;
const BROKER_PORT = 10911;
const ETCD_PORT = 2379;
const PATIENCE_MS = 60_000;
const BROKER_NAME = "broker-f";
const PERMISSIONS = [
  "--allow-net",
  "--allow-read",
  "--allow-write",
  "--allow-env=HOME,ROCKETMQ_HOME,NAMESRV_ADDR",
  "--allow-sys=hostname,networkInterfaces,systemMemoryInfo,statfs",
];

/** What a broker can be cut off from. */
export type Cut = "cut" | "cut-out" | "cut-in" | "cut-etcd";

/** One broker with its namespace. */
export interface LabBroker {
  /** From 1; the last number of its address. */
  readonly number: number;
  /** host:port. */
  readonly address: string;
  readonly storeDir: string;
  readonly logFile: string;
}

/** The network. */
export class FailoverLab {
  readonly nameServer = `${HUB}:9876`;
  readonly brokers: readonly LabBroker[];
  readonly etcd: EtcdClient = new EtcdClient({
    endpoints: [`${HUB}:${ETCD_PORT}`],
    clock: systemClock,
    timeoutMs: 1000,
  });
  readonly keys: ReplicaSetKeys = new ReplicaSetKeys("DefaultCluster", BROKER_NAME);
  readonly #dir: string;
  readonly #conf: Readonly<Record<string, string>>;
  readonly #holders = new Map<number, Deno.ChildProcess>();
  readonly #processes = new Map<string, Deno.ChildProcess>();

  private constructor(dir: string, brokers: number, conf: Readonly<Record<string, string>>) {
    this.#dir = dir;
    this.#conf = conf;
    this.brokers = Array.from({ length: brokers }, (_, index) => ({
      number: index + 1,
      address: `${NET}.${index + 1}:${BROKER_PORT}`,
      storeDir: `${dir}/b${index + 1}/store`,
      logFile: `${dir}/b${index + 1}.log`,
    }));
  }

  /** Builds the network and starts everything. @param dir for stores and logs; @param conf of the brokers */
  static async up(dir: string, brokers: number, conf: Readonly<Record<string, string>> = {}): Promise<FailoverLab> {
    const lab = new FailoverLab(dir, brokers, conf);
    // Stores in memory: kills lose no page cache, and a disk that others keep busy is not what is measured here.
    await sh('mount -t tmpfs -o size=1g tmpfs "$1"', dir);
    await sh("ip link set lo up; ip link add br0 type bridge; ip addr add $1/24 dev br0; ip link set br0 up", HUB);
    for (const { number } of lab.brokers) await lab.#join(number);
    lab.startEtcd();
    lab.#spawn("namesrv", undefined, [
      ...deno("actors/name_server/mod.ts"),
      ...sets({ listenPort: "9876", kvConfigPath: `${dir}/kvConfig.json`, etcdEndpoints: `${HUB}:${ETCD_PORT}` }),
    ]);
    await until(() => accepts(lab.nameServer), { timeoutMs: PATIENCE_MS, what: "the name server" });
    for (const broker of lab.brokers) await lab.start(broker);
    return lab;
  }

  /** Stops everything. */
  async down(): Promise<void> {
    for (const name of [...this.#processes.keys()]) await this.#end(name, "SIGKILL");
    for (const holder of this.#holders.values()) {
      holder.kill("SIGKILL");
      await holder.status;
    }
  }

  /** Starts a broker and waits until it accepts. */
  async start(broker: LabBroker): Promise<void> {
    const { number, storeDir } = broker;
    await Deno.mkdir(storeDir, { recursive: true });
    const host = `${NET}.${number}`;
    this.#spawn(`b${number}`, number, [
      ...deno("actors/broker/mod.ts"),
      ...sets({
        namesrvAddr: this.nameServer,
        etcdEndpoints: `${HUB}:${ETCD_PORT}`,
        brokerName: BROKER_NAME,
        brokerIP1: host,
        brokerIP2: host,
        storePathRootDir: storeDir,
        storePathCommitLog: `${storeDir}/commitlog`,
        ...this.#conf,
      }),
    ]);
    await until(() => accepts(broker.address), {
      timeoutMs: PATIENCE_MS,
      what: `broker ${number}: ${this.tail(broker)}`,
    });
  }

  /** Starts etcd over its data as they are. */
  startEtcd(): void {
    this.#spawn(
      "etcd",
      undefined,
      etcdCommand({ dir: `${this.#dir}/etcd`, host: HUB, clientPort: ETCD_PORT, peerPort: 2380 }),
    );
  }

  /** Sends a process a signal: `etcd`, `b1`, … */
  signal(name: string, signal: Deno.Signal): void {
    this.#processes.get(name)?.kill(signal);
  }

  /** Kills a process with SIGKILL. */
  async kill(name: string): Promise<void> {
    await this.#end(name, "SIGKILL");
  }

  /** Cuts a broker off. */
  async cut({ number }: LabBroker, cut: Cut): Promise<void> {
    if (cut === "cut") return await sh('ip link set "v$1" down', String(number));
    const rules: Readonly<Record<Exclude<Cut, "cut">, readonly string[]>> = {
      "cut-out": ["-A OUTPUT -o eth0 -j DROP"],
      "cut-in": ["-A INPUT -i eth0 -j DROP"],
      "cut-etcd": [
        `-A OUTPUT -p tcp --dport ${ETCD_PORT} -j DROP`,
        `-A INPUT -p tcp --sport ${ETCD_PORT} -j DROP`,
      ],
    };
    for (const rule of rules[cut]) await this.#inside(number, `iptables -w ${rule}`);
  }

  /** Joins it again. */
  async heal({ number }: LabBroker): Promise<void> {
    await sh('ip link set "v$1" up', String(number));
    await this.#inside(number, "iptables -w -F");
  }

  /** The set as etcd has it; undefined while it does not answer. */
  async view(): Promise<ReplicaSetView | undefined> {
    try {
      return await readReplicaSet(this.etcd, this.keys);
    } catch {
      // etcd is down or stands still: that is what some trials do.
      return undefined;
    }
  }

  /** The broker that has an id in the set. */
  byId(view: ReplicaSetView, brokerId: number): LabBroker {
    const member = view.record?.members.find((each) => each.brokerId === brokerId);
    return this.brokers.find(({ address }) => address === member?.address)!;
  }

  /** Waits until there is a master and all are in step. @returns the master */
  async whole(): Promise<LabBroker> {
    const view = await until(async () => {
      const seen = await this.view();
      return seen?.master !== undefined && seen.record?.syncStateSet.length === this.brokers.length ? seen : undefined;
    }, { timeoutMs: PATIENCE_MS, what: "a master with all in step" }).catch(async (error) => {
      const tails = this.brokers.map((broker) => this.tail(broker)).join("\n---\n");
      throw new Error(`${error.message}: ${JSON.stringify((await this.view())?.record)}\n${tails}`);
    });
    return this.byId(view, view.master!.brokerId);
  }

  /** What request 28 answers; undefined when the broker does not. */
  async runtimeInfo({ address }: LabBroker): Promise<ReadonlyMap<string, string> | undefined> {
    try {
      using client = await RawClient.connect(address);
      const { body } = await client.call(RequestCode.GET_BROKER_RUNTIME_INFO, {}, undefined, { timeoutMs: 1000 });
      return decodeKvTable(body).table;
    } catch {
      // It is down, or between two roles.
      return undefined;
    }
  }

  /** The last lines of a broker's log. */
  tail({ logFile }: LabBroker, lines = 15): string {
    try {
      return Deno.readTextFileSync(logFile).trimEnd().split("\n").slice(-lines).join("\n");
    } catch {
      // It has not said anything yet.
      return "";
    }
  }

  async #join(number: number): Promise<void> {
    const holder = new Deno.Command("setpriv", {
      args: ["--pdeathsig", "KILL", "unshare", "-n", "sleep", "100000"],
      stdin: "null",
    }).spawn();
    this.#holders.set(number, holder);
    const script = 'while [ "$(readlink /proc/$1/ns/net)" = "$(readlink /proc/self/ns/net)" ]; do sleep 0.01; done;' +
      'ip link add "v$2" type veth peer name eth0 netns "$1"; ip link set "v$2" master br0 up';
    await sh(script, String(holder.pid), String(number));
    await this.#inside(number, `ip addr add ${NET}.${number}/24 dev eth0; ip link set eth0 up; ip link set lo up`);
  }

  async #inside(number: number, script: string): Promise<void> {
    await sh('nsenter -t "$1" -n sh -ec "$2"', String(this.#holders.get(number)!.pid), script);
  }

  #spawn(name: string, number: number | undefined, command: readonly string[]): void {
    const enter = number === undefined ? [] : ["nsenter", "-t", String(this.#holders.get(number)!.pid), "-n"];
    const script = 'log="$1"; shift; exec "$@" >>"$log" 2>&1';
    const process = new Deno.Command("setpriv", {
      args: ["--pdeathsig", "KILL", ...enter, "sh", "-c", script, "sh", `${this.#dir}/${name}.log`, ...command],
      cwd: ROOT,
      env: { HOME: this.#dir, NO_COLOR: "1", DENO_DIR: Deno.env.get("DENO_DIR") ?? "" },
      stdin: "null",
    }).spawn();
    this.#processes.set(name, process);
  }

  async #end(name: string, signal: Deno.Signal): Promise<void> {
    const process = this.#processes.get(name);
    this.#processes.delete(name);
    if (process === undefined) return;
    try {
      process.kill(signal);
    } catch (error) {
      // It has ended by itself.
      if (!(error instanceof TypeError)) throw error;
    }
    await process.status;
  }
}

function deno(module: string): string[] {
  return [Deno.execPath(), "run", "--quiet", "--no-check", ...PERMISSIONS, module];
}

function sets(values: Readonly<Record<string, string>>): string[] {
  return Object.entries(values).flatMap(([key, value]) => ["--set", `${key}=${value}`]);
}

async function accepts(address: string): Promise<boolean> {
  try {
    const [hostname, port] = address.split(":");
    (await Deno.connect({ hostname: hostname!, port: Number(port) })).close();
    return true;
  } catch {
    // Not yet.
    return false;
  }
}

async function sh(script: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("sh", { args: ["-ec", script, "sh", ...args], stdin: "null" })
    .output();
  if (!success) throw new Error(`${script}: ${new TextDecoder().decode(stderr)}`);
}
