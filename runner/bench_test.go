package runner_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"fleet/event"
	"fleet/inventory"
	"fleet/runner"
	"fleet/transport"
)

// BenchmarkApply is the cost of the walk itself: nothing is sent.
func BenchmarkApply(b *testing.B) {
	var steps strings.Builder
	for i := range 20 {
		fmt.Fprintf(&steps, "step \"s%d\" { command = \"true\" }\n", i)
	}
	p := plan(b, "group \"many\" { hosts = [\"n[001-999]\"] }\ntask \"t\" {\n hosts = \"@many\"\n"+steps.String()+"}")
	cfg := &runner.Tasks{
		Plan: p, Transport: &quick{}, Sink: event.SinkFunc(func(*event.Event) {}),
		Target: func(_ context.Context, h *inventory.Host) (transport.Target, error) {
			return transport.Target{Name: h.Name}, nil
		},
	}
	b.ReportAllocs()
	for b.Loop() {
		runner.Apply(b.Context(), cfg)
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/999/20, "ns/step")
}

// quick does everything at once.
type quick struct{ transport.Local }

func (*quick) Run(context.Context, transport.Target, *transport.Command) (transport.Status, error) {
	return transport.Status{}, nil
}
