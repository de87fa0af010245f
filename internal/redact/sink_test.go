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
