import { assertEquals, assertThrows } from "@std/assert";
import { decodePullMessageRequestHeader, encodePullMessageRequestHeader } from "../../protocol/commands/pull.ts";
import {
  decodeSendMessageRequestHeader,
  decodeSendMessageRequestHeaderV2,
  encodeSendMessageRequestHeader,
  encodeSendMessageRequestHeaderV2,
} from "../../protocol/commands/send.ts";
import { HeaderError } from "../../protocol/errors.ts";
import {
  extCodec,
  flagField,
  intField,
  longField,
  named,
  optionalFlag,
  optionalInt,
  optionalLong,
  optionalText,
  textField,
} from "../../protocol/ext_codec.ts";

interface Sample {
  readonly text: string;
  readonly int: number;
  readonly long: number;
  readonly flag: boolean;
  readonly maybeText?: string | undefined;
  readonly maybeInt?: number | undefined;
  readonly maybeLong?: number | undefined;
  readonly maybeFlag?: boolean | undefined;
  readonly renamed: string;
}

const codec = extCodec<Sample>({
  text: textField(),
  int: intField(),
  long: longField(),
  flag: flagField(),
  maybeText: optionalText(),
  maybeInt: optionalInt(),
  maybeLong: optionalLong(),
  maybeFlag: optionalFlag(),
  renamed: named("wire", textField("absent")),
});

const EXT = { text: "t", int: "-1", long: "9223372036854775807", flag: "TRUE", wire: "w" };

Deno.test("extCodec() reads numbers, booleans and other names", () => {
  assertEquals(codec.decode({ ...EXT, unknown: "x" }), {
    text: "t",
    int: -1,
    long: 2 ** 63,
    flag: true,
    renamed: "w",
  });
});

Deno.test("extCodec() writes what it reads, with absent values left out", () => {
  const header: Sample = { text: "", int: 5, long: 2 ** 40, flag: false, renamed: "r", maybeInt: 0, maybeFlag: true };
  const ext = { text: "", int: "5", long: "1099511627776", flag: "false", wire: "r", maybeInt: "0", maybeFlag: "true" };
  assertEquals(codec.encode(header), ext);
  assertEquals(codec.decode(ext), header);
});

Deno.test("extCodec() keeps Long.MAX_VALUE", () => {
  assertEquals(codec.encode(codec.decode(EXT))["long"], EXT.long);
});

Deno.test("extCodec() refuses required fields that are missing", () => {
  for (const field of ["text", "int", "long", "flag"]) {
    const ext = Object.fromEntries(Object.entries(EXT).filter(([key]) => key !== field));
    const error = assertThrows(() => codec.decode(ext), HeaderError);
    assertEquals([error.code, error.field], ["FIELD_MISSING", field]);
  }
});

Deno.test("extCodec() refuses numbers that are none or too large", () => {
  for (const int of ["x", "1.5", "2147483648", "-2147483649", "0x1", "99999999999999999999"]) {
    const error = assertThrows(() => codec.decode({ ...EXT, int }), HeaderError);
    assertEquals([error.code, error.field], ["FIELD_MALFORMED", "int"], int);
  }
  assertThrows(() => codec.decode({ ...EXT, maybeLong: "9223372036854775808" }), HeaderError);
});

Deno.test("extCodec() takes empty text of a number for a missing one", () => {
  assertEquals(codec.decode({ ...EXT, maybeInt: "" }).maybeInt, undefined);
  assertThrows(() => codec.decode({ ...EXT, int: "" }), HeaderError);
});

Deno.test("extCodec() does not find fields of a prototype", () => {
  const inherited: Record<string, string> = Object.create({ text: "inherited" });
  assertThrows(() => codec.decode(Object.assign(inherited, { int: "1", long: "1", flag: "true" })), HeaderError);
});

Deno.test("Both spellings of a send header mean the same", () => {
  const short = {
    a: "PG",
    b: "T",
    c: "TBW102",
    d: "4",
    e: "-1",
    f: "0",
    g: "1",
    h: "0",
    i: "p",
    j: "0",
    k: "false",
    m: "true",
  };
  const header = decodeSendMessageRequestHeaderV2(short);
  assertEquals(encodeSendMessageRequestHeaderV2(header), short);
  assertEquals(decodeSendMessageRequestHeader(encodeSendMessageRequestHeader(header)), header);
  assertEquals([header.producerGroup, header.queueId, header.batch, header.maxReconsumeTimes], [
    "PG",
    -1,
    true,
    undefined,
  ]);
});

Deno.test("decodePullMessageRequestHeader() refuses a pull without an offset and accepts one without a subscription", () => {
  const ext = {
    consumerGroup: "G",
    topic: "T",
    queueId: "0",
    queueOffset: "5",
    maxMsgNums: "32",
    sysFlag: "2",
    commitOffset: "0",
    suspendTimeoutMillis: "15000",
    subVersion: "0",
  };
  assertEquals(encodePullMessageRequestHeader(decodePullMessageRequestHeader(ext)), ext);
  const { queueOffset: _queueOffset, ...rest } = ext;
  assertEquals(assertThrows(() => decodePullMessageRequestHeader(rest), HeaderError).field, "queueOffset");
});
