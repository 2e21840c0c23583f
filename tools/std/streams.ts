/**
 * `@std/streams` from npm, with types.
 *
 * @module
 */

// @ts-types="./streams.d.ts"
export * from "npm:deno-std@1.4.0/streams/mod.js";
