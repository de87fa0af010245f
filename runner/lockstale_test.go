//go:build !windows

package runner

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"fleet/transport"
)

func TestAStaleLockIsTakenAndAFreshOneIsNot(t *testing.T) {
	t.Parallel()
	forEachPOSIXShell(t, func(t *testing.T, tr transport.Transport) {
		for _, tt := range []struct {
			ago  time.Duration
			free bool
		}{{0, false}, {5 * time.Second, false}, {time.Minute, true}, {1000 * time.Hour, true}, {-5 * time.Second, false}, {-time.Hour, true}} {
			terms := quickLock(t)
			terms.stale = 30 * time.Second
			terms.leave(t, "deploy", 3, "the dead", tt.ago)
			list := machines(1)
			list[0].transport = tr
			l, _, err := terms.take(t.Context(), claim("deploy", "ann"), list)
			if (err == nil) != tt.free {
				t.Errorf("%s ago: got %v", tt.ago, err)
			}
			if l != nil {
				l.release()
			}
		}
	})
}

// A dated transport has the clock of its host set forward, or back, by what a file
// says.
type dated struct {
	transport.Transport
	bin, ahead string // a folder for programs, and the file
}

func newDated(t *testing.T, tr transport.Transport) dated {
	t.Helper()
	d := dated{tr, t.TempDir(), filepath.Join(t.TempDir(), "ahead")}
	date, err := exec.LookPath("date")
	if err != nil {
		t.Fatal(err)
	}
	program := fmt.Sprintf("#!/bin/sh\necho $(($(%s +%%s) + $(cat %s)))\n", date, d.ahead)
	if err := os.WriteFile(filepath.Join(d.bin, "date"), []byte(program), 0o755); err != nil {
		t.Fatal(err)
	}
	d.set(t, 0)
	return d
}

func (d dated) set(t *testing.T, seconds int) {
	t.Helper()
	if err := os.WriteFile(d.ahead, []byte(strconv.Itoa(seconds)), 0o644); err != nil {
		t.Fatal(err)
	}
}

func (d dated) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	other := *c
	other.Script = "PATH=" + d.bin + ":$PATH\n" + c.Script
	return d.Transport.Run(ctx, t, &other)
}

// Neither the owner nor somebody else takes the clock of the host at its word.
func TestALockOutlivesThatTheClockIsSet(t *testing.T) {
	t.Parallel()
	forEachPOSIXShell(t, func(t *testing.T, tr transport.Transport) {
		terms := quickLock(t)
		terms.watch = 3 * time.Second
		list, d := machines(1), newDated(t, tr)
		list[0].transport = d
		l, _, err := terms.take(t.Context(), claim("deploy", "ann"), list)
		if err != nil {
			t.Fatal(err)
		}
		defer l.release()
		for _, ahead := range []int{3600, -3600} {
			d.set(t, ahead)
			var locked *Locked
			if _, _, err := terms.take(t.Context(), claim("deploy", "bob"), list); !errors.As(err, &locked) || locked.Owner != "ann" {
				t.Errorf("%d s ahead: got %v", ahead, err)
			}
			waitForBeat(t, terms)
			if l.cause() != nil {
				t.Error(l.cause())
			}
		}
	})
}

// A holder that was silent for a while keeps its lock unless somebody took it.
func TestAHolderThatWasSilentForLong(t *testing.T) {
	t.Parallel()
	for name, taken := range map[string]bool{"nobody took it": false, "somebody did": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			terms := quickLock(t)
			terms.beat, terms.stale = 6*time.Second, time.Second
			l, _, err := terms.take(t.Context(), claim("deploy", "ann"), machines(1))
			if err != nil {
				t.Fatal(err)
			}
			defer l.release()
			if !taken {
				waitForBeat(t, terms)
				waitForBeat(t, terms)
				if l.cause() != nil {
					t.Error(l.cause())
				}
				return
			}
			var other *heldLock
			poll(t, "a stale lock", func() bool {
				other, _, err = terms.take(t.Context(), claim("deploy", "bob"), machines(1))
				return err == nil
			})
			defer other.release()
			<-l.lost
			if other.cause() != nil {
				t.Error(other.cause())
			}
		})
	}
}
