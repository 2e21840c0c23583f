/**
 * Types of `@std/streams` for the npm copy of it, which has none. With `jsr:@std/streams@1` in deno.json this file and the
 * one beside it are not used.
 *
 * @module
 */

/** Splits text into lines. */
export declare class TextLineStream extends TransformStream<string, string> {
  constructor(options?: { allowCR?: boolean });
}
