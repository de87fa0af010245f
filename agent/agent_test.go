//go:build !windows

package agent

import (
	"bytes"
	"context"
	"testing"

	"fleet/transport"
)

// serve starts an agent for the test and returns its socket.
func serve(t testing.TB, cfg Config) string {
	t.Helper()
	socket := socketPath(t)
	ln, err := Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- NewServer(cfg).Serve(ctx, ln) }() // ends with ctx
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	return socket
}

func dial(t testing.TB, socket string) *Client {
	t.Helper()
	c, err := Dial(t.Context(), socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestACommandRunsThroughTheAgent(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: transport.Local{}}))
	var out, errs bytes.Buffer
	started := 0
	st, err := c.Run(t.Context(), transport.Target{Name: "here"}, &transport.Command{
		Script: "cat; echo two >&2; exit $1", Args: []string{"3"}, Stdin: bytes.NewReader([]byte("one\xff\n")),
		Stdout: &out, Stderr: &errs, Started: func() { started++ },
	})
	if err != nil || st.Code != 3 || out.String() != "one\xff\n" || errs.String() != "two\n" || started != 1 {
		t.Errorf("got %+v, %v, %q, %q, started %d times", st, err, out.String(), errs.String(), started)
	}
}
