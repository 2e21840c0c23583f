package conformance;

import java.nio.file.Files;
import java.nio.file.Paths;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.apache.rocketmq.client.consumer.DefaultMQPullConsumer;
import org.apache.rocketmq.client.consumer.PullResult;
import org.apache.rocketmq.client.consumer.PullStatus;
import org.apache.rocketmq.common.message.MessageConst;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageQueue;

/** Reads whole queues with the pull client and compares them with what producers were told. */
final class Reader {
    private Reader() { }

    static void register() {
        Runner.add("readBack", Reader::readBack);
        Runner.add("readQueue", Reader::readQueue);
    }

    private static DefaultMQPullConsumer open(Args args) throws Exception {
        DefaultMQPullConsumer consumer = new DefaultMQPullConsumer(args.text("group", "conformance_reader"));
        consumer.setNamesrvAddr(args.text("namesrv"));
        consumer.setInstanceName("reader" + System.nanoTime());
        consumer.setConsumerPullTimeoutMillis(10_000);
        consumer.start();
        return consumer;
    }

    private static Object readQueue(Args args) throws Exception {
        DefaultMQPullConsumer consumer = open(args);
        try {
            MessageQueue queue = new MessageQueue(args.text("topic"), args.text("brokerName"), args.whole("queueId", 0));
            PullResult result = consumer.pull(queue, args.text("expression", "*"), args.number("offset", 0), args.whole("max", 32));
            Map<String, Object> answer = new LinkedHashMap<>();
            answer.put("status", result.getPullStatus());
            answer.put("nextBeginOffset", result.getNextBeginOffset());
            answer.put("minOffset", result.getMinOffset());
            answer.put("maxOffset", result.getMaxOffset());
            List<Object> messages = new ArrayList<>();
            if (result.getMsgFoundList() != null) {
                for (MessageExt message : result.getMsgFoundList()) messages.add(PushConsumers.describe(message, queue, System.currentTimeMillis()));
            }
            answer.put("messages", messages);
            return answer;
        } finally {
            consumer.shutdown();
        }
    }

    /** What the walk over the queues has found so far. */
    private static final class Findings {
        final Map<Long, String> acked = new HashMap<>();
        final Map<Long, Integer> seen = new HashMap<>();
        final List<Object> wrong = new ArrayList<>();
        long total;
        long foreign;
        long gaps;

        void note(String text) {
            if (wrong.size() < 20) wrong.add(text);
        }

        void check(MessageExt message, String keyPrefix, String tags) {
            total++;
            long seq = Body.check(message.getBody());
            if (seq < 0) {
                foreign++;
                note("body damaged in queue " + message.getQueueId() + " at " + message.getQueueOffset());
                return;
            }
            seen.merge(seq, 1, Integer::sum);
            if (keyPrefix != null && !(keyPrefix + seq).equals(message.getKeys())) note("keys of " + seq + " are " + message.getKeys());
            if (tags != null && !tags.equals(message.getTags())) note("tags of " + seq + " are " + message.getTags());
            if (message.getProperty(MessageConst.PROPERTY_UNIQ_CLIENT_MESSAGE_ID_KEYIDX) == null) note("no UNIQ_KEY in " + seq);
            String wanted = acked.get(seq);
            String offsetId = message instanceof org.apache.rocketmq.common.message.MessageClientExt
                ? ((org.apache.rocketmq.common.message.MessageClientExt) message).getOffsetMsgId() : message.getMsgId();
            if ((message.getQueueId() + " " + message.getQueueOffset() + " " + offsetId).equals(wanted)) acked.remove(seq);
        }
    }

    /** Every line of the acknowledgement log ("seq queueId queueOffset offsetMsgId") must be found at that place with that body. */
    private static Object readBack(Args args) throws Exception {
        Findings findings = new Findings();
        for (String line : Files.readAllLines(Paths.get(args.text("log")))) {
            int space = line.indexOf(' ');
            findings.acked.put(Long.parseLong(line.substring(0, space)), line.substring(space + 1));
        }
        long ackedCount = findings.acked.size();
        DefaultMQPullConsumer consumer = open(args);
        try {
            for (MessageQueue queue : consumer.fetchSubscribeMessageQueues(args.text("topic"))) walk(consumer, queue, findings, args);
        } finally {
            consumer.shutdown();
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("acked", ackedCount);
        answer.put("missing", findings.acked.size());
        List<Object> missing = new ArrayList<>();
        for (Map.Entry<Long, String> entry : findings.acked.entrySet()) {
            if (missing.size() < 10) missing.add(entry.getKey() + " " + entry.getValue() + " seen " + findings.seen.getOrDefault(entry.getKey(), 0));
        }
        answer.put("missingFirst", missing);
        answer.put("wrong", findings.wrong);
        answer.put("total", findings.total);
        answer.put("damaged", findings.foreign);
        answer.put("gaps", findings.gaps);
        answer.put("distinct", findings.seen.size());
        return answer;
    }

    private static void walk(DefaultMQPullConsumer consumer, MessageQueue queue, Findings findings, Args args) throws Exception {
        long offset = consumer.minOffset(queue);
        long max = consumer.maxOffset(queue);
        long deadline = System.nanoTime() + 60_000_000_000L;
        while (offset < max) {
            if (System.nanoTime() > deadline) throw new IllegalStateException("Queue " + queue.getQueueId() + " stands at " + offset + " of " + max);
            PullResult result = consumer.pull(queue, "*", offset, 64);
            if (result.getPullStatus() == PullStatus.FOUND) {
                for (MessageExt message : result.getMsgFoundList()) {
                    if (message.getQueueOffset() != offset) {
                        findings.gaps++;
                        findings.note("queue " + queue.getQueueId() + " offset " + offset + " is followed by " + message.getQueueOffset());
                    }
                    offset = message.getQueueOffset() + 1;
                    findings.check(message, args.text("keyPrefix", null), args.text("tags", null));
                }
            } else {
                findings.note("queue " + queue.getQueueId() + " at " + offset + " of " + max + ": " + result.getPullStatus() + " next " + result.getNextBeginOffset());
                offset = Math.max(offset + 1, result.getNextBeginOffset());
            }
        }
    }
}
