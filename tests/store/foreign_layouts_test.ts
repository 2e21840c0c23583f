import { assertEquals, assertThrows } from "@std/assert";
import { StoreError } from "../../store/errors.ts";
import { recoverStore } from "../../store/recovery.ts";
import { testOnDisks } from "./file/disks.ts";
import { buildStore, recoveryOptions } from "./store_builder.ts";

testOnDisks(
  "recoverStore() refuses layouts that it does not read, and passes over their empty directories",
  ({ disk, root }) => {
    const store = buildStore(disk, root, { count: 8 });
    for (const name of ["consumequeue_ext", "batchconsumequeue", "consumequeue_r"]) {
      disk.makeDirectory(`${root}/${name}/TopicA/0`);
      assertEquals(recoverStore(recoveryOptions(disk, store.paths)).logEnd, store.logEnd);
      disk.writeFile(`${root}/${name}/TopicA/0/00000000000000000000`, new Uint8Array(1));
      const error = assertThrows(() => recoverStore(recoveryOptions(disk, store.paths)), StoreError, "To go on");
      assertEquals([(error as StoreError).code, (error as StoreError).path], ["FOREIGN_LAYOUT", `${root}/${name}`]);
      disk.removeTree(`${root}/${name}`);
    }
  },
);
