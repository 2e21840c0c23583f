import { assertEquals, assertThrows } from "@std/assert";
import { ProtocolError } from "../../protocol/errors.ts";
import { decodeAddress, decodeHost, encodeAddress, encodeHost } from "../../protocol/host.ts";

Deno.test("encodeHost() writes address and port", () => {
  assertEquals([...encodeHost("127.0.0.1:10911")], [127, 0, 0, 1, 0, 0, 0x2a, 0x9f]);
  assertEquals(encodeHost("[::1]:80").length, 20);
  assertEquals(encodeHost("::1:80"), encodeHost("[::1]:80"));
});

Deno.test("decodeHost() undoes encodeHost()", () => {
  for (const text of ["0.0.0.0:0", "255.255.255.255:65535", "[2001:db8:0:0:0:0:0:1]:9876"]) {
    assertEquals(decodeHost(encodeHost(text)), text);
  }
});

Deno.test("encodeAddress() reads each form of IPv6", () => {
  const forms: [string, string][] = [
    ["::", "0:0:0:0:0:0:0:0"],
    ["::1", "0:0:0:0:0:0:0:1"],
    ["fe80::", "fe80:0:0:0:0:0:0:0"],
    ["fe80::1%eth0", "fe80:0:0:0:0:0:0:1"],
    ["1:2:3:4:5:6:7:8", "1:2:3:4:5:6:7:8"],
    ["1::3:4:5:6:7:8", "1:0:3:4:5:6:7:8"],
    ["::ffff:192.0.2.1", "0:0:0:0:0:ffff:c000:201"],
    ["ABCD::EF", "abcd:0:0:0:0:0:0:ef"],
  ];
  for (const [text, expected] of forms) assertEquals(decodeAddress(encodeAddress(text)), expected, text);
});

Deno.test("encodeHost() refuses what is not numeric", () => {
  const wrong = ["", ":", "1.2.3.4", "1.2.3.4:", ":80", "localhost:80", "1.2.3:80", "1.2.3.4.5:80", "256.0.0.1:80"];
  const more = ["1.2.3.4:x", "1.2.3.4:65536", "1.2.3.4:-1", "1.2.3.4:1.5", "[1:2]:80", "[1::2::3]:80", "[12345::]:80"];
  const others = ["[1:2:3:4:5:6:7:8:9]:80", "[1:2:3:4:5:6:7::8]:80", "[g::]:80", "[1.2.3.4::]:80", "0x1.2.3.4:80"];
  for (const text of [...wrong, ...more, ...others]) {
    assertEquals(assertThrows(() => encodeHost(text), ProtocolError, undefined, text).code, "HOST_MALFORMED", text);
  }
});

Deno.test("decodeHost() refuses bytes of another size", () => {
  for (const size of [0, 4, 7, 9, 16, 21]) assertThrows(() => decodeHost(new Uint8Array(size)), ProtocolError);
});
