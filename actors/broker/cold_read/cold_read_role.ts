/** The role of ColdReadService. */
import { defineRole, type Role } from "../../kernel/contract.ts";
import type { ColdReadContract } from "../cold_read_contract.ts";

/** The role of ColdReadService. */
export const coldReadRole: Role<ColdReadContract> = defineRole(
  "cold-read",
  new URL("./cold_read_worker.ts", import.meta.url),
);
