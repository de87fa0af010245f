package runner_test

import (
	"context"
	"fmt"

	"fleet/event"
	"fleet/runner"
	"fleet/transport"
)

// A run on one host, which is this machine.
func Example() {
	show := event.SinkFunc(func(e *event.Event) {
		switch e.Type {
		case event.Output:
			fmt.Printf("%s: %s", e.Host, e.Data)
		case event.HostEnd:
			fmt.Printf("%s: %s\n", e.Host, e.Outcome)
		}
	})
	summary := runner.Run(context.Background(), &runner.Config{
		Transport: transport.Local{},
		Sink:      show,
		Command:   transport.Command{Script: "echo hello; exit 3"},
	}, []runner.Job{{Host: "here", Target: transport.Target{Name: "here"}}})
	fmt.Println("exit status", summary.ExitStatus())
	// Output:
	// here: hello
	// here: failed
	// exit status 2
}
