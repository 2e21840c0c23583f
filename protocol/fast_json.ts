/**
 * The JSON that fastjson reads and writes, which is more than JSON: the door of the reader, the writer and the values.
 *
 * | beyond JSON | example | where RocketMQ sends it |
 * |---|---|---|
 * | integer keys unquoted | `{0:"a"}` | broker addresses, offsets by queue |
 * | objects as keys | `{{"queueId":0}:5}` | statistics and offsets by message queue |
 * | unquoted and single-quoted names | `{a:'b'}` | hand-written bodies |
 *
 * @module
 */

export { parseFastJson } from "./fast_json_parser.ts";
export { type FastDialect, stringifyFastJson, type StringifyOptions } from "./fast_json_writer.ts";
export { FastDouble, type FastInput, FastMap, type FastObject, FastText, type FastValue } from "./fast_value.ts";
