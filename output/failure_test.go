package output

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
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
