// Command conformance is a long-lived process that does what the tests ask for with rocketmq-client-go v2:
// a request a line on standard input ({"id","op","args"}), an answer a line on standard output ({"id","ok"} or
// {"id","error"}), requests in parallel. It ends with its standard input.
package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	rocketmq "github.com/apache/rocketmq-client-go/v2"
	"github.com/apache/rocketmq-client-go/v2/consumer"
	"github.com/apache/rocketmq-client-go/v2/primitive"
	"github.com/apache/rocketmq-client-go/v2/producer"
	"github.com/apache/rocketmq-client-go/v2/rlog"
)

type args struct {
	Name         string `json:"name"`
	Group        string `json:"group"`
	Namesrv      string `json:"namesrv"`
	Producer     string `json:"producer"`
	Topic        string `json:"topic"`
	Expression   string `json:"expression"`
	Listener     string `json:"listener"`
	Mode         string `json:"mode"`
	Tags         string `json:"tags"`
	KeyPrefix    string `json:"keyPrefix"`
	Log          string `json:"log"`
	From         any    `json:"from"`
	Count        int64  `json:"count"`
	Size         int    `json:"size"`
	Seed         int32  `json:"seed"`
	Threads      int    `json:"threads"`
	Window       int    `json:"window"`
	Shards       int64  `json:"shards"`
	FailTimes    int32  `json:"failTimes"`
	RetryLevel   int    `json:"retryLevel"`
	MaxReconsume int32  `json:"maxReconsume"`
}

type request struct {
	ID   int64  `json:"id"`
	Op   string `json:"op"`
	Args args   `json:"args"`
}

type running struct {
	push  rocketmq.PushConsumer
	count atomic.Int64
}

var (
	mutex     sync.Mutex
	producers = map[string]rocketmq.Producer{}
	consumers = map[string]*running{}
	logs      = map[string]*bufio.Writer{}
)

func build(seq int64, seed int32, size int) []byte {
	head := []byte("#" + strconv.FormatInt(seq, 10) + ":" + strconv.FormatInt(int64(seed), 10) + ";")
	body := make([]byte, max(size, len(head)))
	copy(body, head)
	x := uint32(seq)*0x9E3779B1 ^ uint32(seed)
	if x == 0 {
		x = 1
	}
	for i := len(head); i < len(body); i++ {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		body[i] = byte(x)
	}
	return body
}

func check(body []byte) int64 {
	end := bytes.IndexByte(body, ';')
	if end < 0 || body[0] != '#' {
		return -1
	}
	parts := strings.SplitN(string(body[1:end]), ":", 2)
	if len(parts) != 2 {
		return -1
	}
	seq, err := strconv.ParseInt(parts[0], 10, 64)
	seed, err2 := strconv.ParseInt(parts[1], 10, 32)
	if err != nil || err2 != nil || !bytes.Equal(body, build(seq, int32(seed), len(body))) {
		return -1
	}
	return seq
}

func writeLog(path string, lines string) {
	if path == "" {
		return
	}
	mutex.Lock()
	defer mutex.Unlock()
	out := logs[path]
	if out == nil {
		file, err := os.OpenFile(path, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o644)
		if err != nil {
			panic(err)
		}
		out = bufio.NewWriterSize(file, 1<<16)
		logs[path] = out
	}
	if _, err := out.WriteString(lines); err != nil {
		panic(err)
	}
}

func flushLogs() {
	mutex.Lock()
	defer mutex.Unlock()
	for _, out := range logs {
		if err := out.Flush(); err != nil {
			panic(err)
		}
	}
}

func startProducer(a args) (any, error) {
	p, err := rocketmq.NewProducer(producer.WithNsResolver(primitive.NewPassthroughResolver([]string{a.Namesrv})),
		producer.WithGroupName(a.Group), producer.WithInstanceName(a.Name), producer.WithRetry(2), producer.WithSendMsgTimeout(10*time.Second),
		producer.WithQueueSelector(producer.NewHashQueueSelector()))
	if err != nil {
		return nil, err
	}
	if err := p.Start(); err != nil {
		return nil, err
	}
	mutex.Lock()
	producers[a.Name] = p
	mutex.Unlock()
	return true, nil
}

