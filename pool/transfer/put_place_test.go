//go:build !windows

package transfer

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"fleet/transport"
)

// A watched system tells of what it is asked to change, before it does so and after it.
// What after returns takes the place of the host's answer.
type watched struct {
	system
	before func(op)
	after  func(op, error) error
}

func (w watched) do(ctx context.Context, ops []op) error {
	for _, o := range ops {
		if w.before != nil {
			w.before(o)
		}
	}
	err := w.system.do(ctx, ops)
	for _, o := range ops {
		if w.after != nil {
			err = w.after(o, err)
		}
	}
	return err
}

var errCut = &transport.Error{Op: "run", Kind: transport.KindLost, Err: errors.New("cut")}

// A cuttable transport reaches nobody once it is cut.
type cuttable struct {
	transport.Transport
	cut bool
}

func (c *cuttable) Open(ctx context.Context, t transport.Target, name string) (io.ReadWriteCloser, error) {
	if c.cut {
		return nil, errCut
	}
	return c.Transport.Open(ctx, t, name)
}

func (c *cuttable) Run(ctx context.Context, t transport.Target, command *transport.Command) (transport.Status, error) {
	if c.cut {
		return transport.Status{}, errCut
	}
	return c.Transport.Run(ctx, t, command)
}

// Who stops a Put as the new file takes its place still has the old one.
func TestPutThatIsStoppedAsItTakesItsPlaceKeepsTheBackup(t *testing.T) {
	h := embeddedHost(t)
	r := h.open(t)
	write(t, h.local("target"), "old\n", 0o600)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r.sys = watched{system: r.sys, before: func(o op) {
		if o.what == rename {
			cancel()
		}
	}}
	rep, err := r.Put(ctx, text("new\n"), &PutOptions{Destination: h.path("target"), Backup: true})
	if err != nil || len(rep.Backups) != 1 {
		t.Fatalf("got %+v, %v", rep, err)
	}
	isFile(t, h.local("target"), "new\n", 0o600)
	isFile(t, rep.Backups[0], "old\n", 0o600)
}

func TestPutKeepsTheBackupWhereItIsNotKnownWhatTheHostDid(t *testing.T) {
	h := embeddedHost(t)
	link := &cuttable{Transport: h.Transport}
	h.Transport = link
	r := h.open(t)
	write(t, h.local("target"), "old\n", 0o600)
	r.sys = watched{system: r.sys, after: func(o op, err error) error {
		if o.what != rename {
			return err
		}
		link.cut = true
		return errCut
	}}
	rep, err := r.Put(t.Context(), text("new\n"), &PutOptions{Destination: h.path("target"), Backup: true})
	if transport.KindOf(err) != transport.KindLost || len(rep.Backups) != 1 || len(rep.Notes) != 1 || !strings.Contains(rep.Notes[0], "not known") {
		t.Fatalf("got %+v, %v", rep, err)
	}
	isFile(t, h.local("target"), "new\n", 0o600)
	isFile(t, rep.Backups[0], "old\n", 0o600)
}
