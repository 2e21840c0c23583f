package conformance;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import org.apache.rocketmq.client.producer.LocalTransactionState;
import org.apache.rocketmq.client.producer.TransactionListener;
import org.apache.rocketmq.client.producer.TransactionMQProducer;
import org.apache.rocketmq.client.producer.TransactionSendResult;
import org.apache.rocketmq.client.trace.TraceBean;
import org.apache.rocketmq.client.trace.TraceContext;
import org.apache.rocketmq.client.trace.TraceDataEncoder;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageExt;

/** Transaction producers by name, and the decoder of the trace consumer. */
public final class Transactions {
    private static final Map<String, Running> RUNNING = new ConcurrentHashMap<>();

    private Transactions() { }

    /** One producer; it answers every check with one state and remembers what it was asked about. */
    private static final class Running implements TransactionListener {
        final TransactionMQProducer producer;
        final LocalTransactionState onCheck;
        final ConcurrentLinkedQueue<String> checked = new ConcurrentLinkedQueue<>();

        Running(TransactionMQProducer producer, LocalTransactionState onCheck) {
            this.producer = producer;
            this.onCheck = onCheck;
        }

        @Override public LocalTransactionState executeLocalTransaction(Message message, Object state) {
            return LocalTransactionState.valueOf(String.valueOf(state));
        }

        @Override public LocalTransactionState checkLocalTransaction(MessageExt message) {
            checked.add(new String(message.getBody(), java.nio.charset.StandardCharsets.UTF_8));
            return onCheck;
        }
    }

    public static void register() {
        Runner.add("tx.start", args -> {
            TransactionMQProducer producer = new TransactionMQProducer(args.text("group"));
            producer.setNamesrvAddr(args.text("namesrv"));
            producer.setInstanceName(args.text("name"));
            // A busy machine may take longer than the default of 3 s, tries included.
            producer.setSendMsgTimeout(10_000);
            Running running = new Running(producer, LocalTransactionState.valueOf(args.text("onCheck")));
            producer.setTransactionListener(running);
            producer.start();
            RUNNING.put(args.text("name"), running);
            return producer.buildMQClientId();
        });
        Runner.add("tx.send", args -> {
            byte[] body = args.text("body").getBytes(java.nio.charset.StandardCharsets.UTF_8);
            TransactionSendResult result = RUNNING.get(args.text("name")).producer.sendMessageInTransaction(new Message(args.text("topic"), body), args.text("state"));
            return String.valueOf(result.getLocalTransactionState());
        });
        Runner.add("tx.checked", args -> new ArrayList<>(RUNNING.get(args.text("name")).checked));
        Runner.add("tx.stop", args -> {
            RUNNING.remove(args.text("name")).producer.shutdown();
            return true;
        });
        Runner.add("trace.decode", args -> {
            List<Object> out = new ArrayList<>();
            for (Object text : args.list("texts")) {
                for (TraceContext context : TraceDataEncoder.decoderFromTraceDataString(text.toString())) out.add(describe(context));
            }
            return out;
        });
    }

    private static Map<String, Object> describe(TraceContext context) {
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("type", String.valueOf(context.getTraceType()));
        out.put("group", context.getGroupName());
        out.put("success", context.isSuccess());
        out.put("region", context.getRegionId());
        out.put("costTime", context.getCostTime());
        out.put("contextCode", context.getContextCode());
        TraceBean bean = context.getTraceBeans().get(0);
        out.put("topic", bean.getTopic());
        out.put("msgId", bean.getMsgId());
        out.put("offsetMsgId", bean.getOffsetMsgId());
        out.put("tags", bean.getTags());
        out.put("keys", bean.getKeys());
        out.put("storeHost", bean.getStoreHost());
        out.put("bodyLength", bean.getBodyLength());
        out.put("retryTimes", bean.getRetryTimes());
        out.put("transactionId", bean.getTransactionId());
        out.put("transactionState", String.valueOf(bean.getTransactionState()));
        out.put("fromTransactionCheck", bean.isFromTransactionCheck());
        out.put("msgType", String.valueOf(bean.getMsgType()));
        return out;
    }
}
