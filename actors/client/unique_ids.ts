/**
 * The maker of unique ids of this process.
 */

import { systemClock } from "../../store/clock.ts";
import { localAddress, processId, random32 } from "./platform.ts";
import { UniqueIdMaker } from "./unique_id.ts";

let maker: UniqueIdMaker | undefined;

/** @returns the maker all producers of this process share: one counter, no id twice */
export function uniqueIds(): UniqueIdMaker {
  maker ??= new UniqueIdMaker({
    address: Uint8Array.from(localAddress().split(".").map(Number)),
    pid: processId(),
    salt: random32(),
  }, systemClock);
  return maker;
}
