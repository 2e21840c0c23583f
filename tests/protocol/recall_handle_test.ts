import { assert, assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../protocol/errors.ts";
import { decodeRecallHandle, encodeRecallHandle } from "../../protocol/recall_handle.ts";
import { goldenFrames } from "./golden.ts";

Deno.test("encodeRecallHandle() writes every golden handle", () => {
  const handles = goldenFrames().flatMap(({ command }) => command.ext["recallHandle"] ?? []);
  assert(handles.length > 1);
  for (const handle of handles) assertEquals(encodeRecallHandle(decodeRecallHandle(handle)), handle);
  assertEquals(
    decodeRecallHandle("djEgVF9USU1FUiBicm9rZXItYSAxNzk1MjUzMjE2MDAxIEMwMDAwMjAyNDhGOTRFMEUyRjJBNjkwNTUyRUMwMDAz"),
    {
      topic: "T_TIMER",
      brokerName: "broker-a",
      deliverMs: 1_795_253_216_001,
      messageId: "C000020248F94E0E2F2A690552EC0003",
    },
  );
});

Deno.test("decodeRecallHandle() refuses what is no handle", () => {
  const wrong = ["v2 t b 1 id", "v1 t b x id", "v1 t b 1", ""].map((text) => btoa(text));
  for (const text of [...wrong, "", "ä", "v1 t b 1 id"]) {
    assertEquals(assertThrows(() => decodeRecallHandle(text), ProtocolError).code, "MESSAGE_ID_MALFORMED", text);
  }
});
