package output_test

import (
	"os"
	"strings"
	"time"

	"fleet/event"
	"fleet/output"
)

// A run of three hosts, two of which printed the same.
func run(sink event.Sink) {
	hosts := []string{"web01", "web02", "web03"}
	now := time.Now()
	sink.Emit(&event.Event{Type: event.RunStart, Time: now, Hosts: hosts})
	for i, h := range hosts {
		text := "nginx/1.26\n"
		if i == 2 {
			text = "nginx/1.24\n"
		}
		sink.Emit(&event.Event{Type: event.Output, Time: now, Host: h, Stream: event.Stdout, Data: []byte(text)})
		sink.Emit(&event.Event{Type: event.HostEnd, Time: now, Host: h, Outcome: event.OK})
	}
	sink.Emit(&event.Event{Type: event.RunEnd, Time: now, Summary: &event.Summary{}})
}

func config() output.Config {
	return output.Config{
		Stdout: output.Dest{Writer: os.Stdout},
		Stderr: output.Dest{Writer: os.Stderr},
		Fold:   func(hosts []string) string { return strings.Join(hosts, ",") },
	}
}

func ExampleNewStream() {
	r := output.NewStream(config())
	run(r)
	if err := r.Close(); err != nil {
		panic(err)
	}
	// Output:
	// web01: nginx/1.26
	// web02: nginx/1.26
	// web03: nginx/1.24
}

func ExampleNewGather() {
	r := output.NewGather(config())
	run(r)
	if err := r.Close(); err != nil {
		panic(err)
	}
	// Output:
	// ---------------
	// web03 (1)
	// ---------------
	// nginx/1.24
	// ---------------
	// web01,web02 (2)
	// ---------------
	// nginx/1.26
}

func ExampleNewDiff() {
	r := output.NewDiff(config())
	run(r)
	if err := r.Close(); err != nil {
		panic(err)
	}
	// Output:
	// ---------------
	// web01,web02 (2)
	// ---------------
	// nginx/1.26
	// ---------------
	// web03 (1)
	// ---------------
	// --- web01,web02 (2)
	// +++ web03 (1)
	// @@ -1 +1 @@
	// -nginx/1.26
	// +nginx/1.24
}

func ExampleNewTasks() {
	cfg := config()
	cfg.Stderr.Writer = os.Stdout // what fleet says itself
	r := output.NewTasks(cfg)
	hosts := []string{"web01", "web02", "web03"}
	emit := func(e event.Event) {
		e.Task, e.Batch, e.Section = "deploy", 1, event.Steps
		r.Emit(&e)
	}
	emit(event.Event{Type: event.RunStart, Hosts: hosts})
	emit(event.Event{Type: event.TaskStart, Hosts: hosts, Batches: 1})
	emit(event.Event{Type: event.BatchStart, Hosts: hosts})
	for i, h := range hosts {
		end := event.Event{Type: event.StepEnd, Host: h, Step: "unpack", Outcome: event.OK, Changed: true, Duration: time.Second}
		if i == 2 {
			end.Outcome, end.Changed, end.Reason = event.Skipped, false, "creates /opt/app exists"
		}
		emit(event.Event{Type: event.StepStart, Host: h, Step: "unpack"})
		emit(end)
		emit(event.Event{Type: event.HostEnd, Host: h, Outcome: event.OK})
	}
	emit(event.Event{Type: event.BatchEnd, Outcome: event.OK})
	emit(event.Event{Type: event.TaskEnd, Outcome: event.OK, Duration: 2 * time.Second})
	emit(event.Event{Type: event.RunEnd, Summary: &event.Summary{}, Duration: 2 * time.Second})
	if err := r.Close(); err != nil {
		panic(err)
	}
	// Output:
	// task deploy: 3 hosts: web01,web02,web03
	// step unpack: 2 changed, 1 skipped (creates /opt/app exists): web03
	// task deploy: done in 2.0 s
	//
	// recap        changed  skipped  slowest
	// step unpack        2        1    1.0 s  web01
	// fleet: 3 ok in 2.0 s
}
