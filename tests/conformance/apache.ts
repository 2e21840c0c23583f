/**
 * Apache RocketMQ 5.4.0, or 4.9.7, as a target: how its name server and broker are started.
 *
 * Owns: the Java command lines. Reads: the jars of the toolbox. Never: starts anything itself.
 *
 * @module
 */
import type { ServerPlan, ServerPlanOptions } from "./target.ts";
import { apache49Jars, apacheJars } from "./toolbox.ts";

/** Doors into the JDK that the store and the network layer of RocketMQ need on Java 17. */
const OPENS = [
  "--add-exports=java.base/jdk.internal.ref=ALL-UNNAMED",
  "--add-exports=java.base/sun.nio.ch=ALL-UNNAMED",
  "--add-opens=java.base/java.nio=ALL-UNNAMED",
  "--add-opens=java.base/sun.nio.ch=ALL-UNNAMED",
  "--add-opens=java.base/java.lang=ALL-UNNAMED",
];

/**
 * Plans the two processes.
 *
 * @param options Ports, folder and configuration.
 * @returns The commands; the configuration files are written.
 */
export async function apachePlan(options: ServerPlanOptions): Promise<ServerPlan> {
  const { dir, nameServerPort, brokerPort, brokerConf } = options;
  const lib = options.release === "4.9" ? await apache49Jars() : await apacheJars();
  await Deno.mkdir(`${dir}/rocketmq/conf`, { recursive: true });
  // Releases before 5 insist on a file that says what they log; that of tests says nothing.
  for (const name of ["namesrv", "broker"]) {
    await Deno.writeTextFile(`${dir}/rocketmq/conf/logback_${name}.xml`, "<configuration></configuration>\n");
  }
  const nameServerConf = { listenPort: nameServerPort, ...options.nameServerConf };
  await Deno.writeTextFile(
    `${dir}/namesrv.conf`,
    Object.entries(nameServerConf).map(([key, value]) => `${key}=${value}\n`).join(""),
  );
  const env = { ROCKETMQ_HOME: `${dir}/rocketmq`, HOME: `${dir}/rocketmq` };
  const java = (heap: string, main: string, conf: string): string[] => [
    "java",
    `-Duser.home=${dir}/rocketmq`,
    "-Xms128m",
    `-Xmx${heap}`,
    "-XX:MaxDirectMemorySize=1g",
    ...OPENS,
    "-cp",
    `${lib}/*`,
    main,
    "-c",
    conf,
  ];
  return {
    nameServer: {
      command: java("256m", "org.apache.rocketmq.namesrv.NamesrvStartup", `${dir}/namesrv.conf`),
      env,
      port: nameServerPort,
    },
    broker: { command: java("1g", "org.apache.rocketmq.broker.BrokerStartup", brokerConf), env, port: brokerPort },
  };
}