type load struct {
	args
	p      rocketmq.Producer
	acked  atomic.Int64
	failed atomic.Int64
	fault  atomic.Value
}

func (l *load) message(seq int64) *primitive.Message {
	message := primitive.NewMessage(l.Topic, build(seq, l.Seed, l.Size))
	if l.Tags != "" {
		message.WithTag(l.Tags)
	}
	if l.KeyPrefix != "" {
		message.WithKeys([]string{l.KeyPrefix + strconv.FormatInt(seq, 10)})
	}
	if l.Mode == "ordered" {
		message.WithShardingKey(strconv.FormatInt(seq%l.Shards, 10))
	}
	return message
}

func (l *load) ack(result *primitive.SendResult, err error, first int64, count int64) {
	if err == nil && result.Status != primitive.SendOK {
		err = fmt.Errorf("send status %d", result.Status)
	}
	if err != nil {
		l.failed.Add(count)
		l.fault.Store(err.Error())
		return
	}
	var lines strings.Builder
	ids := strings.Split(result.OffsetMsgID, ",")
	for i := int64(0); i < count; i++ {
		fmt.Fprintf(&lines, "%d %d %d %s\n", first+i, result.MessageQueue.QueueId, result.QueueOffset+i, ids[min(int(i), len(ids)-1)])
	}
	writeLog(l.Log, lines.String())
	l.acked.Add(count)
}

func (l *load) thread(id int, from int64) {
	step := int64(1)
	if l.Mode == "batch" {
		step = int64(l.Window)
	}
	ctx := context.Background()
	var open sync.WaitGroup
	room := make(chan struct{}, max(1, l.Window))
	for n := int64(id) * step; n < l.Count; n += int64(l.Threads) * step {
		seq := from + n
		switch l.Mode {
		case "oneway":
			if err := l.p.SendOneWay(ctx, l.message(seq)); err != nil {
				l.ack(nil, err, seq, 1)
			} else {
				l.acked.Add(1)
			}
		case "async":
			room <- struct{}{}
			open.Add(1)
			err := l.p.SendAsync(ctx, func(_ context.Context, result *primitive.SendResult, err error) {
				l.ack(result, err, seq, 1)
				<-room
				open.Done()
			}, l.message(seq))
			if err != nil {
				l.ack(nil, err, seq, 1)
				<-room
				open.Done()
			}
		case "batch":
			var messages []*primitive.Message
			for i := seq; i < min(seq+step, from+l.Count); i++ {
				messages = append(messages, l.message(i))
			}
			result, err := l.p.SendSync(ctx, messages...)
			l.ack(result, err, seq, int64(len(messages)))
		default:
			result, err := l.p.SendSync(ctx, l.message(seq))
			l.ack(result, err, seq, 1)
		}
	}
	open.Wait()
}

func produce(a args) (any, error) {
	l := &load{args: a, p: producers[a.Producer]}
	if l.p == nil {
		return nil, fmt.Errorf("producer %q is not started", a.Producer)
	}
	l.Threads, l.Window, l.Shards = max(1, a.Threads), max(1, a.Window), max(1, a.Shards)
	from, _ := a.From.(float64)
	began := time.Now()
	var all sync.WaitGroup
	for t := 0; t < l.Threads; t++ {
		all.Add(1)
		go func() {
			defer all.Done()
			l.thread(t, int64(from))
		}()
	}
	all.Wait()
	errors := []string{}
	if fault, ok := l.fault.Load().(string); ok {
		errors = append(errors, fault)
	}
	return map[string]any{"acked": l.acked.Load(), "failed": l.failed.Load(), "errors": errors, "seconds": time.Since(began).Seconds()}, nil
}

