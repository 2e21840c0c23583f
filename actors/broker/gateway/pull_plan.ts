// hot
/**
 * The plan of a pull: which records of a queue it gets, as positions and sizes, before a byte of the commit log is read.
 *
 * Source: apache/rocketmq store DefaultMessageStore.getMessage and isTheBatchFull
 */

/** Bytes of one consume-queue unit. */
const UNIT_BYTES = 20;

/** Messages of one answer at most, when they are in memory. Source: apache/rocketmq store MessageStoreConfig.maxTransferCountOnMessageInMemory */
export const PULL_MESSAGES_MAX = 32;

/** Bytes of one answer at most, when the messages are in memory. Source: apache/rocketmq store MessageStoreConfig.maxTransferBytesOnMessageInMemory */
export const PULL_BYTES_MAX = 262_144;

/** Units that one pull with a filter looks at. Source: apache/rocketmq store MessageStoreConfig.maxFilterMessageSize, 16,000 bytes */
export const PULL_UNITS_MAX = 800;

/** A plan; one instance is reused. */
export class PullPlan {
  /** Units as they stand in the queue's file. */
  readonly units: Uint8Array = new Uint8Array(PULL_UNITS_MAX * UNIT_BYTES);
  /** Physical offset of each record. */
  readonly positions: Float64Array = new Float64Array(PULL_MESSAGES_MAX);
  /** Bytes of each record. */
  readonly sizes: Int32Array = new Int32Array(PULL_MESSAGES_MAX);
  /** Records planned. */
  count = 0;
  /** Bytes of all of them. */
  bytes = 0;
  /** Offset behind the last unit looked at. */
  nextOffset = 0;
  /** {@link units}, for numbers. */
  readonly view: DataView = new DataView(this.units.buffer);

  /**
   * Plans over `units`, of which the first `unitCount` are filled.
   *
   * @param offset queue offset of the first unit
   * @param limits messages and bytes at most
   * @param codes tag hashes that match; null for all
   */
  make(
    offset: number,
    unitCount: number,
    limits: { messages: number; bytes: number },
    codes: ReadonlySet<number> | null,
  ): void {
    const view = this.view;
    const messages = Math.max(1, Math.min(limits.messages, PULL_MESSAGES_MAX));
    const bytesMax = Math.min(limits.bytes, PULL_BYTES_MAX);
    this.count = 0;
    this.bytes = 0;
    this.nextOffset = offset;
    for (let i = 0; i < unitCount; i++) {
      const at = i * UNIT_BYTES;
      const size = view.getInt32(at + 8);
      if (this.count > 0 && (this.count >= messages || this.bytes + size > bytesMax)) return;
      this.nextOffset = offset + i + 1;
      if (codes !== null && !codes.has(view.getInt32(at + 16))) continue;
      this.positions[this.count] = view.getUint32(at) * 0x1_0000_0000 + view.getUint32(at + 4);
      this.sizes[this.count] = size;
      this.count++;
      this.bytes += size;
    }
  }
}
