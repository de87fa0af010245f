package agent

import (
	"bufio"
	"context"
	"errors"
	"net"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"fleet/transport"
)

func TestAnAgentThatStandsStillHoldsNobodyUpWhoGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe()
		defer func() { _ = far.Close() }()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		go func() { // ends with the request: then the agent stands still
			if _, err := http.ReadRequest(bufio.NewReader(far)); err == nil {
				_, _ = far.Write([]byte("HTTP/1.1 101 Switching Protocols\r\n\r\n"))
			}
		}()
		r := &request{op: opRun, target: transport.Target{Name: "a"}, command: transport.Command{Grace: time.Minute}}
		k, err := beginOn(ctx, near, r, &transport.Caller{})
		if err != nil {
			t.Fatal(err)
		}
		defer k.end()
		given := time.Now()
		cancel()
		_, err = k.run(&r.command)
		var lost *transport.Error
		if !errors.As(err, &lost) || lost.Kind != transport.KindLost || !lost.Sent || !strings.Contains(lost.Error(), "stand still") {
			t.Errorf("got %#v: %v", err, err)
		}
		if took := time.Since(given); took < time.Minute || took > 2*time.Minute {
			t.Errorf("it took %v, with a grace of a minute", took)
		}
	})
}

func TestWhoGivesUpBeforeTheRequestIsOutHasBegunNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		near, far := net.Pipe() // nobody reads
		defer func() { _ = far.Close() }()
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(time.Second, cancel)
		_, err := beginOn(ctx, near, &request{op: opRun, target: transport.Target{Name: "a"}}, &transport.Caller{})
		var e *transport.Error
		if !errors.As(err, &e) || e.Kind != transport.KindCanceled || e.Sent || !e.Stopped {
			t.Errorf("got %#v: %v", err, err)
		}
	})
}
