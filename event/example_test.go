package event_test

import (
	"fmt"

	"fleet/event"
)

// A tally is a sink; its summary knows the exit status of the process.
func ExampleTally() {
	var tally event.Tally
	sink := event.Tee(&tally, event.SinkFunc(func(e *event.Event) {
		fmt.Println(e.Host, e.Outcome)
	}))
	sink.Emit(&event.Event{Type: event.HostEnd, Host: "web1", Outcome: event.OK})
	sink.Emit(&event.Event{Type: event.HostEnd, Host: "web2", Outcome: event.Unreachable, Status: -1})
	fmt.Println("exit status", tally.Summary(event.Completed).ExitStatus())
	// Output:
	// web1 ok
	// web2 unreachable
	// exit status 4
}
