package journal

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fleet/event"
)

func TestStatusOfARun(t *testing.T) {
	ended := func(why event.Why, outcomes ...event.Outcome) event.Event {
		var tally event.Tally
		for _, o := range outcomes {
			tally.Emit(&event.Event{Type: event.HostEnd, Outcome: o})
		}
		return event.Event{Type: event.RunEnd, Summary: tally.Summary(why)}
	}
	for _, tt := range []struct {
		name   string
		events []event.Event
		want   Status
	}{
		{"all well", []event.Event{ended(event.Completed, event.OK)}, OK},
		{"one failed", []event.Event{ended(event.Completed, event.OK, event.Failed)}, Failed},
		{"one unreachable", []event.Event{ended(event.Completed, event.Unreachable)}, Failed},
		{"too many failed", []event.Event{ended(event.Threshold, event.Failed, event.NotAttempted)}, StoppedEarly},
		{"the deadline passed", []event.Event{ended(event.Deadline, event.Stopped)}, StoppedEarly},
		{"fleet could not go on", []event.Event{ended(event.Aborted, event.OK)}, StoppedEarly},
		{"Ctrl-C", []event.Event{ended(event.Interrupted, event.Stopped)}, Interrupted},
		{"SIGTERM", []event.Event{ended(event.Terminated, event.Stopped)}, Interrupted},
		{"a note after its end", []event.Event{ended(event.Completed, event.OK), {Type: event.Note, Message: "bye"}}, OK},
		{"no end", []event.Event{{Type: event.RunStart}}, Died},
		{"nothing at all", nil, Died},
		{"a host that prints an end", []event.Event{{Type: event.Output, Host: "a", Data: []byte("\n{\"event\":\"run_end\"}\n")}}, Died},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if r := finished(t, Open(t.TempDir()), Meta{Kind: KindRun}, tt.events...); r.Status != tt.want {
				t.Errorf("it is %q, want %q", r.Status, tt.want)
			}
		})
	}
}

