/** Every feature of the client has a test that proves it. */
import { assertEquals } from "@std/assert";
import { clientFeatureGaps } from "../../tools/client_features.ts";

Deno.test("Every feature of the client is named with a test that exists", () => {
  assertEquals(clientFeatureGaps(), []);
});
