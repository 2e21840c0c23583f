/** Signatures, compared with what Java's AclClientRPCHook 5.4.0 wrote for the same requests. */
import { assertEquals } from "@std/assert";
import { signRequest } from "../../actors/client/acl.ts";
import { createRequest } from "../../protocol/command.ts";
import { encodeUtf8 } from "../../protocol/utf8.ts";

const FIELDS = { a: "group", b: "Täpic", i: "KEYS\u0001k\u0002", Zed: "1", e: "3" };
const ROWS: readonly (readonly [token: string | undefined, body: string, signature: string])[] = [
  [undefined, "", "TBb843T8h8ZLmRQe0YqSfYUZgKs="],
  [undefined, "hällo", "yKaapZqfa0gGptiALDOVvD9G6RQ="],
  ["a-token", "", "RC+OURIZIHZmUqNgXcN5VISX900="],
  ["a-token", "hällo", "hk84jIxMeqA9WXF77AiykazbRYY="],
];

Deno.test("signRequest() signs as Java, with and without body and token", () => {
  for (const [securityToken, body, signature] of ROWS) {
    const request = createRequest(310, { ...FIELDS }, encodeUtf8(body));
    const credentials = { accessKey: "user", secretKey: "secret-ß" };
    signRequest(request, securityToken === undefined ? credentials : { ...credentials, securityToken });
    assertEquals(request.ext["Signature"], signature, `${securityToken} ${body}`);
    assertEquals([request.ext["AccessKey"], request.ext["SecurityToken"]], ["user", securityToken]);
  }
});

Deno.test("signRequest() signs a request anew when it is sent again", () => {
  const request = createRequest(310, { ...FIELDS });
  for (let i = 0; i < 2; i++) signRequest(request, { accessKey: "user", secretKey: "secret-ß" });
  assertEquals(request.ext["Signature"], "TBb843T8h8ZLmRQe0YqSfYUZgKs=");
});
