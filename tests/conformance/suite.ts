/**
 * What a conformance test file shares: one target, the client programs it asks for, and the rule for what is skipped.
 *
 * Owns: the start before the first test of a file and the stop after its last. Reads: PATH, `RINGMQ_CONFORMANCE`.
 * Never: skips in silence, and never skips at all when `RINGMQ_CONFORMANCE=required`.
 *
 * @module
 */
import { ClientProcess } from "./client_process.ts";
import { Target, targetName, type TargetOptions } from "./target.ts";
import {
  type ClientProgram,
  conformanceRequired,
  goClient,
  java49Client,
  java54Client,
  missingPrograms,
  nodeClient,
  type Program,
} from "./toolbox.ts";

/** A client that tests drive. */
export type ClientName = "java54" | "java49" | "go" | "node";

const CLIENTS: Readonly<
  Record<ClientName, { readonly needs: readonly Program[]; readonly program: () => Promise<ClientProgram> }>
> = {
  java54: { needs: ["java", "javac", "mvn"], program: java54Client },
  java49: { needs: ["java", "javac", "mvn"], program: java49Client },
  go: { needs: ["go"], program: goClient },
  node: { needs: ["node", "npm"], program: nodeClient },
};

/** What a test is given. */
export interface SuiteContext {
  /** The servers under test. */
  readonly target: Target;
  /**
   * The client program of a kind; it is started at the first call and serves the whole file.
   *
   * @param name Which client.
   */
  client(name: ClientName): Promise<ClientProcess>;
}

/** Options of a suite. */
export interface SuiteOptions extends TargetOptions {
  /** Clients that are started before the first test, so that no test closes what another opened. */
  readonly clients: readonly ClientName[];
}

/** Declares one test: its name, clients beyond the suite's that it needs, its body. */
export type SuiteTest = (
  name: string,
  clients: readonly ClientName[],
  test: (context: SuiteContext) => Promise<void>,
) => void;

/**
 * Declares a suite: one target for all tests of a file.
 *
 * @param options Clients and configuration.
 * @returns A function that declares one test.
 */
export function conformanceSuite(options: SuiteOptions): SuiteTest {
  const target = options.name ?? targetName();
  const usable = options.clients.filter((client) => missingPrograms(CLIENTS[client].needs).length === 0);
  const serverNeeds: readonly Program[] = target === "apache" ? ["setsid", "java", "mvn"] : ["setsid"];
  const serverMissing = missingPrograms(serverNeeds);
  const running = new Map<ClientName, ClientProcess>();
  let servers: Target | undefined;
  let declared = 0;

  Deno.test.beforeAll(async () => {
    if (declared === 0 || serverMissing.length > 0) return;
    servers = await Target.up(options);
    await Promise.all(usable.map(async (client) => {
      running.set(client, await ClientProcess.start(await CLIENTS[client].program(), servers!.dir));
    }));
  });
  Deno.test.afterAll(async () => {
    await Promise.all([...running.values()].map((client) => client.stop()));
    await servers?.down();
  });

  const context: SuiteContext = {
    get target(): Target {
      if (servers === undefined) throw new Error("The servers did not start");
      return servers;
    },
    client(name: ClientName): Promise<ClientProcess> {
      const client = running.get(name);
      return client === undefined
        ? Promise.reject(new Error(`Client "${name}" is not running`))
        : Promise.resolve(client);
    },
  };
  return (name, clients, test) => {
    const missing = [
      ...new Set([...serverMissing, ...clients.flatMap((client) => missingPrograms(CLIENTS[client].needs))]),
    ];
    const ignore = missing.length > 0 && !conformanceRequired;
    if (!ignore) declared++;
    Deno.test({
      name: ignore ? `${name} (skipped: no ${missing.join(", ")})` : name,
      ignore,
      fn: async () => {
        try {
          await test(context);
        } catch (error) {
          const said = servers?.lastWords;
          throw said === undefined ? error : new Error(`A server ended: ${said}`, { cause: error });
        }
      },
    });
  };
}
