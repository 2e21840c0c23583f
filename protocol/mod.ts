/**
 * The protocol of RocketMQ: bytes and text on one side, plain values on the other.
 *
 * This is the public door `./protocol`. Nothing in here opens a socket, reads a file, asks a clock or starts a worker, so
 * it runs on Deno and on Node alike. All decoders refuse bad input with a {@linkcode ProtocolError}.
 *
 * @example Ask a name server for a route
 * ```ts
 * import { createRequest, decodeFrame, encodeFrame, RequestCode } from "./mod.ts";
 *
 * const frame = encodeFrame(createRequest(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: "Orders" }));
 * const command = decodeFrame(frame);
 * console.log(command.code, command.ext["topic"]); // 105 Orders
 * ```
 *
 * @module
 */

export * from "./batch_body.ts";
export * from "./cluster_info.ts";
export * from "./command.ts";
export * from "./command_table.ts";
export * from "./crc32.ts";
export * from "./data_version.ts";
export * from "./errors.ts";
export * from "./ext_codec.ts";
export * from "./fast_json.ts";
export * from "./frame.ts";
export * from "./ha_frame.ts";
export * from "./ha_switch_frame.ts";
export * from "./header_binary.ts";
export * from "./header_json.ts";
export * from "./heartbeat.ts";
export * from "./host.ts";
export * from "./java_hash.ts";
export * from "./java_number.ts";
export * from "./json_codec.ts";
export * from "./kv_table.ts";
export * from "./language_code.ts";
export * from "./limits.ts";
export * from "./message_id.ts";
export * from "./message_queue.ts";
export * from "./properties.ts";
export * from "./properties_error.ts";
export * from "./properties_text.ts";
export * from "./property_name.ts";
export * from "./pull_sys_flag.ts";
export * from "./recall_handle.ts";
export * from "./record.ts";
export * from "./register_broker.ts";
export * from "./request_code.ts";
export * from "./response_code.ts";
export * from "./route.ts";
export * from "./subscription.ts";
export * from "./subscription_group.ts";
export * from "./sys_flag.ts";
export * from "./topic_config.ts";
export * from "./topic_queue_mapping.ts";
export * from "./utf8.ts";

export * from "./bodies/assignment.ts";
export * from "./bodies/auth.ts";
export * from "./bodies/batch_ack.ts";
export * from "./bodies/broker_stats.ts";
export * from "./bodies/client_check.ts";
export * from "./bodies/connections.ts";
export * from "./bodies/consume_directly.ts";
export * from "./bodies/consume_queue_dump.ts";
export * from "./bodies/consume_stats.ts";
export * from "./bodies/consume_time_span.ts";
export * from "./bodies/consumer_filters.ts";
export * from "./bodies/consumer_offsets.ts";
export * from "./bodies/consumer_running_info.ts";
export * from "./bodies/consumer_status.ts";
export * from "./bodies/controller_bodies.ts";
export * from "./bodies/correction_offset.ts";
export * from "./bodies/delay_offsets.ts";
export * from "./bodies/group_forbidden.ts";
export * from "./bodies/ha_runtime_info.ts";
export * from "./bodies/name_lists.ts";
export * from "./bodies/query_subscription.ts";
export * from "./bodies/queue_lock.ts";
export * from "./bodies/queue_metrics.ts";
export * from "./bodies/reset_offset.ts";
export * from "./bodies/topic_stats.ts";
export * from "./commands/auth.ts";
export * from "./commands/broker_admin.ts";
export * from "./commands/broker_registration.ts";
export * from "./commands/client.ts";
export * from "./commands/consumer_inspection.ts";
export * from "./commands/controller.ts";
export * from "./commands/controller_broker_id.ts";
export * from "./commands/group.ts";
export * from "./commands/kv_config.ts";
export * from "./commands/offsets.ts";
export * from "./commands/pop.ts";
export * from "./commands/pull.ts";
export * from "./commands/query.ts";
export * from "./commands/recall.ts";
export * from "./commands/reply.ts";
export * from "./commands/reset_offset.ts";
export * from "./commands/route.ts";
export * from "./commands/send.ts";
export * from "./commands/send_back.ts";
export * from "./commands/topic.ts";
export * from "./commands/transaction.ts";
