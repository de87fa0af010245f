package output

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
)

// at shifts the events of s to the time of a bubble.
func at(t time.Time, s script) script {
	for i := range s {
		s[i].Time = t
	}
	return s
}

func liveConfig(screen *page, width int) Config {
	return Config{
		Stdout: Dest{Writer: screen, Terminal: true}, Stderr: Dest{Writer: screen, Terminal: true},
		Fold: fold, Live: true, Width: func() int { return width },
	}
}

func TestStatusLineMakesRoomForWhatIsPrinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen page
		r := NewStream(liveConfig(&screen, 80))
		now := time.Now()
		at(now, script{hosts("a", "b", "c"), begin("a"), begin("b")}).play(r)
		time.Sleep(3*time.Second + redraw/2)
		synctest.Wait()
		status := func(sec string) string { return "0/3 done, 2 running, " + sec + ", slowest a " + sec }
		equal(t, "redrawn once a second", screen.String(),
			status("0s")+clearLine+status("1s")+clearLine+status("2s")+clearLine+status("3s"))
		screen.Reset()
		at(time.Now(), script{out("a", "line\n")}).play(r)
		equal(t, "output", screen.String(), clearLine+"a: line\n"+status("3s"))
		screen.Reset()
		r.Suspend(func() { screen.WriteString("Password: ") })
		equal(t, "suspended", screen.String(), clearLine+"Password: ")
		screen.Reset()
		if _, err := r.Messages().Write([]byte("stopping\n")); err != nil {
			t.Fatal(err)
		}
		equal(t, "message", screen.String(), "stopping\n"+status("3s"))
		screen.Reset()
		at(time.Now(), script{ok("a"), ok("b"), ok("c"), runEnd(map[event.Outcome]int{event.OK: 3})}).play(r)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		equal(t, "end", screen.String(), clearLine+"fleet: 3 ok in 2.5 s\n")
	})
}

func TestStatusLineFitsTheTerminal(t *testing.T) {
	tr := NewTracker(nil)
	mixed()[:16].play(tr)
	for width, want := range map[int]string{
		200: "4/6 done, 1 failed, 1 running, 12s, slowest db01 12s",
		30:  "4/6 done, 1 failed, 1 runnin…",
		1:   "",
	} {
		got := string(tr.status(start.Add(12*time.Second), width, ""))
		equal(t, "status", got, want)
	}
	const progress = "412 MB of 2 GB, 35 MB/s, 45s left"
	for width, want := range map[int]string{
		200: "4/6 done, 1 failed, 1 running, 12s, " + progress + ", slowest db01 12s",
		80:  "4/6 done, 1 failed, 1 running, 12s, " + progress,
		60:  "4/6 done, 1 failed, 1 running, 12s, 412 MB of 2 GB, 35 MB/…",
	} {
		got := string(tr.status(start.Add(12*time.Second), width, progress))
		equal(t, "status with progress", got, want)
	}
}

func TestStatusLineStaysAwayFromAnUnfinishedLine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen page
		cfg := liveConfig(&screen, 80)
		cfg.NoPrefix = true
		r := NewStream(cfg)
		at(time.Now(), script{hosts("a"), begin("a"), out("a", "question? ")}).play(r)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		at(time.Now(), script{exit("a", 1), runEnd(nil)}).play(r)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		equal(t, "screen", screen.String(), "question? \na: exited with status 1\n0/1 done, 1 running, 2s, slowest a 2s"+clearLine)
	})
}

func TestTrackerReportsStragglersFirst(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTracker(fold)
		now := time.Now()
		connect := func(h string) event.Event { return event.Event{Type: event.Connect, Host: h} }
		at(now, script{
			hosts("a", "b", "c", "d", "e", "f"), begin("a"), connect("a"), begin("b"), connect("b"), begin("c"), begin("d"), connect("d"),
			out("a", "working\n"), exit("d", 1),
		}).play(tr)
		at(now.Add(40*time.Second), script{out("b", "step 1\rstep \x1b[2J2\n")}).play(tr)
		time.Sleep(41 * time.Second)
		var b bytes.Buffer
		if err := tr.Report(&b); err != nil {
			t.Fatal(err)
		}
		equal(t, "report", b.String(), `fleet: 1 of 6 hosts done, 1 failed; 41.0 s so far
  a: running 41.0 s, silent 41.0 s, 8 B, last line: working
  b: running 41.0 s, silent 1.0 s, 18 B, last line: step ^[[2J2
  connecting: [c]
  waiting for their turn: [e f]
`)
	})
}

func TestTrackerReportIsShortForManyHosts(t *testing.T) {
	tr := NewTracker(nil)
	var names []string
	for range 10_000 {
		names = append(names, "host-with-a-long-name-"+strings.Repeat("x", len(names)%7))
	}
	s := script{hosts(names...)}
	for i := range 300 {
		h := names[0] + string(rune('a'+i%26)) + strings.Repeat("y", i/26)
		s = append(s, begin(h), event.Event{Type: event.Connect, Time: start, Host: h}, out(h, strings.Repeat("long ", 500)))
	}
	s.play(tr)
	var b bytes.Buffer
	if err := tr.Report(&b); err != nil {
		t.Fatal(err)
	}
	if lines := strings.Count(b.String(), "\n"); lines > 14 || b.Len() > 4000 {
		t.Errorf("%d lines, %d bytes", lines, b.Len())
	}
}
