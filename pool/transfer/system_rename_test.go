//go:build !windows

package transfer

import (
	"context"
	"io"
	"os"
	"sync"
	"testing"

	"fleet/internal/sshd"
	"fleet/transport"
)

// A server without posix-rename takes three requests for a rename. Whoever stops after
// the first has the old file or the new one, and no name with nothing behind it.
func TestSystemStoppedRenameKeepsTheTarget(t *testing.T) {
	h := embedded(t, "embedded", sshd.Config{Faults: sshd.Faults{Files: sshd.FileFaults{NoExtensions: true}}})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	sent := &packets{Transport: h.Transport, kind: sftpRename, number: 2, seen: cancel}
	h.Transport = sent
	r := h.open(t)
	put(t, h, "old", "old")
	put(t, h, "new", "new")
	_ = r.sys.do(ctx, []op{{what: rename, path: h.path("new"), to: h.path("old")}})
	if ctx.Err() == nil {
		t.Fatal("the target was not put aside")
	}
	if got, err := os.ReadFile(h.local("old")); err != nil || string(got) != "new" {
		t.Errorf("got %q and %v", got, err)
	}
	if all, err := os.ReadDir(h.local(".")); err != nil || len(all) != 1 {
		t.Errorf("got %v and %v, want one file", all, err)
	}
}

// packets calls seen when the client sends an sftp packet of a kind for the number-th
// time.
type packets struct {
	transport.Transport
	kind byte
	seen func()

	mu     sync.Mutex
	number int
}

func (p *packets) Open(ctx context.Context, t transport.Target, subsystem string) (io.ReadWriteCloser, error) {
	s, err := p.Transport.Open(ctx, t, subsystem)
	if err != nil {
		return nil, err
	}
	return &packetStream{s, p}, nil
}

type packetStream struct {
	io.ReadWriteCloser
	of *packets
}

func (s *packetStream) Write(b []byte) (int, error) {
	if len(b) >= headSize && b[4] == s.of.kind {
		s.of.mu.Lock()
		if s.of.number--; s.of.number == 0 {
			s.of.seen()
		}
		s.of.mu.Unlock()
	}
	return s.ReadWriteCloser.Write(b)
}
