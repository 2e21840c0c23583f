package conformance;

import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.tools.command.MQAdminStartup;

/**
 * mqadmin sub-commands inside this JVM, one at a time, with what they print captured.
 * A command that calls System.exit ends as an error of that command and not of the JVM.
 */
public final class Admin {
    private static final Object ONE_AT_A_TIME = new Object();

    private static volatile boolean inCommand;

    private Admin() { }

    /** Thrown in place of an exit of the JVM. */
    private static final class ExitException extends Error {
        final int status;

        ExitException(int status) {
            super("exit " + status);
            this.status = status;
        }
    }

    @SuppressWarnings({"removal", "deprecation"})
    public static void register() {
        System.setSecurityManager(new SecurityManager() {
            @Override public void checkPermission(java.security.Permission permission) { }

            @Override public void checkPermission(java.security.Permission permission, Object context) { }

            @Override public void checkExit(int status) {
                if (inCommand) throw new ExitException(status);
            }
        });
        Runner.add("mqadmin", Admin::run);
    }

    private static Object run(Args args) throws Exception {
        List<Object> words = args.list("args");
        String[] argv = words.stream().map(String::valueOf).toArray(String[]::new);
        synchronized (ONE_AT_A_TIME) {
            ByteArrayOutputStream text = new ByteArrayOutputStream();
            PrintStream out = System.out;
            PrintStream err = System.err;
            PrintStream capture = new PrintStream(text, true, "UTF-8");
            Map<String, Object> answer = new LinkedHashMap<>();
            long began = System.nanoTime();
            System.setOut(capture);
            System.setErr(capture);
            inCommand = true;
            try {
                MQAdminStartup.main(argv);
                answer.put("exit", 0);
            } catch (ExitException e) {
                answer.put("exit", e.status);
            } finally {
                inCommand = false;
                capture.flush();
                System.setOut(out);
                System.setErr(err);
            }
            answer.put("text", text.toString("UTF-8"));
            answer.put("ms", (System.nanoTime() - began) / 1_000_000);
            return answer;
        }
    }
}
