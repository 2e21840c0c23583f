import java.net.InetSocketAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import com.alibaba.fastjson2.JSON;
import com.alibaba.fastjson2.JSONWriter;
import org.apache.rocketmq.common.TopicConfig;
import org.apache.rocketmq.common.message.Message;
import org.apache.rocketmq.common.message.MessageDecoder;
import org.apache.rocketmq.common.message.MessageExt;
import org.apache.rocketmq.common.message.MessageExtBrokerInner;
import org.apache.rocketmq.common.message.MessageQueue;
import org.apache.rocketmq.common.message.MessageVersion;
import org.apache.rocketmq.remoting.protocol.LanguageCode;
import org.apache.rocketmq.remoting.protocol.RemotingCommand;
import org.apache.rocketmq.remoting.protocol.RemotingSerializable;
import org.apache.rocketmq.remoting.protocol.SerializeType;
import org.apache.rocketmq.remoting.protocol.admin.ConsumeStats;
import org.apache.rocketmq.remoting.protocol.admin.OffsetWrapper;
import org.apache.rocketmq.remoting.protocol.body.BrokerStatsData;
import org.apache.rocketmq.remoting.protocol.body.BrokerStatsItem;
import org.apache.rocketmq.remoting.protocol.body.KVTable;
import org.apache.rocketmq.remoting.protocol.body.RegisterBrokerBody;
import org.apache.rocketmq.remoting.protocol.route.BrokerData;
import org.apache.rocketmq.remoting.protocol.route.QueueData;
import org.apache.rocketmq.remoting.protocol.route.TopicRouteData;
import org.apache.rocketmq.remoting.protocol.statictopic.TopicQueueMappingInfo;
import org.apache.rocketmq.store.MessageExtEncoder;
import org.apache.rocketmq.store.config.MessageStoreConfig;

/** Prints, one JSON object a line, what Apache's own codecs make of values that no recording holds. */
public class GoldenCodecs {
    private static final Random RANDOM = new Random(20261121);

    public static void main(String[] args) throws Exception {
        records();
        headers();
        texts();
        batches();
        registrations();
        bodies();
        // Libraries log to standard output too; the marker tells our lines from theirs.
        System.exit(0);
    }

    private static void line(String kind, Object... pairs) {
        Map<String, Object> line = new LinkedHashMap<>();
        line.put("kind", kind);
        for (int index = 0; index < pairs.length; index += 2) {
            line.put((String) pairs[index], pairs[index + 1]);
        }
        System.out.println("golden " + JSON.toJSONString(line, JSONWriter.Feature.BrowserCompatible));
    }

    private static String base64(byte[] bytes) {
        return Base64.getEncoder().encodeToString(bytes);
    }

    private static String text(int units) {
        StringBuilder text = new StringBuilder();
        while (text.length() < units) {
            switch (RANDOM.nextInt(4)) {
                case 0: text.append((char) ('a' + RANDOM.nextInt(26))); break;
                case 1: text.append((char) (0xa0 + RANDOM.nextInt(0x2000))); break;
                case 2: text.append((char) (0x4e00 + RANDOM.nextInt(0x1000))); break;
                default: text.appendCodePoint(0x1f300 + RANDOM.nextInt(0x200)); break;
            }
        }
        return text.toString();
    }

