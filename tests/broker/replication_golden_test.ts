/** Recorded conversations of Apache's master and slave: our end of each says what Apache's said. */
import { assert, assertEquals } from "@std/assert";
import { HaReportDecoder } from "../../protocol/ha_frame.ts";
import { until, within } from "../helpers/until.ts";
import { PATIENCE_MS, withBroker } from "./broker_bench.ts";
import { golden, GOLDEN_LOG, goldenTransfers, haAddressOf, joined, logBytes, RawSlave } from "./replication_kit.ts";

/** Files of the recorded log. */
const FILE_BYTES = 65_536;

/** What a conversation brought. */
function dataOf(file: string): { from: number; bytes: Uint8Array } {
  const transfers = goldenTransfers(file).filter(({ data }) => data.length > 0);
  return { from: transfers[0]!.offset, bytes: joined(transfers.map(({ data }) => data)) };
}

for (const file of ["ha-empty-slave-two-files", "ha-resumed-slave"]) {
  Deno.test(`a master sends the slave of golden ${file} what Apache's sent`, async () => {
    const root = await Deno.makeTempDir({ prefix: "ringmq-golden-" });
    try {
      await Deno.mkdir(`${root}/store/commitlog`, { recursive: true });
      for (const { name } of Deno.readDirSync(GOLDEN_LOG)) {
        Deno.copyFileSync(`${GOLDEN_LOG}/${name}`, `${root}/store/commitlog/${name}`);
        Deno.chmodSync(`${root}/store/commitlog/${name}`, 0o644);
      }
      await withBroker({ root, settings: { mappedFileSizeCommitLog: FILE_BYTES } }, async (master) => {
        const first = new HaReportDecoder().push(golden(file, "slave")[0]!.subarray(0, 8));
        using slave = await RawSlave.connect(haAddressOf(master));
        await slave.report(first!);
        const { from, bytes } = dataOf(file);
        const sent = await slave.upTo(from + bytes.length);
        assertEquals(sent.from, from);
        assert(bytes.every((byte, index) => byte === sent.bytes[index]), "other bytes than Apache's");
      });
    } finally {
      await Deno.remove(root, { recursive: true });
    }
  });
}

/** Plays a recorded master: sends all that it sent once the slave has reported. @returns the first report */
async function playMaster(listener: Deno.TcpListener, file: string, until: Promise<unknown>): Promise<number> {
  using socket = await within(listener.accept(), { timeoutMs: PATIENCE_MS, what: "the slave" });
  const report = new Uint8Array(8);
  await within(socket.read(report), { timeoutMs: PATIENCE_MS, what: "the first report" });
  for (const chunk of golden(file, "master")) {
    for (let sent = 0; sent < chunk.length;) sent += await socket.write(chunk.subarray(sent));
  }
  await until;
  return new HaReportDecoder().push(report)!;
}

Deno.test("a slave takes what Apache's master of the golden conversations sent, and resumes as Apache's slave did", async () => {
  const root = await Deno.makeTempDir({ prefix: "ringmq-golden-" });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  try {
    const { port } = listener.addr as Deno.NetAddr;
    const settings = {
      brokerRole: "SLAVE",
      brokerId: 1,
      haMasterAddress: `127.0.0.1:${port}`,
      mappedFileSizeCommitLog: FILE_BYTES,
    } as const;
    let end = 0;
    for (const file of ["ha-empty-slave", "ha-resumed-slave"]) {
      await withBroker({ root, settings }, async (slave) => {
        const { from, bytes } = dataOf(file);
        const { written, dispatched } = slave.broker.memory;
        const done = until(() => written.load() === from + bytes.length && dispatched.load() === written.load(), {
          timeoutMs: PATIENCE_MS,
          what: `all of ${file}`,
        });
        assertEquals(await playMaster(listener, file, done), end);
        end = from + bytes.length;
      });
    }
    const [ours, theirs] = [`${root}/store/commitlog`, GOLDEN_LOG].map((path) => logBytes(path, 0, end));
    assert(ours!.every((byte, index) => byte === theirs![index]), "the logs differ");
  } finally {
    listener.close();
    await Deno.remove(root, { recursive: true });
  }
});
