import { assertEquals, assertThrows } from "@std/assert";
import {
  ConfigurationError,
  configurationTable,
  describeConfiguration,
  readConfiguration,
  updateConfiguration,
} from "../../store/configuration.ts";

const SCHEMA = {
  listenPort: { type: "int", default: 9876, source: "test" },
  bytesMax: { type: "long", default: 5_000_000_000, source: "test" },
  ratio: { type: "double", default: 0.5, source: "test", applies: false },
  isOn: { type: "boolean", default: false, source: "test" },
  home: { type: "string", default: "x", source: "test", environment: "HOME_OF_TEST" },
} as const;

Deno.test("readConfiguration() gives defaults when there is no source", () => {
  const { values, origins, unknown } = readConfiguration(SCHEMA, {});
  assertEquals(values, { listenPort: 9876, bytesMax: 5_000_000_000, ratio: 0.5, isOn: false, home: "x" });
  assertEquals(new Set(Object.values(origins)), new Set(["default"]));
  assertEquals(unknown, []);
});

Deno.test("readConfiguration() lets set win over file and file over environment", () => {
  const environment = { HOME_OF_TEST: "e", listenPort: "1" };
  const one = readConfiguration(SCHEMA, { environment });
  assertEquals([one.values.home, one.origins.home, one.values.listenPort], ["e", "environment", 9876]);
  const two = readConfiguration(SCHEMA, { environment, file: "home=f\nisOn = TRUE \n" });
  assertEquals([two.values.home, two.origins.home, two.values.isOn], ["f", "file", true]);
  const three = readConfiguration(SCHEMA, { environment, file: "home=f", sets: ["home=a=b", "home=s"] });
  assertEquals([three.values.home, three.origins.home], ["s", "set"]);
});

Deno.test("readConfiguration() names unknown keys with their origin and goes on", () => {
  const { unknown } = readConfiguration(SCHEMA, { file: "a=1\ntoString=2", sets: ["b=3"] });
  assertEquals(unknown, [
    { key: "a", value: "1", origin: "file" },
    { key: "toString", value: "2", origin: "file" },
    { key: "b", value: "3", origin: "set" },
  ]);
});

Deno.test("readConfiguration() names every fault at once", () => {
  const error = assertThrows(
    () => readConfiguration(SCHEMA, { file: "listenPort=2147483648\nisOn=yes\nratio=", sets: ["x"] }),
    ConfigurationError,
  );
  assertEquals(error.faults, [
    `"listenPort" is "2147483648", expected int (file)`,
    `"isOn" is "yes", expected boolean (file)`,
    `"ratio" is "", expected double (file)`,
    `"x" is not key=value`,
  ]);
  for (const text of ["1.5", "0x10", "", "9007199254740993", "1e3"]) {
    assertThrows(() => readConfiguration(SCHEMA, { sets: [`bytesMax=${text}`] }), ConfigurationError);
  }
});

Deno.test("readConfiguration() refuses what is not in a key's list or range, and says what is", () => {
  const schema = {
    mode: { type: "string", default: "FAST", oneOf: ["FAST", "SAFE"], source: "test" },
    port: { type: "int", default: 10, range: [3, 20], source: "test" },
  } as const;
  assertEquals(readConfiguration(schema, { sets: ["mode=SAFE", "port=3"] }).values, { mode: "SAFE", port: 3 });
  const error = assertThrows(
    () => readConfiguration(schema, { file: "mode=NEVER", sets: ["port=21"] }),
    ConfigurationError,
  );
  assertEquals(error.faults, [
    `"mode" is "NEVER", expected FAST or SAFE (file)`,
    `"port" is "21", expected int from 3 to 20 (set)`,
  ]);
  const update = updateConfiguration(schema, readConfiguration(schema, {}), new Map([["mode", "NEVER"]]));
  assertEquals([update.configuration.values.mode, update.ignored], ["FAST", ["mode"]]);
});

Deno.test("updateConfiguration() changes what it can and ignores the rest", () => {
  const before = readConfiguration(SCHEMA, { file: "home=f\nother=1" });
  const table = new Map([["home", "g"], ["listenPort", "x"], ["isOn", "false"], ["nobody", "1"]]);
  const { configuration, changed, ignored } = updateConfiguration(SCHEMA, before, table);
  assertEquals([changed, ignored], [["home"], ["listenPort", "nobody"]]);
  assertEquals([configuration.values.home, configuration.origins.home], ["g", "update"]);
  assertEquals(configuration.unknown, before.unknown);
  assertEquals(before.values.home, "f");
});

Deno.test("configurationTable() holds every key and the unknown ones of the file", () => {
  const table = configurationTable(readConfiguration(SCHEMA, { file: "other=1" }));
  assertEquals(table.get("bytesMax"), "5000000000");
  assertEquals(table.get("other"), "1");
  assertEquals(table.size, 6);
});

Deno.test("describeConfiguration() shows origin, keys without effect and unknown keys", () => {
  const lines = describeConfiguration(SCHEMA, readConfiguration(SCHEMA, { file: "other=1\nhome=h" }));
  assertEquals(lines, [
    "bytesMax=5000000000  (default)",
    "home=h  (file)",
    "isOn=false  (default)",
    "listenPort=9876  (default)",
    "ratio=0.5  (default, accepted without effect)",
    "other=1  (file, unknown key)",
  ]);
});
