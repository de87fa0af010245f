//go:build !windows

package pool_test

import (
	"context"
	"testing"

	"fleet/internal/sshd"
	"fleet/pool"
	"fleet/transport"
)

// The link is silent and its buffers are full, so that not even the wish to close
// can be told to the server. The keepalive would find out after a minute.
func TestAStreamToASilentServerEndsSoonAfterItIsClosed(t *testing.T) {
	t.Parallel()
	s, target := serve(t, sshd.Config{})
	p := newPool(t, pool.Config{Linger: -1})
	for _, end := range []string{"close", "cancel"} {
		ctx, cancel := context.WithCancel(t.Context())
		stream, err := p.Open(ctx, target, "sftp")
		if err != nil {
			t.Fatal(err)
		}
		if err := s.SetFaults(sshd.Faults{Freeze: true}); err != nil {
			t.Fatal(err)
		}
		wrote := make(chan error, 1)
		go func() { // ends with the stream
			for {
				if _, err := stream.Write(make([]byte, 1<<20)); err != nil {
					wrote <- err
					return
				}
			}
		}()
		if end == "cancel" {
			cancel()
		} else {
			_ = stream.Close()
		}
		eventually(t, patience, "written to an end", func() bool { return len(wrote) == 1 })
		cancel()
		_ = stream.Close()
		if err := s.SetFaults(sshd.Faults{}); err != nil {
			t.Fatal(err)
		}
		if got := run(t.Context(), p, target, &transport.Command{Script: "echo on"}); got.out != "on\n" {
			t.Errorf("%s: the next command: %+v", end, got)
		}
	}
}
