//go:build linux

package pool_test

import (
	"io"
	"net"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"golang.org/x/crypto/ssh"

	"fleet/pool"
	"fleet/transport"
)

// hastyPort is what the hasty server says it listens on.
const hastyPort = 4711

// hasty is a server that opens a channel for a connection on its port before it has
// answered that it listens there, and one for a port that nobody asked for.
func hasty(t *testing.T, stray chan<- error) transport.Target {
	t.Helper()
	return oneClient(t, func(nc net.Conn, conf *ssh.ServerConfig, work *sync.WaitGroup) {
		out := &outgoing{Conn: nc, wrote: make(chan struct{}, 1)}
		c, chans, reqs, err := ssh.NewServerConn(out, conf)
		if err != nil {
			return
		}
		work.Go(func() {
			for ch := range chans {
				_ = ch.Reject(ssh.Prohibited, "no")
			}
		})
		for r := range reqs {
			if r.Type != "tcpip-forward" {
				_ = r.Reply(true, nil)
				continue
			}
			early, before := make(chan error, 1), out.count.Load()
			work.Go(func() { early <- say(c, hastyPort, "early") })
			work.Go(func() { stray <- say(c, hastyPort+1, "stray") })
			for out.count.Load() < before+2 {
				<-out.wrote
			}
			// Its refusal says that the two have been looked at.
			if _, _, err := c.OpenChannel("unknown", nil); err == nil {
				t.Error("a channel of an unknown kind was taken")
			}
			_ = r.Reply(true, ssh.Marshal(struct{ Port uint32 }{hastyPort}))
			if err := <-early; err != nil {
				t.Errorf("the early connection: %v", err)
			}
		}
	})
}

// An outgoing connection tells of its writes, of which each has one packet.
type outgoing struct {
	net.Conn
	count atomic.Int64
	wrote chan struct{}
}

func (o *outgoing) Write(p []byte) (int, error) {
	n, err := o.Conn.Write(p)
	o.count.Add(1)
	select {
	case o.wrote <- struct{}{}:
	default: // it is told already
	}
	return n, err
}

// say opens the channel of a connection that came to the port, and says a word.
func say(c ssh.Conn, port uint32, word string) error {
	ch, reqs, err := c.OpenChannel("forwarded-tcpip", ssh.Marshal(struct {
		Host       string
		Port       uint32
		Origin     string
		OriginPort uint32
	}{"127.0.0.1", port, "127.0.0.1", 1}))
	if err != nil {
		return err
	}
	go ssh.DiscardRequests(reqs)
	_, err = io.WriteString(ch, word)
	_ = ch.Close()
	return err
}

func TestAConnectionFasterThanTheAnswerWithItsPortIsNotLost(t *testing.T) {
	t.Parallel()
	stray := make(chan error, 1)
	l := connect(t, newPool(t, pool.Config{}), hasty(t, stray))
	ln, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	nc, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := io.ReadAll(nc); err != nil || string(got) != "early" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := <-stray; err == nil {
		t.Error("a connection that nobody asked for was taken")
	}
}

func TestARefusalToListenFitsWhatWasAsked(t *testing.T) {
	t.Parallel()
	l := connect(t, newPool(t, pool.Config{}), answering(t, false, make(chan struct{}, 16)))
	_, err := l.Listen(t.Context(), "tcp", "127.0.0.1:0")
	_ = failedAs(t, err, transport.KindRefused, "any port", "not allowed there")
	if strings.Contains(err.Error(), "in use") {
		t.Errorf("no free port is in use: %v", err)
	}
	_, err = l.Listen(t.Context(), "tcp", "127.0.0.1:80")
	_ = failedAs(t, err, transport.KindRefused, `"127.0.0.1:80"`, "in use")
}
