package output

import (
	"bytes"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
)

// shifted is s with its events at the time of a bubble.
func shifted(s script) script {
	by := time.Since(start)
	for i := range s {
		s[i].Time = s[i].Time.Add(by)
	}
	return s
}

// waitingRun is a batch of three hosts, two of which are at work, and what one of
// them printed.
func waitingRun() *taskPlay {
	p := newTaskPlay("a", "b", "c", "d")
	p.begin("deploy", 2, "a", "b", "c", "d")
	p.next(false, "a", "b", "c")
	p.do("unpack", "a", "b", "c")
	for _, h := range []string{"a", "b", "c"} {
		p.send(h, "migrate")
	}
	p.end("a", "migrate", fail(1, 1))
	p.print("c", "migrate", event.Stdout, "table 1\ntable 2\x1b[2J\n")
	for i := range p.script {
		p.script[i].Time = start
	}
	return p
}

func TestTheStatusLineOfTasksSaysWhomTheRunWaitsFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var screen page
		r := NewTasks(liveConfig(&screen, 120))
		shifted(waitingRun().script).play(r)
		if want := "step unpack: 3 changed\n"; !strings.Contains(screen.String(), want) {
			t.Errorf("%q", screen.String())
		}
		time.Sleep(41*time.Second + redraw/2)
		synctest.Wait()
		lines := strings.Split(screen.String(), clearLine)
		equal(t, "status", lines[len(lines)-1],
			"deploy 1/2 migrate 1/3, 1 failed, 41s, waiting for 2: b silent for 41s")
		screen.Reset()
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if got := screen.String(); !strings.HasPrefix(got, clearLine) || strings.Count(got, clearLine) != 1 || strings.Contains(got, "waiting") {
			t.Errorf("it does not leave a clean screen: %q", got)
		}
	})
}

func TestTheStatusLineOfTasksFitsTheTerminal(t *testing.T) {
	tr := NewTracker(nil)
	waitingRun().play(tr)
	equal(t, "status", string(tr.status(start.Add(time.Minute), 40, "")), "deploy 1/2 migrate 1/3, 1 failed, 1m0s…")
}

func TestALogSaysWhomItWaitsForWhereNothingElseIsPrinted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log page
		r := NewTasks(Config{Stderr: Dest{Writer: &log}, Fold: foldNumbers})
		shifted(waitingRun().script).play(r)
		log.Reset()
		time.Sleep(silence + 6*time.Second)
		synctest.Wait()
		equal(t, "first", log.String(), "waiting for 2 at step migrate: b silent for 35 s; c silent for 35 s, last line: table 2^[[2J\n")
		log.Reset()
		time.Sleep(20 * time.Second)
		if _, err := r.Messages().Write([]byte("something\n")); err != nil {
			t.Fatal(err)
		}
		time.Sleep(25 * time.Second)
		synctest.Wait()
		equal(t, "while it prints", log.String(), "something\n")
		time.Sleep(10 * time.Second)
		synctest.Wait()
		if n := strings.Count(log.String(), "waiting for 2 at"); n != 1 {
			t.Errorf("%d notes:\n%s", n, log.String())
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	})
}

func TestALogThatIsQuietStaysQuiet(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log page
		r := NewTasks(Config{Stderr: Dest{Writer: &log}, Quiet: true})
		shifted(waitingRun().script).play(r)
		time.Sleep(5 * time.Minute)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		equal(t, "log", log.String(), "a: step migrate: exit status 1\n")
	})
}

func TestTheReportNamesTheStepOfEachHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr := NewTracker(fold)
		shifted(waitingRun().script).play(tr)
		time.Sleep(41 * time.Second)
		var b bytes.Buffer
		if err := tr.Report(&b); err != nil {
			t.Fatal(err)
		}
		equal(t, "report", b.String(), `fleet: 0 of 4 hosts done, 1 failed; 41.0 s so far
  task deploy 1/2 migrate 1/3
  b: step migrate running 41.0 s, no output yet
  c: step migrate running 41.0 s, silent 41.0 s, 20 B, last line: table 2^[[2J
  waiting for their turn: [a d]
`)
	})
}

func TestATrackerForgetsNobodyInTwoTasksAtOnce(t *testing.T) {
	p := newTaskPlay("a", "b")
	p.begin("one", 1, "a", "b")
	p.next(false, "a", "b")
	p.send("a", "x")
	p.begin("two", 1, "a", "b")
	p.batch = 0
	p.next(false, "a", "b")
	p.send("a", "y")
	p.end("a", "y", nil)
	tr := NewTracker(nil)
	p.play(tr)
	if got := tr.waitingFor(p.now, 3); !strings.HasPrefix(got, "waiting for 1 at step x: a silent") {
		t.Errorf("%q", got)
	}
	p.task = "one"
	p.end("a", "x", nil)
	p.script[len(p.script)-1:].play(tr)
	if got := tr.waitingFor(p.now, 3); got != "" {
		t.Errorf("%q", got)
	}
}
