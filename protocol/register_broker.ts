/**
 * Registration of a broker: body of request 103.
 *
 * Owns the JSON body and its compressed form, one zlib stream of
 *
 * ```
 * i32 + n  data version, JSON
 * i32      topic count, then for each  i32 + n  topic line (see `topic_config.ts`)
 * i32 + n  filter servers, JSON
 * i32      mapping count, then for each  i32 + n  mapping info, JSON      (brokers of version 413 and later)
 * ```
 *
 * A 5.x broker compresses and says `compressed=false` in the header, so the reader looks at the first byte instead.
 *
 * Source: apache/rocketmq remoting/protocol/body/RegisterBrokerBody.java encode, decode.
 *
 * @module
 */
import { nodeModule } from "./node_module.ts";
import { dataVersionJson } from "./data_version.ts";
import { ProtocolError } from "./errors.ts";
import type { FastDialect } from "./fast_json_writer.ts";
import { readInt, writeInt } from "./java_number.ts";
import { bean, type BodyInput, decodeBody, encodeBody, type JsonCodec, list, text } from "./json_codec.ts";
import { REGISTER_BODY_BYTES_MAX } from "./limits.ts";
import {
  formatTopicConfigLine,
  parseTopicConfigLine,
  type TopicConfig,
  type TopicConfigAndMappingTable,
  topicConfigAndMappingTableJson,
} from "./topic_config.ts";
import { type TopicQueueMappingInfo, topicQueueMappingInfoJson } from "./topic_queue_mapping.ts";
import { decodeUtf8, encodeUtf8 } from "./utf8.ts";

/** First version whose compressed registration ends with mappings: V5_0_0. Source: apache/rocketmq common/MQVersion.java Version. */
export const MAPPING_SECTION_VERSION_MIN = 413;

/** First version that sends this body; older ones send a bare topic table. Source: apache/rocketmq common/MQVersion.java V3_0_11. */
export const REGISTER_BODY_VERSION_MIN = 37;

/** What a broker registers. Source: apache/rocketmq remoting/protocol/body/RegisterBrokerBody.java RegisterBrokerBody. */
export interface RegisterBrokerBody {
  /** Filter servers; none since 5.0. */
  readonly filterServerList: readonly string[];
  /** Its topics. */
  readonly topicConfigSerializeWrapper: TopicConfigAndMappingTable;
}

/** JSON codec of {@linkcode RegisterBrokerBody}. */
export const registerBrokerBodyJson: JsonCodec<RegisterBrokerBody> = bean<RegisterBrokerBody>({
  filterServerList: list(text()),
  topicConfigSerializeWrapper: topicConfigAndMappingTableJson,
});

/**
 * Decodes a registration, compressed or not.
 *
 * @param body The body of request 103
 * @param version Version ordinal of the broker, from the header of the command
 * @returns The registration
 * @throws {ProtocolError} when a length or a field is wrong, or the inflated body passes its bound
 */
export function decodeRegisterBrokerBody(
  body: BodyInput,
  version: number = MAPPING_SECTION_VERSION_MIN,
): RegisterBrokerBody {
  if (typeof body !== "string" && body.length > 0 && !startsLikeJson(body)) return decodeCompressed(body, version);
  if (version >= REGISTER_BODY_VERSION_MIN) return decodeBody(registerBrokerBodyJson, body);
  return { filterServerList: [], topicConfigSerializeWrapper: decodeBody(topicConfigAndMappingTableJson, body) };
}

/**
 * Encodes a registration as JSON.
 *
 * @param value The registration
 * @param dialect Which text; "fastjson" when left out
 * @returns UTF-8
 */
export function encodeRegisterBrokerBody(value: RegisterBrokerBody, dialect?: FastDialect): Uint8Array {
  return encodeBody(registerBrokerBodyJson, value, dialect);
}

function startsLikeJson(body: Uint8Array): boolean {
  const first = body.find((byte) => byte !== 0x20 && byte !== 0x0a && byte !== 0x0d && byte !== 0x09);
  return first === 0x7b;
}

