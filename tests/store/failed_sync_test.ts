/** A device that fails while derived files are synced: the kernel calls their pages clean, so the next start must not believe what it reads there. */
import { assertThrows } from "@std/assert";
import { DiskError } from "../../store/file/disk.ts";
import { FaultyDisk } from "../../store/file/faulty_disk.ts";
import { assertDerivedAsRebuilt, assertPromises, ModelBroker, ModelTruth } from "./model_broker.ts";

for (const what of ["consumequeue", "index"]) {
  Deno.test(`What a failed sync of the ${what} lost is written again by the next start, before it promises anything`, () => {
    const disk = new FaultyDisk();
    disk.makeDirectory("/s");
    const truth = new ModelTruth();
    const broker = new ModelBroker(disk, truth, { isSync: true });
    for (const isPromised of [true, false]) {
      // Several sectors of each file.
      for (let sends = 0; sends < 40; sends++) broker.send("T0", 5, 10);
      broker.flush();
      broker.dispatch();
      if (isPromised) broker.checkpoint();
    }
    disk.plan = ({ kind, path }) => kind === "sync" && path.includes(`/${what}/`) ? { code: "IO" } : undefined;
    assertThrows(() => broker.checkpoint(), DiskError);
    broker.close();
    disk.plan = () => undefined;
    new ModelBroker(disk, truth, { isSync: true }).close();
    disk.crash();
    const result = assertPromises(disk, truth, what);
    assertDerivedAsRebuilt(disk, truth, result, what);
  });
}
