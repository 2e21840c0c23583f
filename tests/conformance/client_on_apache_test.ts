/**
 * The features that RingMQ's broker may lack, proved on Apache RocketMQ 5.4.0 in the same run: client_features_test.ts and
 * client_acl_test.ts with `RINGMQ_TARGET=apache`. All other client tests run there too when asked: `RINGMQ_TARGET=apache deno task test <files>`.
 */
import { assert } from "@std/assert";
import { targetName } from "./target.ts";
import { conformanceRequired, missingPrograms } from "./toolbox.ts";

const HERE = new URL("./", import.meta.url).pathname;
const missing = missingPrograms(["setsid", "java", "mvn"]);
const ignore = targetName() === "apache" || (missing.length > 0 && !conformanceRequired);
const reason = targetName() === "apache" ? "the target is Apache" : `no ${missing.join(", ")}`;
const name = "The client's features work against Apache RocketMQ 5.4.0";

Deno.test({
  name: ignore ? `${name} (skipped: ${reason})` : name,
  ignore,
  fn: async () => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        "test",
        "--no-check",
        "--allow-read",
        "--allow-write",
        "--allow-net=127.0.0.1,localhost,0.0.0.0,[::1]",
        "--allow-env",
        "--allow-run",
        "--allow-sys=hostname,networkInterfaces,osRelease,uid,statfs,systemMemoryInfo,cpus",
        `${HERE}client_features_test.ts`,
        `${HERE}client_acl_test.ts`,
      ],
      cwd: new URL("../../", import.meta.url).pathname,
      env: { RINGMQ_TARGET: "apache", NO_COLOR: "1" },
      stdin: "null",
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert(success && !text.includes("ignored (0ms)"), text);
  },
});
