/**
 * Users and access rules: headers of requests 3001–3010.
 *
 * @module
 */
import type { ExtFields } from "../command.ts";
import { type ExtCodec, extCodec, optionalText } from "../ext_codec.ts";

/** Which user, in requests 3001–3004. Source: apache/rocketmq remoting/protocol/header/CreateUserRequestHeader.java CreateUserRequestHeader. */
export interface UserRequestHeader {
  /** User. */
  readonly username?: string | undefined;
}

const userRequestHeaderCodec: ExtCodec<UserRequestHeader> = extCodec<UserRequestHeader>({
  username: optionalText(),
});

/**
 * Decodes a {@linkcode UserRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeUserRequestHeader(ext: ExtFields): UserRequestHeader {
  return userRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode UserRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeUserRequestHeader(header: UserRequestHeader): ExtFields {
  return userRequestHeaderCodec.encode(header);
}

/** Which users. Source: apache/rocketmq remoting/protocol/header/ListUsersRequestHeader.java ListUsersRequestHeader. */
export interface ListUsersRequestHeader {
  /** Filter of names. */
  readonly filter?: string | undefined;
}

const listUsersRequestHeaderCodec: ExtCodec<ListUsersRequestHeader> = extCodec<ListUsersRequestHeader>({
  filter: optionalText(),
});

/**
 * Decodes a {@linkcode ListUsersRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeListUsersRequestHeader(ext: ExtFields): ListUsersRequestHeader {
  return listUsersRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ListUsersRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeListUsersRequestHeader(header: ListUsersRequestHeader): ExtFields {
  return listUsersRequestHeaderCodec.encode(header);
}

/** Whose rules, in requests 3006, 3007 and 3009. Source: apache/rocketmq remoting/protocol/header/CreateAclRequestHeader.java CreateAclRequestHeader. */
export interface AclSubjectRequestHeader {
  /** Subject. */
  readonly subject?: string | undefined;
}

const aclSubjectRequestHeaderCodec: ExtCodec<AclSubjectRequestHeader> = extCodec<AclSubjectRequestHeader>({
  subject: optionalText(),
});

/**
 * Decodes a {@linkcode AclSubjectRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeAclSubjectRequestHeader(ext: ExtFields): AclSubjectRequestHeader {
  return aclSubjectRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode AclSubjectRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeAclSubjectRequestHeader(header: AclSubjectRequestHeader): ExtFields {
  return aclSubjectRequestHeaderCodec.encode(header);
}

/** Which rules are deleted. Source: apache/rocketmq remoting/protocol/header/DeleteAclRequestHeader.java DeleteAclRequestHeader. */
export interface DeleteAclRequestHeader {
  /** Subject. */
  readonly subject?: string | undefined;
  /** Kind of rules. */
  readonly policyType?: string | undefined;
  /** Resource. */
  readonly resource?: string | undefined;
}

const deleteAclRequestHeaderCodec: ExtCodec<DeleteAclRequestHeader> = extCodec<DeleteAclRequestHeader>({
  subject: optionalText(),
  policyType: optionalText(),
  resource: optionalText(),
});

/**
 * Decodes a {@linkcode DeleteAclRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeDeleteAclRequestHeader(ext: ExtFields): DeleteAclRequestHeader {
  return deleteAclRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode DeleteAclRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeDeleteAclRequestHeader(header: DeleteAclRequestHeader): ExtFields {
  return deleteAclRequestHeaderCodec.encode(header);
}

/** Whose rules. Source: apache/rocketmq remoting/protocol/header/ListAclsRequestHeader.java ListAclsRequestHeader. */
export interface ListAclsRequestHeader {
  /** Filter of subjects. */
  readonly subjectFilter?: string | undefined;
  /** Filter of resources. */
  readonly resourceFilter?: string | undefined;
}

const listAclsRequestHeaderCodec: ExtCodec<ListAclsRequestHeader> = extCodec<ListAclsRequestHeader>({
  subjectFilter: optionalText(),
  resourceFilter: optionalText(),
});

/**
 * Decodes a {@linkcode ListAclsRequestHeader}.
 *
 * @param ext Custom header fields
 * @returns The header
 * @throws {HeaderError} when a field is missing or malformed
 */
export function decodeListAclsRequestHeader(ext: ExtFields): ListAclsRequestHeader {
  return listAclsRequestHeaderCodec.decode(ext);
}

/**
 * Encodes a {@linkcode ListAclsRequestHeader}.
 *
 * @param header The header
 * @returns Custom header fields
 */
export function encodeListAclsRequestHeader(header: ListAclsRequestHeader): ExtFields {
  return listAclsRequestHeaderCodec.encode(header);
}