function decodeCompressed(body: Uint8Array, version: number): RegisterBrokerBody {
  const reader = new BlockReader(inflate(body));
  const dataVersion = decodeBody(dataVersionJson, reader.block());
  const topicConfigTable = new Map<string, TopicConfig>();
  for (let count = reader.count(); count > 0; count--) {
    const config = parseTopicConfigLine(reader.block());
    topicConfigTable.set(config.topicName, config);
  }
  const filterServerList = decodeBody(list(text()), reader.block());
  const mappings = new Map<string, TopicQueueMappingInfo>();
  for (let count = version >= MAPPING_SECTION_VERSION_MIN ? reader.count() : 0; count > 0; count--) {
    const info = decodeBody(topicQueueMappingInfoJson, reader.block());
    mappings.set(info.topic ?? "", info);
  }
  return {
    filterServerList,
    topicConfigSerializeWrapper: { dataVersion, topicConfigTable, topicQueueMappingInfoMap: mappings },
  };
}

function inflate(body: Uint8Array): Uint8Array {
  try {
    return nodeModule("node:zlib").inflateSync(body, { maxOutputLength: REGISTER_BODY_BYTES_MAX });
  } catch (cause) {
    throw new ProtocolError("BODY_MALFORMED", "Cannot decode registration: body is neither JSON nor a zlib stream", {
      have: body.length,
      cause,
    });
  }
}

/** Reads counts and length-prefixed texts. */
class BlockReader {
  readonly #bytes: Uint8Array;
  #position = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** A count, which cannot be larger than the bytes that are left: each item has at least a length of 4 bytes. */
  count(): number {
    const count = this.#int();
    if (count < 0 || count * 4 > this.#left()) throw this.#refuse("count", count * 4);
    return count;
  }

  block(): string {
    const length = this.#int();
    if (length < 0 || length > this.#left()) throw this.#refuse("block", length);
    this.#position += length;
    return decodeUtf8(this.#bytes, this.#position - length, this.#position);
  }

  #int(): number {
    if (this.#left() < 4) throw this.#refuse("length", 4);
    this.#position += 4;
    return readInt(this.#bytes, this.#position - 4);
  }

  #left(): number {
    return this.#bytes.length - this.#position;
  }

  #refuse(part: string, need: number): ProtocolError {
    return new ProtocolError(
      "BODY_MALFORMED",
      `Cannot decode registration: ${part} at ${this.#position} needs ${need} bytes, there are ${this.#left()}`,
      { position: this.#position, need, have: this.#left() },
    );
  }
}

/**
 * Encodes a registration in its compressed form.
 *
 * @param value The registration
 * @param version Version ordinal that the frame will carry; from 413 on the mapping section is written
 * @returns A zlib stream
 */
export function encodeRegisterBrokerBodyCompressed(
  value: RegisterBrokerBody,
  version: number = MAPPING_SECTION_VERSION_MIN,
): Uint8Array {
  const wrapper = value.topicConfigSerializeWrapper;
  const mappings = [...wrapper.topicQueueMappingInfoMap?.values() ?? []];
  const parts: Uint8Array[] = [
    ...block(encodeBody(dataVersionJson, wrapper.dataVersion)),
    int(wrapper.topicConfigTable.size),
    ...[...wrapper.topicConfigTable.values()].flatMap((config) => block(encodeUtf8(formatTopicConfigLine(config)))),
    ...block(encodeBody(list(text()), value.filterServerList)),
  ];
  if (version >= MAPPING_SECTION_VERSION_MIN) {
    parts.push(
      int(mappings.length),
      ...mappings.flatMap((info) => block(encodeBody(topicQueueMappingInfoJson, info))),
    );
  }
  const { constants, deflateSync } = nodeModule("node:zlib");
  return new Uint8Array(deflateSync(join(parts), { level: constants.Z_BEST_COMPRESSION }));
}

function int(value: number): Uint8Array {
  const bytes = new Uint8Array(4);
  writeInt(bytes, 0, value);
  return bytes;
}

function block(bytes: Uint8Array): Uint8Array[] {
  return [int(bytes.length), bytes];
}

function join(parts: readonly Uint8Array[]): Uint8Array {
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let position = 0;
  for (const part of parts) {
    joined.set(part, position);
    position += part.length;
  }
  return joined;
}
