package journal

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"fleet/event"
)

func step(kind event.Type, second int, name string) event.Event {
	return event.Event{Type: kind, Time: at(second), Host: "web1", Task: "deploy", Section: event.Steps, Step: name}
}

func printed(second int, name string, stream event.Stream, data string) event.Event {
	e := step(event.Output, second, name)
	e.Stream, e.Data = stream, []byte(data)
	return e
}

func TestTheLogOfAHost(t *testing.T) {
	end := func(second int, name string, change func(*event.Event)) event.Event {
		e := step(event.StepEnd, second, name)
		e.Outcome, e.Attempt, e.Status = event.OK, 1, 0
		change(&e)
		return e
	}
	retry := step(event.StepRetry, 4, "health")
	retry.Attempt, retry.Status, retry.Delay = 1, 7, 5*time.Second
	keyed := step(event.StepStart, 12, "drain")
	keyed.Key, keyed.On = "a\nb", "lb1"
	r := finished(
		t, Open(t.TempDir()), Meta{Kind: KindApply},
		event.Event{Type: event.HostStart, Host: "web1"},
		step(event.StepStart, 1, "unpack"),
		printed(1, "unpack", event.Stdout, "one\ntw"),
		printed(1, "unpack", event.Stderr, "bad\n"),
		printed(2, "unpack", event.Stdout, "o\x1b[m\xff"),
		end(2, "unpack", func(e *event.Event) { e.Changed, e.Duration = true, 1234*time.Millisecond }),
		step(event.StepStart, 3, "health"),
		printed(3, "health", event.Stderr, "refused"),
		retry,
		printed(9, "health", event.Stdout, "up\n"),
		end(9, "health", func(e *event.Event) { e.Attempt = 2 }),
		// Two tasks side by side.
		step(event.StepStart, 10, "x"),
		step(event.StepStart, 10, "y"),
		printed(11, "x", event.Stdout, "of x\n"),
		end(11, "x", func(e *event.Event) { e.Outcome, e.Status, e.Ignored = event.Failed, 2, true }),
		end(11, "y", func(e *event.Event) { e.Outcome, e.Status, e.Error = event.Timeout, -1, "no end\nafter 3 s" }),
		keyed,
		end(13, "late", func(e *event.Event) { e.Outcome, e.Reason = event.Skipped, "creates /x exists" }),
		event.Event{Type: event.Note, Host: "web1", Message: "cleaning up"},
		event.Event{Type: event.HostEnd, Time: at(14), Host: "web1", Outcome: event.Unreachable, Error: "connection refused"},
	)
	want := strings.Join([]string{
		"== 2026-11-23T11:05:01Z deploy/steps/unpack attempt 1",
		"one",
		"2> bad",
		"two\x1b[m\xff",
		"-- ok, changed, after 1.234s",
		"== 2026-11-23T11:05:03Z deploy/steps/health attempt 1",
		"2> refused",
		"-- attempt 1 failed: exit status 7; the next in 5s",
		"== 2026-11-23T11:05:09Z deploy/steps/health attempt 2",
		"up",
		"-- ok",
		"== 2026-11-23T11:05:10Z deploy/steps/x attempt 1",
		"== 2026-11-23T11:05:10Z deploy/steps/y attempt 1",
		"== 2026-11-23T11:05:11Z deploy/steps/x attempt 1, continued",
		"of x",
		"-- failed: exit status 2, which does not matter",
		"== 2026-11-23T11:05:11Z deploy/steps/y attempt 1, continued",
		`-- timeout: no end\nafter 3 s`,
		`== 2026-11-23T11:05:12Z deploy/steps/drain["a\nb"] on lb1 attempt 1`,
		"== 2026-11-23T11:05:13Z deploy/steps/late",
		"-- skipped: creates /x exists",
		"-- cleaning up",
		"== 2026-11-23T11:05:14Z end of the host: unreachable: connection refused",
		"",
	}, "\n")
	if diff := cmp.Diff(want, text(t, r, "web1")); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestALogCanBeFollowed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := Open(t.TempDir())
		w, err := s.Create(Meta{Kind: KindApply}, Options{})
		if err != nil {
			t.Fatal(err)
		}
		e := printed(1, "slow", event.Stdout, "still here\n")
		w.Emit(&e)
		time.Sleep(interval)
		synctest.Wait()
		if got := text(t, found(t, s, ""), "web1"); !strings.HasSuffix(got, "\nstill here\n") {
			t.Errorf("after a second there is %q", got)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestLogsStayInTheirFolder(t *testing.T) {
	s := Open(t.TempDir())
	hosts := []string{"../../x", "/etc/passwd", "..", "", "a/b", "-rf", strings.Repeat("x", 400), "con\x00trol"}
	var events []event.Event
	for _, h := range hosts {
		events = append(events, event.Event{Type: event.HostEnd, Host: h, Outcome: event.OK})
	}
	r := finished(t, s, Meta{Kind: KindApply}, events...)
	if got := entries(t, s.dir); !slices.Equal(got, []string{r.ID}) {
		t.Errorf("beside the run there is %v", got)
	}
	if got := entries(t, filepath.Join(r.Folder(), logsDir)); len(got) != len(hosts)-1 { // "" is no host
		t.Errorf("the logs are %q", got)
	}
	for _, h := range hosts {
		if h != "" && !strings.Contains(text(t, r, h), "end of the host: ok") {
			t.Errorf("the log of %q is not its own", h)
		}
	}
}

func TestALinkInPlaceOfALogIsNotFollowed(t *testing.T) {
	s := Open(t.TempDir())
	target := filepath.Join(t.TempDir(), "target")
	var told error
	w, err := s.Create(Meta{Kind: KindApply}, Options{OnError: func(err error) { told = err }})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(target, filepath.Join(w.Folder(), logsDir, "web1.log")); err != nil {
		t.Fatal(err)
	}
	w.Emit(&event.Event{Type: event.HostEnd, Time: at(0), Host: "web1"})
	if _, err := os.Lstat(target); err == nil || told == nil {
		t.Errorf("it is: told is %v", told)
	}
	_ = w.Close()
}

func TestLogsOfManyHostsAtOnce(t *testing.T) {
	s := Open(t.TempDir())
	w := begin(t, s, Meta{Kind: KindApply})
	line := bytes.Repeat([]byte("y"), 1000)
	line[len(line)-1] = '\n'
	var group sync.WaitGroup
	for i := range 200 {
		group.Go(func() {
			host := fmt.Sprint("web", i)
			for range 40 {
				w.Emit(&event.Event{Type: event.Output, Time: at(0), Host: host, Task: "t", Section: event.Steps, Step: "s", Stream: event.Stdout, Data: line})
			}
			w.Emit(&event.Event{Type: event.StepEnd, Time: at(1), Host: host, Task: "t", Section: event.Steps, Step: "s", Outcome: event.Failed, Status: 1})
		})
	}
	group.Wait()
	r := found(t, s, "")
	want := "== 2026-11-23T11:05:00Z t/steps/s\n" + strings.Repeat(string(line), 40) + "-- failed: exit status 1\n"
	for i := range 200 {
		if got := text(t, r, fmt.Sprint("web", i)); got != want {
			t.Fatalf("the log of host %d has %d bytes, want %d", i, len(got), len(want))
		}
	}
}

func TestALogHasAnEnd(t *testing.T) {
	tr := transcript{limit: 10}
	for range 5 {
		e := printed(0, "s", event.Stdout, "1234\n")
		tr.add(&e)
	}
	e := step(event.StepEnd, 1, "s")
	e.Outcome = event.OK
	tr.add(&e)
	want := "== 2026-11-23T11:05:00Z deploy/steps/s\n1234\n1234\n-- the log of this host has reached 0 MiB: further output is not in it\n-- ok\n"
	if got := string(tr.text); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestALineWithoutAnEndIsWrittenInPieces(t *testing.T) {
	var tr transcript
	e := event.Event{Type: event.Output, Host: "a", Stream: event.Stdout, Data: bytes.Repeat([]byte("z"), maxPart/2+1)}
	for range 4 {
		tr.add(&e)
	}
	if got := bytes.Count(tr.text, []byte("\n")); got != 2 || bytes.Count(tr.text, []byte("z")) != 4*len(e.Data) {
		t.Errorf("%d lines, %d bytes", got, len(tr.text))
	}
}

// However the output is cut, the text is the same, and nothing is lost.
func FuzzTranscript(f *testing.F) {
	f.Add([]byte("one\ntwo"), []byte("bad\nworse"), uint8(1))
	f.Add([]byte("\n\n"), []byte{0xff, '\n'}, uint8(3))
	f.Add([]byte("2> x"), []byte("== y\n"), uint8(200))
	f.Fuzz(func(t *testing.T, stdout, stderr []byte, size uint8) {
		render := func(size int) string {
			var tr transcript
			for _, s := range []struct {
				name event.Stream
				data []byte
			}{{event.Stdout, stdout}, {event.Stderr, stderr}} {
				for chunk := range slices.Chunk(s.data, max(1, size)) {
					tr.add(&event.Event{Type: event.Output, Host: "a", Stream: s.name, Data: chunk})
				}
			}
			tr.add(&event.Event{Type: event.HostEnd, Host: "a", Outcome: event.OK})
			return string(tr.text)
		}
		whole := render(1 << 20)
		if got := render(int(size)); len(stdout) < maxPart && len(stderr) < maxPart && got != whole {
			t.Errorf("in pieces of %d: %q, whole: %q", size, got, whole)
		}
		if n := strings.Count(whole, "\n"); n > 3+bytes.Count(stdout, []byte("\n"))+bytes.Count(stderr, []byte("\n"))+(len(stdout)+len(stderr))/maxPart {
			t.Errorf("%d lines", n)
		}
	})
}
