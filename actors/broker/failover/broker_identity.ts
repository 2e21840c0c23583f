/**
 * Which member of its set a store belongs to: Apache's `brokerIdentity` file, and the one that is there while an id is applied for.
 *
 * ```
 *   brokerIdentity        cluster#brokerName#brokerId
 *   brokerIdentity-temp   cluster#brokerName#brokerId#registerCheckCode
 * ```
 *
 * Owns: both files. Reads: nothing else. Never: gives ids; etcd does.
 *
 * Source: apache/rocketmq common metadata/{BrokerMetadata,TempBrokerMetadata}.java in broker controller/ReplicasManager.java
 */
import type { Disk } from "../../../store/file/disk.ts";
import { StoreError } from "../../../store/errors.ts";
import { readTextFile, writeTextFile } from "../../../store/file/json_file.ts";

/** What a store says of itself. */
export interface BrokerIdentity {
  readonly cluster: string;
  readonly brokerName: string;
  readonly brokerId: number;
}

/** An id that was applied for. */
export interface AppliedIdentity extends BrokerIdentity {
  readonly checkCode: string;
}

/** Both files of one store. */
export class BrokerIdentityFiles {
  readonly #disk: Disk;
  readonly #path: string;

  /** @param disk of the store; @param root its directory */
  constructor(disk: Disk, root: string) {
    this.#disk = disk;
    this.#path = `${root}/brokerIdentity`;
  }

  /** Who the store is. @throws {StoreError} `FILE_FORMAT` when the file says something else */
  read(): BrokerIdentity | undefined {
    const fields = this.#fields(this.#path, 3);
    return fields === undefined ? undefined : identityOf(fields);
  }

  /** What was applied for when an earlier start was cut short. @throws {StoreError} */
  readApplied(): AppliedIdentity | undefined {
    const fields = this.#fields(`${this.#path}-temp`, 4);
    return fields === undefined ? undefined : { ...identityOf(fields), checkCode: fields[3]! };
  }

  /** Notes what is applied for, before it is. */
  writeApplied({ cluster, brokerName, brokerId, checkCode }: AppliedIdentity): void {
    writeTextFile(this.#disk, `${this.#path}-temp`, `${cluster}#${brokerName}#${brokerId}#${checkCode}`);
  }

  /** Notes who the store is. */
  write({ cluster, brokerName, brokerId }: BrokerIdentity): void {
    writeTextFile(this.#disk, this.#path, `${cluster}#${brokerName}#${brokerId}`);
    for (const path of [`${this.#path}-temp`, `${this.#path}-temp.bak`]) {
      if (this.#disk.exists(path)) this.#disk.remove(path);
    }
  }

  #fields(path: string, count: number): string[] | undefined {
    return readTextFile(this.#disk, path, (text) => {
      const fields = text.trim().split("#");
      const id = Number(fields[2]);
      if (fields.length === count && Number.isSafeInteger(id) && id > 0) return fields;
      throw new StoreError("FILE_FORMAT", `Cannot read "${path}": "${text}" is no identity of a broker`, { path });
    })?.value;
  }
}

function identityOf(fields: readonly string[]): BrokerIdentity {
  return { cluster: fields[0]!, brokerName: fields[1]!, brokerId: Number(fields[2]) };
}
