import { assertEquals } from "@std/assert";
import { PullSysFlag, pullSysFlag } from "../../protocol/pull_sys_flag.ts";
import {
  compressionOf,
  SysFlag,
  transactionBits,
  withCompression,
  withTransactionBits,
} from "../../protocol/sys_flag.ts";

Deno.test("compressionOf() undoes withCompression()", () => {
  for (const codec of ["none", "lz4", "zstd", "zlib"] as const) {
    const flag = withCompression(SysFlag.BORN_HOST_V6 | SysFlag.COMPRESSION_LZ4 | SysFlag.COMPRESSED, codec);
    assertEquals(compressionOf(flag), codec);
    assertEquals(flag & SysFlag.BORN_HOST_V6, SysFlag.BORN_HOST_V6);
  }
});

Deno.test("compressionOf() reads the flag of old clients as zlib and codec bits alone as none", () => {
  assertEquals(compressionOf(SysFlag.COMPRESSED), "zlib");
  assertEquals(compressionOf(SysFlag.COMPRESSION_LZ4), "none");
  assertEquals(compressionOf(SysFlag.COMPRESSED | 0x700), undefined);
});

Deno.test("withTransactionBits() changes the transaction bits and nothing else", () => {
  const flag = SysFlag.COMPRESSED | SysFlag.TRANSACTION_PREPARED;
  const committed = withTransactionBits(flag, SysFlag.TRANSACTION_COMMIT);
  assertEquals(committed, SysFlag.COMPRESSED | SysFlag.TRANSACTION_COMMIT);
  assertEquals(transactionBits(committed), SysFlag.TRANSACTION_COMMIT);
  assertEquals(transactionBits(withTransactionBits(committed, SysFlag.TRANSACTION_ROLLBACK)), 12);
  assertEquals(withTransactionBits(committed, 0), SysFlag.COMPRESSED);
});

Deno.test("pullSysFlag() sets one bit for each wish", () => {
  const none = { commitOffset: false, suspend: false, subscription: false, classFilter: false };
  assertEquals(pullSysFlag(none), 0);
  assertEquals(pullSysFlag({ ...none, commitOffset: true }), PullSysFlag.COMMIT_OFFSET);
  assertEquals(pullSysFlag({ ...none, suspend: true, subscription: true }), 6);
  assertEquals(pullSysFlag({ ...none, classFilter: true, litePull: true }), 0x18);
});
