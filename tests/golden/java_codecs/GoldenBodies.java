import com.alibaba.fastjson2.JSON;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.Type;
import java.util.BitSet;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentMap;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.rocketmq.remoting.protocol.RemotingSerializable;

/** Prints, one JSON object a line, the JSON of each body class given, with every field filled. */
public class GoldenBodies {
    private static int count = 0;

    public static void main(String[] names) throws Exception {
        for (String name : names) {
            count = 0;
            Object body = fill(Class.forName("org.apache.rocketmq." + name), 0);
            Map<String, Object> line = new LinkedHashMap<>();
            line.put("class", name.substring(name.lastIndexOf('.') + 1));
            line.put("json", RemotingSerializable.toJson(body, false));
            System.out.println("golden " + JSON.toJSONString(line));
        }
        System.exit(0);
    }

    private static Object fill(Class<?> type, int depth) throws Exception {
        Object bean = make(type);
        for (Class<?> level = type; level != null && level != Object.class; level = level.getSuperclass()) {
            for (Field field : level.getDeclaredFields()) {
                int modifiers = field.getModifiers();
                if (Modifier.isStatic(modifiers) || Modifier.isTransient(modifiers)) continue;
                field.setAccessible(true);
                Object value = value(field.getGenericType(), depth);
                if (value != null) field.set(bean, value);
            }
        }
        return bean;
    }

    /** Some bodies have no constructor without arguments. */
    private static Object make(Class<?> type) throws Exception {
        for (Constructor<?> constructor : type.getDeclaredConstructors()) {
            if (constructor.getParameterCount() > 0) continue;
            constructor.setAccessible(true);
            return constructor.newInstance();
        }
        Field unsafe = sun.misc.Unsafe.class.getDeclaredField("theUnsafe");
        unsafe.setAccessible(true);
        return ((sun.misc.Unsafe) unsafe.get(null)).allocateInstance(type);
    }

    @SuppressWarnings({"unchecked", "rawtypes"})
    private static Object value(Type type, int depth) throws Exception {
        if (depth > 6) return null;
        Class<?> raw = type instanceof ParameterizedType ? (Class<?>) ((ParameterizedType) type).getRawType() : (Class<?>) type;
        count++;
        if (raw == String.class) return "text " + count;
        if (raw == int.class || raw == Integer.class) return count;
        if (raw == long.class || raw == Long.class) return 1000000000000L + count;
        if (raw == double.class || raw == Double.class) return count + 0.25;
        if (raw == boolean.class || raw == Boolean.class) return true;
        if (raw == AtomicLong.class) return new AtomicLong(count);
        if (raw == long[].class) return new long[] {count, count + 1};
        if (raw == BitSet.class) return BitSet.valueOf(new byte[] {5, 1});
        if (raw == Properties.class) {
            Properties properties = new Properties();
            properties.setProperty("key", "value");
            return properties;
        }
        if (raw.isEnum()) return raw.getEnumConstants()[raw.getEnumConstants().length - 1];
        if (Map.class.isAssignableFrom(raw)) {
            Type[] of = ((ParameterizedType) type).getActualTypeArguments();
            Map map = ConcurrentMap.class.isAssignableFrom(raw) ? new ConcurrentHashMap() : raw == TreeMap.class ? new TreeMap() : new java.util.HashMap();
            map.put(value(of[0], depth + 1), value(of[1], depth + 1));
            return map;
        }
        if (Collection.class.isAssignableFrom(raw)) {
            Type[] of = ((ParameterizedType) type).getActualTypeArguments();
            Collection list = raw == TreeSet.class ? new TreeSet() : java.util.Set.class.isAssignableFrom(raw) ? new java.util.HashSet() : new java.util.ArrayList();
            list.add(value(of[0], depth + 1));
            return list;
        }
        return raw.getName().startsWith("org.apache.rocketmq") ? fill(raw, depth + 1) : null;
    }
}
