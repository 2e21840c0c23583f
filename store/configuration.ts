/**
 * Configuration of a server: typed keys with defaults, read from a properties file, `--set` pairs and the environment.
 *
 * Owns: the meaning of a schema, the order in which sources win, and where each value came from.
 * Reads: text that the caller has read; it opens no file and asks no environment itself.
 * Never: stops at an unknown key. Files written for RocketMQ name keys that some server does not have; they are reported.
 *
 * Later sources win: default, environment, file, set (command line), update (request 25 or 318).
 */

import { parseProperties } from "../protocol/properties_text.ts";

/** Java type of a key; it decides which texts are accepted and which TypeScript type the value has. */
export type ConfigurationType = "string" | "int" | "long" | "double" | "boolean";

/** One key of a schema. */
export type ConfigurationKey =
  & {
    /** Where RocketMQ defines the key, or a word of ours when it does not. */
    readonly source: string;
    /** Environment variable that gives the value when neither file nor command line does. */
    readonly environment?: string;
    /** False for keys that are accepted and shown but change nothing here. True when left out. */
    readonly applies?: boolean;
  }
  & (
    | {
      readonly type: "string";
      readonly default: string;
      /** The only texts that are accepted; all are when left out. */
      readonly oneOf?: readonly string[];
    }
    | {
      readonly type: "int" | "long" | "double";
      readonly default: number;
      /** Smallest and largest number that is accepted; all of the type are when left out. */
      readonly range?: readonly [number, number];
    }
    | { readonly type: "boolean"; readonly default: boolean }
  );

/** All keys of a server. */
export type ConfigurationSchema = Readonly<Record<string, ConfigurationKey>>;

/** The values of a schema, each in its own type. */
export type ConfigurationValues<S extends ConfigurationSchema> = {
  readonly [K in keyof S]: S[K]["type"] extends "string" ? string : S[K]["type"] extends "boolean" ? boolean : number;
};

/** Where a value came from. */
export type ConfigurationOrigin = "default" | "environment" | "file" | "set" | "update";

/** A key that the schema does not have, with the source that named it. */
export interface UnknownKey {
  /** The key. */
  readonly key: string;
  /** Its value, as text. */
  readonly value: string;
  /** Who named it. */
  readonly origin: ConfigurationOrigin;
}

/** A configuration that was read: plain data, so it crosses actors. */
export interface Configuration<S extends ConfigurationSchema> {
  /** A value for each key. */
  readonly values: ConfigurationValues<S>;
  /** Where each value came from. */
  readonly origins: { readonly [K in keyof S]: ConfigurationOrigin };
  /** Keys that are not in the schema. */
  readonly unknown: readonly UnknownKey[];
}

/** What a configuration is read from. */
export interface ConfigurationSources {
  /** Text of the properties file. */
  readonly file?: string;
  /** `key=value` pairs of the command line, in order. */
  readonly sets?: readonly string[];
  /** Environment variables; only those that the schema names are looked at. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
}

/** What an update did. */
export interface ConfigurationUpdate<S extends ConfigurationSchema> {
  readonly configuration: Configuration<S>;
  /** Keys whose value is another one now. */
  readonly changed: readonly string[];
  /** Keys that the schema does not have or whose text is not of their type: they change nothing. */
  readonly ignored: readonly string[];
}

/** The sources hold something that cannot be a value; every fault is named at once. */
export class ConfigurationError extends TypeError {
  override readonly name = "ConfigurationError";
  /** Closed code of this error. */
  readonly code = "CONFIGURATION_INVALID";
  /** The same text fails the same way. */
  readonly retryable = false;
  /** One sentence for each fault. */
  readonly faults: readonly string[];

