package output

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"fleet/event"
)

var update = flag.Bool("update", false, "write the golden files of testdata anew")

// both plays s into a renderer whose outputs are one, as on a terminal.
func both(t *testing.T, s script, with func(Config) Renderer, change ...func(*Config)) string {
	t.Helper()
	var b bytes.Buffer
	cfg := Config{Stdout: Dest{Writer: &b}, Stderr: Dest{Writer: &b}, Fold: foldNumbers, TempDir: t.TempDir()}
	cfg.OnWriteError = func(err error) { t.Errorf("write error: %v", err) }
	for _, f := range change {
		f(&cfg)
	}
	r := with(cfg)
	s.play(r)
	if err := r.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
	return b.String()
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, name, got, string(want))
}

func width(n int) func(*Config) { return func(c *Config) { c.Width = func() int { return n } } }

func verbose(c *Config) { c.Verbose = 1 }

func TestARolloutReadsWellAtAnyWidth(t *testing.T) {
	golden(t, "rollout-80.txt", both(t, rollout(), NewTasks, width(80)))
	golden(t, "rollout-200.txt", both(t, rollout(), NewTasks, width(200)))
	golden(t, "rollout-verbose.txt", both(t, rollout(), NewTasks, width(80), verbose))
	golden(t, "rollout-quiet.txt", both(t, rollout(), NewTasks, width(80), func(c *Config) { c.Quiet = true }))
	golden(t, "rollout-diff.txt", both(t, rollout(), NewTasks, width(80), func(c *Config) { c.Outputs = DiffOutputs }))
}

// The steps that are repeated have lines of their own, also where one host is at
// its end while another one has just begun.
func TestWhatIsRepeatedIsToldApart(t *testing.T) {
	p := newTaskPlay("web01", "web02")
	p.begin("deploy", 1, "web01", "web02")
	p.next(false, "web01", "web02")
	for _, h := range []string{"web01", "web02"} {
		p.do("healthy", h)
		p.section(event.Health, func() { p.do("healthy", h) })
		p.section(event.Always, func() { p.do("enable", h) })
	}
	p.over(event.OK)
	p.done(event.OK, "")
	got := both(t, p.finish(event.Completed), NewTasks, width(80))
	for _, want := range []string{
		"step healthy: 2 changed\nhealth healthy: 2 changed\nalways enable: 2 changed\n",
		"\nstep healthy          2 ", "\nhealth healthy        2 ", "\nalways enable         2 ",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in\n%s", want, got)
		}
	}
}

func TestAHostThatCannotBeReachedIsToldOnce(t *testing.T) {
	p := newTaskPlay("a", "b", "c")
	p.begin("deploy", 1, "a", "b", "c")
	p.next(false, "a", "b", "c")
	for _, h := range []string{"a", "b", "c"} {
		p.send(h, "one")
		if h == "a" {
			p.end(h, "one", nil)
			continue
		}
		end := refused(h)
		p.end(h, "one", func(e *event.Event) {
			e.Outcome, e.Status, e.Changed, e.Kind, e.Error, e.Hint = end.Outcome, -1, false, end.Kind, end.Error, end.Hint
		})
		p.bad[h] = end
	}
	p.do("two", "a")
	p.over(event.OK)
	p.done(event.Failed, "")
	equal(t, "output", both(t, p.finish(event.Completed), NewTasks), `task deploy: 3 hosts: a,b,c
b: step one: unreachable: dial: dial tcp 10.0.0.8:22: connect: connection refused (hint: is sshd running there?)
c: step one: unreachable: dial: dial tcp 10.0.0.8:22: connect: connection refused
step one: 1 changed: a; 2 unreachable (dial: dial tcp: connect: connection
    refused): b,c
step two: 1 changed: a
task deploy: failed after 1m30s

recap     changed  unreachable  slowest
step one        1            2        -
step two        1            -   250 ms  a
fleet: unreachable: dial: dial tcp: connect: connection refused: b,c
fleet: 1 ok, 2 unreachable in 1m30s
`)
}

func TestAHostThatFailsBetweenStepsIsTold(t *testing.T) {
	p := newTaskPlay("a", "b")
	p.begin("deploy", 1, "a", "b")
	p.next(false, "a", "b")
	p.do("one", "b")
	p.over(event.OK)
	p.done(event.Failed, "")
	p.bad["a"] = event.Event{Outcome: event.Failed, Status: -1, Error: "precondition: too little memory"}
	got := both(t, p.finish(event.Completed), NewTasks, func(c *Config) { c.Quiet = true })
	equal(t, "quiet", got, "a: precondition: too little memory\n")
}

