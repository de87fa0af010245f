package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"fleet/event"
)

// story makes events of lines such as "start web1 steps/unpack" and "end web1
// steps/unpack ok notify=restart": what happened, the host, the section and the
// step, and for ends the outcome; then what else there is.
func story(t *testing.T, lines ...string) []event.Event {
	t.Helper()
	var events []event.Event
	for _, line := range lines {
		words := strings.Fields(line)
		section, step, _ := strings.Cut(words[2], "/")
		e := event.Event{Type: event.StepStart, Host: words[1], Task: "deploy", Section: event.Section(section), Step: step}
		rest := words[3:]
		if words[0] == "end" {
			e.Type, e.Outcome, rest = event.StepEnd, event.Outcome(rest[0]), rest[1:]
			if e.Outcome == "again" {
				e.Outcome, e.Reason = event.Skipped, DoneEarlier
			}
		}
		for _, word := range rest {
			switch name, value, _ := strings.Cut(word, "="); name {
			case "notify":
				e.Notify = []string{value}
			case "key":
				e.Key = value
			case "on":
				e.On = value
			case "task":
				e.Task = value
			case "fared":
				e.Outcome = event.Outcome(value)
			case "once":
				e.Once = true
			case "ignored":
				e.Ignored = true
			default:
				t.Fatalf("%q in %q", word, line)
			}
		}
		events = append(events, e)
	}
	return events
}

// known is the beginning of a run, and events.
func known(events ...event.Event) []event.Event {
	return append([]event.Event{{Type: event.RunStart, Command: "apply"}}, events...)
}

// told is the way back, of IDs.
func told(ids []event.StepID) []string {
	var lines []string
	for _, id := range ids {
		s := id.Host + " " + string(id.Section) + "/" + id.Step
		if id.Task != "deploy" {
			s += " task=" + id.Task
		}
		if id.Key != "" {
			s += " key=" + id.Key
		}
		if id.On != "" {
			s += " on=" + id.On
		}
		lines = append(lines, s)
	}
	return lines
}

