/**
 * Requests about the server's own configuration: 318 and 319.
 *
 * Owns: their answers, and the file that updates are written to. Reads: the running configuration. Never: routes.
 */

import { PropertiesError } from "../../protocol/properties_error.ts";
import { formatProperties, parseProperties } from "../../protocol/properties_text.ts";
import { RequestCode } from "../../protocol/request_code.ts";
import { ResponseCode } from "../../protocol/response_code.ts";
import { configurationTable, updateConfiguration } from "../../store/configuration.ts";
import type { NameServerReply, NameServerRequest } from "./contracts.ts";
import { done, type NameServerState, refuse } from "./desk_reply.ts";
import { replaceFile } from "./kv_config.ts";
import {
  NAME_SERVER_FULL_SCHEMA,
  NAME_SERVER_OWN_SCHEMA,
  type NameServerConfiguration,
  UNCHANGEABLE_KEYS,
} from "./name_server_configuration.ts";

/**
 * Answers the codes of this family.
 *
 * @param state Tables and settings.
 * @param request Any request.
 * @returns The answer, or undefined when the code is of another family.
 */
export function answerConfiguration(state: NameServerState, request: NameServerRequest): NameServerReply | undefined {
  switch (request.code) {
    case RequestCode.UPDATE_NAMESRV_CONFIG:
      return update(state, request);
    case RequestCode.GET_NAMESRV_CONFIG:
      return done({ body: new TextEncoder().encode(formatProperties(shownTable(state.configuration()))) });
    default:
      return undefined;
  }
}

/** Keys of ours are shown only where they differ from their default: other servers do not have them. */
function shownTable(configuration: NameServerConfiguration): Map<string, string> {
  const table = configurationTable(configuration);
  for (const key of Object.keys(NAME_SERVER_OWN_SCHEMA) as (keyof typeof NAME_SERVER_OWN_SCHEMA)[]) {
    if (configuration.origins[key] === "default") table.delete(key);
  }
  return table;
}

function update(state: NameServerState, request: NameServerRequest): NameServerReply {
  if (request.body.length === 0) return done();
  let table: Map<string, string>;
  try {
    table = parseProperties(new TextDecoder().decode(request.body));
  } catch (error) {
    if (!(error instanceof PropertiesError)) throw error;
    return refuse(ResponseCode.SYSTEM_ERROR, "string2Properties error");
  }
  const current = state.configuration();
  const blackList = [...UNCHANGEABLE_KEYS, ...current.values.configBlackList.split(";")];
  if (blackList.some((key) => table.has(key))) {
    return refuse(ResponseCode.NO_PERMISSION, "Can not update config in black list.");
  }
  const { configuration } = updateConfiguration(NAME_SERVER_FULL_SCHEMA, current, table);
  const text = formatProperties(shownTable(configuration));
  replaceFile(state.disk, current.values.configStorePath, new TextEncoder().encode(text));
  state.replaceConfiguration(configuration);
  return done();
}
