/** Ports for servers that are started next to each other. */
import { assertEquals } from "@std/assert";
import { freeBrokerPort, freePort } from "../../tools/free_ports.ts";

Deno.test("ports that were given out, and the neighbours of a broker's, are not given out again", () => {
  const ports: number[] = [];
  for (let round = 0; round < 300; round++) {
    ports.push(freePort());
    const broker = freeBrokerPort();
    ports.push(broker - 2, broker, broker + 1);
  }
  assertEquals(new Set(ports).size, ports.length);
});
