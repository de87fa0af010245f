package event_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"fleet/event"
)

// text draws what a name or a message may be: JSON keeps only what is UTF-8.
func text() *rapid.Generator[string] {
	return rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune{'"', '\\', '\n', 0, '<', '\u2028'})))
}

func moment() *rapid.Generator[time.Time] {
	return rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(0, 1<<35).Draw(t, "seconds"), rapid.Int64Range(0, 999_999_999).Draw(t, "ns")).UTC()
	})
}

func span() *rapid.Generator[time.Duration] {
	return rapid.Map(rapid.Int64Range(0, int64(10*365*24*time.Hour/time.Microsecond)), func(us int64) time.Duration {
		return time.Duration(us) * time.Microsecond
	})
}

// anEvent draws an event whose type has all the fields that are set.
func anEvent() *rapid.Generator[*event.Event] {
	return rapid.Custom(func(t *rapid.T) *event.Event {
		names := rapid.SliceOfN(text(), 1, 4)
		e := &event.Event{
			Type: rapid.SampledFrom([]event.Type{
				event.RunStart, event.HostStart, event.Connect, event.Output, event.HostEnd, event.RunEnd, event.Note,
				event.TaskStart, event.BatchStart, event.StepStart, event.StepRetry, event.StepEnd, event.BatchEnd, event.TaskEnd,
				event.TunnelOpen, event.TunnelDown, event.TunnelFailed, event.TunnelClosed,
			}).Draw(t, "type"),
			Time: moment().Draw(t, "time"),
			Host: text().Draw(t, "host"),
			Task: text().Draw(t, "task"), Batch: rapid.IntRange(0, 9).Draw(t, "batch"), Canary: rapid.Bool().Draw(t, "canary"),
			Section: rapid.SampledFrom([]event.Section{"", event.Steps, event.Handlers, event.Revert}).Draw(t, "section"),
			Step:    text().Draw(t, "step"), Key: text().Draw(t, "key"), On: text().Draw(t, "on"),
			Attempt: rapid.IntRange(0, 9).Draw(t, "attempt"), Delay: span().Draw(t, "delay"),
			Kind: text().Draw(t, "kind"), Error: text().Draw(t, "error"), Hint: text().Draw(t, "hint"),
			Level: text().Draw(t, "level"), Message: text().Draw(t, "message"), Reason: text().Draw(t, "reason"),
			Name: text().Draw(t, "name"), Listen: text().Draw(t, "listen"), Target: text().Draw(t, "target"),
		}
		switch e.Type {
		case event.Output:
			e.Stream = rapid.SampledFrom([]event.Stream{event.Stdout, event.Stderr}).Draw(t, "stream")
			e.Data = rapid.SliceOfN(rapid.Byte(), 1, 20).Draw(t, "data")
		case event.RunStart:
			e.Hosts, e.Command, e.Fanout = names.Draw(t, "hosts"), text().Draw(t, "command"), rapid.IntRange(0, 99).Draw(t, "fanout")
		case event.Connect, event.TaskEnd:
			e.Duration = span().Draw(t, "duration")
		case event.HostEnd, event.StepEnd:
			e.Duration = span().Draw(t, "duration")
			e.Status, e.Signal = rapid.IntRange(-1, 255).Draw(t, "status"), text().Draw(t, "signal")
			e.Outcome = rapid.SampledFrom(append(event.Outcomes, event.Skipped)).Draw(t, "outcome")
			e.Once = rapid.Bool().Draw(t, "once")
			e.Changed, e.Ignored = rapid.Bool().Draw(t, "changed"), rapid.Bool().Draw(t, "ignored")
			e.Notify = names.Draw(t, "notify")
			if rapid.Bool().Draw(t, "with a result") {
				e.Result = &event.Result{Stdout: text().Draw(t, "stdout"), Stderr: text().Draw(t, "stderr"), Masked: rapid.Bool().Draw(t, "masked")}
			}
		case event.RunEnd:
			e.Summary, e.Duration = aSummary().Draw(t, "summary"), span().Draw(t, "duration")
		}
		return e
	})
}