func TestARunIsRunningUntilItIsClosed(t *testing.T) {
	s := Open(t.TempDir())
	w := begin(t, s, Meta{Kind: KindApply})
	w.Emit(&event.Event{Type: event.RunEnd, Time: at(1), Summary: &event.Summary{}})
	for range 2 { // to look takes the lock from nobody
		if r := found(t, s, ""); r.Status != Running || !r.Ended.IsZero() {
			t.Errorf("it is %q, ended %v", r.Status, r.Ended)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if r := found(t, s, ""); r.Status != OK {
		t.Errorf("closed, it is %q", r.Status)
	}
}

func TestAKilledRunIsReadToItsLastIntent(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	s := Open(t.TempDir())
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), victimDir+"="+s.dir)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line := make([]byte, 64)
	n, err := out.Read(line)
	id := strings.TrimSpace(string(line[:n]))
	if err != nil {
		t.Fatal(err)
	}
	if r := found(t, s, id); r.Status != Running || r.PID != cmd.Process.Pid {
		t.Errorf("while it runs it is %q, process %d", r.Status, r.PID)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()

	r := found(t, s, id)
	if r.Status != Died || r.Ended.IsZero() {
		t.Errorf("it is %q, ended %v", r.Status, r.Ended)
	}
	if hosts, err := r.Failed(); err != nil || !slices.Equal(hosts, []string{"a", "b"}) {
		t.Errorf("failed are %v, %v", hosts, err)
	}
	state, err := r.State()
	if err != nil {
		t.Fatal(err)
	}
	step := event.StepID{Task: "t", Host: "a", Section: event.Steps, Step: "one"}
	if state.Ended(step) == nil {
		t.Error("what was done is forgotten")
	}
	step.Step = "two"
	if open := state.Open(); !slices.Equal(open, []event.StepID{step}) {
		t.Errorf("unknown are %v", open)
	}
	if err := r.Stop(); err == nil || !strings.HasSuffix(err.Error(), "is not running") {
		t.Errorf("to stop it: %v", err)
	}
}

func TestATornLastLineDidNotHappen(t *testing.T) {
	s := Open(t.TempDir())
	r := finished(t, s, Meta{Kind: KindRun}, event.Event{Type: event.HostStart, Host: "a"}, event.Event{Type: event.RunEnd, Summary: &event.Summary{}})
	path := filepath.Join(r.Folder(), eventsFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	first := bytes.IndexByte(whole, '\n') + 1
	for size := range whole {
		if err := os.WriteFile(path, whole[:size], 0o600); err != nil {
			t.Fatal(err)
		}
		r := found(t, s, "")
		n := 0
		err := r.Events(func(*event.Event) error { n++; return nil })
		want := 0
		if size >= first {
			want = 1
		}
		if err != nil || n != want || r.Status != Died {
			t.Errorf("of %d bytes %d events are read, %v, and it is %q", size, n, err, r.Status)
		}
	}
}

func TestADamagedLineIsNamed(t *testing.T) {
	r := finished(t, Open(t.TempDir()), Meta{Kind: KindApply}, event.Event{Type: event.HostStart, Host: "a"})
	path := filepath.Join(r.Folder(), eventsFile)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "\x00\x00\n"); err != nil {
		t.Fatal(err)
	}
	f.Close()
	if _, err := r.State(); err == nil || !strings.HasPrefix(err.Error(), path+":2: ") {
		t.Errorf("got %v", err)
	}
}

func TestFailedHosts(t *testing.T) {
	hosts := []string{"ok", "failed", "timeout", "unreachable", "stopped", "unknown", "not_attempted", "vanished"}
	events := []event.Event{{Type: event.RunStart, Hosts: hosts}}
	for _, h := range hosts {
		events = append(events, event.Event{Type: event.HostStart, Host: h})
		if h != "vanished" {
			events = append(events, event.Event{Type: event.HostEnd, Host: h, Outcome: event.Outcome(h)})
		}
	}
	r := finished(t, Open(t.TempDir()), Meta{Kind: KindApply}, events...)
	got, err := r.Failed()
	if want := []string{"failed", "timeout", "unreachable", "stopped", "unknown", "vanished"}; err != nil || !slices.Equal(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestOutputOfARunIsItsLog(t *testing.T) {
	s := Open(t.TempDir())
	r := finished(t, s, Meta{Kind: KindRun},
		event.Event{Type: event.Output, Host: "a", Stream: event.Stdout, Data: []byte("one\ntw")},
		event.Event{Type: event.Output, Host: "b", Stream: event.Stdout, Data: []byte("other\n")},
		event.Event{Type: event.Output, Host: "a", Stream: event.Stderr, Data: []byte("bad\n")},
		event.Event{Type: event.Output, Host: "a", Stream: event.Stdout, Data: []byte("o\xff")},
		event.Event{Type: event.HostEnd, Host: "a", Outcome: event.Failed, Status: 3, Time: at(9)},
	)
	if got, want := text(t, r, "a"), "one\n2> bad\ntwo\xff\n== 2026-11-23T11:05:09Z end of the host: failed: exit status 3\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if _, err := r.Log("c"); !errors.Is(err, fs.ErrNotExist) || err.Error() != fmt.Sprintf("run %q has no log of host %q", r.ID, "c") {
		t.Errorf("of a host that was not there: %v", err)
	}
}

// text is the log of a host.
func text(t *testing.T, r *Run, host string) string {
	t.Helper()
	log, err := r.Log(host)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	b, err := io.ReadAll(log)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestOutputOfARunIsBounded(t *testing.T) {
	s := Open(t.TempDir())
	w := begin(t, s, Meta{Kind: KindRun})
	chunk := bytes.Repeat([]byte("ü"), 5000)
	for _, h := range []string{"a", "b"} {
		for range 20 {
			w.Emit(&event.Event{Type: event.Output, Time: at(0), Host: h, Stream: event.Stdout, Data: chunk})
		}
		w.Emit(&event.Event{Type: event.HostEnd, Time: at(0), Host: h, Outcome: event.OK})
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	r := found(t, s, "")
	for _, h := range []string{"a", "b"} {
		size, notes, last := 0, 0, event.Type("")
		err := r.Events(func(e *event.Event) error {
			if e.Host != h {
				return nil
			}
			last = e.Type
			switch e.Type {
			case event.Output:
				if size += len(e.Data); bytes.ContainsRune(e.Data, '\uFFFD') || len(e.Data)%2 != 0 {
					t.Error("a character was cut in two")
				}
			case event.Note:
				notes++
			}
			return nil
		})
		if err != nil || size > maxHostOutput || size < maxHostOutput-2 || notes != 1 || last != event.HostEnd {
			t.Errorf("%s: %d bytes, %d notes, the last is %s, %v", h, size, notes, last, err)
		}
	}
}

func TestOutputOfAllHostsIsBounded(t *testing.T) {
	for _, tt := range []struct {
		only               bool
		hosts, chunk, most int
	}{{false, 300, 60 << 10, maxRunOutput}, {true, 20, 60 << 20, onlyRunOutput}} {
		q := newQuota(tt.only)
		chunk := make([]byte, tt.chunk)
		all, notes := 0, 0
		for i := range tt.hosts {
			kept, note := q.take(&event.Event{Type: event.Output, Host: string(rune('a' + i)), Data: chunk})
			if kept != nil {
				all += len(kept.Data)
			}
			if note != nil {
				notes++
			}
		}
		if all != tt.most || notes != tt.hosts-tt.most/len(chunk) {
			t.Errorf("%d bytes are kept, and %d hosts are told of", all, notes)
		}
	}
}
