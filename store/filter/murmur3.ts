/**
 * The first half of MurmurHash3 x64 128 with seed 0, as Guava's `murmur3_128().hashString(text, UTF_8).asLong()` gives it.
 *
 * Owns: the arithmetic. Reads: nothing. Never: runs for each message; its 64-bit steps are slow here.
 *
 * Source: apache/rocketmq filter BloomFilter.calcBitPositions
 */

const C1 = 0x87c37b91114253d5n;
const C2 = 0x4cf5ad432745937fn;
const BLOCK_BYTES = 16;

/**
 * Hashes bytes.
 *
 * @param bytes what is hashed
 * @returns 64 bits, unsigned
 */
export function murmur3Low64(bytes: Uint8Array): bigint {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let h1 = 0n;
  let h2 = 0n;
  const blocks = Math.floor(bytes.length / BLOCK_BYTES);
  for (let block = 0; block < blocks; block++) {
    const at = block * BLOCK_BYTES;
    h1 ^= mixFirst(view.getBigUint64(at, true));
    h1 = wrap(wrap(rotate(h1, 27n) + h2) * 5n + 0x52dce729n);
    h2 ^= mixSecond(view.getBigUint64(at + 8, true));
    h2 = wrap(wrap(rotate(h2, 31n) + h1) * 5n + 0x38495ab5n);
  }
  let k1 = 0n;
  let k2 = 0n;
  for (let at = bytes.length - 1; at >= blocks * BLOCK_BYTES; at--) {
    const place = at % BLOCK_BYTES;
    if (place < 8) k1 = (k1 << 8n) | BigInt(bytes[at]!);
    else k2 = (k2 << 8n) | BigInt(bytes[at]!);
  }
  const length = BigInt(bytes.length);
  h1 ^= mixFirst(k1) ^ length;
  h2 ^= mixSecond(k2) ^ length;
  h1 = wrap(h1 + h2);
  h2 = wrap(h2 + h1);
  return wrap(finish(h1) + finish(h2));
}

function mixFirst(word: bigint): bigint {
  return wrap(rotate(wrap(word * C1), 31n) * C2);
}

function mixSecond(word: bigint): bigint {
  return wrap(rotate(wrap(word * C2), 33n) * C1);
}

function finish(hash: bigint): bigint {
  let mixed = wrap((hash ^ (hash >> 33n)) * 0xff51afd7ed558ccdn);
  mixed = wrap((mixed ^ (mixed >> 33n)) * 0xc4ceb9fe1a85ec53n);
  return mixed ^ (mixed >> 33n);
}

function rotate(word: bigint, bits: bigint): bigint {
  return wrap(word << bits) | (word >> (64n - bits));
}

function wrap(word: bigint): bigint {
  return BigInt.asUintN(64, word);
}