    private static void records() {
        String[] hosts = {"192.0.2.1", "2001:db8::7"};
        String[] topics = {"T", "%RETRY%" + "g".repeat(248), "t".repeat(127), "t".repeat(128)};
        for (String bornHost : hosts) for (String storeHost : hosts) for (String topic : topics) {
            MessageExtBrokerInner message = new MessageExtBrokerInner();
            message.setTopic(topic);
            message.setVersion(topic.length() > 127 ? MessageVersion.MESSAGE_VERSION_V2 : MessageVersion.MESSAGE_VERSION_V1);
            byte[] body = new byte[RANDOM.nextInt(300)];
            RANDOM.nextBytes(body);
            message.setBody(body);
            message.setBodyCRC(org.apache.rocketmq.common.UtilAll.crc32(body));
            message.setQueueId(RANDOM.nextInt(1000));
            message.setFlag(RANDOM.nextInt());
            message.setQueueOffset(RANDOM.nextInt() & 0x7fffffffL);
            message.setSysFlag(0);
            message.setBornTimestamp(1795254168879L + RANDOM.nextInt(1000));
            message.setStoreTimestamp(1795254169879L + RANDOM.nextInt(1000));
            message.setBornHost(new InetSocketAddress(bornHost, 1 + RANDOM.nextInt(65535)));
            message.setStoreHost(new InetSocketAddress(storeHost, 1 + RANDOM.nextInt(65535)));
            if (bornHost.contains(":")) message.setBornHostV6Flag();
            if (storeHost.contains(":")) message.setStoreHostAddressV6Flag();
            message.setReconsumeTimes(RANDOM.nextInt(16));
            message.setPreparedTransactionOffset(RANDOM.nextInt() & 0x7fffffffL);
            message.putUserProperty("name", text(6));
            message.setTags("TagA");
            message.setPropertiesString(MessageDecoder.messageProperties2String(message.getProperties()));
            MessageExtEncoder encoder = new MessageExtEncoder(new MessageStoreConfig());
            encoder.encode(message);
            ByteBuffer encoded = encoder.getEncoderBuffer();
            byte[] bytes = new byte[encoded.getInt(0)];
            encoded.get(bytes);
            MessageExt read = MessageDecoder.decode(ByteBuffer.wrap(bytes));
            line("record", "bytes", base64(bytes), "topic", read.getTopic(), "queueId", read.getQueueId(),
                "flag", read.getFlag(), "queueOffset", read.getQueueOffset(), "sysFlag", read.getSysFlag(),
                "bornTimestamp", read.getBornTimestamp(), "storeTimestamp", read.getStoreTimestamp(),
                "bornPort", ((InetSocketAddress) read.getBornHost()).getPort(),
                "bornAddress", base64(((InetSocketAddress) read.getBornHost()).getAddress().getAddress()),
                "storeAddress", base64(((InetSocketAddress) read.getStoreHost()).getAddress().getAddress()),
                "reconsumeTimes", read.getReconsumeTimes(), "prepared", read.getPreparedTransactionOffset(),
                "bodyCrc", read.getBodyCRC(), "body", base64(read.getBody()), "msgId", read.getMsgId(),
                "properties", read.getProperties());
        }
    }

    private static void headers() {
        for (int index = 0; index < 40; index++) {
            RemotingCommand command = RemotingCommand.createRequestCommand(RANDOM.nextInt(400), null);
            command.setSerializeTypeCurrentRPC(index % 2 == 0 ? SerializeType.JSON : SerializeType.ROCKETMQ);
            command.setLanguage(LanguageCode.values()[RANDOM.nextInt(14)]);
            command.setVersion(RANDOM.nextInt(500));
            command.setOpaque(RANDOM.nextInt());
            command.setFlag(RANDOM.nextInt(4));
            if (index % 3 == 0) command.setRemark(text(20) + "\"\\\t\n\u0001");
            for (int field = RANDOM.nextInt(8); field > 0; field--) command.addExtField(text(4), text(RANDOM.nextInt(30)));
            if (index % 5 == 0) command.setBody(text(10).getBytes(StandardCharsets.UTF_8));
            ByteBuffer frame = command.encode();
            byte[] bytes = new byte[frame.remaining()];
            frame.get(bytes);
            line("header", "bytes", base64(bytes), "code", command.getCode(),
                "language", command.getLanguage().name(), "version", command.getVersion(), "opaque", command.getOpaque(),
                "flag", command.getFlag(), "remark", command.getRemark(),
                "ext", command.getExtFields() == null ? new TreeMap<>() : command.getExtFields());
        }
    }