func TestWhatIsRemembered(t *testing.T) {
	for _, tt := range []struct {
		name  string
		runs  [][]string // each goes on with the one before
		ended []string
		open  []string
	}{
		{
			"steps and handlers that succeeded",
			[][]string{{"start a steps/x", "end a steps/x ok", "start a handlers/h", "end a handlers/h ok"}},
			[]string{"a handlers/h", "a steps/x"},
			nil,
		},
		{
			"not what failed, was stopped, or timed out",
			[][]string{{
				"start a steps/x", "end a steps/x failed", "start b steps/x", "end b steps/x timeout", "start c steps/x", "end c steps/x stopped",
				"start d steps/x", "end d steps/x failed ignored", "end e steps/x skipped", "start f steps/x", "end f steps/x unreachable",
			}},
			nil,
			nil,
		},
		{
			"what was sent is unknown until it has ended",
			[][]string{{"start b steps/x", "start a steps/x", "start c steps/x", "end c steps/x unknown", "end b steps/x ok"}},
			[]string{"b steps/x"},
			[]string{"a steps/x", "c steps/x"},
		},
		{
			"what follows a failure is always due",
			[][]string{{"start a on_failure/x", "end a on_failure/x ok", "start a always/y"}},
			nil,
			nil,
		},
		{
			"always steps, until something else is sent for the host",
			[][]string{{
				"start a steps/x", "end a steps/x ok", "start a always/y", "end a always/y ok", "end b always/y ok", "start c always/y", "end d always/y ok",
				"start d health/x", "end e always/y ok", "start e on_failure/z", "end f always/y failed",
			}, {"start a steps/x", "end b always/y again"}},
			[]string{"b always/y"},
			[]string{"a steps/x"},
		},
		{
			"steps that went well when they were repeated",
			[][]string{{
				"end a steps/x ok", "start a health/x", "end a health/x ok", "end b steps/x ok", "start b health/x", "end b health/x failed",
				"end c steps/x ok", "start c health/x", "end d steps/x ok", "end d health/x failed ignored",
			}},
			[]string{"a steps/x", "c steps/x", "d steps/x"},
			nil,
		},
		{
			"a host that was reverted has done nothing",
			[][]string{{
				"start a steps/x", "end a steps/x ok", "start a steps/y", "end a steps/y unknown", "start b steps/x", "end b steps/x ok",
				"start a steps/x task=other", "end a steps/x ok task=other", "start a revert/r", "end a revert/r ok",
			}},
			[]string{"a steps/x task=other", "b steps/x"},
			nil,
		},
		{
			"what was done once for the task stays done where a host of it was reverted",
			[][]string{{
				"start a steps/x once", "end a steps/x ok once", "start a steps/y", "end a steps/y ok", "start a steps/z once", "end a steps/z unknown once",
				"start a revert/r", "end a revert/r ok",
			}},
			[]string{"a steps/x"},
			[]string{"a steps/z"},
		},
		{
			"unless it was undone once for the task",
			[][]string{{
				"start a steps/x once", "end a steps/x ok once", "start a steps/x task=other once", "end a steps/x ok task=other once",
				"start b steps/y", "end b steps/y ok", "start b revert/r once", "end b revert/r ok once",
			}},
			[]string{"a steps/x task=other"},
			nil,
		},
		{
			"an undoing that did not end is unknown",
			[][]string{{"start a steps/x", "end a steps/x ok", "start a revert/r"}},
			nil,
			[]string{"a revert/r"},
		},
		{
			"keys and machines have ends of their own",
			[][]string{{
				"start a steps/x key=1", "end a steps/x ok key=1", "start a steps/x key=2", "end a steps/x failed key=2",
				"start a steps/y on=lb1", "end a steps/y ok on=lb1", "start a steps/y on=lb2",
			}},
			[]string{"a steps/x key=1", "a steps/y on=lb1"},
			[]string{"a steps/y on=lb2"},
		},
		{
			"the last time counts",
			[][]string{{"start a steps/x", "end a steps/x ok", "start a steps/x", "end a steps/x failed"}, {"start b steps/x", "end b steps/x failed"}, {"start b steps/x", "end b steps/x ok"}},
			[]string{"b steps/x"},
			nil,
		},
		{
			"a handler that is notified again is due again",
			[][]string{{"end a steps/x ok notify=h", "end a handlers/h ok", "end a steps/y ok notify=h"}},
			[]string{"a steps/x", "a steps/y"},
			nil,
		},
		{
			"but not by what was done in an earlier run",
			[][]string{{"end a steps/x ok notify=h", "end a handlers/h ok"}, {"end a steps/x again notify=h", "end a steps/y ok"}},
			[]string{"a handlers/h", "a steps/x", "a steps/y"},
			nil,
		},
		{
			"a resumed run remembers what it had no turn to repeat",
			[][]string{{"end a steps/x ok", "end b steps/x ok", "start c steps/x"}, {"end a steps/x again"}, {"end c steps/x skipped"}},
			[]string{"a steps/x", "b steps/x"},
			nil,
		},
		{
			"a step that is skipped now was done all the same",
			[][]string{{"end a steps/x ok"}, {"end a steps/x skipped"}},
			[]string{"a steps/x"},
			nil,
		},
		{
			"what is unknown stays so over runs",
			[][]string{{"start a steps/x"}, {"start b steps/x"}},
			nil,
			[]string{"a steps/x", "b steps/x"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := Open(t.TempDir())
			var r *Run
			for _, lines := range tt.runs {
				m := Meta{Kind: KindApply}
				if r != nil {
					m.Resumes = r.ID
				}
				r = finished(t, s, m, known(story(t, lines...)...)...)
			}
			state, err := r.State()
			if err != nil {
				t.Fatal(err)
			}
			var ids []event.StepID
			for _, lines := range tt.runs {
				for _, e := range story(t, lines...) {
					id := e.StepID()
					if end := state.Ended(id); end != nil && !slices.Contains(ids, id) {
						ids = append(ids, id)
						if end.StepID() != id || end.Type != event.StepEnd {
							t.Errorf("for %v there is %v", id, end)
						}
					}
				}
			}
			ended := told(ids)
			slices.Sort(ended)
			if !slices.Equal(ended, tt.ended) {
				t.Errorf("remembered are %q, want %q", ended, tt.ended)
			}
			if open := told(state.Open()); !slices.Equal(open, tt.open) {
				t.Errorf("unknown are %q, want %q", open, tt.open)
			}
		})
	}
}

func TestWhatAlwaysMayHaveUndone(t *testing.T) {
	s := Open(t.TempDir())
	first := finished(t, s, Meta{Kind: KindApply}, known(story(
		t, "end a steps/x ok", "end a steps/y ok on=lb1", "start a always/z fared=stopped", "end a always/z ok",
		"end b steps/x ok", "start b always/z", "end b always/z ok",
		"end c steps/x ok task=other", "start c always/z fared=failed",
	)...)...)
	// It begins again with a, and is killed.
	second := finished(t, s, Meta{Kind: KindApply, Resumes: first.ID}, known(story(t, "start a steps/y on=lb1", "end a steps/y ok on=lb1")...)...)
	for _, tt := range []struct {
		run  *Run
		want []string
	}{{first, []string{"a steps/x", "a steps/y on=lb1"}}, {second, []string{"a steps/x"}}} {
		state, err := tt.run.State()
		if err != nil {
			t.Fatal(err)
		}
		var undone []event.StepID
		for _, e := range story(t, "end a steps/x ok", "end a steps/y ok on=lb1", "end a always/z ok", "end b steps/x ok", "end b always/z ok", "end c steps/x ok task=other") {
			if state.Undone(e.StepID()) {
				undone = append(undone, e.StepID())
			}
		}
		if got := told(undone); !slices.Equal(got, tt.want) {
			t.Errorf("undone are %q, want %q", got, tt.want)
		}
	}
}

