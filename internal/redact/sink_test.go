package redact

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"fleet/event"
)

func TestSinkMasksAllThatIsSaid(t *testing.T) {
	var got []event.Event
	r := New("s3cret")
	s := r.Sink(event.SinkFunc(func(e *event.Event) {
		c := *e
		c.Data = append([]byte(nil), e.Data...)
		got = append(got, c)
	}))
	out := func(host string, stream event.Stream, data string) event.Event {
		return event.Event{Type: event.Output, Host: host, Stream: stream, Data: []byte(data)}
	}
	for _, e := range []event.Event{
		{Type: event.RunStart, Hosts: []string{"a", "b"}, Command: "echo s3cret"},
		out("a", event.Stdout, "one s3c"),
		out("a", event.Stderr, "ret s3c"),
		out("b", event.Stdout, "ret:"),
		out("a", event.Stdout, "ret two s3"),
		{Type: event.Note, Host: "a", Message: "it is s3cret"},
		{Type: event.StepEnd, Host: "c", Listen: "/run/s3cret", Target: "s3cret:80"},
		{Type: event.HostEnd, Host: "a", Error: "bad s3cret", Hint: "not s3cret"},
		out("b", event.Stdout, " s3cret"),
		{Type: event.HostEnd, Host: "b"},
		{Type: event.RunEnd},
	} {
		s.Emit(&e)
	}
	want := []event.Event{
		{Type: event.RunStart, Hosts: []string{"a", "b"}, Command: "echo " + Mark},
		out("a", event.Stdout, "one "),
		out("a", event.Stderr, "ret "),
		out("b", event.Stdout, "ret:"),
		out("a", event.Stdout, Mark+" two "),
		{Type: event.Note, Host: "a", Message: "it is " + Mark},
		{Type: event.StepEnd, Host: "c", Listen: "/run/" + Mark, Target: Mark + ":80"},
		out("a", event.Stdout, "s3"),
		out("a", event.Stderr, "s3c"),
		{Type: event.HostEnd, Host: "a", Error: "bad " + Mark, Hint: "not " + Mark},
		out("b", event.Stdout, " "+Mark),
		{Type: event.HostEnd, Host: "b"},
		{Type: event.RunEnd},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSinkWithoutSecretsHandsOnTheSameEvent(t *testing.T) {
	e := &event.Event{Type: event.Output, Host: "a", Data: []byte("x\n")}
	seen := 0
	for _, r := range []*Redactor{nil, New(), New("unrelated")} {
		r.Sink(event.SinkFunc(func(got *event.Event) {
			if seen++; got != e {
				t.Error("it is a copy")
			}
		})).Emit(e)
	}
	if seen != 3 {
		t.Errorf("%d of 3 events were handed on", seen)
	}
}

func TestSinkKeepsTheStreamsOfStepsApart(t *testing.T) {
	var got []event.Event
	s := New("s3cret").Sink(event.SinkFunc(func(e *event.Event) {
		c := *e
		c.Data = append([]byte(nil), e.Data...)
		got = append(got, c)
	}))
	step := func(kind event.Type, task, on, data string) event.Event {
		e := event.Event{Type: kind, Host: "a", Task: task, Batch: 2, Section: event.Steps, Step: "s", Key: "k", On: on}
		if data != "" {
			e.Stream, e.Data = event.Stdout, []byte(data)
		}
		return e
	}
	for _, e := range []event.Event{
		step(event.Output, "t", "", "s3c"),
		step(event.Output, "u", "", "ret "),
		step(event.Output, "t", "lb", "ret "),
		step(event.Output, "t", "", "ret s3"),
		step(event.StepRetry, "t", "", ""),
		step(event.Output, "t", "", "cret s3cr"),
		step(event.StepEnd, "t", "", ""),
		step(event.Output, "t", "", "et\n"),
	} {
		s.Emit(&e)
	}
	want := []event.Event{
		step(event.Output, "u", "", "ret "),
		step(event.Output, "t", "lb", "ret "),
		step(event.Output, "t", "", Mark+" "),
		step(event.Output, "t", "", "s3"),
		step(event.StepRetry, "t", "", ""),
		step(event.Output, "t", "", "cret "),
		step(event.Output, "t", "", "s3cr"),
		step(event.StepEnd, "t", "", ""),
		step(event.Output, "t", "", "et\n"),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSinkMasksKeysAndMachines(t *testing.T) {
	var got []event.Event
	s := New("s3cret").Sink(event.SinkFunc(func(e *event.Event) {
		c := *e
		c.Data = append([]byte(nil), e.Data...)
		got = append(got, c)
	}))
	call := func(kind event.Type, key, on, data string) event.Event {
		e := event.Event{Type: kind, Host: "a", Task: "t", Section: event.Steps, Step: "s", Key: key, On: on}
		if data != "" {
			e.Stream, e.Data = event.Stdout, []byte(data)
		}
		return e
	}
	for _, e := range []event.Event{
		call(event.StepStart, "x-s3cret", "s3cret-1", ""),
		call(event.Output, "x-s3cret", "s3cret-1", "free\n"),
		call(event.Output, "x-s3cret", "s3cret-1", "s3cret s3cr"),
		call(event.StepEnd, "x-s3cret", "s3cret-1", ""),
	} {
		before := e
		s.Emit(&e)
		if diff := cmp.Diff(before, e); diff != "" {
			t.Errorf("the producer's event was changed: %s", diff)
		}
	}
	want := []event.Event{
		call(event.StepStart, "x-"+Mark, Mark+"-1", ""),
		call(event.Output, "x-"+Mark, Mark+"-1", "free\n"),
		call(event.Output, "x-"+Mark, Mark+"-1", Mark+" "),
		call(event.Output, "x-"+Mark, Mark+"-1", "s3cr"),
		call(event.StepEnd, "x-"+Mark, Mark+"-1", ""),
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

func TestSinkMasksTheResultOfAStepAndSaysSo(t *testing.T) {
	var got []event.Event
	s := New("s3cret").Sink(event.SinkFunc(func(e *event.Event) { got = append(got, *e) }))
	plain := &event.Result{Stdout: "free", Stderr: "text"}
	secret := &event.Result{Stdout: "free", Stderr: "a s3cret"}
	for _, r := range []*event.Result{plain, secret} {
		s.Emit(&event.Event{Type: event.StepEnd, Reason: "s3cret exists", Notify: []string{"s3cret"}, Result: r})
	}
	want := []event.Event{
		{Type: event.StepEnd, Reason: Mark + " exists", Notify: []string{"s3cret"}, Result: &event.Result{Stdout: "free", Stderr: "text"}},
		{Type: event.StepEnd, Reason: Mark + " exists", Notify: []string{"s3cret"}, Result: &event.Result{Stdout: "free", Stderr: "a " + Mark, Masked: true}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if secret.Masked || secret.Stderr != "a s3cret" {
		t.Error("the producer's result was changed")
	}
}
