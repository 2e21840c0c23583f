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

    /** The thread that runs a command, null between commands. */
    private static volatile Thread commandThread;

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
                if (commandThread != null) throw new ExitException(status);
            }
        });
        Runner.add("mqadmin", Admin::run);
        Thread waker = new Thread(Admin::wakeWhatEnds, "waker");
        waker.setDaemon(true);
        waker.start();
    }

    /**
     * A client of 5.4 that shuts down waits for its event thread, which sleeps up to three seconds unless an event comes in
     * between. This wakes that thread as soon as a command waits for it, which the next event would do as well.
     */
    private static void wakeWhatEnds() {
        while (true) {
            try {
                Thread.sleep(20);
            } catch (InterruptedException e) {
                return;
            }
            Thread thread = commandThread;
            if (thread == null || thread.getState() != Thread.State.TIMED_WAITING) continue;
            for (StackTraceElement frame : thread.getStackTrace()) {
                if (!frame.getClassName().endsWith(".ServiceThread") || !frame.getMethodName().equals("shutdown")) continue;
                for (Thread other : Thread.getAllStackTraces().keySet()) {
                    if (other.getName().startsWith("NettyEventExecutor")) other.interrupt();
                }
                break;
            }
        }
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
            commandThread = Thread.currentThread();
            try {
                MQAdminStartup.main(argv);
                answer.put("exit", 0);
            } catch (ExitException e) {
                answer.put("exit", e.status);
            } finally {
                commandThread = null;
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
