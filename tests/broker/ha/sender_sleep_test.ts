/** How a connection of HAService sleeps: when the thread blocks, and who sends what came meanwhile. */
import { assert, assertEquals } from "@std/assert";
import { SenderSleep } from "../../../actors/broker/ha/sender_sleep.ts";
import { afterIo } from "../../../actors/kernel/after_io.ts";
import { NearSleep } from "../../../actors/broker/near_sleep.ts";
import { BELL_BYTES, Doorbell } from "../../../store/memory/doorbell.ts";
import { SimulatedClock } from "../../helpers/simulated_clock.ts";
import { within } from "../../helpers/until.ts";
import { StandInWaits } from "../../helpers/stand_in_waits.ts";

/** One connection. */
class Scene {
  readonly clock = new SimulatedClock();
  readonly bell = new Doorbell(new SharedArrayBuffer(BELL_BYTES), 0);
  readonly sleep: SenderSleep;
  isQuiet = true;
  hasWork = false;
  /** Looks at {@link hasWork} so far, and what is there from one of them on. */
  looks = 0;
  workAtLook = Infinity;
  /** What happens when the event loop has a turn. */
  onBreath = (): void => {};

  constructor(isAwaited = true) {
    const { clock, bell } = this;
    const breathe = (): Promise<boolean> => {
      this.onBreath();
      return Promise.resolve(true);
    };
    const near = new NearSleep({ clock, ownsThread: true, breathe }, bell);
    this.sleep = new SenderSleep({ clock, bell, near, isAwaited, isQuiet: () => this.isQuiet });
  }

  readonly look = (): boolean => {
    if (++this.looks >= this.workAtLook) this.hasWork = true;
    return this.hasWork;
  };

  /** The sender goes to sleep. @returns what settles when it wakes */
  async rest(): Promise<{ readonly over: Promise<void> }> {
    const over = this.sleep.rest(this.look, 1000);
    await afterIo();
    return { over };
  }

  /** A report comes. @returns whether the reader has to send */
  heard(): boolean {
    this.looks = 0;
    return this.sleep.heard(this.clock.monotonicMs(), this.look);
  }
}

async function ends(sleep: Promise<void>): Promise<void> {
  await within(sleep, { timeoutMs: 4000, what: "the sender wakes" });
}

Deno.test("SenderSleep.heard() blocks while the sender sleeps and all is confirmed, and leaves what came to the reader", async () => {
  const scene = new Scene();
  const resting = await scene.rest();
  scene.workAtLook = 2;
  assertEquals(scene.heard(), true);
  // The sender sleeps on, and a ring wakes it as before.
  assertEquals(scene.bell.sleepers, 1);
  scene.bell.ring();
  await ends(resting.over);
  assertEquals(scene.bell.sleepers, 0);
});

Deno.test("SenderSleep.heard() wakes the sender when nothing came", async () => {
  const scene = new Scene();
  const resting = await scene.rest();
  assertEquals(scene.heard(), false);
  assert(scene.looks >= 2);
  await ends(resting.over);
});

Deno.test("SenderSleep.heard() does not block while another slave owes a report, the sender is awake, or nobody waits", async () => {
  const busy = new Scene();
  busy.isQuiet = false;
  const resting = await busy.rest();
  assertEquals([busy.heard(), busy.looks], [false, 0]);
  busy.bell.ring();
  await ends(resting.over);
  busy.isQuiet = true;
  assertEquals([busy.heard(), busy.looks], [false, 0]);
  const unawaited = new Scene(false);
  const dozing = await unawaited.rest();
  assertEquals([unawaited.heard(), unawaited.looks], [false, 0]);
  unawaited.clock.advance(2);
  await ends(dozing.over);
});

Deno.test("SenderSleep.rest() does not block when another connection sent in the turn that the event loop had before", async () => {
  const scene = new Scene();
  assertEquals(scene.heard(), false);
  using waits = new StandInWaits();
  scene.onBreath = (): void => void (scene.isQuiet = false);
  await ends(scene.sleep.rest(scene.look, 1000));
  assertEquals(waits.count, 0);
  scene.isQuiet = true;
  await ends(scene.sleep.rest(scene.look, 1000));
  assertEquals(waits.count, 1);
});
