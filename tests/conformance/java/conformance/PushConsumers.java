package conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.MessageSelector;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.ConsumeOrderlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.consumer.listener.MessageListenerOrderly;
import org.apache.rocketmq.client.consumer.rebalance.AllocateMessageQueueAveragely;
import org.apache.rocketmq.common.consumer.ConsumeFromWhere;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/**
 * Push consumers by name. Each message becomes one line of the consumer's log:
 * "member queueId queueOffset seq reconsumeTimes retried receivedMs", seq being -1 for a body that is not as it was built.
 */
final class PushConsumers {
    private static final Map<String, Running> RUNNING = new ConcurrentHashMap<>();

    /** A machine that is busy with other tests answers late. */
    static final int API_TIMEOUT_MS = 30_000;

    private PushConsumers() { }

    /** One consumer and what it has seen. */
    private static final class Running {
        final DefaultMQPushConsumer consumer;
        final Args args;
        final AtomicLong count = new AtomicLong();
        final ConcurrentLinkedQueue<Map<String, Object>> kept = new ConcurrentLinkedQueue<>();

        Running(DefaultMQPushConsumer consumer, Args args) {
            this.consumer = consumer;
            this.args = args;
        }

        /** True when the messages are to be tried again. */
        boolean take(List<MessageExt> messages, MessageQueue queue) {
            StringBuilder lines = new StringBuilder();
            boolean again = false;
            long now = System.currentTimeMillis();
            for (MessageExt message : messages) {
                long seq = Body.check(message.getBody());
                boolean retried = queue.getTopic().startsWith("%RETRY%");
                lines.append(args.text("name")).append(' ').append(message.getQueueId()).append(' ').append(message.getQueueOffset()).append(' ').append(seq)
                    .append(' ').append(message.getReconsumeTimes()).append(' ').append(retried ? 1 : 0).append(' ').append(now).append('\n');
                if (args.flag("keep")) kept.add(describe(message, queue, now));
                if (message.getReconsumeTimes() < args.whole("failTimes", 0)) again = true;
            }
            if (args.flag("flushLog")) LineLog.at(args.text("log")).addNow(lines.toString());
            else if (args.has("log")) LineLog.at(args.text("log")).add(lines.toString());
            count.addAndGet(messages.size());
            long pause = args.number("pauseMs", 0);
            if (pause > 0) java.util.concurrent.locks.LockSupport.parkNanos(pause * 1_000_000);
            return again;
        }
    }

