//go:build unix

package childproc

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// A command, and all that it started, hold a pipe open: its end is their end.
func TestACommandEndsWithItsChildren(t *testing.T) {
	left := errors.New("the user left")
	tests := []struct {
		name, script string
		timeout      time.Duration
		failure      string
	}{
		{"the context ends", "sleep 1000 & echo >&3; sleep 1000", time.Minute, left.Error()},
		{"deaf to signals", "trap '' TERM INT HUP; sleep 1000 & while :; do sleep 1000; done", 300 * time.Millisecond, "it took longer than 300ms"},
		{"it prints too much", "sleep 1000 & trap '' PIPE; while :; do echo yyyyyyyyy; done", time.Minute, ErrTooMuch.Error()},
		{"it has ended", "sleep 1000 >/dev/null 2>&1 & exit 0", time.Minute, ""},
		{"it has ended, its outputs are open", "sleep 1000 & exit 0", time.Minute, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			pipe, err := os.OpenFile(fifo, os.O_RDWR, 0) // waits for nobody
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			began := make(chan struct{})
			go func() { // ends when the command says that it runs, or with the pipe
				defer close(began)
				if n, _ := pipe.Read(make([]byte, 1)); n > 0 {
					cancel(left)
				}
			}()
			c := sh("exec 3>" + fifo + "; " + tt.script)
			c.Timeout = tt.timeout
			if _, err := Run(ctx, c); (err == nil) != (tt.failure == "") || err != nil && err.Error() != tt.failure {
				t.Errorf("error %v, want %q", err, tt.failure)
			}
			rest, err := os.Open(fifo)
			if err != nil {
				t.Fatal(err)
			}
			defer rest.Close()
			_ = pipe.Close()
			<-began
			if _, err := io.ReadAll(rest); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestInterrupted(t *testing.T) {
	for script, want := range map[string]bool{"kill -INT $$; sleep 1000": true, "kill -TERM $$; sleep 1000": false, "exit 130": false} {
		if _, err := Run(t.Context(), sh(script)); Interrupted(err) != want {
			t.Errorf("%q: %v", script, err)
		}
	}
	if Interrupted(nil) {
		t.Error("nothing was interrupted")
	}
}
