/** The disks that every store suite runs over. */
import { DenoDisk } from "../../../store/file/deno_disk.ts";
import type { Disk } from "../../../store/file/disk.ts";
import { LightDisk } from "../../../store/file/light_disk.ts";
import { FaultyDisk } from "../../../store/file/faulty_disk.ts";
import { MemoryDisk } from "../../../store/file/memory_disk.ts";

/** A disk with an empty directory to work in. */
export interface TestDisk {
  readonly disk: Disk;
  readonly root: string;
}

/** One implementation of the disk and how a test gets it. */
export interface DiskCase {
  readonly name: string;
  /** Runs a test body on a new empty directory and removes it afterwards. */
  with(body: (on: TestDisk) => void | Promise<void>): Promise<void>;
}

export const diskCases: readonly DiskCase[] = [
  {
    name: "memory",
    async with(body): Promise<void> {
      const disk = new MemoryDisk();
      disk.makeDirectory("/store");
      await body({ disk, root: "/store" });
    },
  },
  {
    name: "faulty",
    async with(body): Promise<void> {
      const disk = new FaultyDisk();
      disk.makeDirectory("/store");
      await body({ disk, root: "/store" });
    },
  },
  { name: "deno", with: (body) => onMachine(new DenoDisk(), body) },
  { name: "light", with: (body) => onMachine(new LightDisk(), body) },
];

async function onMachine(disk: Disk, body: (on: TestDisk) => void | Promise<void>): Promise<void> {
  const root = Deno.makeTempDirSync({ prefix: "ringmq-store-" });
  try {
    await body({ disk, root });
  } finally {
    Deno.removeSync(root, { recursive: true });
  }
}

/** Registers one test for each disk. */
export function testOnDisks(name: string, body: (on: TestDisk) => void | Promise<void>): void {
  for (const one of diskCases) Deno.test(`${name} [${one.name} disk]`, () => one.with(body));
}
