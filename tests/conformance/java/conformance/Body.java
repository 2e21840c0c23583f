package conformance;

import java.nio.charset.StandardCharsets;

/**
 * A body that names itself: "#seq:seed;" and then bytes that follow from the two (xorshift32, one byte a step).
 * Every client of the suite builds and checks the same bodies, so a consumer in one language proves what a producer in another sent.
 */
final class Body {
    private Body() { }

    static byte[] build(long seq, int seed, int size) {
        byte[] head = ("#" + seq + ":" + seed + ";").getBytes(StandardCharsets.US_ASCII);
        byte[] body = new byte[Math.max(size, head.length)];
        System.arraycopy(head, 0, body, 0, head.length);
        int x = ((int) seq * 0x9E3779B1) ^ seed;
        if (x == 0) x = 1;
        for (int i = head.length; i < body.length; i++) {
            x ^= x << 13;
            x ^= x >>> 17;
            x ^= x << 5;
            body[i] = (byte) x;
        }
        return body;
    }

    /** The sequence number of a body, or -1 when the body is not one of ours or differs from what was built. */
    static long check(byte[] body) {
        int colon = 0;
        int end = 0;
        while (end < Math.min(body.length, 40) && body[end] != ';') {
            if (body[end] == ':') colon = end;
            end++;
        }
        if (body.length == 0 || body[0] != '#' || colon == 0 || end == Math.min(body.length, 40)) return -1;
        long seq = Long.parseLong(new String(body, 1, colon - 1, StandardCharsets.US_ASCII));
        int seed = Integer.parseInt(new String(body, colon + 1, end - colon - 1, StandardCharsets.US_ASCII));
        return java.util.Arrays.equals(body, build(seq, seed, body.length)) ? seq : -1;
    }
}