func TestStepsOfSeveralTasksAreToldApart(t *testing.T) {
	p := newTaskPlay("a", "b")
	p.begin("base", 1, "a", "b")
	p.next(false, "a", "b")
	q := *p
	q.script, q.batch = nil, 0
	q.begin("app", 2, "a")
	q.next(false, "a")
	q.end("a", "get", fail(1, 1))
	q.over(event.Failed)
	q.done(event.Failed, "")
	p.script = append(p.script, q.script...)
	p.do("pack", "a", "b")
	p.over(event.OK)
	p.done(event.OK, "")
	p.task = "last"
	p.done(event.NotAttempted, "task app failed")
	p.failedHost("a", "get", 1)
	equal(t, "output", both(t, p.finish(event.Completed), NewTasks), `task base: 2 hosts: a,b
task app: 1 host in 2 batches: a
task app, batch 1/2: 1 host: a
a: step app.get: exit status 1
step app.get: failed (exit status 1)
task app, batch 1/2: 1 host failed, and max_failures is 0
task app: failed after 1m30s
step base.pack: 2 changed
task base: done in 1m30s
task last: not carried out: task app failed

recap           changed  failed  slowest
step base.pack        2       -   500 ms  b
step app.get          -       1        -
fleet: step get: exit status 1: a
fleet: 1 ok, 1 failed in 1m30s
`)
}

func TestOutputOfLoopsAndDelegatedStepsNamesThem(t *testing.T) {
	p := newTaskPlay("a", "b")
	p.begin("t", 1, "a", "b")
	p.next(false, "a", "b")
	for _, h := range []string{"a", "b"} {
		for _, p.key = range []string{"ann", "bob"} {
			p.on = "db1"
			p.send(h, "user")
			p.print(h, "user", event.Stdout, p.key+"\n")
			p.end(h, "user", nil)
		}
	}
	p.on = "local"
	p.send("b", "user")
	p.print("b", "user", event.Stderr, "no\n")
	p.end("b", "user", fail(2, 1))
	p.key, p.on = "", ""
	p.over(event.OK)
	p.done(event.OK, "")
	got := both(t, p.finish(event.Completed), NewTasks, func(c *Config) { c.Outputs = AllOutputs })
	before, _, _ := strings.Cut(got, "task t: done")
	equal(t, "output", before, `task t: 2 hosts: a,b
b: step user[bob] here: exit status 2
step user: 1 changed: a; 1 failed (exit status 2, [bob] here): b
---------------
b (1) step user[bob] here stderr: exit status 2
---------------
no
---------------
a,b (2) step user[ann] on db1
---------------
ann
---------------
a,b (2) step user[bob] on db1
---------------
bob
---------------
`)
}

func TestAFailureThatDoesNotMatterIsCountedApart(t *testing.T) {
	p := newTaskPlay("a", "b")
	p.begin("t", 1, "a", "b")
	p.next(false, "a", "b")
	p.do("try", "a")
	p.send("b", "try")
	p.print("b", "try", event.Stdout, "noise\n")
	p.end("b", "try", func(e *event.Event) { fail(1, 1)(e); e.Ignored = true })
	p.do("go on", "a", "b")
	p.over(event.OK)
	p.done(event.OK, "")
	equal(t, "output", both(t, p.finish(event.Completed), NewTasks), `task t: 2 hosts: a,b
step try: 1 changed: a; 1 ignored (exit status 1): b
step go on: 2 changed
task t: done in 1m30s

recap       changed  ignored  slowest
step try          1        1   250 ms  a
step go on        2        -   500 ms  b
fleet: 2 ok in 1m30s
`)
}

func TestARunOfTasksThatDoesNotEndIsShownAsFarAsItCame(t *testing.T) {
	s := rollout()
	for n := range s {
		got := both(t, s[:n], NewTasks)
		if strings.Count(got, "\nrecap ") > 1 {
			t.Fatalf("after %d events:\n%s", n, got)
		}
	}
}

func TestNamesOfStepsAreMadeSafe(t *testing.T) {
	p := newTaskPlay("a")
	p.begin("t\x1b[2J", 1, "a")
	p.next(false, "a")
	p.on, p.key = "h\x1b[2J", "k\x1b[2J"
	p.end("a", "s\x1b[2J", func(e *event.Event) { fail(1, 1)(e); e.Reason, e.Error, e.Hint = "\x1b[2J", "\x1b[2J", "\x1b[2J" })
	p.end("a", "u\x1b[2J", skip("\x1b[2J"))
	p.done(event.NotAttempted, "\x1b[2J")
	if got := both(t, p.finish(event.Completed), NewTasks, verbose); strings.Contains(got, "\x1b") {
		t.Errorf("%q", got)
	}
}

