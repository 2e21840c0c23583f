/**
 * Whether tests that need etcd can run here.
 *
 * Owns: nothing. Reads: PATH, whether a missing program fails the tests. Never: starts one.
 *
 * @module
 */
import { conformanceRequired, missingPrograms } from "./toolbox.ts";

/** True on a machine without etcd, where that is allowed. */
export const etcdIgnored: boolean = !conformanceRequired && missingPrograms(["etcd"]).length > 0;
