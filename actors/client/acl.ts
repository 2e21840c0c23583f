/**
 * Signatures: what an ACL of RocketMQ (1.0 and 2.0) wants of each request.
 *
 * Owns: the signature. Reads: node:crypto. Never does: keep secrets anywhere else.
 * Source: apache/rocketmq acl/common/AclClientRPCHook.java doBeforeRequest; AclUtils.java combineRequestContent
 */

import { createHmac } from "node:crypto";
import { isResponse, type RemotingCommand } from "../../protocol/command.ts";
import type { RpcHook } from "../net/rpc_hook.ts";
import type { SessionCredentials } from "./options.ts";

/**
 * Signs a request: access key, token and signature become fields of its header.
 *
 * @param request the request, otherwise complete
 * @param credentials key pair
 */
export function signRequest(request: RemotingCommand, credentials: SessionCredentials): void {
  const { ext } = request;
  delete ext["Signature"];
  ext["AccessKey"] = credentials.accessKey;
  if (credentials.securityToken !== undefined) ext["SecurityToken"] = credentials.securityToken;
  const hmac = createHmac("sha1", credentials.secretKey);
  let text = "";
  for (const key of Object.keys(ext).sort()) text += ext[key] ?? "";
  hmac.update(text, "utf8");
  hmac.update(request.body);
  ext["Signature"] = hmac.digest("base64");
}

/**
 * @param credentials key pair
 * @returns a hook that signs every request
 */
export function aclHook(credentials: SessionCredentials): RpcHook {
  return {
    beforeRequest: (_address, request) => {
      if (!isResponse(request)) signRequest(request, credentials);
    },
  };
}