    private static void texts() {
        for (int index = 0; index < 60; index++) {
            String text = text(index);
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            line("text", "text", text, "hash", text.hashCode(), "crc", org.apache.rocketmq.common.UtilAll.crc32(bytes));
        }
        double[] doubles = {0, 1, -1, 0.1, 1.5, 100, 1e6, 9999999, 1e7, 12345678.9, 1e-3, 9.99e-4, 1e-5, 1e21, 0.3333333333333333};
        for (double value : doubles) {
            BrokerStatsItem item = new BrokerStatsItem();
            item.setTps(value);
            line("json", "type", "BrokerStatsItem", "json", RemotingSerializable.toJson(item, false));
        }
        StringBuilder all = new StringBuilder();
        for (char unit = 0; unit < 0x250; unit++) all.append(unit);
        all.append("\u2027\u2028\u2029\u202a\u4e2d\ufeff\ud83d\ude00/<>()'&");
        KVTable kv = new KVTable();
        kv.getTable().put("k", all.toString());
        line("json", "type", "KvTable", "json", RemotingSerializable.toJson(kv, false));
        line("json", "type", "KvTablePretty", "json", RemotingSerializable.toJson(kv, true));
    }

    private static void batches() throws Exception {
        for (int size = 1; size < 6; size++) {
            List<Message> messages = new ArrayList<>();
            for (int index = 0; index < size; index++) {
                Message message = new Message("T", text(20 * index).getBytes(StandardCharsets.UTF_8));
                message.setFlag(RANDOM.nextInt());
                message.putUserProperty("p", text(5));
                messages.add(message);
            }
            List<Map<String, Object>> items = new ArrayList<>();
            for (Message message : messages) {
                Map<String, Object> item = new LinkedHashMap<>();
                item.put("flag", message.getFlag());
                item.put("body", base64(message.getBody()));
                item.put("properties", message.getProperties());
                items.add(item);
            }
            line("batch", "bytes", base64(MessageDecoder.encodeMessages(messages)), "items", items);
        }
    }

    private static void registrations() {
        RegisterBrokerBody body = new RegisterBrokerBody();
        for (int index = 0; index < 5; index++) {
            TopicConfig config = new TopicConfig("Topic" + index, index + 1, index + 2, 6);
            if (index > 2) config.getAttributes().put("message.type", "FIFO");
            body.getTopicConfigSerializeWrapper().getTopicConfigTable().put(config.getTopicName(), config);
            line("topicLine", "line", config.encode(), "topic", config.getTopicName(), "read", config.getReadQueueNums());
        }
        body.getTopicConfigSerializeWrapper().getTopicQueueMappingInfoMap()
            .put("Topic0", new TopicQueueMappingInfo("Topic0", 4, "broker-a", 7));
        body.setFilterServerList(List.of("192.0.2.1:1"));
        line("registration", "compressed", base64(body.encode(true)), "json", base64(body.encode(false)));
    }

    private static void bodies() {
        TopicRouteData route = new TopicRouteData();
        QueueData queue = new QueueData();
        queue.setBrokerName("b\u00e4\u4e2d");
        queue.setPerm(6);
        BrokerData broker = new BrokerData("c", "b\u00e4\u4e2d", new java.util.HashMap<>(Map.of(0L, "192.0.2.1:1", 10L, "192.0.2.1:2", 2L, "x")));
        broker.setZoneName("z");
        route.setQueueDatas(List.of(queue));
        route.setBrokerDatas(List.of(broker));
        route.setOrderTopicConf("b:4");
        line("json", "type", "TopicRouteData", "json", RemotingSerializable.toJson(route, false));
        line("json", "type", "TopicRouteDataStandard", "json",
            new String(route.encode(JSONWriter.Feature.BrowserCompatible, JSONWriter.Feature.MapSortField), StandardCharsets.UTF_8));
        ConsumeStats stats = new ConsumeStats();
        OffsetWrapper offset = new OffsetWrapper();
        offset.setBrokerOffset(Long.MAX_VALUE);
        offset.setConsumerOffset(-1);
        stats.getOffsetTable().put(new MessageQueue("T\"\u4e2d", "b", 1), offset);
        stats.setConsumeTps(1e10);
        line("json", "type", "ConsumeStats", "json", RemotingSerializable.toJson(stats, false));
        BrokerStatsData data = new BrokerStatsData();
        data.setStatsDay(new BrokerStatsItem());
        line("json", "type", "BrokerStatsDataPartial", "json", RemotingSerializable.toJson(data, false));
    }
}
