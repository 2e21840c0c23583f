/** A broker whose clients open more connections than it may have files. */
import { assert, assertEquals } from "@std/assert";
import { RawClient } from "../conformance/raw_client.ts";
import { until } from "../helpers/until.ts";
import { PATIENCE_MS } from "./broker_bench.ts";
import { bodiesOf, sendOk } from "./broker_calls.ts";
import { BrokerProcess } from "./broker_process.ts";
import { makeTopic } from "./strace_test_kit.ts";

const OPEN_FILES = 320;

Deno.test({
  name: "too many connections: some are closed at once, the broker makes its files and serves the others",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await BrokerProcess.with({ openFilesMax: OPEN_FILES }, async (broker) => {
      using client = await RawClient.connect(broker.address);
      const many: Deno.TcpConn[] = [];
      const ended = new Set<Deno.TcpConn>();
      try {
        for (let count = 0; count < OPEN_FILES; count++) {
          const connection = await Deno.connect({ hostname: "127.0.0.1", port: broker.port });
          many.push(connection);
          void connection.read(new Uint8Array(1)).catch(() => null).then(() => ended.add(connection));
        }
        await until(() => ended.size > 0, { timeoutMs: PATIENCE_MS, what: "a connection that is closed at once" });
        const isSaid = (): boolean => broker.output.includes("too many open files");
        await until(isSaid, { timeoutMs: PATIENCE_MS, what: "a line that says why" });

        // The first files of the topics, the log and the queue are made now.
        await makeTopic(client, "T");
        for (let i = 0; i < 20; i++) await sendOk(client, "T", `message ${i}`);
        assertEquals((await bodiesOf(client, "T", { count: 20 })).length, 20);
      } finally {
        for (const connection of many) connection.close();
      }
      const isServed = async (): Promise<boolean> => {
        try {
          using next = await RawClient.connect(broker.address);
          await sendOk(next, "T", "again");
          return true;
        } catch {
          return false;
        }
      };
      await until(isServed, { timeoutMs: PATIENCE_MS, what: "a new connection that is served" });
      assert(!broker.output.includes("crashed"), broker.output);
    });
  },
});
