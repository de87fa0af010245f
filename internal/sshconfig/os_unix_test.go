//go:build unix

package sshconfig

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

func TestLoadRefusesFilesOthersCanWrite(t *testing.T) {
	for _, name := range []string{"config", "conf.d/a"} {
		h := newHome(t, "Include conf.d/a\n")
		h.write(t, "conf.d/a", "User a\n")
		if err := os.Chmod(filepath.Join(h.dir, ".ssh", name), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Load(h.files()); err == nil || !strings.Contains(err.Error(), "~/.ssh/"+name) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestMatchExecEndsWithItsChildren(t *testing.T) {
	left := errors.New("the user left")
	tests := []struct {
		name, want string
		limit      time.Duration // 0: the context ends once both run
	}{
		{"context", left.Error(), 0},
		{"limit", "it took longer than 300ms", 300 * time.Millisecond},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			// The command and its child hold a pipe open: the end of the
			// pipe is the end of both.
			fifo := filepath.Join(t.TempDir(), "fifo")
			if err := syscall.Mkfifo(fifo, 0o600); err != nil {
				t.Fatal(err)
			}
			pipe, err := os.OpenFile(fifo, os.O_RDWR, 0) // waits for nobody
			if err != nil {
				t.Fatal(err)
			}
			defer pipe.Close()
			h := newHome(t, "Match exec \"exec 3>"+fifo+"; sleep 1000 & echo >&3; sleep 1000\"\nPort 5\n")
			c, err := Load(h.files())
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithCancelCause(t.Context())
			defer cancel(nil)
			if tt.limit == 0 {
				go func() { // ends when the command begins
					_, _ = pipe.Read(make([]byte, 1))
					cancel(left)
				}()
			}
			if _, err := c.Resolve(ctx, Query{Host: "web", ExecTimeout: tt.limit}); err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v", err)
			}
			rest, err := os.Open(fifo)
			if err != nil {
				t.Fatal(err)
			}
			defer rest.Close()
			_ = pipe.Close()
			if _, err := io.ReadAll(rest); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestMatchExecThatTookTooLongIsNotRunAgain(t *testing.T) {
	h := newHome(t, "Match exec \"echo x >>$H/log; sleep 1000\"\nPort 5\n")
	t.Setenv("H", h.dir)
	c, err := Load(h.files())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"web1", "web2", "web3"} {
		if _, err := c.Resolve(t.Context(), Query{Host: name, ExecTimeout: 200 * time.Millisecond}); err == nil {
			t.Error("it ended by itself")
		}
	}
	// On a busy machine it may not even have begun.
	if text, err := os.ReadFile(filepath.Join(h.dir, "log")); len(text) > len("x\n") {
		t.Errorf("it ran %q, %v", text, err)
	}
}
