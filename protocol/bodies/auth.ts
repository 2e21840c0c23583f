/**
 * Users and access rules. Owns the bodies of requests 3001–3010.
 *
 * @module
 */
import type { FastDialect } from "../fast_json_writer.ts";
import { bean, type BodyInput, decodeBody, encodeBody, type JsonCodec, list, optional, text } from "../json_codec.ts";

/** A user. Source: apache/rocketmq remoting/protocol/body/UserInfo.java UserInfo. */
export interface UserInfo {
  /** Password. */
  readonly password?: string | undefined;
  /** `enable` or `disable`. */
  readonly userStatus?: string | undefined;
  /** `Super` or `Normal`. */
  readonly userType?: string | undefined;
  /** Name. */
  readonly username?: string | undefined;
}

/** JSON codec of {@linkcode UserInfo}. */
export const userInfoJson: JsonCodec<UserInfo> = bean<UserInfo>({
  password: optional(text()),
  userStatus: optional(text()),
  userType: optional(text()),
  username: optional(text()),
});

/**
 * Decodes a user.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeUserInfo(body: BodyInput): UserInfo {
  return decodeBody(userInfoJson, body);
}

/**
 * Encodes a user.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeUserInfo(value: UserInfo, dialect?: FastDialect): Uint8Array {
  return encodeBody(userInfoJson, value, dialect);
}

/** One rule. Source: apache/rocketmq remoting/protocol/body/AclInfo.java PolicyEntryInfo. */
export interface PolicyEntry {
  /** Actions. */
  readonly actions?: readonly string[] | undefined;
  /** `Allow` or `Deny`. */
  readonly decision?: string | undefined;
  /** Resource, such as `Topic:*`. */
  readonly resource?: string | undefined;
  /** Addresses it holds for. */
  readonly sourceIps?: readonly string[] | undefined;
}

/** JSON codec of {@linkcode PolicyEntry}. */
export const policyEntryJson: JsonCodec<PolicyEntry> = bean<PolicyEntry>({
  actions: optional(list(text())),
  decision: optional(text()),
  resource: optional(text()),
  sourceIps: optional(list(text())),
});

/** Rules of one kind. Source: apache/rocketmq remoting/protocol/body/AclInfo.java PolicyInfo. */
export interface Policy {
  /** Rules. */
  readonly entries?: readonly PolicyEntry[] | undefined;
  /** `Custom` or `Default`. */
  readonly policyType?: string | undefined;
}

/** JSON codec of {@linkcode Policy}. */
export const policyJson: JsonCodec<Policy> = bean<Policy>({
  entries: optional(list(policyEntryJson)),
  policyType: optional(text()),
});

/** Rules of a subject. Source: apache/rocketmq remoting/protocol/body/AclInfo.java AclInfo. */
export interface AclInfo {
  /** Rules. */
  readonly policies?: readonly Policy[] | undefined;
  /** Subject, such as `User:name`. */
  readonly subject?: string | undefined;
}

/** JSON codec of {@linkcode AclInfo}. */
export const aclInfoJson: JsonCodec<AclInfo> = bean<AclInfo>({
  policies: optional(list(policyJson)),
  subject: optional(text()),
});

/**
 * Decodes the rules of a subject.
 *
 * @param body UTF-8 or text, either dialect
 * @returns The body
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeAclInfo(body: BodyInput): AclInfo {
  return decodeBody(aclInfoJson, body);
}

/**
 * Encodes the rules of a subject.
 *
 * @param value The body
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeAclInfo(value: AclInfo, dialect?: FastDialect): Uint8Array {
  return encodeBody(aclInfoJson, value, dialect);
}

const userListJson: JsonCodec<readonly UserInfo[]> = list(userInfoJson);
const aclListJson: JsonCodec<readonly AclInfo[]> = list(aclInfoJson);

/**
 * Decodes a list of users, the answer to request 3005.
 *
 * @param body UTF-8 or text
 * @returns The users
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeUserList(body: BodyInput): readonly UserInfo[] {
  return decodeBody(userListJson, body);
}

/**
 * Encodes a list of users.
 *
 * @param users The users
 * @returns UTF-8
 */
export function encodeUserList(users: readonly UserInfo[]): Uint8Array {
  return encodeBody(userListJson, users);
}

/**
 * Decodes a list of subjects, the answer to request 3010.
 *
 * @param body UTF-8 or text
 * @returns The subjects with their rules
 * @throws {ProtocolError} when the text or a field is wrong
 */
export function decodeAclList(body: BodyInput): readonly AclInfo[] {
  return decodeBody(aclListJson, body);
}

/**
 * Encodes a list of subjects.
 *
 * @param acls The subjects with their rules
 * @returns UTF-8
 */
export function encodeAclList(acls: readonly AclInfo[]): Uint8Array {
  return encodeBody(aclListJson, acls);
}