  /** @param faults One sentence for each fault, at least one. */
  constructor(faults: readonly string[]) {
    super(`Cannot read configuration: ${faults.join("; ")}`);
    this.faults = faults;
  }
}

type Value = string | number | boolean;

const INT_MIN = -(2 ** 31);
const INT_MAX = 2 ** 31 - 1;

/**
 * Reads a configuration.
 *
 * @param schema Keys with types and defaults.
 * @param sources Texts to read; each may be missing.
 * @returns Every key with its value and origin, and the keys that the schema does not have.
 * @throws {ConfigurationError} when a value is not of its type or a set is not `key=value`.
 * @throws {PropertiesError} when the file is not properties text.
 * @example
 * ```ts
 * import { assertEquals } from "@std/assert";
 * import { readConfiguration } from "./configuration.ts";
 *
 * const schema = { listenPort: { type: "int", default: 9876, source: "doc" } } as const;
 * const { values, origins, unknown } = readConfiguration(schema, { file: "listenPort=1\nflushDiskType=X\n" });
 * assertEquals(values.listenPort, 1);
 * assertEquals(origins.listenPort, "file");
 * assertEquals(unknown[0]?.key, "flushDiskType");
 * ```
 */
export function readConfiguration<S extends ConfigurationSchema>(
  schema: S,
  sources: ConfigurationSources,
): Configuration<S> {
  const draft = new Draft(schema);
  for (const [key, definition] of Object.entries(schema)) {
    const text = definition.environment === undefined ? undefined : sources.environment?.[definition.environment];
    if (text !== undefined) draft.offer(key, text, "environment");
  }
  if (sources.file !== undefined) {
    for (const [key, text] of parseProperties(sources.file)) draft.offer(key, text, "file");
  }
  for (const pair of sources.sets ?? []) {
    const separator = pair.indexOf("=");
    if (separator < 1) draft.faults.push(`"${pair}" is not key=value`);
    else draft.offer(pair.slice(0, separator).trim(), pair.slice(separator + 1), "set");
  }
  if (draft.faults.length > 0) throw new ConfigurationError(draft.faults);
  return draft.finish();
}

/**
 * Applies an update that arrived while the server runs. As in RocketMQ nothing in it is refused: unknown keys and texts
 * that are not of their type change nothing. A black list is the caller's to check before.
 *
 * @param schema Keys with types and defaults.
 * @param current The configuration now.
 * @param table Keys and texts of the update.
 * @returns A new configuration and what became of each key.
 * Source: apache/rocketmq remoting Configuration.update, common MixAll.properties2Object.
 */
export function updateConfiguration<S extends ConfigurationSchema>(
  schema: S,
  current: Configuration<S>,
  table: ReadonlyMap<string, string>,
): ConfigurationUpdate<S> {
  const draft = new Draft(schema, current);
  const changed: string[] = [];
  const ignored: string[] = [];
  for (const [key, text] of table) {
    const before = draft.valueOf(key);
    const faults = draft.faults.length;
    draft.offer(key, text, "update");
    if (before === undefined || draft.faults.length > faults) ignored.push(key);
    else if (draft.valueOf(key) !== before) changed.push(key);
  }
  return { configuration: { ...draft.finish(), unknown: current.unknown }, changed, ignored };
}

/**
 * The values as a table of texts, as the configuration requests answer them and as the file is written.
 *
 * @param configuration Any configuration.
 * @returns Key to text, unsorted; unknown keys of the file and the command line are part of it, as in RocketMQ.
 */
export function configurationTable<S extends ConfigurationSchema>(
  configuration: Configuration<S>,
): Map<string, string> {
  const table = new Map<string, string>();
  for (const unknown of configuration.unknown) table.set(unknown.key, unknown.value);
  for (const [key, value] of Object.entries(configuration.values as Readonly<Record<string, Value>>)) {
    table.set(key, String(value));
  }
  return table;
}

/**
 * Lines that show each value with its origin, for `-p`.
 *
 * @param schema Keys of the configuration.
 * @param configuration What was read.
 * @returns One line for each key, sorted; keys that change nothing and unknown keys say so.
 */
export function describeConfiguration<S extends ConfigurationSchema>(
  schema: S,
  configuration: Configuration<S>,
): string[] {
  const values = configuration.values as Readonly<Record<string, Value>>;
  const origins = configuration.origins as Readonly<Record<string, ConfigurationOrigin>>;
  const lines = Object.keys(schema).sort().map((key) => {
    const note = schema[key]?.applies === false ? ", accepted without effect" : "";
    return `${key}=${String(values[key])}  (${origins[key] ?? "default"}${note})`;
  });
  for (const unknown of configuration.unknown) {
    lines.push(`${unknown.key}=${unknown.value}  (${unknown.origin}, unknown key)`);
  }
  return lines;
}

/** Values while sources are laid over each other. */
class Draft<S extends ConfigurationSchema> {
  readonly faults: string[] = [];
  readonly #schema: S;
  readonly #values = new Map<string, Value>();
  readonly #origins = new Map<string, ConfigurationOrigin>();
  readonly #unknown = new Map<string, UnknownKey>();

  constructor(schema: S, base?: Configuration<S>) {
    this.#schema = schema;
    for (const [key, definition] of Object.entries(schema)) {
      this.#values.set(key, base === undefined ? definition.default : base.values[key] as Value);
      this.#origins.set(key, base === undefined ? "default" : base.origins[key] as ConfigurationOrigin);
    }
  }

  valueOf(key: string): Value | undefined {
    return this.#values.get(key);
  }

  offer(key: string, text: string, origin: ConfigurationOrigin): void {
    const definition = Object.hasOwn(this.#schema, key) ? this.#schema[key] : undefined;
    if (definition === undefined) {
      this.#unknown.set(key, { key, value: text, origin });
      return;
    }
    const value = valueOfText(definition.type, text.trim());
    if (value === undefined || !isAccepted(definition, value)) {
      this.faults.push(`"${key}" is "${text}", expected ${expectationOf(definition)} (${origin})`);
      return;
    }
    this.#values.set(key, value);
    this.#origins.set(key, origin);
  }

  finish(): Configuration<S> {
    return {
      values: Object.fromEntries(this.#values) as ConfigurationValues<S>,
      origins: Object.fromEntries(this.#origins) as Configuration<S>["origins"],
      unknown: [...this.#unknown.values()],
    };
  }
}

function isAccepted(definition: ConfigurationKey, value: Value): boolean {
  if (definition.type === "boolean") return true;
  if (definition.type === "string") return definition.oneOf?.includes(String(value)) ?? true;
  const [min, max] = definition.range ?? [-Infinity, Infinity];
  return Number(value) >= min && Number(value) <= max;
}

function expectationOf(definition: ConfigurationKey): string {
  if (definition.type === "string" && definition.oneOf !== undefined) return definition.oneOf.join(" or ");
  if (definition.type !== "string" && definition.type !== "boolean" && definition.range !== undefined) {
    return `${definition.type} from ${definition.range[0]} to ${definition.range[1]}`;
  }
  return definition.type;
}

function valueOfText(type: ConfigurationType, text: string): Value | undefined {
  switch (type) {
    case "string":
      return text;
    case "boolean":
      return /^true$/i.test(text) ? true : /^false$/i.test(text) ? false : undefined;
    case "int":
    case "long": {
      if (!/^[+-]?[0-9]+$/.test(text)) return undefined;
      const value = Number(text);
      if (!Number.isSafeInteger(value)) return undefined;
      return type === "int" && (value < INT_MIN || value > INT_MAX) ? undefined : value;
    }
    case "double": {
      const value = text === "" ? NaN : Number(text);
      return Number.isFinite(value) ? value : undefined;
    }
  }
}
