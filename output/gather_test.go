package output

import (
	"fmt"
	"strings"
	"testing"

	"fleet/event"
)

func TestGatherGroupsWhatIsIdenticalMinorityFirst(t *testing.T) {
	stdout, stderr := show(t, mixed(), NewGather)
	equal(t, "stdout", stdout, `---------------
[web03] (1): exit 3
---------------
up 3 days
---------------
[web04] (1)
---------------
up 4 days
---------------
[web01 web02] (2)
---------------
up 3 days
`)
	equal(t, "stderr", stderr, `---------------
[web03] (1) stderr: exit 3
---------------
warning: disk
---------------
[db01] (1): unreachable: dial: dial tcp: connect: connection refused (hint: is sshd running there?)
---------------
fleet: exit 3: [web03]
fleet: unreachable: dial: dial tcp: connect: connection refused: [db01]
fleet: not attempted: [db02]
fleet: 3 ok, 1 failed, 1 unreachable, 1 not attempted in 2.5 s
`)
}

func TestGatherPrintsWhatThereIsWhenTheRunDoesNotEnd(t *testing.T) {
	stdout, stderr := show(t, script{hosts("a", "b"), begin("a"), out("a", "half")}, NewGather)
	equal(t, "stdout", stdout, "---------------\n[a] (1): end unknown\n---------------\nhalf\n")
	equal(t, "stderr", stderr, "")
}

func TestGatherMakesBytesSafeOnATerminal(t *testing.T) {
	s := script{hosts("a"), out("a", "x\x1b]0;t\a\x1b[2J\x1b[31mred"), ok("a"), runEnd(nil)}
	stdout, _ := show(t, s, NewGather)
	equal(t, "pipe", stdout, "---------------\n[a] (1)\n---------------\nx\x1b]0;t\a\x1b[2J\x1b[31mred\n")
	stdout, _ = show(t, s, NewGather, terminal, func(c *Config) { c.Stdout.Color = true })
	equal(t, "terminal", stdout, "\x1b[34m---------------\n[a] (1)\n---------------\n\x1b[0mx^[[2J\x1b[31mred\x1b[0m\n")
}

func TestDiffShowsTheMajorityInFullAndHowOthersDiffer(t *testing.T) {
	s := mixed()
	stdout, stderr := show(t, s, NewDiff)
	equal(t, "stdout", stdout, `---------------
[web01 web02] (2)
---------------
up 3 days
---------------
[web04] (1)
---------------
--- [web01 web02] (2)
+++ [web04] (1)
@@ -1 +1 @@
-up 3 days
+up 4 days
\ No newline at end of file
`)
	if want := `---------------
[web03] (1) stderr: exit 3
---------------
--- [web01 web02] (2)
+++ [web03] (1)
@@ -0,0 +1 @@
+warning: disk
---------------
[db01] (1): unreachable`; !strings.HasPrefix(stderr, want) {
		t.Errorf("stderr:\n%s", stderr)
	}
}

func TestDiffOfHostsThatDifferInStatusOnly(t *testing.T) {
	s := script{hosts("a", "b", "c"), out("a", "x\n"), out("b", "x\n"), out("c", "x\n"), ok("a"), exit("b", 1), ok("c"), runEnd(nil)}
	stdout, stderr := show(t, s, NewDiff)
	equal(t, "stdout", stdout, "---------------\n[a c] (2)\n---------------\nx\n")
	if want := "---------------\n[b] (1): exit 1, same output as [a c] (2)\n---------------\n"; !strings.HasPrefix(stderr, want) {
		t.Errorf("stderr:\n%s", stderr)
	}
}

func TestDiffSaysThatItComparedOnlyTheBeginning(t *testing.T) {
	same := strings.Repeat("the same line\n", maxDiff/14+10)
	s := script{hosts("a", "b", "c"), out("a", same), out("b", same), out("c", same+"more\n"), ok("a"), ok("b"), ok("c"), runEnd(nil)}
	stdout, stderr := show(t, s, NewDiff)
	if !strings.HasSuffix(stdout, "---------------\n[c] (1)\n---------------\n(what was compared is the same)\n") {
		t.Errorf("stdout ends in %q", stdout[max(0, len(stdout)-200):])
	}
	equal(t, "stderr", stderr, "fleet: [c] (1): only the first 1.0 MB were compared\n")
}

func TestDiffColorsItsOwnLinesOnly(t *testing.T) {
	s := script{hosts("a", "b", "c"), out("a", "x\n"), out("b", "x\n"), out("c", "\x1b[35my\n"), ok("a"), ok("b"), ok("c"), runEnd(nil)}
	stdout, _ := show(t, s, NewDiff, terminal, func(c *Config) { c.Stdout.Color = true })
	want := "\x1b[31m--- [a b] (2)\x1b[0m\n\x1b[32m+++ [c] (1)\x1b[0m\n\x1b[36m@@ -1 +1 @@\x1b[0m\n\x1b[31m-x\x1b[0m\n\x1b[32m+y\x1b[0m\n"
	if !strings.HasSuffix(stdout, want) {
		t.Errorf("%q", stdout)
	}
}

func TestGatherOfTenThousandHosts(t *testing.T) {
	var names []string
	var s script
	for i := range 10_000 {
		names = append(names, fmt.Sprintf("n%05d", i))
	}
	s = append(s, hosts(names...))
	for i, n := range names {
		s = append(s, out(n, "the same\n"), out(n, fmt.Sprintf("%d\n", i%3)), ok(n))
	}
	s = append(s, runEnd(map[event.Outcome]int{event.OK: 10_000}))
	stdout, _ := show(t, s, NewGather)
	equal(t, "stdout", stdout, `---------------
[n00001..n09997] (3333)
---------------
the same
1
---------------
[n00002..n09998] (3333)
---------------
the same
2
---------------
[n00000..n09999] (3334)
---------------
the same
0
`)
}
