package output

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
)

func TestGatherLinesMergesLinesOfAllHosts(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := script{
			hosts("a", "b", "c"),
			out("a", "same\nmine\n"), out("b", "same\nother\nhalf"), out("c", "sa"), out("c", "me\nmine\n"),
			errOut("a", "warning\n"), exit("a", 3), errOut("c", "warning\n"), exit("c", 3), ok("b"), runEnd(nil),
		}
		stdout, stderr := show(t, s, NewGatherLines)
		equal(t, "stdout", stdout, "[a..c]: same\n[a c]: mine\n[b]: other\n[b]: half\n")
		equal(t, "stderr", stderr, `[a c]: warning
[a c]: exit 3
fleet: exit 3: [a c]
fleet: 1 ok, 2 failed in 2.5 s
`)
	})
}

func TestGatherLinesDoesNotWaitForASilentHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o page
		r := NewGatherLines(Config{Stdout: Dest{Writer: &o}, Fold: fold})
		script{hosts("a", "b", "c"), out("a", "x\n"), out("b", "x\n")}.play(r)
		time.Sleep(lineWait / 2)
		synctest.Wait()
		equal(t, "early", o.String(), "")
		time.Sleep(lineWait)
		synctest.Wait()
		equal(t, "after a second", o.String(), "[a b]: x\n")
		script{out("c", "x\n"), out("a", "y\n"), ok("a"), ok("b"), ok("c"), runEnd(nil)}.play(r)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		equal(t, "at the end", o.String(), "[a b]: x\n[a]: y\n[c]: x\n")
	})
}

func TestGatherLinesHoldsBoundedMemoryWhenOneHostRunsAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var o page
		r := NewGatherLines(Config{Stdout: Dest{Writer: &o}, Fold: fold}).(*lineGather)
		script{hosts("a", "b")}.play(r)
		line := strings.Repeat("x", 999) + "\n"
		for range 3 * maxRows / 1000 {
			script{out("a", line)}.play(r)
			if r.out.bytes > maxRows+2000 {
				t.Fatalf("%d bytes wait", r.out.bytes)
			}
		}
		script{ok("a"), ok("b"), runEnd(nil)}.play(r)
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(o.String(), "[a]: "+line); n != 3*maxRows/1000 {
			t.Errorf("%d lines were printed, %d are missing", n, 3*maxRows/1000-n)
		}
	})
}

func BenchmarkGatherLines(b *testing.B) {
	const n = 50
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("n%02d", i))
	}
	chunk := []byte(strings.Repeat(strings.Repeat("x", 99)+"\n", 320))
	b.SetBytes(int64(n * len(chunk)))
	r := NewGatherLines(Config{Fold: fold})
	start := hosts(names...)
	r.Emit(&start)
	for b.Loop() {
		for _, name := range names {
			r.Emit(&event.Event{Type: event.Output, Host: name, Stream: event.Stdout, Data: chunk})
		}
	}
	if err := r.Close(); err != nil {
		b.Fatal(err)
	}
}