func (r *running) take(a args, messages []*primitive.MessageExt) bool {
	var lines strings.Builder
	again := false
	now := time.Now().UnixMilli()
	for _, m := range messages {
		retried := 0
		if m.GetProperty(primitive.PropertyRetryTopic) != "" {
			retried = 1
		}
		fmt.Fprintf(&lines, "%s %d %d %d %d %d %d\n", a.Name, m.Queue.QueueId, m.QueueOffset, check(m.Body), m.ReconsumeTimes, retried, now)
		again = again || m.ReconsumeTimes < a.FailTimes
	}
	writeLog(a.Log, lines.String())
	r.count.Add(int64(len(messages)))
	return again
}

func startConsumer(a args) (any, error) {
	from := consumer.ConsumeFromFirstOffset
	if a.From == "last" {
		from = consumer.ConsumeFromLastOffset
	}
	options := []consumer.Option{consumer.WithNsResolver(primitive.NewPassthroughResolver([]string{a.Namesrv})), consumer.WithGroupName(a.Group),
		consumer.WithInstance(a.Name), consumer.WithConsumeFromWhere(from), consumer.WithConsumerOrder(a.Listener == "orderly")}
	if a.MaxReconsume > 0 {
		options = append(options, consumer.WithMaxReconsumeTimes(a.MaxReconsume))
	}
	push, err := rocketmq.NewPushConsumer(options...)
	if err != nil {
		return nil, err
	}
	r := &running{push: push}
	expression := a.Expression
	if expression == "" {
		expression = "*"
	}
	err = push.Subscribe(a.Topic, consumer.MessageSelector{Type: consumer.TAG, Expression: expression},
		func(ctx context.Context, messages ...*primitive.MessageExt) (consumer.ConsumeResult, error) {
			if concurrent, ok := primitive.GetConcurrentlyCtx(ctx); ok && a.RetryLevel != 0 {
				concurrent.DelayLevelWhenNextConsume = a.RetryLevel
			}
			if r.take(a, messages) {
				if a.Listener == "orderly" {
					return consumer.SuspendCurrentQueueAMoment, nil
				}
				return consumer.ConsumeRetryLater, nil
			}
			return consumer.ConsumeSuccess, nil
		})
	if err != nil {
		return nil, err
	}
	if err := push.Start(); err != nil {
		return nil, err
	}
	mutex.Lock()
	consumers[a.Name] = r
	mutex.Unlock()
	return true, nil
}

func run(op string, a args) (any, error) {
	mutex.Lock()
	p, c := producers[a.Name], consumers[a.Name]
	mutex.Unlock()
	switch op {
	case "producer.start":
		return startProducer(a)
	case "producer.stop":
		mutex.Lock()
		delete(producers, a.Name)
		mutex.Unlock()
		return true, p.Shutdown()
	case "produce":
		return produce(a)
	case "consumer.start":
		return startConsumer(a)
	case "consumer.stop":
		mutex.Lock()
		delete(consumers, a.Name)
		mutex.Unlock()
		return c.count.Load(), c.push.Shutdown()
	case "consumer.count":
		return c.count.Load(), nil
	}
	return nil, fmt.Errorf("operation %s is not known", op)
}

func answer(line []byte) map[string]any {
	var r request
	if err := json.Unmarshal(line, &r); err != nil {
		return map[string]any{"error": map[string]any{"type": "Request", "message": err.Error()}}
	}
	ok, err := run(r.Op, r.Args)
	flushLogs()
	if err != nil {
		return map[string]any{"id": r.ID, "error": map[string]any{"type": fmt.Sprintf("%T", err), "message": err.Error()}}
	}
	return map[string]any{"id": r.ID, "ok": ok}
}

func main() {
	rlog.SetLogLevel("error")
	out := json.NewEncoder(os.Stdout)
	var outMutex sync.Mutex
	fmt.Println(`{"ready":true}`)
	in := bufio.NewScanner(os.Stdin)
	in.Buffer(make([]byte, 1<<16), 1<<22)
	for in.Scan() {
		line := bytes.Clone(in.Bytes())
		go func() {
			result := answer(line)
			outMutex.Lock()
			defer outMutex.Unlock()
			if err := out.Encode(result); err != nil {
				panic(err)
			}
		}()
	}
}
