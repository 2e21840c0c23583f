package conformance;

import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import org.apache.rocketmq.client.consumer.DefaultMQPushConsumer;
import org.apache.rocketmq.client.consumer.listener.ConsumeConcurrentlyStatus;
import org.apache.rocketmq.client.consumer.listener.MessageListenerConcurrently;
import org.apache.rocketmq.client.utils.MessageUtil;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Requests that wait for a reply, and a consumer that replies: "re: " and what it was sent, and nothing to "silent". */
final class Requests {
    private static final Map<String, DefaultMQPushConsumer> REPLIERS = new ConcurrentHashMap<>();

    private Requests() { }

    static void register() {
        Runner.add("request", args -> {
            Message message = new Message(args.text("topic"), bytes(args.text("body")));
            Message reply = Producers.named(args.text("producer")).request(message, args.number("timeoutMs", 20_000));
            return new String(reply.getBody(), StandardCharsets.UTF_8);
        });
        Runner.add("replier.start", Requests::start);
        Runner.add("replier.stop", args -> {
            DefaultMQPushConsumer consumer = REPLIERS.remove(args.text("name"));
            if (consumer != null) consumer.shutdown();
            return consumer != null;
        });
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }

    private static Object start(Args args) throws Exception {
        DefaultMQPushConsumer consumer = new DefaultMQPushConsumer(args.text("group"));
        consumer.setNamesrvAddr(args.text("namesrv"));
        consumer.setInstanceName(args.text("name"));
        consumer.setMqClientApiTimeout(PushConsumers.API_TIMEOUT_MS);
        consumer.subscribe(args.text("topic"), "*");
        consumer.registerMessageListener((MessageListenerConcurrently) (messages, context) -> {
            for (MessageExt message : messages) {
                String body = new String(message.getBody(), StandardCharsets.UTF_8);
                if (body.equals("silent")) continue;
                try {
                    Message reply = MessageUtil.createReplyMessage(message, bytes("re: " + body));
                    Producers.named(args.text("producer")).send(reply, 3_000);
                } catch (Exception e) {
                    return ConsumeConcurrentlyStatus.RECONSUME_LATER;
                }
            }
            return ConsumeConcurrentlyStatus.CONSUME_SUCCESS;
        });
        consumer.start();
        REPLIERS.put(args.text("name"), consumer);
        return true;
    }
}
