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
		{
			"a tunnel is open",
			event.Event{Type: event.TunnelOpen, Host: "a", Name: "postgres", Kind: "local", Listen: "127.0.0.1:15432", Target: "localhost:5432"},
			`{"event":"tunnel_open","time":"T","host":"a","kind":"local","name":"postgres","listen":"127.0.0.1:15432","target":"localhost:5432"}`,
		},
		{
			"a tunnel without a target is down",
			event.Event{Type: event.TunnelDown, Host: "a", Kind: "dynamic", Listen: "127.0.0.1:1080", Error: "connection lost", Attempt: 1},
			`{"event":"tunnel_down","time":"T","host":"a","kind":"dynamic","error":"connection lost","listen":"127.0.0.1:1080","attempt":1}`,
		},
		{
			"a task begins",
			event.Event{Type: event.TaskStart, Task: "deploy", Hosts: []string{"a", "b"}, Batches: 2},
			`{"event":"task_start","time":"T","hosts":["a","b"],"task":"deploy","batches":2}`,
		},
		{
			"a batch begins",
			event.Event{Type: event.BatchStart, Task: "deploy", Batch: 1, Hosts: []string{"a"}, Canary: true},
			`{"event":"batch_start","time":"T","hosts":["a"],"task":"deploy","batch":1,"canary":true}`,
		},
		{
			"a step is about to be sent",
			event.Event{Type: event.StepStart, Host: "a", Task: "deploy", Batch: 1, Section: event.Always, Step: "undrain", Key: "k", On: "lb1"},
			`{"event":"step_start","time":"T","host":"a","task":"deploy","batch":1,"section":"always","step":"undrain","key":"k","on":"lb1"}`,
		},
		{
			"output of a step",
			event.Event{Type: event.Output, Host: "a", Stream: event.Stdout, Data: []byte("x"), Task: "deploy", Batch: 1, Section: event.Steps, Step: "s"},
			`{"event":"output","time":"T","host":"a","stream":"stdout","data":"x","task":"deploy","batch":1,"section":"steps","step":"s"}`,
		},
		{
			"an attempt failed",
			event.Event{Type: event.StepRetry, Host: "a", Task: "deploy", Batch: 1, Section: event.Steps, Step: "s", Attempt: 2, Error: "exit status 1", Delay: 1500 * time.Millisecond},
			`{"event":"step_retry","time":"T","host":"a","error":"exit status 1","task":"deploy","batch":1,"section":"steps","step":"s","attempt":2,"delay_ms":1500}`,
		},
		{
			"a step ended well",
			event.Event{
				Type: event.StepEnd, Host: "a", Task: "deploy", Batch: 1, Section: event.Steps, Step: "s", Outcome: event.OK, Attempt: 1,
				Once: true, Changed: true, Notify: []string{"restart"}, Result: &event.Result{Stdout: "1\n"}, Duration: time.Millisecond,
			},
			`{"event":"step_end","time":"T","host":"a","outcome":"ok","status":0,"duration_ms":1,"task":"deploy","batch":1,"section":"steps","step":"s","attempt":1,"once":true,"changed":true,"notify":["restart"],"result":{"stdout":"1\n","stderr":""}}`,
		},
		{
			"a step failed, which does not matter",
			event.Event{
				Type: event.StepEnd, Host: "a", Task: "deploy", Batch: 1, Section: event.Handlers, Step: "s", Outcome: event.Failed, Status: 3, Attempt: 1,
				Ignored: true, Result: &event.Result{Stderr: "(sensitive)", Masked: true},
			},
			`{"event":"step_end","time":"T","host":"a","outcome":"failed","status":3,"duration_ms":0,"task":"deploy","batch":1,"section":"handlers","step":"s","attempt":1,"ignored":true,"result":{"stdout":"","stderr":"(sensitive)","masked":true}}`,
		},
		{
			"a step was skipped",
			event.Event{Type: event.StepEnd, Host: "a", Task: "deploy", Batch: 1, Section: event.Steps, Step: "s", Outcome: event.Skipped, Status: -1, Reason: "creates /x exists"},
			`{"event":"step_end","time":"T","host":"a","outcome":"skipped","duration_ms":0,"task":"deploy","batch":1,"section":"steps","step":"s","reason":"creates /x exists"}`,
		},
		{
			"a batch used up the budget",
			event.Event{Type: event.BatchEnd, Task: "deploy", Batch: 1, Outcome: event.Failed},
			`{"event":"batch_end","time":"T","outcome":"failed","task":"deploy","batch":1}`,
		},
		{
			"a task was not carried out",
			event.Event{Type: event.TaskEnd, Task: "deploy", Outcome: event.NotAttempted, Reason: "task build failed"},
			`{"event":"task_end","time":"T","outcome":"not_attempted","duration_ms":0,"task":"deploy","reason":"task build failed"}`,
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
