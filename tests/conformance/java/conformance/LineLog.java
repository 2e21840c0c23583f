package conformance;

import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.Paths;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** Append-only text files that the tests read; several consumers may share one, and the order of lines is the order of events. */
final class LineLog {
    private static final Map<String, LineLog> OPEN = new ConcurrentHashMap<>();
    private final BufferedWriter out;

    private LineLog(Path path) throws IOException {
        out = Files.newBufferedWriter(path, StandardCharsets.UTF_8, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }

    static LineLog at(String path) {
        return OPEN.computeIfAbsent(path, p -> {
            try {
                return new LineLog(Paths.get(p));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
    }

    static void flushAll() throws IOException {
        for (LineLog log : OPEN.values()) log.flush();
    }

    synchronized void add(String lines) {
        try {
            out.write(lines);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    /** Adds lines that a kill of this process must not take back. */
    synchronized void addNow(String lines) {
        try {
            out.write(lines);
            out.flush();
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    synchronized void flush() throws IOException {
        out.flush();
    }
}