    static Map<String, Object> describe(MessageExt message, MessageQueue queue, long nowMs) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("topic", message.getTopic());
        out.put("fromTopic", queue.getTopic());
        out.put("queueId", message.getQueueId());
        out.put("queueOffset", message.getQueueOffset());
        out.put("msgId", message.getMsgId());
        out.put("seq", Body.check(message.getBody()));
        out.put("bodyBytes", message.getBody().length);
        if (message.getBody().length < 4096) out.put("body", new String(message.getBody(), java.nio.charset.StandardCharsets.UTF_8));
        out.put("tags", message.getTags());
        out.put("keys", message.getKeys());
        out.put("flag", message.getFlag());
        out.put("sysFlag", message.getSysFlag());
        out.put("reconsumeTimes", message.getReconsumeTimes());
        out.put("bornMs", message.getBornTimestamp());
        out.put("storeMs", message.getStoreTimestamp());
        out.put("receivedMs", nowMs);
        out.put("properties", new TreeMap<>(message.getProperties()));
        return out;
    }

    static void register() {
        Runner.add("consumer.start", PushConsumers::start);
        Runner.add("consumer.stop", args -> {
            Running running = RUNNING.remove(args.text("name"));
            if (running == null) return false;
            running.consumer.shutdown();
            return running.count.get();
        });
        Runner.add("consumer.count", args -> {
            long count = 0;
            for (Object name : args.list("names")) count += named(name.toString()).count.get();
            return args.has("name") ? named(args.text("name")).count.get() : count;
        });
        Runner.add("consumer.messages", args -> new ArrayList<>(named(args.text("name")).kept));
        Runner.add("consumer.queues", args -> queues(named(args.text("name")), args.text("topic")));
    }

    private static Running named(String name) {
        Running running = RUNNING.get(name);
        if (running == null) throw new IllegalArgumentException("Consumer \"" + name + "\" is not started");
        return running;
    }

    private static List<Object> queues(Running running, String topic) {
        List<Object> ids = new ArrayList<>();
        for (MessageQueue queue : running.consumer.getDefaultMQPushConsumerImpl().getRebalanceImpl().getProcessQueueTable().keySet()) {
            if (queue.getTopic().equals(topic)) ids.add(queue.getQueueId());
        }
        return ids;
    }

    /** The enum lives in different packages in 4.9 and 5.x, and one source serves both. */
    private static void setBroadcasting(DefaultMQPushConsumer consumer) throws ReflectiveOperationException {
        for (java.lang.reflect.Method method : DefaultMQPushConsumer.class.getMethods()) {
            if (!method.getName().equals("setMessageModel")) continue;
            for (Object model : method.getParameterTypes()[0].getEnumConstants()) {
                if (model.toString().equals("BROADCASTING")) method.invoke(consumer, model);
            }
        }
    }

    private static Object start(Args args) throws Exception {
        DefaultMQPushConsumer consumer = args.flag("trace")
            ? new DefaultMQPushConsumer(args.text("group"), null, new AllocateMessageQueueAveragely(), true, null)
            : new DefaultMQPushConsumer(args.text("group"));
        consumer.setNamesrvAddr(args.text("namesrv"));
        consumer.setMqClientApiTimeout(API_TIMEOUT_MS);
        consumer.setPollNameServerInterval(args.whole("routeMs", 30_000));
        consumer.setInstanceName(args.text("name"));
        consumer.setVipChannelEnabled(args.flag("vip"));
        consumer.setConsumeFromWhere(args.text("from", "first").equals("first") ? ConsumeFromWhere.CONSUME_FROM_FIRST_OFFSET : ConsumeFromWhere.CONSUME_FROM_LAST_OFFSET);
        consumer.setConsumeThreadMin(args.whole("threads", 8));
        consumer.setConsumeThreadMax(args.whole("threads", 8));
        consumer.setPullBatchSize(args.whole("pullBatch", 32));
        consumer.setConsumeMessageBatchMaxSize(args.whole("batchMax", 1));
        consumer.setMaxReconsumeTimes(args.whole("maxReconsume", -1));
        consumer.setSuspendCurrentQueueTimeMillis(args.whole("suspendMs", 1000));
        consumer.setAwaitTerminationMillisWhenShutdown(args.number("awaitTerminationMs", 5000));
        if (args.flag("broadcast")) setBroadcasting(consumer);
        if (args.has("sql")) consumer.subscribe(args.text("topic"), MessageSelector.bySql(args.text("sql")));
        else consumer.subscribe(args.text("topic"), args.text("expression", "*"));
        Running running = new Running(consumer, args);
        if (args.text("listener", "concurrent").equals("orderly")) {
            consumer.registerMessageListener((MessageListenerOrderly) (messages, context) ->
                running.take(messages, context.getMessageQueue()) ? ConsumeOrderlyStatus.SUSPEND_CURRENT_QUEUE_A_MOMENT : ConsumeOrderlyStatus.SUCCESS);
        } else {
            consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
                context.setDelayLevelWhenNextConsume(args.whole("retryLevel", 0));
                return running.take(messages, context.getMessageQueue()) ? ConsumeConcurrentlyStatus.RECONSUME_LATER : ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
            });
        }
        if (args.has("persistMs")) consumer.setPersistConsumerOffsetInterval(args.whole("persistMs", 5_000));
        consumer.start();
        RUNNING.put(args.text("name"), running);
        return consumer.buildMQClientId();
    }
}
