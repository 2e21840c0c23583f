package conformance;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.filter.FilterFactory;
import org.apache.rocketmq.filter.expression.EvaluationContext;
import org.apache.rocketmq.filter.expression.Expression;

/** RocketMQ's own filter module. */
public final class Filters {
    private Filters() { }

    /** Properties of one message. */
    private static final class Properties implements EvaluationContext {
        final Map<String, Object> values = new HashMap<>();

        Properties(Map<?, ?> given) {
            given.forEach((name, value) -> values.put(name.toString(), value.toString()));
        }

        @Override public Object get(String name) {
            return values.get(name);
        }

        @Override public Map<String, Object> keyValues() {
            return values;
        }
    }

    public static void register() {
        // For each expression: "syntax" when it cannot be compiled, else one word for each set of properties: true, false, null or error.
        Runner.add("sql.evaluate", args -> {
            List<Properties> messages = new ArrayList<>();
            for (Object given : args.list("properties")) messages.add(new Properties((Map<?, ?>) given));
            List<Object> out = new ArrayList<>();
            for (Object text : args.list("expressions")) out.add(evaluate(text.toString(), messages));
            return out;
        });
    }

    private static String evaluate(String text, List<Properties> messages) {
        Expression expression;
        try {
            expression = FilterFactory.INSTANCE.get("SQL92").compile(text);
        } catch (Throwable error) {
            return "syntax";
        }
        StringBuilder words = new StringBuilder();
        for (Properties message : messages) {
            String word;
            try {
                word = String.valueOf(expression.evaluate(message));
            } catch (Throwable error) {
                word = "error";
            }
            words.append(words.length() == 0 ? "" : " ").append(word);
        }
        return words.toString();
    }
}
