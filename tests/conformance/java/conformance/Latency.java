package conformance;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.TimeUnit;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.common.message.Message;

/** Time from the call of send() to the listener of an otherwise idle push consumer, one message at a time, at random gaps. */
final class Latency {
    private Latency() { }

    static void register() {
        Runner.add("latency", Latency::run);
    }

    private static Object run(Args args) throws Exception {
        String name = "latency" + System.nanoTime();
        SynchronousQueue<Long> arrived = new SynchronousQueue<>();
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(args.text("group"));
        consumer.setNamesrvAddr(args.text("namesrv"));
        consumer.setInstanceName(name);
        consumer.subscribe(args.text("topic"), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            long now = System.nanoTime();
            messages.forEach(m -> {
                try {
                    arrived.offer(now - ByteBuffer.wrap(m.getBody()).getLong(), 5, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            });
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        DefaultMQProducer producer = new DefaultMQProducer(args.text("group") + "_producer");
        producer.setNamesrvAddr(args.text("namesrv"));
        producer.setInstanceName(name);
        consumer.start();
        producer.start();
        try {
            int warm = args.whole("warm", 50);
            int count = args.whole("count", 1000);
            Random random = new Random(args.number("seed", 1));
            long[] nanos = new long[count];
            for (int i = -warm; i < count; i++) {
                Thread.sleep(random.nextInt(Math.max(1, args.whole("gapMsMax", 20))));
                producer.send(new Message(args.text("topic"), ByteBuffer.allocate(64).putLong(0, System.nanoTime()).array()));
                Long took = arrived.poll(i < 0 ? 30 : 10, TimeUnit.SECONDS);
                if (took == null) throw new IllegalStateException("Message " + i + " did not arrive");
                if (i >= 0) nanos[i] = took;
            }
            Arrays.sort(nanos);
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("count", count);
            answer.put("p50Ms", nanos[count / 2] / 1e6);
            answer.put("p90Ms", nanos[count * 9 / 10] / 1e6);
            answer.put("p99Ms", nanos[count * 99 / 100] / 1e6);
            answer.put("maxMs", nanos[count - 1] / 1e6);
            return answer;
        } finally {
            producer.shutdown();
            consumer.shutdown();
        }
    }
}
