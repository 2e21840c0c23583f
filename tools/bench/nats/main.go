// nats: a NATS server with JetStream on file storage, and a load for it that prints what load.c prints.
//
//	nats serve <port> <folder>
//	nats load <port> <connections> <in flight on each> <body bytes> <warm-up seconds> <seconds>
package main

import (
	"context"
	"fmt"
	"os"
	"os/signal"
	"sort"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

const subject = "load.messages"

func must[T any](value T, err error) T {
	check(err)
	return value
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func number(at int) int { return must(strconv.Atoi(os.Args[at])) }

func serve() {
	options := &server.Options{Host: "127.0.0.1", Port: number(2), JetStream: true, StoreDir: os.Args[3], NoSigs: true}
	broker := must(server.NewServer(options))
	broker.Start()
	if !broker.ReadyForConnections(20 * time.Second) {
		check(fmt.Errorf("the server does not accept"))
	}
	client := must(nats.Connect(broker.ClientURL()))
	stream := must(jetstream.New(client))
	config := jetstream.StreamConfig{Name: "LOAD", Subjects: []string{subject}, Storage: jetstream.FileStorage}
	must(stream.CreateOrUpdateStream(context.Background(), config))
	client.Close()
	fmt.Println("boot success")
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, syscall.SIGINT)
	<-stop
	broker.Shutdown()
	broker.WaitForShutdown()
}

// One connection with so many publishes in flight. It returns the microseconds that each took, and how many failed.
func publish(url string, window, bytes int, from, until time.Time) (taken []float64, failed int) {
	client := must(nats.Connect(url))
	defer client.Close()
	stream := must(jetstream.New(client, jetstream.WithPublishAsyncMaxPending(window)))
	body := make([]byte, bytes)
	for i := range body {
		body[i] = byte('a' + i%26)
	}
	var lock sync.Mutex
	note := func(began time.Time, err error) {
		now := time.Now()
		if now.Before(from) || now.After(until) {
			return
		}
		lock.Lock()
		defer lock.Unlock()
		if err != nil {
			failed++
			return
		}
		taken = append(taken, float64(now.Sub(began).Microseconds()))
	}
	if window == 1 {
		for time.Now().Before(until) {
			began := time.Now()
			_, err := stream.Publish(context.Background(), subject, body)
			note(began, err)
		}
		return taken, failed
	}
	var waiting sync.WaitGroup
	slots := make(chan struct{}, window)
	for time.Now().Before(until) {
		slots <- struct{}{}
		began := time.Now()
		ack, err := stream.PublishAsync(subject, body)
		if err != nil {
			note(began, err)
			<-slots
			continue
		}
		waiting.Add(1)
		go func() {
			defer waiting.Done()
			select {
			case <-ack.Ok():
				note(began, nil)
			case err := <-ack.Err():
				note(began, err)
			}
			<-slots
		}()
	}
	waiting.Wait()
	return taken, failed
}

func load() {
	url := "nats://127.0.0.1:" + os.Args[2]
	connections, window, bytes, warmUp, seconds := number(3), number(4), number(5), number(6), number(7)
	from := time.Now().Add(time.Duration(warmUp) * time.Second)
	until := from.Add(time.Duration(seconds) * time.Second)
	var lock sync.Mutex
	var all []float64
	var bad int
	var running sync.WaitGroup
	for range connections {
		running.Add(1)
		go func() {
			defer running.Done()
			taken, failed := publish(url, window, bytes, from, until)
			lock.Lock()
			defer lock.Unlock()
			all = append(all, taken...)
			bad += failed
		}()
	}
	running.Wait()
	sort.Float64s(all)
	if len(all) == 0 {
		check(fmt.Errorf("nothing was published"))
	}
	fmt.Printf("send conns=%d window=%d size=%d msgs_per_s=%.0f failed=%d p50_us=%.0f p99_us=%.0f\n", connections, window, bytes,
		float64(len(all))/float64(seconds), bad, all[len(all)/2], all[len(all)*99/100])
}

func main() {
	switch {
	case len(os.Args) == 4 && os.Args[1] == "serve":
		serve()
	case len(os.Args) == 8 && os.Args[1] == "load":
		load()
	default:
		fmt.Fprintln(os.Stderr, "nats serve <port> <folder> | nats load <port> <connections> <in flight> <body bytes> <warm-up s> <seconds>")
		os.Exit(2)
	}
}
