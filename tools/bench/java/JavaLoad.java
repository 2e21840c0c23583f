import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.Message;

/**
 * Apache's Java client as load. `storm` sends as fast as it can. From one program to another: `send` sends at a pace, each body begins with the
 * time; `take` says "ready", consumes and prints the times from send to listener. System.nanoTime() is one clock for all programs of a
 * machine.
 *
 *     JavaLoad storm <name server> <topic> <threads> <body bytes> <warm-up seconds> <seconds>
 *     JavaLoad send <name server> <topic> <messages a second> <messages> <body bytes>
 *     JavaLoad take <name server> <topic> <group> <messages to leave out> <messages>
 */
public final class JavaLoad {
    /** So many sends may wait for their answers, so that a slow one does not hold the pace back. */
    private static final int THREADS = 8;
    /** So long a consumer waits for all queues of its topic. */
    private static final int QUEUES_WITHIN_SECONDS = 60;

    public static void main(String[] args) throws Exception {
        if (args[0].equals("storm")) storm(args[1], args[2], Integer.parseInt(args[3]), Integer.parseInt(args[4]), Integer.parseInt(args[5]), Integer.parseInt(args[6]));
        else if (args[0].equals("send")) send(args[1], args[2], Integer.parseInt(args[3]), Integer.parseInt(args[4]), Integer.parseInt(args[5]));
        else take(args[1], args[2], args[3], Integer.parseInt(args[4]), Integer.parseInt(args[5]));
        Runtime.getRuntime().halt(0);
    }

    private static void storm(String namesrv, String topic, int count, int bytes, int warmUp, int seconds) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("storm_producer");
        producer.setNamesrvAddr(namesrv);
        producer.setVipChannelEnabled(false);
        producer.setCompressMsgBodyOverHowmuch(Integer.MAX_VALUE);
        producer.start();
        byte[] body = new byte[bytes];
        Arrays.fill(body, (byte) 97);
        long from = System.nanoTime() + warmUp * 1_000_000_000L;
        long until = from + seconds * 1_000_000_000L;
        long[][] taken = new long[count][];
        AtomicInteger failed = new AtomicInteger();
        Thread[] threads = new Thread[count];
        for (int t = 0; t < count; t++) {
            int id = t;
            threads[t] = new Thread(() -> {
                long[] nanos = new long[1024];
                int n = 0;
                for (long began; (began = System.nanoTime()) < until;) {
                    try {
                        producer.send(new Message(topic, "tag", body));
                    } catch (Exception e) {
                        if (failed.getAndIncrement() == 0) e.printStackTrace();
                        continue;
                    }
                    if (began < from) continue;
                    if (n == nanos.length) nanos = Arrays.copyOf(nanos, 2 * n);
                    nanos[n++] = System.nanoTime() - began;
                }
                taken[id] = Arrays.copyOf(nanos, n);
            });
            threads[t].start();
        }
        for (Thread thread : threads) thread.join();
        long[] all = Arrays.stream(taken).flatMapToLong(Arrays::stream).sorted().toArray();
        System.out.printf("{\"perSecond\":%d,\"failed\":%d,\"p50Us\":%d,\"p99Us\":%d}%n",
            all.length / seconds, failed.get(), all[all.length / 2] / 1000, all[(int) (all.length * 99L / 100)] / 1000);
    }

    private static void send(String namesrv, String topic, int perSecond, int messages, int bytes) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer("paced_producer");
        producer.setNamesrvAddr(namesrv);
        producer.setVipChannelEnabled(false);
        producer.start();
        long began = System.nanoTime();
        AtomicInteger next = new AtomicInteger();
        Thread[] threads = new Thread[THREADS];
        for (int t = 0; t < THREADS; t++) {
            threads[t] = new Thread(() -> {
                try {
                    for (int i; (i = next.getAndIncrement()) < messages;) {
                        long due = began + i * 1_000_000_000L / perSecond;
                        while (System.nanoTime() < due) LockSupport.parkNanos(due - System.nanoTime());
                        byte[] body = new byte[bytes];
                        ByteBuffer.wrap(body).putLong(System.nanoTime());
                        producer.send(new Message(topic, "tag", body));
                    }
                } catch (Exception e) {
                    e.printStackTrace();
                    Runtime.getRuntime().halt(1);
                }
            });
            threads[t].start();
        }
        for (Thread thread : threads) thread.join();
    }

    private static void take(String namesrv, String topic, String group, int leaveOut, int messages) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(group);
        consumer.setNamesrvAddr(namesrv);
        consumer.setVipChannelEnabled(false);
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET);
        consumer.subscribe(topic, "*");
        long[] nanos = new long[messages];
        AtomicInteger seen = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(messages);
        consumer.registerMessageListener((MessageListenerConcurrently) (list, context) -> {
            long now = System.nanoTime();
            list.forEach(message -> {
                int at = seen.getAndIncrement() - leaveOut;
                if (at < 0 || at >= messages) return;
                nanos[at] = now - ByteBuffer.wrap(message.getBody()).getLong();
                done.countDown();
            });
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        // Its retry queue comes first; the topic's may follow with the next round of rebalancing, up to 20 s later.
        int queues = consumer.fetchSubscribeMessageQueues(topic).size();
        long deadline = System.nanoTime() + QUEUES_WITHIN_SECONDS * 1_000_000_000L;
        while (consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet().stream()
            .filter(queue -> queue.getTopic().equals(topic)).count() < queues) {
            if (System.nanoTime() > deadline) throw new IllegalStateException("Not all queues of " + topic + " came within " + QUEUES_WITHIN_SECONDS + " s");
            Thread.sleep(10);
        }
        System.out.println("ready");
        done.await();
        Arrays.sort(nanos);
        System.out.printf("{\"p50Us\":%d,\"p99Us\":%d}%n", nanos[messages / 2] / 1000, nanos[messages * 99 / 100] / 1000);
    }
}