func TestWhatIsRememberedIsComplete(t *testing.T) {
	want := event.Event{
		Type: event.StepEnd, Host: "a", Task: "t", Section: event.Steps, Step: "x", Outcome: event.OK, Changed: true,
		Notify: []string{"h"}, Result: &event.Result{Stdout: "out", Stderr: "err", Masked: true},
	}
	state, err := finished(t, Open(t.TempDir()), Meta{Kind: KindApply}, known(want)...).State()
	if err != nil {
		t.Fatal(err)
	}
	got := state.Ended(want.StepID())
	if got == nil || !got.Changed || !slices.Equal(got.Notify, want.Notify) || got.Result == nil || *got.Result != *want.Result {
		t.Errorf("got %+v", got)
	}
}

// That a resumed run came by says nothing about when it was done.
func TestATimeIsThatOfTheFirstRun(t *testing.T) {
	s := Open(t.TempDir())
	done := event.Event{Type: event.StepEnd, Time: time.Unix(1, 0), Host: "a", Task: "t", Section: event.Steps, Step: "x", Outcome: event.OK}
	again := done
	again.Time, again.Outcome, again.Reason = time.Unix(9, 0), event.Skipped, DoneEarlier
	first := finished(t, s, Meta{Kind: KindApply}, known(done)...)
	state, err := finished(t, s, Meta{Kind: KindApply, Resumes: first.ID}, known(again)...).State()
	if err != nil {
		t.Fatal(err)
	}
	if end := state.Ended(done.StepID()); end == nil || !end.Time.Equal(done.Time) || end.Outcome != event.OK {
		t.Errorf("got %+v", end)
	}
}

func TestWithoutTheRunBeforeNothingIsKnown(t *testing.T) {
	s := Open(t.TempDir())
	first := finished(t, s, Meta{Kind: KindApply})
	second := finished(t, s, Meta{Kind: KindApply, Resumes: first.ID}, known()...)
	if err := os.RemoveAll(filepath.Join(s.dir, first.ID)); err != nil {
		t.Fatal(err)
	}
	if _, err := second.State(); err == nil || !strings.Contains(err.Error(), first.ID) || !strings.Contains(err.Error(), "hint: ") {
		t.Errorf("got %v", err)
	}
	if _, err := finished(t, s, Meta{Kind: KindApply, ID: "20261123-110512-ab12cd", Resumes: "20261123-110512-ab12cd"}).State(); err == nil {
		t.Error("a run that resumes itself has a state")
	}
	if _, err := finished(t, s, Meta{Kind: KindApply, Resumes: "../x"}).State(); err == nil {
		t.Error("a path passes for a run")
	}
}

// A run whose events are gone did something all the same.
func TestOfARunWithoutEventsNothingIsKnown(t *testing.T) {
	beginning := `{"event":"step_end","time":"2026-11-23T11:05:12Z","host":"a","task":"t","section":"steps","step":"x","outcome":"ok"}` + "\n"
	for name, events := range map[string]string{"no file": "", "an empty file": "", "no beginning": beginning, "a torn line": `{"event":"run_start"`} {
		t.Run(name, func(t *testing.T) {
			s := Open(t.TempDir())
			first := finished(t, s, Meta{Kind: KindApply})
			path := filepath.Join(first.Folder(), eventsFile)
			err := os.WriteFile(path, []byte(events), 0o600)
			if name == "no file" {
				err = os.Remove(path)
			}
			if err != nil {
				t.Fatal(err)
			}
			want := fmt.Sprintf("nothing is known of what run %q has done: %q does not hold its beginning; to resume it would do everything again (hint: apply everything again, if that may be)", first.ID, path)
			second := finished(t, s, Meta{Kind: KindApply, Resumes: first.ID}, known()...)
			for _, r := range []*Run{found(t, s, first.ID), second} {
				if _, err := r.State(); err == nil || err.Error() != want {
					t.Errorf("got %v, want %s", err, want)
				}
			}
		})
	}
}

// Whatever is on disk, reading it ends, without a crash.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"id":"20261123-110512-ab12cd","kind":"apply"}`), []byte(`{"event":"step_end","time":"2026-11-23T11:05:12Z","host":"a","section":"steps","outcome":"ok","notify":["h"]}`+"\n"))
	f.Add([]byte(`{"id":"20261123-110512-ab12cd","kind":"run"}`), []byte(`{"event":"run_end","time":"2026-11-23T11:05:12Z","summary":{"ok":1}}`+"\n{"))
	f.Add([]byte(`{"id":"20261123-110512-ab12cd","resumes":"20261123-110512-ab12cd"}`), []byte("\x00\n"))
	dir := f.TempDir()
	s := Open(dir)
	id := "20261123-110512-ab12cd"
	if err := os.Mkdir(filepath.Join(dir, id), 0o700); err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, meta, events []byte) {
		for name, data := range map[string][]byte{metaFile: meta, eventsFile: events} {
			if err := os.WriteFile(filepath.Join(dir, id, name), data, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		r, err := s.Find(id)
		if err != nil {
			return
		}
		if r.ID != id || r.Status == Running {
			t.Errorf("it is %+v", r)
		}
		_, stateErr := r.State()
		_, failedErr := r.Failed()
		if stateErr == nil && failedErr != nil {
			t.Errorf("one reads it, and the other does not: %v", failedErr)
		}
		_, _ = r.Log("a")
	})
}