func TestAStepDoneOnceNamesTheHostThatDidIt(t *testing.T) {
	p := newTaskPlay("a", "b", "c")
	p.begin("t", 1, "a", "b", "c")
	p.next(false, "a", "b", "c")
	p.send("a", "migrate")
	p.end("a", "migrate", fail(1, 1))
	for _, h := range []string{"b", "c"} {
		p.end(h, "migrate", skip("carried out once, on a, where it failed"))
	}
	p.over(event.Failed)
	p.done(event.Failed, "1 host failed, and max_failures is 0")
	p.failedHost("a", "migrate", 1)
	for _, h := range []string{"b", "c"} {
		p.bad[h] = event.Event{Outcome: event.Failed, Status: -1, Error: "step migrate: exit status 1 (carried out once, on a)"}
	}
	equal(t, "output", both(t, p.finish(event.Threshold), NewTasks), `task t: 3 hosts: a,b,c
a: step migrate: exit status 1
step migrate: 2 skipped (carried out once, on a, where it failed), 1 failed
    (exit status 1): a
task t: failed after 1m30s: 1 host failed, and max_failures is 0

recap         skipped  failed  slowest
step migrate        2       1        -
fleet: step migrate: exit status 1 (carried out once, on a): b,c
fleet: step migrate: exit status 1: a
fleet: 3 failed in 1m30s; stopped early
`)
}

func TestATunnelIsShownWithItsAddresses(t *testing.T) {
	show := func(with func(Config) Renderer, hosts ...string) string {
		p := newTaskPlay(hosts...)
		p.begin("t", 1, hosts...)
		p.next(false, hosts...)
		for _, h := range hosts {
			p.send(h, "db")
			p.end(h, "db", func(e *event.Event) {
				e.Changed, e.Listen, e.Target = false, "127.0.0.1:4000"+h, "localhost:5432"
			})
		}
		p.over(event.OK)
		p.done(event.OK, "")
		return both(t, p.finish(event.Completed), with, width(200))
	}
	for _, test := range []struct {
		got, want string
	}{
		{show(NewTasks, "1"), "step db: ok (tunnel: 127.0.0.1:40001 -> localhost:5432)\n"},
		{show(NewTasks, "1", "2"), "step db: 1 ok (tunnel: 127.0.0.1:40001 -> localhost:5432): 1; 1 ok (tunnel: 127.0.0.1:40002 -> localhost:5432): 2\n"},
		{show(NewTasks, "1", "2", "3", "4", "5"), "step db: 5 ok (tunnel to localhost:5432)\n"},
		{show(NewJSON, "1"), `"listen":"127.0.0.1:40001","target":"localhost:5432"`},
	} {
		if !strings.Contains(test.got, test.want) {
			t.Errorf("%q is not in\n%s", test.want, test.got)
		}
	}
}

func TestAHealthCheckThatIsRepeatedIsShownAgain(t *testing.T) {
	p := newTaskPlay("a", "b")
	p.begin("t", 1, "a", "b")
	p.next(false, "a", "b")
	p.do("healthy", "a", "b")
	p.do("more", "a", "b")
	p.do("healthy", "a", "b")
	p.over(event.OK)
	p.done(event.OK, "")
	got := both(t, p.finish(event.Completed), NewTasks)
	equal(t, "output", got[:strings.Index(got, "task t: done")], `task t: 2 hosts: a,b
step healthy: 2 changed
step more: 2 changed
step healthy: 2 changed
`)
}

// What always does once for all comes when no batch is open any more.
func TestAOnceStepOfAlwaysIsShownAfterTheBatches(t *testing.T) {
	p := newTaskPlay(webs(1, 4)...)
	p.begin("deploy", 2, webs(1, 4)...)
	for i := range 2 {
		p.next(false, webs(2*i+1, 2*i+2)...)
		p.do("copy", webs(2*i+1, 2*i+2)...)
		p.over(event.OK)
	}
	p.section(event.Always, func() {
		p.end("web01", "announce", skip("the host is unreachable"))
		p.send("web02", "announce")
		p.print("web02", "announce", event.Stderr, "no chat today\n")
		p.end("web02", "announce", fail(4, 1))
		p.failedHost("web02", "announce", 4)
	})
	p.done(event.Failed, "")
	golden(t, "once-always.txt", both(t, p.finish(event.Completed), NewTasks, width(80)))
}
