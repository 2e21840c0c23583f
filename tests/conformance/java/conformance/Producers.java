package conformance;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.rocketmq.client.producer.DefaultMQProducer;
import org.apache.rocketmq.client.producer.SendCallback;
import org.apache.rocketmq.client.producer.SendResult;
import org.apache.rocketmq.client.producer.SendStatus;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageQueue;

/** Producers by name: single sends with their whole result, and loads that write one line for each acknowledged message. */
final class Producers {
    private static final Map<String, DefaultMQProducer> RUNNING = new ConcurrentHashMap<>();
    private static final Map<String, Load> LOADS = new ConcurrentHashMap<>();
    private static final Map<String, Boolean> STOPPED = new ConcurrentHashMap<>();

    private Producers() { }

    static void register() {
        Runner.add("producer.start", Producers::start);
        Runner.add("producer.stop", args -> {
            DefaultMQProducer producer = RUNNING.remove(args.text("name"));
            if (producer != null) producer.shutdown();
            return producer != null;
        });
        Runner.add("send", Producers::send);
        Runner.add("produce", Producers::produce);
        Runner.add("produce.acked", args -> LOADS.containsKey(args.text("load")) ? LOADS.get(args.text("load")).acked.get() : 0L);
        Runner.add("produce.stop", args -> STOPPED.put(args.text("load"), true) == null);
        Runner.add("producer.brokers", args -> {
            List<Object> brokers = new ArrayList<>();
            for (MessageQueue queue : RUNNING.get(args.text("producer")).fetchPublishMessageQueues(args.text("topic"))) brokers.add(queue.getBrokerName());
            return brokers;
        });
        Runner.add("producer.queues", args -> {
            List<Object> queues = new ArrayList<>();
            for (MessageQueue queue : RUNNING.get(args.text("producer")).fetchPublishMessageQueues(args.text("topic"))) queues.add(queue.getQueueId());
            return queues;
        });
    }

    private static Object start(Args args) throws Exception {
        DefaultMQProducer producer = new DefaultMQProducer(args.text("group"));
        producer.setNamesrvAddr(args.text("namesrv"));
        producer.setMqClientApiTimeout(PushConsumers.API_TIMEOUT_MS);
        producer.setInstanceName(args.text("name"));
        producer.setVipChannelEnabled(args.flag("vip"));
        producer.setSendMsgTimeout(args.whole("timeoutMs", 10_000));
        producer.setRetryTimesWhenSendFailed(args.whole("retries", 2));
        producer.setMaxMessageSize(args.whole("maxMessageSize", 4 * 1024 * 1024));
        producer.setDefaultTopicQueueNums(args.whole("defaultTopicQueues", 4));
        producer.setRetryAnotherBrokerWhenNotStoreOK(args.flag("retryNotStored"));
        producer.setSendLatencyFaultEnable(args.flag("latencyFault"));
        producer.setPollNameServerInterval(args.whole("routeMs", 30_000));
        producer.setCompressMsgBodyOverHowmuch(args.whole("compressOver", 4096));
        producer.start();
        RUNNING.put(args.text("name"), producer);
        return producer.buildMQClientId();
    }

    static DefaultMQProducer named(String name) {
        DefaultMQProducer producer = RUNNING.get(name);
        if (producer == null) throw new IllegalArgumentException("Producer \"" + name + "\" is not started");
        return producer;
    }

    private static Message message(Args args) {
        byte[] body = args.has("seq")
            ? Body.build(args.number("seq", 0), args.whole("seed", 0), args.whole("size", 100))
            : args.text("body").getBytes(java.nio.charset.StandardCharsets.UTF_8);
        Message message = new Message(args.text("topic"), args.text("tags", ""), args.text("keys", ""), body);
        for (Map.Entry<String, Object> entry : args.map("properties").entrySet()) message.putUserProperty(entry.getKey(), String.valueOf(entry.getValue()));
        if (args.has("delayLevel")) message.setDelayTimeLevel(args.whole("delayLevel", 0));
        return message;
    }

    private static Object send(Args args) throws Exception {
        DefaultMQProducer producer = named(args.text("producer"));
        Message message = message(args);
        SendResult result;
        if (args.has("queueId")) {
            result = producer.send(message, new MessageQueue(message.getTopic(), args.text("brokerName"), args.whole("queueId", 0)));
        } else if (args.has("shard")) {
            result = producer.send(message, (queues, m, shard) -> queues.get((int) ((long) shard % queues.size())), args.number("shard", 0));
        } else {
            result = producer.send(message);
        }
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("status", result.getSendStatus());
        answer.put("msgId", result.getMsgId());
        answer.put("offsetMsgId", result.getOffsetMsgId());
        answer.put("queueId", result.getMessageQueue().getQueueId());
        answer.put("brokerName", result.getMessageQueue().getBrokerName());
        answer.put("queueOffset", result.getQueueOffset());
        answer.put("regionId", result.getRegionId());
        return answer;
    }

