package conformance;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The JSON that the test process and this one exchange, one value a line.
 * Written here because the two client versions ship different JSON libraries and one source serves both.
 */
final class Json {
    private final String text;
    private int at;

    private Json(String text) {
        this.text = text;
    }

    static Object parse(String text) {
        Json json = new Json(text);
        Object value = json.value();
        json.blank();
        if (json.at != text.length()) throw new IllegalArgumentException("Cannot parse JSON: trailing text at " + json.at);
        return value;
    }

    static String print(Object value) {
        StringBuilder out = new StringBuilder();
        print(value, out);
        return out.toString();
    }

    private static void print(Object value, StringBuilder out) {
        if (value == null || value instanceof Boolean || value instanceof Number) {
            out.append(value);
        } else if (value instanceof Map) {
            String comma = "";
            out.append('{');
            for (Map.Entry<?, ?> entry : ((Map<?, ?>) value).entrySet()) {
                out.append(comma);
                quote(String.valueOf(entry.getKey()), out);
                out.append(':');
                print(entry.getValue(), out);
                comma = ",";
            }
            out.append('}');
        } else if (value instanceof Collection) {
            String comma = "";
            out.append('[');
            for (Object item : (Collection<?>) value) {
                out.append(comma);
                print(item, out);
                comma = ",";
            }
            out.append(']');
        } else {
            quote(value.toString(), out);
        }
    }

    private static void quote(String value, StringBuilder out) {
        out.append('"');
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            if (c == '"' || c == '\\') out.append('\\').append(c);
            else if (c < 0x20 || c == 0x7f || Character.isSurrogate(c)) out.append(String.format("\\u%04x", (int) c));
            else out.append(c);
        }
        out.append('"');
    }

    private void blank() {
        while (at < text.length() && text.charAt(at) <= ' ') at++;
    }

    private char next() {
        if (at >= text.length()) throw new IllegalArgumentException("Cannot parse JSON: it ends early");
        return text.charAt(at++);
    }

    private boolean took(char wanted) {
        blank();
        if (at < text.length() && text.charAt(at) == wanted) {
            at++;
            return true;
        }
        return false;
    }

    private Object value() {
        if (took('{')) return object();
        if (took('[')) return array();
        if (took('"')) return string();
        int start = at;
        while (at < text.length() && ",]} \t".indexOf(text.charAt(at)) < 0) at++;
        String word = text.substring(start, at);
        switch (word) {
            case "null": return null;
            case "true": return true;
            case "false": return false;
            default:
                if (word.matches("-?\\d+")) return Long.parseLong(word);
                return Double.parseDouble(word);
        }
    }

    private Map<String, Object> object() {
        Map<String, Object> map = new LinkedHashMap<>();
        if (took('}')) return map;
        do {
            if (!took('"')) throw new IllegalArgumentException("Cannot parse JSON: no key at " + at);
            String key = string();
            if (!took(':')) throw new IllegalArgumentException("Cannot parse JSON: no colon at " + at);
            map.put(key, value());
        } while (took(','));
        if (!took('}')) throw new IllegalArgumentException("Cannot parse JSON: object not closed at " + at);
        return map;
    }

    private List<Object> array() {
        List<Object> list = new ArrayList<>();
        if (took(']')) return list;
        do list.add(value()); while (took(','));
        if (!took(']')) throw new IllegalArgumentException("Cannot parse JSON: array not closed at " + at);
        return list;
    }

    private String string() {
        StringBuilder out = new StringBuilder();
        for (char c = next(); c != '"'; c = next()) {
            if (c != '\\') {
                out.append(c);
                continue;
            }
            char escaped = next();
            switch (escaped) {
                case 'n': out.append('\n'); break;
                case 't': out.append('\t'); break;
                case 'r': out.append('\r'); break;
                case 'b': out.append('\b'); break;
                case 'f': out.append('\f'); break;
                case 'u':
                    out.append((char) Integer.parseInt(text.substring(at, at + 4), 16));
                    at += 4;
                    break;
                default: out.append(escaped);
            }
        }
        return out.toString();
    }
}
