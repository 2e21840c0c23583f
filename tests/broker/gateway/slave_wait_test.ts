/** When a gateway waits for slaves in its own thread. */
import { assertEquals } from "@std/assert";
import { AckQueue } from "../../../actors/broker/gateway/ack_hold.ts";
import type { GatewayConnection } from "../../../actors/broker/gateway/connection.ts";
import { SlaveWait } from "../../../actors/broker/gateway/slave_wait.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";
import { connectionOver } from "./recording_socket.ts";

/** A gateway whose slaves confirm within a wait, or not. */
class Scene {
  readonly acks = new AckQueue();
  readonly clock = new SimulatedClock();
  readonly wait: SlaveWait;
  isQuick = true;
  /** So many rings tell of something else before the slaves confirm. */
  otherRings = 0;
  waits = 0;
  #reads = 0;
  #position = 0;
  #held = 0;
  /** Something else comes to the gateway while it waits. */
  hasOther = false;
  wakes = 0;

  constructor() {
    const block = (_hasWork: () => boolean, timeoutMs: number): void => {
      this.waits++;
      if (this.otherRings > 0) this.otherRings--;
      else if (this.isQuick) this.#held = this.#position;
      else this.clock.advance(timeoutMs);
    };
    this.wait = new SlaveWait({
      acks: this.acks,
      clock: this.clock,
      sleeper: { block, wake: () => void this.wakes++ },
      hasOther: () => this.hasOther,
      position: () => this.#held,
      reads: () => this.#reads,
    });
  }

  /** A read brought one send; what waited before is answered. @returns whether the gateway waited for it */
  send(connection: GatewayConnection, reads = 1): boolean {
    const before = this.waits;
    this.#reads += reads;
    this.acks.releaseUpTo(this.#held = this.#position, () => {});
    this.acks.room(1)[this.acks.start] = 0;
    this.acks.hold(connection, this.acks.start + 1, ++this.#position);
    this.wait.written();
    return this.waits > before;
  }

  /** Sends until the client counts as alone. */
  sendAlone(connection: GatewayConnection): void {
    for (let i = 0; i < 20; i++) this.send(connection);
  }
}

Deno.test("SlaveWait waits for a client that was alone for some sends", () => {
  const scene = new Scene();
  const client = connectionOver();
  const seen = Array.from({ length: 12 }, () => scene.send(client));
  assertEquals(seen.map(Number), [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1]);
});

Deno.test("SlaveWait does not hold up another client: a read that brought anything else ends it for a while", () => {
  const scene = new Scene();
  const [client, other] = [connectionOver(), connectionOver()];
  scene.sendAlone(client);
  assertEquals(scene.send(client), true);
  // Another connection was read in between, whatever it asked for.
  assertEquals(scene.send(client, 2), false);
  assertEquals(scene.send(client), false);
  scene.sendAlone(client);
  assertEquals(scene.send(other), false);
  assertEquals(scene.send(client), false);
});

Deno.test("SlaveWait does not wait while more than one acknowledgement does", () => {
  const scene = new Scene();
  const client = connectionOver();
  scene.sendAlone(client);
  scene.acks.room(1)[scene.acks.start] = 0;
  scene.acks.hold(client, scene.acks.start + 1, 1_000_000);
  assertEquals(scene.send(client), false);
});

Deno.test("SlaveWait leaves slaves that are late three times in a row to the event loop for a tenth of a second", () => {
  const scene = new Scene();
  const client = connectionOver();
  scene.sendAlone(client);
  scene.isQuick = false;
  assertEquals([scene.send(client), scene.send(client)], [true, true]);
  scene.isQuick = true;
  assertEquals(scene.send(client), true);
  scene.isQuick = false;
  assertEquals(Array.from({ length: 5 }, () => scene.send(client)), [true, true, true, false, false]);
  scene.clock.advance(99);
  assertEquals(scene.send(client), false);
  scene.clock.advance(1);
  assertEquals(scene.send(client), true);
});

Deno.test("SlaveWait wakes the gateway's loop for what came meanwhile", () => {
  const scene = new Scene();
  const client = connectionOver();
  scene.sendAlone(client);
  assertEquals(scene.wakes, 0);
  scene.hasOther = true;
  assertEquals([scene.send(client), scene.wakes], [true, 1]);
});

Deno.test("SlaveWait waits on when a ring told of something else, and takes no such ring for a slow slave", () => {
  const scene = new Scene();
  const client = connectionOver();
  scene.sendAlone(client);
  for (let i = 0; i < 5; i++) {
    scene.otherRings = 2;
    const before = scene.waits;
    scene.send(client);
    assertEquals(scene.waits - before, 3);
  }
});