    /** What the threads of one load share. */
    private static final class Load {
        /** Threads take turns at them: thread n sends through number n modulo their count. */
        final List<DefaultMQProducer> producers = new ArrayList<>();
        final String topic;
        final String mode;
        final int size;
        final int seed;
        final int shards;
        final int window;
        final String tags;
        final String keyPrefix;
        final LineLog log;
        final AtomicLong acked = new AtomicLong();
        final AtomicLong failed = new AtomicLong();
        final Map<String, Object> errors = new ConcurrentHashMap<>();

        Load(Args args) {
            for (String name : args.text("producer").split(",")) producers.add(named(name));
            topic = args.text("topic");
            mode = args.text("mode", "sync");
            size = args.whole("size", 1024);
            seed = args.whole("seed", 0);
            shards = args.whole("shards", 16);
            window = args.whole("window", 64);
            tags = args.text("tags", "");
            keyPrefix = args.text("keyPrefix", null);
            log = LineLog.at(args.text("log"));
        }

        Message message(long seq) {
            return new Message(topic, tags, keyPrefix == null ? "" : keyPrefix + seq, Body.build(seq, seed, size));
        }

        void ack(SendResult result, long first, int count) {
            if (result.getSendStatus() != SendStatus.SEND_OK) {
                fail(new IllegalStateException("Send status " + result.getSendStatus()), count);
                return;
            }
            String[] offsetIds = String.valueOf(result.getOffsetMsgId()).split(",");
            StringBuilder lines = new StringBuilder();
            for (int i = 0; i < count; i++) {
                lines.append(first + i).append(' ').append(result.getMessageQueue().getQueueId()).append(' ').append(result.getQueueOffset() + i)
                    .append(' ').append(offsetIds[Math.min(i, offsetIds.length - 1)]).append('\n');
            }
            log.add(lines.toString());
            acked.addAndGet(count);
        }

        void fail(Throwable e, int count) {
            failed.addAndGet(count);
            if (errors.size() < 5) errors.put(e.getClass().getSimpleName() + ": " + String.valueOf(e.getMessage()).split("\n")[0], 1);
        }
    }

    private static Object produce(Args args) throws Exception {
        Load load = new Load(args);
        String name = args.text("load", "");
        STOPPED.remove(name);
        LOADS.put(name, load);
        long from = args.number("from", 0);
        long count = args.number("count", Long.MAX_VALUE / 2);
        int threads = args.whole("threads", 1);
        long perSecond = args.number("perSecond", 0);
        long began = System.nanoTime();
        List<Thread> all = new ArrayList<>();
        for (int t = 0; t < threads; t++) {
            int id = t;
            Thread thread = new Thread(() -> run(load, name, from, count, id, threads, perSecond, began));
            all.add(thread);
            thread.start();
        }
        for (Thread thread : all) thread.join();
        load.log.flush();
        Map<String, Object> answer = new LinkedHashMap<>();
        answer.put("acked", load.acked.get());
        answer.put("failed", load.failed.get());
        answer.put("errors", new ArrayList<>(load.errors.keySet()));
        answer.put("seconds", (System.nanoTime() - began) / 1e9);
        return answer;
    }

    /** Thread `id` sends the numbers of its shards only, so that each shard has one sender and a definite order. */
    private static void run(Load load, String name, long from, long count, int id, int threads, long perSecond, long began) {
        Semaphore room = new Semaphore(load.window);
        int step = load.mode.equals("batch") ? load.window : 1;
        for (long n = (long) id * step, sent = 0; n < count; n += (long) threads * step, sent += step) {
            if (STOPPED.containsKey(name)) break;
            if (perSecond > 0) {
                long due = began + (long) (sent * 1e9 * threads / perSecond);
                while (System.nanoTime() < due) java.util.concurrent.locks.LockSupport.parkNanos(due - System.nanoTime());
            }
            int size = (int) Math.min(step, count - n);
            try {
                sendOne(load, load.producers.get(id % load.producers.size()), from + n, size, room);
            } catch (Exception e) {
                load.fail(e, size);
                if (e instanceof InterruptedException) return;
            }
        }
        room.acquireUninterruptibly(load.window);
    }

    private static void sendOne(Load load, DefaultMQProducer producer, long seq, int size, Semaphore room) throws Exception {
        switch (load.mode) {
            case "sync":
                load.ack(producer.send(load.message(seq)), seq, 1);
                return;
            case "ordered":
                load.ack(producer.send(load.message(seq), (queues, m, shard) -> queues.get((int) ((long) shard % queues.size())), seq % load.shards), seq, 1);
                return;
            case "oneway":
                producer.sendOneway(load.message(seq));
                load.acked.incrementAndGet();
                return;
            case "batch": {
                Message[] messages = new Message[size];
                for (int i = 0; i < size; i++) messages[i] = load.message(seq + i);
                load.ack(producer.send(Arrays.asList(messages)), seq, size);
                return;
            }
            case "async":
                room.acquire();
                try {
                    producer.send(load.message(seq), new SendCallback() {
                        @Override public void onSuccess(SendResult result) {
                            load.ack(result, seq, 1);
                            room.release();
                        }
                        @Override public void onException(Throwable e) {
                            load.fail(e, 1);
                            room.release();
                        }
                    });
                } catch (Exception e) {
                    room.release();
                    throw e;
                }
                return;
            default:
                throw new IllegalArgumentException("Mode \"" + load.mode + "\" is not known");
        }
    }
}
