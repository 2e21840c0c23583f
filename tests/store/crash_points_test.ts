/**
 * A crash between any two disk operations of a run that rolls files, makes and deletes topics, truncates and expires. The operations of a whole run are counted; then
 * the run is repeated and stopped before each of them in turn, once with everything lost that was not synced and once with nothing lost.
 */
import { assert } from "@std/assert";
import { DiskError } from "../../store/file/disk.ts";
import { type DiskOperation, FaultyDisk } from "../../store/file/faulty_disk.ts";
import { assertDerivedAsRebuilt, assertPromises, ModelBroker, ModelTruth } from "./model_broker.ts";

/** What stops a run. No failure of a disk looks like this, so nothing handles it. */
class Stop extends Error {
  override readonly name = "Stop";
}

const isChange = ({ kind }: DiskOperation): boolean => kind !== "open" && kind !== "read";

/** The run: three lives, the second ended by a truncation, the third begun after it. */
function run(disk: FaultyDisk, truth: ModelTruth): void {
  disk.makeDirectory("/s");
  const first = new ModelBroker(disk, truth, { isSync: true });
  for (let round = 0; round < 4; round++) {
    first.send("T0", 3, 300);
    first.send("T1", 2, 500);
    first.flush();
    first.prepareFile();
    first.dispatch();
    if (round % 2 === 1) first.checkpoint();
  }
  first.deleteTopic("T1");
  first.send("T1", 2, 200);
  first.flush();
  first.dispatch();
  first.checkpoint();
  first.expire();
  first.close();
  const second = new ModelBroker(disk, truth, { isSync: true });
  second.send("T2", 5, 350);
  second.dispatch();
  second.send("T0", 5, 350);
  second.flush();
  second.checkpoint();
  second.expire();
  second.truncate();
  second.close();
  const third = new ModelBroker(disk, truth, { isSync: true });
  third.send("T0", 4, 100);
  third.flush();
  third.dispatch();
  third.deleteTopic("T2");
  third.checkpoint();
  third.close();
}

/** Runs until a number of changes is made. @returns false when the run came to its end before */
function runUntil(disk: FaultyDisk, truth: ModelTruth, changes: number): boolean {
  let left = changes;
  let isStopped = false;
  disk.plan = (operation) => {
    if (isChange(operation) && left-- === 0) isStopped = true;
    if (isStopped) throw new Stop("before this operation");
    return undefined;
  };
  try {
    run(disk, truth);
    return false;
  } catch (error) {
    // Whatever the run makes of it: after its end nothing happened any more.
    if (!isStopped) throw error;
    return true;
  } finally {
    disk.plan = () => undefined;
  }
}

for (const isPowerLost of [true, false]) {
  const what = isPowerLost ? "of the machine" : "of the process";
  Deno.test(`A crash ${what} between any two disk operations keeps every promise`, () => {
    let points = 0;
    const kinds = new Set<string>();
    for (;; points++) {
      const disk = new FaultyDisk();
      const truth = new ModelTruth();
      if (!runUntil(disk, truth, points)) break;
      const next = disk.operations.filter(isChange)[points]!;
      kinds.add(next.kind);
      const at = `before operation ${points}, ${next.kind} "${next.path}"`;
      if (isPowerLost) disk.crash();
      const { acked } = truth;
      const isTruncating = truth.truncatingTo !== undefined;
      const result = assertPromises(disk, truth, at);
      assert(isTruncating || result.logEnd >= acked, `${at}: acknowledged to ${acked}, log ends at ${result.logEnd}`);
      assertDerivedAsRebuilt(disk, truth, result, at);
      const again = new ModelBroker(disk, truth, { isSync: true });
      again.send("T0", 1, 10);
      again.flush();
      again.dispatch();
      again.checkpoint();
      again.close();
      assertDerivedAsRebuilt(disk, truth, assertPromises(disk, truth, `${at}, and a life after it`), at);
    }
    assert(points > 300, `only ${points} operations`);
    for (const kind of ["write", "sync", "truncate", "remove", "sync directory", "make directory"]) {
      assert(kinds.has(kind), `no operation is "${kind}"`);
    }
  });
}

Deno.test("A full disk at any operation ends the run with its own error and loses nothing that was promised", () => {
  let points = 0;
  for (;; points += 3) {
    const disk = new FaultyDisk();
    const truth = new ModelTruth();
    let left = points;
    let isFull = false;
    disk.plan = (operation) => {
      if (isChange(operation) && ["write", "truncate", "make directory"].includes(operation.kind) && left-- <= 0) {
        isFull = true;
      }
      return isFull && operation.kind === "write" ? { code: "NO_SPACE", bytesWritten: 7 } : undefined;
    };
    try {
      run(disk, truth);
    } catch (error) {
      assert(error instanceof DiskError || error instanceof Error, String(error));
    }
    disk.plan = () => undefined;
    if (!isFull) break;
    assertPromises(disk, truth, `full from write ${points} on`);
  }
  assert(points > 50);
});
