//go:build unix

package main

import (
	"bytes"
	"context"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A tripwire interrupts this process when text is written.
type tripwire struct {
	bytes.Buffer
	t    *testing.T
	text string
}

func (w *tripwire) Write(p []byte) (int, error) {
	if strings.Contains(string(p), w.text) {
		arrived := make(chan os.Signal, 1)
		signal.Notify(arrived, os.Interrupt)
		defer signal.Stop(arrived)
		if err := syscall.Kill(os.Getpid(), syscall.SIGINT); err != nil {
			w.t.Error(err)
		}
		<-arrived
	}
	return w.Buffer.Write(p)
}

func TestDemoThatIsInterruptedCleansUp(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	out := &tripwire{t: t, text: "fleet run -a "}
	var errs bytes.Buffer
	e := env{stdin: strings.NewReader(""), stdout: out, stderr: &errs, lookup: os.LookupEnv}
	if status := run(context.Background(), []string{"demo"}, e); status != 130 {
		t.Errorf("status %d, want 130", status)
	}
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left behind: %q, %v", left, err)
	}
	if strings.Contains(out.String(), "That was the tour") {
		t.Errorf("the demo went on:\n%s", out)
	}
	if t.Failed() {
		t.Log(errs.String())
	}
}
