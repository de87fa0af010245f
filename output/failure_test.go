package output

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"

	"fleet/event"
)

// A closedPipe fails after some writes, as a pipe does whose reader went away.
type closedPipe struct {
	mu    sync.Mutex
	after int
	calls int
}

func (p *closedPipe) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.calls++
	if p.calls > p.after {
		return 0, syscall.EPIPE
	}
	return len(b), nil
}

func TestRenderersStopQuietlyWhenNobodyReads(t *testing.T) {
	for name, with := range renderers() {
		t.Run(name, func(t *testing.T) {
			var pipe closedPipe
			var errs []error
			var stderr page
			r := with(Config{Stdout: Dest{Writer: &pipe}, Stderr: Dest{Writer: &stderr}, TempDir: t.TempDir(), OnWriteError: func(err error) { errs = append(errs, err) }})
			for range 3 {
				mixed().play(r)
			}
			if err := r.Close(); !errors.Is(err, syscall.EPIPE) {
				t.Errorf("Close: %v", err)
			}
			if len(errs) != 1 || !errors.Is(errs[0], syscall.EPIPE) {
				t.Errorf("told of %v", errs)
			}
			if strings.Contains(stderr.String(), " in 2.5 s") {
				t.Errorf("a summary for nobody: %q", stderr.String())
			}
			if pipe.calls != 1 {
				t.Errorf("%d writes", pipe.calls)
			}
		})
	}
}

func TestAFullDiskForGatheredOutputIsToldOnceAndTheRestIsShown(t *testing.T) {
	var errs []error
	var stdout strings.Builder
	r := NewGather(Config{
		Stdout: Dest{Writer: &stdout}, Memory: 50, TempDir: "/nonexistent",
		OnWriteError: func(err error) { errs = append(errs, err) },
	})
	script{hosts("a", "b"), out("a", strings.Repeat("x", 100)), out("a", "lost"), out("b", "lost too\n"), ok("a"), ok("b"), runEnd(nil)}.play(r)
	err := r.Close()
	if len(errs) != 1 || !errors.Is(err, errs[0]) || !strings.Contains(err.Error(), "/nonexistent") {
		t.Errorf("told of %v, Close: %v", errs, err)
	}
	want := "(output is not complete)\n---------------\n" + strings.Repeat("x", 100) + "\n"
	if !strings.Contains(stdout.String(), want) {
		t.Errorf("stdout: %q", stdout.String())
	}
}

func renderers() map[string]func(Config) Renderer {
	return map[string]func(Config) Renderer{
		"stream": NewStream, "gather": NewGather, "lines": NewGatherLines, "diff": NewDiff,
		"json": NewJSON, "jsonl": NewJSONL, "junit": NewJUnit,
	}
}

// lineWriter checks that each write is whole lines.
type lineWriter struct {
	t     *testing.T
	lines map[string]int
}

func (w *lineWriter) Write(p []byte) (int, error) {
	if !strings.HasSuffix(string(p), "\n") {
		w.t.Errorf("an unfinished line was printed: %q", p)
	}
	for line := range strings.Lines(string(p)) {
		w.lines[line]++
	}
	return len(p), nil
}

func TestLinesOfManyHostsNeverMix(t *testing.T) {
	w := &lineWriter{t: t, lines: make(map[string]int)}
	r := NewStream(Config{Stdout: Dest{Writer: w, Terminal: true}})
	const n, rounds = 20, 200
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			host := fmt.Sprintf("n%02d", i)
			for range rounds {
				script{out(host, "first "), out(host, "line\nsecond\nthi"), out(host, "rd\n")}.play(r)
			}
			script{ok(host)}.play(r)
		})
	}
	wg.Wait()
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	for i := range n {
		for _, text := range []string{"first line", "second", "third"} {
			if got := w.lines[fmt.Sprintf("n%02d: %s\n", i, text)]; got != rounds {
				t.Errorf("n%02d: %q %d times, want %d", i, text, got, rounds)
			}
		}
	}
	if len(w.lines) != 3*n {
		t.Errorf("%d different lines", len(w.lines))
	}
}

