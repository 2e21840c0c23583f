import java.util.*;
import org.apache.rocketmq.client.consumer.*;
import org.apache.rocketmq.client.consumer.rebalance.*;
import org.apache.rocketmq.common.message.MessageQueue;
public class AllocationGold {
  static long seed = 20260101L;
  static int rnd(int n) { seed = (seed * 6364136223846793005L + 1442695040888963407L); return (int) Long.remainderUnsigned(seed >>> 33, n); }
  static String q(String s) { return "\"" + s + "\""; }
  static String[] ROOMS = {"hz", "sh", "sz"};
  public static void main(String[] a) throws Exception {
    for (int i = 0; i < 3000; i++) {
      int brokers = 1 + rnd(4), per = 1 + rnd(i % 10 == 0 ? 40 : 9), members = 1 + rnd(i % 10 == 1 ? 40 : 9);
      boolean rooms = i % 3 == 0;
      List<MessageQueue> mq = new ArrayList<>();
      for (int b = 0; b < brokers; b++) { String bn = rooms ? ROOMS[rnd(3)] + "@b" + b : "broker-" + (char)('a' + b);
        for (int k = 0; k < per; k++) mq.add(new MessageQueue("T" + rnd(1) + (i % 7), bn, k)); }
      Collections.sort(mq);
      List<String> cid = new ArrayList<>();
      for (int c = 0; c < members; c++) cid.add((rooms ? ROOMS[rnd(3)] + "-" : "10.0." + rnd(256) + ".") + rnd(256) + "@" + rnd(100000) + "#" + c);
      Collections.sort(cid);
      String me = i % 50 == 49 ? "nobody" : cid.get(rnd(members));
      String[] names = {"AVG", "AVG_BY_CIRCLE", "CONSISTENT_HASH", "MACHINE_ROOM", "MACHINE_ROOM_NEARBY"};
      String name = rooms ? names[rnd(5)] : names[rnd(3)];
      int vn = 1 + rnd(20);
      AllocateMessageQueueStrategy s;
      String extra = "";
      switch (name) {
        case "AVG": s = new AllocateMessageQueueAveragely(); break;
        case "AVG_BY_CIRCLE": s = new AllocateMessageQueueAveragelyByCircle(); break;
        case "CONSISTENT_HASH": s = new AllocateMessageQueueConsistentHash(vn); extra = ",\"v\":" + vn; break;
        case "MACHINE_ROOM": { AllocateMessageQueueByMachineRoom m = new AllocateMessageQueueByMachineRoom(); int r = 1 + rnd(3); Set<String> set = new LinkedHashSet<>(); for (int k = 0; k < r; k++) set.add(ROOMS[k]); m.setConsumeridcs(set); s = m; extra = ",\"v\":" + r; break; }
        default: s = new AllocateMachineRoomNearby(i % 2 == 0 ? new AllocateMessageQueueAveragely() : new AllocateMessageQueueAveragelyByCircle(), new AllocateMachineRoomNearby.MachineRoomResolver() {
          public String brokerDeployIn(MessageQueue m) { return m.getBrokerName().split("@")[0]; }
          public String consumerDeployIn(String c) { return c.split("-")[0]; } });
          extra = ",\"v\":" + (i % 2);
      }
      List<MessageQueue> r = s.allocate("g", me, mq, cid);
      StringBuilder sb = new StringBuilder("{\"s\":" + q(name) + extra + ",\"t\":" + q(mq.get(0).getTopic()) + ",\"b\":[");
      LinkedHashMap<String,Integer> bs = new LinkedHashMap<>(); for (MessageQueue m : mq) bs.merge(m.getBrokerName(), 1, Integer::sum);
      int n = 0; for (Map.Entry<String,Integer> e : bs.entrySet()) sb.append(n++ > 0 ? "," : "").append("[" + q(e.getKey()) + "," + e.getValue() + "]");
      sb.append("],\"c\":["); n = 0; for (String c : cid) sb.append(n++ > 0 ? "," : "").append(q(c));
      sb.append("],\"m\":" + q(me) + ",\"r\":["); n = 0;
      for (MessageQueue m : r) sb.append(n++ > 0 ? "," : "").append(mq.indexOf(m)); sb.append("]}");
      System.out.println(sb);
    }
  }
}
