package event_test

import (
	"encoding/json"
	"strings"
	"sync"
	"testing"
	"time"

	"fleet/event"
)

// counts makes a summary of a run that ended for why.
func counts(why event.Why, outcomes ...event.Outcome) *event.Summary {
	var t event.Tally
	for _, o := range outcomes {
		t.Emit(&event.Event{Type: event.HostEnd, Outcome: o, Status: -1})
	}
	return t.Summary(why)
}

func TestTheMostImportantThingDecidesTheExitStatus(t *testing.T) {
	for _, tt := range []struct {
		name string
		s    *event.Summary
		want int
	}{
		{"nothing ran", counts(event.Completed), 0},
		{"all well", counts(event.Completed, event.OK, event.OK), 0},
		{"one failed", counts(event.Completed, event.OK, event.Failed), 2},
		{"one timed out", counts(event.Completed, event.Timeout), 2},
		{"one unknown", counts(event.Completed, event.Unknown), 2},
		{"one unreachable", counts(event.Completed, event.OK, event.Unreachable), 4},
		{"both", counts(event.Completed, event.Failed, event.Unreachable), 6},
		{"a threshold beats them", counts(event.Threshold, event.Failed, event.Unreachable, event.NotAttempted), 3},
		{"the deadline beats a failure", counts(event.Deadline, event.Failed, event.Stopped), 124},
		{"an interrupt beats all", counts(event.Interrupted, event.Failed, event.Unreachable), 130},
		{"a termination too", counts(event.Terminated, event.OK), 143},
		{"fleet gave up", counts(event.Aborted, event.OK), 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := tt.s.ExitStatus(); got != tt.want {
				t.Errorf("got %d, want %d", got, tt.want)
			}
		})
	}
}

func TestTheLargestStatusCountsAHostWithoutOneAs255(t *testing.T) {
	var tally event.Tally
	end := func(o event.Outcome, status int) {
		tally.Emit(&event.Event{Type: event.HostEnd, Outcome: o, Status: status})
	}
	end(event.OK, 0)
	end(event.Failed, 3)
	end(event.NotAttempted, -1)
	if got := tally.Summary(event.Completed).Largest; got != 3 {
		t.Errorf("got %d, want 3", got)
	}
	end(event.Unreachable, -1)
	if got := tally.Summary(event.Completed).Largest; got != 255 {
		t.Errorf("got %d, want 255", got)
	}
}

func TestTheLargestStatusDecidesWhereItIsAskedFor(t *testing.T) {
	s := &event.Summary{Counts: map[event.Outcome]int{event.Failed: 1, event.Unreachable: 1}, Largest: 255, ByLargest: true}
	if got := s.ExitStatus(); got != 255 {
		t.Errorf("got %d, want 255", got)
	}
	s.Why = event.Interrupted
	if got := s.ExitStatus(); got != 130 {
		t.Errorf("got %d after an interrupt, want 130", got)
	}
}

func TestATallyCountsFromManyGoroutines(t *testing.T) {
	var tally event.Tally
	var group sync.WaitGroup
	for range 50 {
		group.Go(func() { tally.Emit(&event.Event{Type: event.HostEnd, Outcome: event.OK}) })
	}
	group.Wait()
	if n := tally.Summary(event.Completed).Counts[event.OK]; n != 50 {
		t.Errorf("counted %d of 50", n)
	}
}

func TestEveryHostIsInOneOfTheFourMainCounts(t *testing.T) {
	w := counts(event.Interrupted, event.Outcomes...).Wire()
	if sum := w.OK + w.Failed + w.Unreachable + w.NotAttempted; sum != len(event.Outcomes) {
		t.Errorf("the counts of %+v add up to %d, want %d", w, sum, len(event.Outcomes))
	}
}

func TestWireForm(t *testing.T) {
	at := time.Date(2026, 11, 23, 4, 5, 6, 7000, time.FixedZone("", 3600))
	for _, tt := range []struct {
		name string
		e    event.Event
		want string
	}{
		{
			"the start names every host",
			event.Event{Type: event.RunStart, Hosts: []string{"a", "b"}, Command: "up <time>", Fanout: 64},
			`{"event":"run_start","time":"T","hosts":["a","b"],"command":"up \u003ctime\u003e","fanout":64}`,
		},
		{
			"output is text",
			event.Event{Type: event.Output, Host: "a", Stream: event.Stderr, Data: []byte("ü\n")},
			`{"event":"output","time":"T","host":"a","stream":"stderr","data":"ü\n"}`,
		},
		{
			"output that is not UTF-8 is base64",
			event.Event{Type: event.Output, Host: "a", Stream: event.Stdout, Data: []byte{0xff, 0}},
			`{"event":"output","time":"T","host":"a","stream":"stdout","data_base64":"/wA="}`,
		},
		{
			"status 0 is there",
			event.Event{Type: event.HostEnd, Host: "a", Outcome: event.OK, Duration: 1500 * time.Microsecond},
			`{"event":"host_end","time":"T","host":"a","outcome":"ok","status":0,"duration_ms":1.5}`,
		},
		{
			"no status is absent",
			event.Event{Type: event.HostEnd, Host: "a", Outcome: event.Unreachable, Status: -1, Kind: "auth", Error: "no", Hint: "do"},
			`{"event":"host_end","time":"T","host":"a","outcome":"unreachable","kind":"auth","error":"no","hint":"do","duration_ms":0}`,
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.e.Time = at
			got, err := tt.e.AppendJSON(nil)
			want := strings.Replace(tt.want, `"T"`, `"2026-11-23T03:05:06.000007Z"`, 1) + "\n"
			if err != nil || string(got) != want {
				t.Errorf("got %s (%v), want %s", got, err, want)
			}
			if !json.Valid(got) {
				t.Error("it is not JSON")
			}
		})
	}
}
