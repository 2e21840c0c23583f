package conformance;

import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * One long-lived JVM that does what the tests ask for: a request a line on standard input ({"id", "op", "args"}),
 * an answer a line on standard output ({"id", "ok"} or {"id", "error"}), requests in parallel. It ends with its standard input.
 */
public final class Runner {
    /** One operation that a test may ask for. */
    interface Op {
        Object run(Args args) throws Exception;
    }

    private static final Map<String, Op> OPS = new LinkedHashMap<>();

    private Runner() { }

    static void add(String name, Op op) {
        OPS.put(name, op);
    }

    public static void main(String[] argv) throws Exception {
        PrintStream out = new PrintStream(new java.io.FileOutputStream(java.io.FileDescriptor.out), true, "UTF-8");
        System.setOut(System.err);
        Producers.register();
        PushConsumers.register();
        LiteConsumers.register();
        Reader.register();
        Latency.register();
        Requests.register();
        for (String extra : argv) Class.forName(extra).getMethod("register").invoke(null);
        ExecutorService pool = Executors.newCachedThreadPool();
        BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
        out.println("{\"ready\":true}");
        for (String line = in.readLine(); line != null; line = in.readLine()) {
            Map<?, ?> request = (Map<?, ?>) Json.parse(line);
            pool.execute(() -> {
                String answer = answer(request);
                synchronized (out) {
                    out.println(answer);
                }
            });
        }
        Runtime.getRuntime().halt(0);
    }

    private static String answer(Map<?, ?> request) {
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("id", request.get("id"));
        try {
            Op op = OPS.get(String.valueOf(request.get("op")));
            if (op == null) throw new IllegalArgumentException("Operation " + request.get("op") + " is not known");
            answer.put("ok", op.run(new Args(request.get("args"))));
            LineLog.flushAll();
        } catch (Throwable e) {
            answer.put("error", error(e));
        }
        return Json.print(answer);
    }

    /** An exception as data: its class, its response code where it carries one, its text. */
    static Map<String, Object> error(Throwable e) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("type", e.getClass().getSimpleName());
        for (String getter : new String[] {"getResponseCode", "getErrorMessage"}) {
            try {
                error.put(getter.equals("getResponseCode") ? "code" : "remark", e.getClass().getMethod(getter).invoke(e));
            } catch (ReflectiveOperationException absent) {
                error.put(getter.equals("getResponseCode") ? "code" : "remark", null);
            }
        }
        error.put("message", String.valueOf(e.getMessage()));
        StringBuilder causes = new StringBuilder();
        for (Throwable cause = e.getCause(); cause != null; cause = cause.getCause()) causes.append("\ncaused by ").append(cause);
        error.put("causes", causes.toString());
        if (e instanceof RuntimeException) {
            java.io.StringWriter trace = new java.io.StringWriter();
            e.printStackTrace(new java.io.PrintWriter(trace));
            error.put("stack", trace.toString());
        }
        return error;
    }
}
