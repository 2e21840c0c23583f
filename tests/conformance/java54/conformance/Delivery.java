package conformance;

import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.remoting.protocol.RemotingSerializable;
import org.apache.rocketmq.remoting.protocol.body.ConsumeMessageDirectlyResult;
import org.apache.rocketmq.remoting.protocol.body.ConsumerRunningInfo;
import org.apache.rocketmq.remoting.protocol.subscription.SubscriptionGroupConfig;
import org.apache.rocketmq.tools.admin.DefaultMQAdminExt;

/** What only the 5.x client can: exact times, recall, traces, a time-out for each attempt of a send; and the admin library behind mqadmin with its results as data. */
public final class Delivery {
    private static final Map<String, DefaultMQAdminExt> ADMINS = new ConcurrentHashMap<>();
    private static final Map<String, DefaultMQProducer> TRACED = new ConcurrentHashMap<>();

    private Delivery() { }

    public static void register() {
        Runner.add("timed.send", Delivery::timedSend);
        Runner.add("timed.recall", args -> Producers.named(args.text("producer")).recallMessage(args.text("topic"), args.text("handle")));
        Runner.add("producer.requestTimeout", args -> {
            Producers.named(args.text("producer")).setSendMsgMaxTimeoutPerRequest(args.whole("timeoutMs", 0));
            return true;
        });
        Runner.add("traced.start", args -> {
            DefaultMQProducer producer = new DefaultMQProducer(args.text("group"), true, null);
            producer.setNamesrvAddr(args.text("namesrv"));
            producer.setInstanceName(args.text("name"));
            producer.setMqClientApiTimeout(PushConsumers.API_TIMEOUT_MS);
            producer.setSendMsgTimeout(10_000);
            producer.start();
            TRACED.put(args.text("name"), producer);
            return true;
        });
        Runner.add("traced.send", args -> {
            Message message = new Message(args.text("topic"), args.text("tags"), args.text("keys"), args.text("body").getBytes(StandardCharsets.UTF_8));
            return TRACED.get(args.text("name")).send(message).getMsgId();
        });
        Runner.add("traced.stop", args -> {
            TRACED.remove(args.text("name")).shutdown();
            return true;
        });
        Runner.add("admin.reset", args -> offsets(admin(args).resetOffsetByTimestamp(args.text("topic"), args.text("group"), args.number("timestampMs", 0), true)));
        Runner.add("admin.resetOld", args -> admin(args).resetOffsetByTimestampOld(args.text("group"), args.text("topic"), args.number("timestampMs", 0), true).size());
        Runner.add("admin.clone", args -> {
            admin(args).cloneGroupOffset(args.text("from"), args.text("to"), args.text("topic"), args.flag("offline"));
            return true;
        });
        Runner.add("admin.bounds", args -> {
            MessageQueue queue = new MessageQueue(args.text("topic"), args.text("brokerName"), args.whole("queueId", 0));
            Map<String, Object> out = new LinkedHashMap<>();
            out.put("min", admin(args).minOffset(queue));
            out.put("max", admin(args).maxOffset(queue));
            out.put("earliestMs", admin(args).earliestMsgStoreTime(queue));
            Map<String, Object> lower = new LinkedHashMap<>();
            Map<String, Object> upper = new LinkedHashMap<>();
            for (Object time : args.list("times")) {
                long timeMs = ((Number) time).longValue();
                lower.put(String.valueOf(timeMs), admin(args).searchLowerBoundaryOffset(queue, timeMs));
                upper.put(String.valueOf(timeMs), admin(args).searchUpperBoundaryOffset(queue, timeMs));
            }
            out.put("lower", lower);
            out.put("upper", upper);
            return out;
        });
        Runner.add("admin.group", args -> {
            SubscriptionGroupConfig config = RemotingSerializable.fromJson(args.text("config"), SubscriptionGroupConfig.class);
            admin(args).createAndUpdateSubscriptionGroupConfig(args.text("broker"), config);
            return Json.parse(RemotingSerializable.toJson(admin(args).examineSubscriptionGroupConfig(args.text("broker"), config.getGroupName()), false));
        });
        Runner.add("admin.forbid", args -> admin(args).updateAndGetGroupReadForbidden(args.text("broker"), args.text("group"), args.text("topic"), args.has("readable") ? args.flag("readable") : null).getReadable());
        Runner.add("admin.direct", args -> {
            ConsumeMessageDirectlyResult result = admin(args).consumeMessageDirectly(args.text("group"), args.text("clientId"), args.text("topic"), args.text("msgId"));
            Map<String, Object> out = new LinkedHashMap<>();
            out.put("result", String.valueOf(result.getConsumeResult()));
            out.put("order", result.isOrder());
            out.put("autoCommit", result.isAutoCommit());
            return out;
        });
        Runner.add("admin.runningInfo", args -> {
            ConsumerRunningInfo info = admin(args).getConsumerRunningInfo(args.text("group"), args.text("clientId"), false);
            Map<String, Object> out = new LinkedHashMap<>();
            out.put("properties", new TreeMap<>(info.getProperties()));
            java.util.List<Object> topics = new java.util.ArrayList<>();
            info.getSubscriptionSet().forEach(subscription -> topics.add(subscription.getTopic() + " " + subscription.getSubString()));
            out.put("subscriptions", topics);
            out.put("queues", info.getMqTable().size());
            return out;
        });
        Runner.add("admin.runtime", args -> new TreeMap<>(admin(args).fetchBrokerRuntimeStats(args.text("broker")).getTable()));
        Runner.add("admin.stats", args -> admin(args).viewBrokerStatsData(args.text("broker"), args.text("name"), args.text("key")).getStatsMinute().getSum());
        Runner.add("admin.progress", args -> {
            Map<String, Object> out = new TreeMap<>();
            admin(args).examineConsumeStats(args.text("group"), args.text("topic")).getOffsetTable().forEach((queue, offsets) ->
                out.put(String.valueOf(queue.getQueueId()), offsets.getConsumerOffset()));
            return out;
        });
    }

    /** One admin client for each name server, for as long as the program runs: each takes seconds to end. */
    private static DefaultMQAdminExt admin(Args args) throws Exception {
        synchronized (ADMINS) {
            DefaultMQAdminExt admin = ADMINS.get(args.text("namesrv"));
            if (admin != null) return admin;
            admin = new DefaultMQAdminExt(10_000);
            admin.setNamesrvAddr(args.text("namesrv"));
            admin.setInstanceName("admin" + System.nanoTime());
            admin.start();
            ADMINS.put(args.text("namesrv"), admin);
            return admin;
        }
    }

    private static Map<String, Object> offsets(Map<MessageQueue, Long> table) {
        Map<String, Object> out = new TreeMap<>();
        table.forEach((queue, offset) -> out.put(String.valueOf(queue.getQueueId()), offset));
        return out;
    }

    private static Object timedSend(Args args) throws Exception {
        Message message = new Message(args.text("topic"), args.text("tags", ""), args.text("keys", ""), args.text("body").getBytes(StandardCharsets.UTF_8));
        if (args.has("delayMs")) message.setDelayTimeMs(args.number("delayMs", 0));
        if (args.has("delaySec")) message.setDelayTimeSec(args.number("delaySec", 0));
        if (args.has("deliverMs")) message.setDeliverTimeMs(args.number("deliverMs", 0));
        SendResult result = Producers.named(args.text("producer")).send(message);
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("msgId", result.getMsgId());
        out.put("offsetMsgId", result.getOffsetMsgId());
        out.put("recallHandle", result.getRecallHandle());
        return out;
    }
}
