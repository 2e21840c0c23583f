package conformance;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultLitePullConsumer;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Lite pull consumers by name: assign or subscribe, poll, seek, commit. */
final class LiteConsumers {
    private static final Map<String, DefaultLitePullConsumer> RUNNING = new ConcurrentHashMap<>();

    private LiteConsumers() { }

    static void register() {
        Runner.add("lite.start", LiteConsumers::start);
        Runner.add("lite.stop", args -> {
            DefaultLitePullConsumer consumer = RUNNING.remove(args.text("name"));
            if (consumer != null) consumer.shutdown();
            return consumer != null;
        });
        Runner.add("lite.assign", args -> {
            DefaultLitePullConsumer consumer = named(args);
            Collection<MessageQueue> queues = consumer.fetchMessageQueues(args.text("topic"));
            consumer.assign(queues);
            return queues.size();
        });
        Runner.add("lite.poll", args -> {
            List<Object> out = new ArrayList<>();
            for (MessageExt message : named(args).poll(args.number("timeoutMs", 1000))) {
                out.add(PushConsumers.describe(message, new MessageQueue(message.getTopic(), message.getBrokerName(), message.getQueueId()), System.currentTimeMillis()));
            }
            return out;
        });
        Runner.add("lite.seek", args -> {
            DefaultLitePullConsumer consumer = named(args);
            MessageQueue queue = queue(args);
            if (args.text("to", "").equals("begin")) consumer.seekToBegin(queue);
            else if (args.text("to", "").equals("end")) consumer.seekToEnd(queue);
            else consumer.seek(queue, args.number("offset", 0));
            return true;
        });
        Runner.add("lite.pause", args -> {
            named(args).pause(java.util.Collections.singletonList(queue(args)));
            return true;
        });
        Runner.add("lite.resume", args -> {
            named(args).resume(java.util.Collections.singletonList(queue(args)));
            return true;
        });
        Runner.add("lite.commit", args -> {
            named(args).commitSync();
            return true;
        });
        Runner.add("lite.committed", args -> named(args).committed(queue(args)));
        Runner.add("lite.offsetForTimestamp", args -> named(args).offsetForTimestamp(queue(args), args.number("timestampMs", 0)));
        Runner.add("lite.queues", args -> {
            List<Object> ids = new ArrayList<>();
            for (MessageQueue queue : named(args).fetchMessageQueues(args.text("topic"))) {
                Map<String, Object> entry = new LinkedHashMap<>();
                entry.put("brokerName", queue.getBrokerName());
                entry.put("queueId", queue.getQueueId());
                ids.add(entry);
            }
            return ids;
        });
    }

    private static DefaultLitePullConsumer named(Args args) {
        DefaultLitePullConsumer consumer = RUNNING.get(args.text("name"));
        if (consumer == null) throw new IllegalArgumentException("Lite consumer \"" + args.text("name") + "\" is not started");
        return consumer;
    }

    private static MessageQueue queue(Args args) {
        return new MessageQueue(args.text("topic"), args.text("brokerName"), args.whole("queueId", 0));
    }

    private static Object start(Args args) throws Exception {
        DefaultLitePullConsumer consumer = new DefaultLitePullConsumer(args.text("group"));
        consumer.setNamesrvAddr(args.text("namesrv"));
        consumer.setInstanceName(args.text("name"));
        consumer.setAutoCommit(args.flag("autoCommit"));
        consumer.setConsumeFromWhere(ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET);
        consumer.setPullBatchSize(args.whole("pullBatch", 32));
        if (args.has("topic")) consumer.subscribe(args.text("topic"), args.text("expression", "*"));
        consumer.start();
        RUNNING.put(args.text("name"), consumer);
        return true;
    }
}