func TestRenderersTakeEventsFromManyGoroutines(t *testing.T) {
	for name, with := range renderers() {
		t.Run(name, func(t *testing.T) {
			r := with(Config{Memory: 4 << 10, TempDir: t.TempDir(), Live: true})
			var names []string
			for i := range 30 {
				names = append(names, fmt.Sprintf("n%02d", i))
			}
			script{hosts(names...)}.play(r)
			var wg sync.WaitGroup
			for i, host := range names {
				wg.Go(func() {
					script{begin(host), out(host, "x\n"), errOut(host, "y"), out(host, strings.Repeat("z\n", 100*(i%3))), exit(host, i%4)}.play(r)
				})
			}
			wg.Wait()
			script{runEnd(nil)}.play(r)
			if err := r.Close(); err != nil {
				t.Error(err)
			}
		})
	}
}

// Fifty new hosts are one line, and the names are found at its end.
func TestTheSummaryTellsOneCauseInOneLine(t *testing.T) {
	tests := []struct {
		name, kind string
		texts      [2]string
		want       string
	}{
		{
			"unknown keys", "hostkey",
			[2]string{`host key of "[a.example]:22" is not known: it offers ED25519 SHA256:x`, `host key of "b" is not known: it offers RSA SHA256:y`},
			"fleet: unreachable: host key is not known: a,b\n",
		},
		{
			"changed keys", "hostkey",
			[2]string{`host key of "a" has changed: it offers ED25519 SHA256:x, but k:1 has RSA SHA256:y`, `host key of "b" has changed: it offers RSA SHA256:y, but k:2 has RSA SHA256:z`},
			"fleet: unreachable: host key has changed: a,b\n",
		},
		{
			"revoked keys", "hostkey",
			[2]string{`host key of "a" is revoked at /k:1: ED25519 SHA256:x`, `host key of "b" is revoked at /k:2: RSA SHA256:y`},
			"fleet: unreachable: host key is revoked: a,b\n",
		},
		{
			"names that are not known", "unreachable",
			[2]string{`connect: no such host: "a" does not resolve`, `connect: no such host: "b" does not resolve`},
			"fleet: unreachable: connect: no such host: it does not resolve: a,b\n",
		},
		{
			"refused logins", "auth",
			[2]string{`login: the server refused "root"; tried publickey (1); it accepts publickey`, `login: the server refused "root"; tried publickey (2); it accepts password`},
			"fleet: unreachable: login: the server refused \"root\": a,b\n",
		},
		{
			"ports", "unreachable",
			[2]string{"connect: 10.0.0.1:22: connection refused", "connect: [::1]:22: connection refused"},
			"fleet: unreachable: connect: connection refused: a,b\n",
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var stderr bytes.Buffer
			r := NewStream(Config{Stderr: Dest{Writer: &stderr}})
			for _, e := range []event.Event{
				hosts("a", "b"),
				bad("a", event.Unreachable, tt.kind, tt.texts[0], ""),
				bad("b", event.Unreachable, tt.kind, tt.texts[1], ""),
				runEnd(nil),
			} {
				r.Emit(&e)
			}
			if err := r.Close(); err != nil {
				t.Fatal(err)
			}
			said := stderr.String()
			for _, text := range tt.texts {
				if !strings.Contains(said, text) {
					t.Errorf("the whole cause %q is nowhere in:\n%s", text, said)
				}
			}
			if !strings.Contains(said, "\n"+tt.want) {
				t.Errorf("no %q in:\n%s", tt.want, said)
			}
		})
	}
}

func TestAUserWhoLeavesEarlyIsToldNoEmptyLine(t *testing.T) {
	var stderr bytes.Buffer
	r := NewStream(Config{Stderr: Dest{Writer: &stderr, Terminal: true}, Live: true})
	for _, e := range []event.Event{hosts("a", "b"), begin("a"), begin("b")} {
		r.Emit(&e)
	}
	if err := r.Close(); err != nil {
		t.Fatal(err)
	}
	if said := stderr.String(); strings.Contains(said, "fleet:") {
		t.Errorf("it said %q", said)
	}
}
