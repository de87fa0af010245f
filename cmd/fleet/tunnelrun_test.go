package main

import (
	"context"
	"io"
	"strings"
	"syscall"
	"testing"
	"time"

	"fleet/pool/tunnel"
)

// fakeSet is tunnels that are open until they are closed.
type fakeSet struct {
	list    []tunnel.Status
	changed func(tunnel.Status)
}

func (f *fakeSet) Start(context.Context)         { f.tell() }
func (f *fakeSet) Ready(context.Context) error   { return nil }
func (f *fakeSet) Settled(context.Context) error { return nil }
func (f *fakeSet) Status() []tunnel.Status       { return f.list }
func (f *fakeSet) Close() error                  { f.tell(); return nil }

func (f *fakeSet) tell() {
	for _, s := range f.list {
		f.changed(s)
	}
}

// A pager in which nobody goes on, or a program that hangs.
func TestTunnelsEndWhileNobodyReads(t *testing.T) {
	for _, format := range []string{"text", "json", "jsonl"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			silent, stuck := io.Pipe()
			dir := t.TempDir()
			e := env{stdin: strings.NewReader(""), stdout: stuck, stderr: io.Discard, lookup: func(string) (string, bool) { return dir, true }}
			x := &tunneling{app: newApp(e), flags: &tunnelFlags{show: showFlags{format: format}}, news: newTunnelNews()}
			defer x.app.close()
			x.set = &fakeSet{list: fakeTunnels(2, tunnel.StateReady, nil), changed: x.news.changed}
			var ctx context.Context
			ctx, x.stop = context.WithCancelCause(t.Context())
			ended := make(chan error, 1)
			go func() { ended <- x.live(ctx) }() // ends within the test
			time.AfterFunc(300*time.Millisecond, func() { x.stop(&signaled{syscall.SIGTERM}) })
			select {
			case err := <-ended:
				if got := exitStatus(err); got != 143 {
					t.Errorf("exit status %d: %v", got, err)
				}
			case <-time.After(20 * time.Second):
				t.Error("it waits for its reader")
			}
			_ = silent.Close()
			<-x.news.done
		})
	}
}
