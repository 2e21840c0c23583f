import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.atomic.LongAdder;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/** Apache's Java client as load, with the same arguments and the same line of JSON as load.ts: produce and consume. */
public final class ClientLoad {
    private static long began;
    private static long cpu;

    private static long cpuNanos() {
        return ((com.sun.management.OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
    }

    private static void measure() {
        began = System.nanoTime();
        cpu = cpuNanos();
    }

    private static void print(long count) throws Exception {
        double seconds = (System.nanoTime() - began) / 1e9;
        double cpuSeconds = (cpuNanos() - cpu) / 1e9;
        long rss = 0;
        for (String line : Files.readAllLines(Paths.get("/proc/self/status"))) {
            if (line.startsWith("VmRSS:")) rss = Long.parseLong(line.replaceAll("\\D", "")) * 1024;
        }
        System.out.printf("{\"count\":%d,\"seconds\":%.4f,\"cpuSeconds\":%.4f,\"rssBytes\":%d}%n", count, seconds, cpuSeconds, rss);
    }

    public static void main(String[] args) throws Exception {
        if (args[0].equals("produce")) produce(args[1], args[2], Integer.parseInt(args[3]), Integer.parseInt(args[4]), Integer.parseInt(args[5]), Integer.parseInt(args[6]));
        else consume(args[1], args[2], args[3], Long.parseLong(args[4]));
        Runtime.getRuntime().halt(0);
    }

    private static void produce(String namesrv, String topic, int threads, int bytes, int warmUp, int seconds) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("bench_java");
        producer.setNamesrvAddr(namesrv);
        producer.setVipChannelEnabled(false);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.start();
        byte[] body = new byte[bytes];
        java.util.Arrays.fill(body, (byte) 97);
        LongAdder count = new LongAdder();
        for (int i = 0; i < threads; i++) {
            Thread thread = new Thread(() -> {
                try {
                    for (;;) {
                        producer.send(new Message(topic, "tag", body));
                        count.increment();
                    }
                } catch (Exception e) {
                    e.printStackTrace();
                    Runtime.getRuntime().halt(1);
                }
            });
            thread.setDaemon(true);
            thread.start();
        }
        Thread.sleep(warmUp * 1000L);
        measure();
        long before = count.sum();
        Thread.sleep(seconds * 1000L);
        print(count.sum() - before);
    }

    private static void consume(String namesrv, String topic, String group, long messages) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv);
        consumer.setVipChannelEnabled(false);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setConsumeMessageBatchMaxSize(32);
        consumer.subscribe(topic, "*");
        AtomicLong count = new AtomicLong();
        AtomicBoolean first = new AtomicBoolean(true);
        CountDownLatch done = new CountDownLatch(1);
        consumer.registerMessageListener((MessageListenerConcurrently) (list, context) -> {
            if (first.compareAndSet(true, false)) measure();
            if (count.addAndGet(list.size()) >= messages) done.countDown();
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        done.await();
        print(count.get());
    }
}
