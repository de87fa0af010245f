package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"fleet/event"
	"fleet/runner"
	"fleet/transport"
)

func TestWorkIsDoneInPlaceOfTheCommand(t *testing.T) {
	r := new(recorder)
	cfg := &runner.Config{Transport: &fake{}, Sink: r, Work: func(_ context.Context, w *runner.Work) (transport.Status, error) {
		if w.Host == "h02" {
			return transport.Status{}, errors.New("no space left")
		}
		w.Started()
		fmt.Fprintf(w.Stdout, "sent to %s\n", w.Target.Name)
		w.Ended.Changed, w.Ended.Files, w.Ended.Bytes = true, 2, 300
		return transport.Status{}, nil
	}}
	summary := runner.Run(t.Context(), cfg, jobs(2))
	ends := r.ends(t)
	if e := ends["h01"]; e.Outcome != event.OK || !e.Changed || e.Files != 2 || e.Bytes != 300 || e.Status != 0 {
		t.Errorf("h01: got %+v", e)
	}
	if e := ends["h02"]; e.Outcome != event.Failed || e.Error != "no space left" || e.Changed {
		t.Errorf("h02: got %+v", e)
	}
	if got := r.output["h01 stdout"]; got != "sent to h01\n" {
		t.Errorf("h01 printed %q", got)
	}
	if got := summary.ExitStatus(); got != 2 {
		t.Errorf("exit status %d, want 2", got)
	}
}

// A trickle is a stream that moves one byte a second, a few times.
type trickle struct{ left int }

func (s *trickle) Read([]byte) (int, error) {
	if s.left == 0 {
		return 0, io.EOF
	}
	s.left--
	<-time.After(time.Second)
	return 1, nil
}

func (s *trickle) Write(p []byte) (int, error) {
	<-time.After(time.Second)
	return len(p), nil
}

func (s *trickle) Close() error { return nil }

// A streams is a transport with subsystems alone.
type streams struct {
	fake
	open func() io.ReadWriteCloser
}

func (s *streams) Open(context.Context, transport.Target, string) (io.ReadWriteCloser, error) {
	return s.open(), nil
}

func TestWhatMovesIsNotIdle(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(ctx context.Context, w *runner.Work)
	}{
		{"a subsystem", func(ctx context.Context, w *runner.Work) {
			s, err := w.Transport.Open(ctx, w.Target, "sftp")
			if err != nil {
				panic(err)
			}
			_, _ = io.ReadAll(s)
			for range 6 {
				_, _ = s.Write([]byte("x"))
			}
		}},
		{"a command", func(ctx context.Context, w *runner.Work) {
			_, _ = w.Transport.Run(ctx, w.Target, &transport.Command{Script: "cat", Stdin: &trickle{left: 12}})
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := new(recorder)
				began := time.Now()
				cfg := &runner.Config{
					Transport: &streams{
						fake{run: func(_ context.Context, _ transport.Target, c *transport.Command) (transport.Status, error) {
							_, err := io.Copy(io.Discard, c.Stdin)
							return transport.Status{}, err
						}},
						func() io.ReadWriteCloser { return &trickle{left: 6} },
					},
					Sink: r, IdleTimeout: 3 * time.Second,
					Work: func(ctx context.Context, w *runner.Work) (transport.Status, error) {
						w.Started()
						tt.do(ctx, w)
						return untilDone(ctx, w.Target, &transport.Command{Started: func() {}})
					},
				}
				runner.Run(t.Context(), cfg, jobs(1))
				if took := time.Since(began); took != 15*time.Second {
					t.Errorf("it ended after %s, want 12s in which something moved and 3s in which nothing did", took)
				}
				if e := r.ends(t)["h01"]; e.Outcome != event.Timeout || e.Error != "nothing moved for 3s" {
					t.Errorf("got %q, %q", e.Outcome, e.Error)
				}
			})
		})
	}
}
