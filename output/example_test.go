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
