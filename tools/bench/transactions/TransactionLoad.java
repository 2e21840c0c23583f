import java.util.Arrays;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.atomic.LongAdder;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Apache's Java client as a load of transactions, each committed at once: TransactionLoad name-server topic threads bytes warm-up-s seconds. Prints one line of JSON. */
public final class TransactionLoad {
    private static final int BUCKETS = 1 << 20;

    private static final class Commits implements TransactionListener {
        final LongAdder checks = new LongAdder();

        @Override public LocalTransactionState executeLocalTransaction(Message message, Object state) {
            return LocalTransactionState.COMMIT_MESSAGE;
        }

        @Override public LocalTransactionState checkLocalTransaction(MessageExt message) {
            checks.increment();
            return LocalTransactionState.COMMIT_MESSAGE;
        }
    }

    public static void main(String[] args) throws Exception {
        String topic = args[1];
        int threads = Integer.parseInt(args[2]);
        Commits commits = new Commits();
        TransactionMQProducer producer = new TransactionMQProducer("bench_transactions");
        producer.setNamesrvAddr(args[0]);
        producer.setVipChannelEnabled(false);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.setSendMsgTimeout(60_000);
        producer.setTransactionListener(commits);
        producer.start();
        byte[] body = new byte[Integer.parseInt(args[3])];
        Arrays.fill(body, (byte) 97);
        LongAdder all = new LongAdder();
        LongAdder counted = new LongAdder();
        AtomicLongArray latencies = new AtomicLongArray(BUCKETS);
        AtomicBoolean isMeasured = new AtomicBoolean();
        AtomicBoolean isOver = new AtomicBoolean();
        Thread[] running = new Thread[threads];
        for (int i = 0; i < threads; i++) {
            running[i] = new Thread(() -> {
                try {
                    while (!isOver.get()) {
                        long began = System.nanoTime();
                        if (producer.sendMessageInTransaction(new Message(topic, "tag", body), null).getLocalTransactionState() != LocalTransactionState.COMMIT_MESSAGE) {
                            throw new IllegalStateException("not committed");
                        }
                        all.increment();
                        if (!isMeasured.get()) continue;
                        counted.increment();
                        latencies.incrementAndGet((int) Math.min(BUCKETS - 1, (System.nanoTime() - began) / 1000));
                    }
                } catch (Exception e) {
                    e.printStackTrace();
                    Runtime.getRuntime().halt(1);
                }
            });
            running[i].start();
        }
        Thread.sleep(Long.parseLong(args[4]) * 1000);
        isMeasured.set(true);
        long began = System.nanoTime();
        Thread.sleep(Long.parseLong(args[5]) * 1000);
        long count = counted.sum();
        double seconds = (System.nanoTime() - began) / 1e9;
        isOver.set(true);
        for (Thread thread : running) thread.join();
        producer.shutdown();
        System.out.printf("{\"all\":%d,\"count\":%d,\"seconds\":%.4f,\"p50Us\":%d,\"p99Us\":%d,\"checks\":%d}%n", all.sum(), count, seconds, quantile(latencies, 0.5), quantile(latencies, 0.99), commits.checks.sum());
        Runtime.getRuntime().halt(0);
    }

    private static long quantile(AtomicLongArray latencies, double part) {
        long total = 0;
        for (int i = 0; i < BUCKETS; i++) total += latencies.get(i);
        long left = (long) (total * part);
        for (int i = 0; i < BUCKETS; i++) {
            left -= latencies.get(i);
            if (left <= 0) return i;
        }
        return BUCKETS;
    }
}
