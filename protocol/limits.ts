/**
 * Limits of the protocol: every bound that a decoder or encoder enforces, with its unit and where it comes from.
 *
 * Owns numbers only. Passing a bound is a typed refusal.
 *
 * @module
 */

/** Largest frame, its length word included, bytes. Source: apache/rocketmq remoting/netty/NettyDecoder.java FRAME_MAX_LENGTH. */
export const FRAME_BYTES_MAX = 16_777_216;

/** Largest body of one message, bytes. Source: apache/rocketmq store/config/MessageStoreConfig.java maxMessageSize. */
export const MESSAGE_BODY_BYTES_MAX = 4_194_304;

/**
 * What a record may hold besides its body, bytes.
 * Source: apache/rocketmq store/MessageExtEncoder.java MessageExtEncoder (64 * 1024).
 */
export const RECORD_ENVELOPE_BYTES_MAX = 65_536;

/** Largest properties string, bytes of UTF-8. Source: apache/rocketmq store/DefaultMessageStore.java checkMessage (Short.MAX_VALUE). */
export const PROPERTIES_BYTES_MAX = 32_767;

/** Longest topic name that a client may use, characters. Source: apache/rocketmq common/topic/TopicValidator.java TOPIC_MAX_LENGTH. */
export const TOPIC_LENGTH_MAX = 127;

/** Longest name of a retry or dead letter topic, characters. Source: apache/rocketmq common/topic/TopicValidator.java RETRY_OR_DLQ_TOPIC_MAX_LENGTH. */
export const RETRY_TOPIC_LENGTH_MAX = 255;

/** Longest group name, characters. Source: apache/rocketmq common/topic/TopicValidator.java GROUP_MAX_LENGTH. */
export const GROUP_LENGTH_MAX = 120;

/**
 * Deepest nesting that the JSON reader follows, levels. RocketMQ's own bodies need eight; the bound keeps a hostile
 * body of brackets from exhausting the stack.
 * Source: own bound; fastjson has none by default.
 */
export const JSON_DEPTH_MAX = 128;

/** Largest length of an ext field's name in the ROCKETMQ header, bytes. Source: apache/rocketmq remoting/protocol/RocketMQSerializable.java writeStr. */
export const EXT_KEY_BYTES_MAX = 32_767;

/**
 * Largest inflated registration, bytes. A frame of 16 MiB could inflate to a thousand times its size; half a million
 * topic lines fit into this.
 * Source: own bound; RocketMQ has none.
 */
export const REGISTER_BODY_BYTES_MAX = 67_108_864;
