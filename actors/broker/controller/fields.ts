/**
 * Reading the custom header of a request.
 *
 * Owns: which text is a number or a flag, and the refusal when a field that the request cannot do without is missing.
 * Reads: nothing but the fields given.
 * Never: knows a request; handlers name the fields they want by their names on the wire.
 */
import type { ExtFields } from "../../../protocol/command.ts";
import { HeaderError } from "../../../protocol/errors.ts";
import { parseLong } from "../../../protocol/java_number.ts";

/** The fields of one request. */
export class Fields {
  readonly #ext: ExtFields;

  /** @param ext custom header of the request */
  constructor(ext: ExtFields) {
    this.#ext = ext;
  }

  /** Text that must be there. @throws {HeaderError} when it is not */
  text(name: string): string {
    const value = this.#ext[name];
    if (value === undefined) throw missing(name);
    return value;
  }

  /** Text, or undefined. */
  optionalText(name: string): string | undefined {
    return this.#ext[name];
  }

  /** Whole number that must be there. @throws {HeaderError} when it is missing or none */
  whole(name: string): number {
    const value = this.optionalWhole(name);
    if (value === undefined) throw missing(name);
    return value;
  }

  /** Whole number, or undefined when the field is missing. @throws {HeaderError} when it is none */
  optionalWhole(name: string): number | undefined {
    const text = this.#ext[name];
    if (text === undefined || text === "null") return undefined;
    const value = parseLong(text);
    if (value === undefined) {
      throw new HeaderError(
        "FIELD_MALFORMED",
        name,
        `Cannot decode header: "${name}" is "${text}", wanted a whole number`,
      );
    }
    return value;
  }

  /** Flag, or undefined when the field is missing: true only for "true" in any case, as Java reads it. */
  optionalFlag(name: string): boolean | undefined {
    return this.#ext[name] === undefined ? undefined : this.#ext[name].toLowerCase() === "true";
  }
}

function missing(name: string): HeaderError {
  return new HeaderError("FIELD_MISSING", name, `Cannot decode header: "${name}" is missing`);
}
