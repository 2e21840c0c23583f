import { assertEquals } from "@std/assert";
import {
  type FastInput,
  formatConfigFile,
  type JsonCodec,
  parseFastJson,
  stringifyFastJson,
} from "../../protocol/mod.ts";
import * as p from "../../protocol/mod.ts";
import { decodeUtf8 } from "../../protocol/utf8.ts";
import { storeFile } from "./golden.ts";

const STORES = ["store-clean", "store-killed", "store-timer"];

/** Reads a configuration file and writes it again. */
function again<T>(codec: JsonCodec<T>): (text: string) => string {
  return (text) => formatConfigFile(codec, p.decodeBody(codec, text));
}

/** Metrics files are compact. */
function compactAgain<T>(codec: JsonCodec<T>): (text: string) => string {
  return (text) => decodeUtf8(p.encodeBody(codec, p.decodeBody(codec, text)));
}

const FILES: ReadonlyMap<string, (text: string) => string> = new Map([
  ["topics.json", again(p.topicConfigTableJson)],
  ["subscriptionGroup.json", again(p.subscriptionGroupTableJson)],
  ["consumerOffset.json", again(p.consumerOffsetTableJson)],
  ["delayOffset.json", again(p.delayOffsetTableJson)],
  ["consumerFilter.json", again(p.consumerFilterTableJson)],
  ["transactionMetrics", compactAgain(p.transactionMetricsJson)],
]);

for (const store of STORES) {
  for (const [file, writeAgain] of FILES) {
    Deno.test(`formatConfigFile() writes ${file} of golden ${store} byte for byte`, () => {
      for (const name of [file, `${file}.bak`]) {
        const text = textOf(`${store}/config/${name}`);
        if (text !== undefined) assertEquals(writeAgain(text), text, name);
      }
    });
  }

  Deno.test(`stringifyFastJson() writes the pretty files of golden ${store} byte for byte without knowing their types`, () => {
    for (const file of [...FILES.keys(), "consumerOrderInfo.json"]) {
      const text = textOf(`${store}/config/${file}`);
      // An array of Java ints stays on one line; only a codec knows which list is one.
      if (text === undefined || file === "consumerFilter.json") continue;
      const pretty = file.endsWith(".json");
      assertEquals(stringifyFastJson(parseFastJson(text) as FastInput, { pretty, sortKeys: false }), text, file);
    }
  });
}

Deno.test("encodeTimerMetrics() writes the golden metrics of the timer byte for byte", () => {
  const text = textOf("store-timer/config/timermetrics") ?? "";
  assertEquals(decodeUtf8(p.encodeTimerMetrics(p.decodeTimerMetrics(text))), text);
});

function textOf(path: string): string | undefined {
  try {
    return decodeUtf8(storeFile(path));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
