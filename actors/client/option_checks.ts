/**
 * Checks of option values: a value of the wrong type or out of bounds is named before anything is opened.
 *
 * TypeScript finds most of it; what comes from a file, the environment or JavaScript is found here.
 *
 * Owns: the checks and their texts. Never does: IO.
 */

import { parseAddress } from "../net/transport.ts";
import { ClientError, messageOf } from "./errors.ts";

/** A value as an error names it. */
function shown(value: unknown): string {
  return typeof value === "string" ? `"${value}"` : String(value);
}

function illegal(name: string, why: string): ClientError {
  return new ClientError("OPTION_ILLEGAL", `Cannot use option ${name}: ${why}`);
}

/**
 * @param name option, for the error
 * @param value as given
 * @param otherwise default
 * @returns the number
 * @throws {ClientError} OPTION_ILLEGAL when it is no positive number
 */
export function positive(name: string, value: number | undefined, otherwise: number): number {
  const number = value ?? otherwise;
  if (typeof number !== "number") throw illegal(name, `${shown(number)} is no number`);
  if (!(number > 0)) throw illegal(name, `${number} is not positive`);
  return number;
}

/**
 * @param name option, for the error
 * @param value as given
 * @param range default and bounds, both inclusive
 * @returns the number
 * @throws {ClientError} OPTION_ILLEGAL when it is no number or out of bounds
 */
export function within(
  name: string,
  value: number | undefined,
  range: { otherwise: number; min: number; max: number },
): number {
  const number = value ?? range.otherwise;
  if (typeof number !== "number") throw illegal(name, `${shown(number)} is no number`);
  if (!(number >= range.min && number <= range.max)) {
    throw illegal(name, `${number} is not in ${range.min} to ${range.max}`);
  }
  return number;
}

/**
 * @param name option, for the error
 * @param value as given
 * @param allowed the values there are; the first is the default
 * @returns the value
 * @throws {ClientError} OPTION_ILLEGAL when it is another
 */
export function oneOf<T extends string>(name: string, value: T | undefined, allowed: readonly [T, ...T[]]): T {
  const chosen = value ?? allowed[0];
  if (!allowed.includes(chosen)) throw illegal(name, `${shown(chosen)} is not one of ${allowed.join(", ")}`);
  return chosen;
}

/**
 * @param name option, for the error
 * @param value as given
 * @throws {ClientError} OPTION_ILLEGAL when it is there and no function
 */
export function functionOrNone(name: string, value: unknown): void {
  if (value !== undefined && typeof value !== "function") throw illegal(name, `${shown(value)} is no function`);
}

/**
 * @param text addresses separated by semicolons, each with or without `http://`
 * @returns the addresses
 */
export function splitAddresses(text: string): string[] {
  return text.split(/[;,\s]+/).map((address) => address.replace(/^(https?|tcp):\/\//, "").replace(/\/$/, "")).filter(
    (one) => one.length > 0,
  );
}

/**
 * @param name option, for the error
 * @param text addresses as {@linkcode splitAddresses} takes them
 * @returns the addresses
 * @throws {ClientError} OPTION_ILLEGAL when one is not host:port
 */
export function addressList(name: string, text: string): string[] {
  if (typeof text !== "string") throw illegal(name, `${shown(text)} is no text`);
  const addresses = splitAddresses(text);
  for (const address of addresses) {
    try {
      parseAddress(address);
    } catch (cause) {
      throw new ClientError("OPTION_ILLEGAL", `Cannot use option ${name}: ${messageOf(cause)}`, { cause });
    }
  }
  return addresses;
}
