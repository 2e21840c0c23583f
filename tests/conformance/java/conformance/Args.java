package conformance;

import java.util.Collections;
import java.util.List;
import java.util.Map;

/** Arguments of one request, read by name with a default. */
final class Args {
    private final Map<String, Object> values;

    @SuppressWarnings("unchecked")
    Args(Object values) {
        this.values = values == null ? Collections.emptyMap() : (Map<String, Object>) values;
    }

    boolean has(String name) {
        return values.get(name) != null;
    }

    String text(String name) {
        Object value = values.get(name);
        if (value == null) throw new IllegalArgumentException("Argument \"" + name + "\" is missing");
        return value.toString();
    }

    String text(String name, String otherwise) {
        return has(name) ? text(name) : otherwise;
    }

    long number(String name, long otherwise) {
        return has(name) ? ((Number) values.get(name)).longValue() : otherwise;
    }

    int whole(String name, int otherwise) {
        return (int) number(name, otherwise);
    }

    boolean flag(String name) {
        return Boolean.TRUE.equals(values.get(name));
    }

    @SuppressWarnings("unchecked")
    List<Object> list(String name) {
        return has(name) ? (List<Object>) values.get(name) : Collections.emptyList();
    }

    @SuppressWarnings("unchecked")
    Map<String, Object> map(String name) {
        return has(name) ? (Map<String, Object>) values.get(name) : Collections.emptyMap();
    }
}
