//go:build unix

package source

import (
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

func TestExecEndsWithItsChildren(t *testing.T) {
	left := errors.New("the user left")
	tests := []struct {
		name, script, want string
		limit              time.Duration // 0: the context ends once all run
	}{
		{"context", `sh -c 'sleep 1000 & echo >&3; wait' & sleep 1000`, left.Error(), 0},
		{"limit", `sh -c 'sleep 1000 & wait' & sleep 1000`, "it took longer than 300ms", 300 * time.Millisecond},
		{"deaf to signals", `trap '' TERM INT HUP; while :; do sleep 1000; done`, "it took longer than 300ms", 300 * time.Millisecond},
		{"left behind", `sh -c 'sleep 1000' & echo a`, "", time.Minute},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// The command and its children hold a pipe open: the end of the
			// pipe is the end of all of them.
			fifo := filepath.Join(t.TempDir(), "fifo")
			must(t, syscall.Mkfifo(fifo, 0o600))
			pipe, err := os.OpenFile(fifo, os.O_RDWR, 0) // waits for nobody
			must(t, err)
			defer pipe.Close()
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			o := script("exec 3>" + fifo + "; " + tt.script)
			if o.Timeout = tt.limit; tt.limit == 0 {
				go func() { // ends when the command runs
					_, _ = pipe.Read(make([]byte, 1))
					cancel(left)
				}()
				o.Timeout = time.Minute
			}
			if got := said(Exec(ctx, o)); !strings.Contains(got, tt.want) || (got == "") != (tt.want == "") {
				t.Errorf("%s, want %q", got, tt.want)
			}
			rest, err := os.Open(fifo)
			must(t, err)
			defer rest.Close()
			_ = pipe.Close()
			if _, err := io.ReadAll(rest); err != nil {
				t.Error(err)
			}
		})
	}
}