func aSummary() *rapid.Generator[*event.Summary] {
	return rapid.Custom(func(t *rapid.T) *event.Summary {
		s := &event.Summary{
			Counts: rapid.MapOf(rapid.SampledFrom(event.Outcomes), rapid.IntRange(1, 1000)).Draw(t, "counts"),
			Why:    rapid.SampledFrom([]event.Why{event.Completed, event.Threshold, event.Deadline, event.Interrupted}).Draw(t, "why"),
		}
		if s.Why == event.Completed && rapid.Bool().Draw(t, "by largest") {
			// One that no rule but this gives.
			s.Largest, s.ByLargest = rapid.IntRange(7, 123).Draw(t, "largest"), true
		}
		return s
	})
}

func TestWhatIsWrittenIsReadAgain(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := anEvent().Draw(t, "event")
		line, err := want.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		got, err := event.ParseJSON(line)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s reads differently (-written +read):\n%s", line, diff)
		}
	})
}

func TestAStepWithoutAStatusHasNone(t *testing.T) {
	e, err := event.ParseJSON([]byte(`{"event":"step_end","time":"2026-11-23T11:05:12Z","outcome":"unknown","later":[1]}`))
	if err != nil || e.Status != -1 {
		t.Errorf("got status %d, %v", e.Status, err)
	}
}

func TestWhatIsNoEventIsRefused(t *testing.T) {
	for _, line := range []string{
		``,
		`null`,
		`{}`,
		`[]`,
		`{"event":"note","time":"2026-11-23T11:05:12Z"`,
		`{"event":"note"}`,
		`{"time":"2026-11-23T11:05:12Z"}`,
		`{"event":"note","time":"yesterday"}`,
		`{"event":"note","time":"0000-01-01T00:00:00+01:00"}`,
		`{"event":"output","time":"2026-11-23T11:05:12Z","data_base64":"?"}`,
		`{"event":"host_end","time":"2026-11-23T11:05:12Z","status":1.5}`,
		`{"event":"host_end","time":"2026-11-23T11:05:12Z","duration_ms":1e300}`,
		`{"event":"step_retry","time":"2026-11-23T11:05:12Z","delay_ms":-1e300}`,
	} {
		if e, err := event.ParseJSON([]byte(line)); err == nil {
			t.Errorf("%s is read as %+v", line, e)
		}
	}
}

func FuzzParseJSON(f *testing.F) {
	for _, line := range []string{
		`{"event":"run_start","time":"2026-11-23T11:05:12Z","hosts":["a","b"],"command":"uptime","fanout":64}`,
		`{"event":"output","time":"2026-11-23T11:05:12.1Z","host":"a","stream":"stdout","data_base64":"/wA="}`,
		`{"event":"step_end","time":"2026-11-23T11:05:12+01:00","host":"a","task":"t","section":"steps","step":"s","outcome":"ok","status":0,"duration_ms":1.5,"notify":["h"],"result":{"stdout":"x","stderr":""}}`,
		`{"event":"run_end","time":"2026-11-23T11:05:12Z","duration_ms":3,"summary":{"ok":1,"failed":2,"unreachable":0,"not_attempted":0,"timeout":1,"exit_status":2}}`,
		`{"event":"later","time":"2026-11-23T11:05:12Z","delay_ms":1e12}`,
	} {
		f.Add([]byte(line))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		e, err := event.ParseJSON(line)
		if err != nil {
			return
		}
		once, err := e.AppendJSON(nil)
		if err != nil {
			t.Fatal(err)
		}
		again, err := event.ParseJSON(once)
		if err != nil {
			t.Fatalf("%s is written as %s: %v", line, once, err)
		}
		twice, err := again.AppendJSON(nil)
		if err != nil || !bytes.Equal(once, twice) {
			t.Errorf("%s is written as %s and then as %s (%v)", line, once, twice, err)
		}
	})
}
