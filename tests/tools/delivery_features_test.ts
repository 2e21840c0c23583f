import { assertEquals } from "@std/assert";
import { deliveryFeatureGaps } from "../../tools/delivery_features.ts";

Deno.test("every part of delivery has its test on both brokers", () => {
  assertEquals(deliveryFeatureGaps(), []);
});
