//go:build !windows

package agent

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"fleet/transport"
)

// A fake transport runs commands by a function.
type fake struct {
	transport.Local
	run func(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error)
}

func (f fake) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	return f.run(ctx, t, c)
}

// untilCanceled runs until its context ends, and says so as a transport does.
func untilCanceled(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	if c.Started != nil {
		c.Started()
	}
	<-ctx.Done()
	kind := transport.KindCanceled
	if transport.KindOf(context.Cause(ctx)) == transport.KindTimeout {
		kind = transport.KindTimeout
	}
	return transport.Status{}, &transport.Error{Op: "run", Host: t.Label(), Kind: kind, Err: context.Cause(ctx), Sent: true, Stopped: true}
}

func TestAQuestionIsAskedWhereTheUserIs(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: fake{run: func(ctx context.Context, _ transport.Target, c *transport.Command) (transport.Status, error) {
		caller := transport.CallerOf(ctx)
		caller.Notice("web1", "stored")
		caller.Connected("web1", time.Second)
		s, err := caller.Ask(ctx, transport.Question{Kind: transport.AskPassword, Text: "Password: ", Host: "web1", Try: 2})
		_, _ = fmt.Fprintf(c.Stdout, "%s %v %v", s.Reveal(), err, caller.OnlyPassphrases)
		impatient, cancel := context.WithCancel(ctx)
		cancel()
		_, err = caller.Ask(impatient, transport.Question{Text: "never answered"})
		return transport.Status{}, err
	}}}))
	var mu sync.Mutex
	var told []string
	tell := func(format string, args ...any) {
		mu.Lock()
		defer mu.Unlock()
		told = append(told, fmt.Sprintf(format, args...))
	}
	ctx := transport.WithCaller(t.Context(), &transport.Caller{
		OnlyPassphrases: true,
		Ask: func(ctx context.Context, q transport.Question) (transport.Secret, error) {
			if q.Text == "never answered" {
				<-ctx.Done() // it is taken back
				return transport.Secret{}, ctx.Err()
			}
			tell("%d %s%s %d", q.Kind, q.Text, q.Host, q.Try)
			return transport.NewSecret("pass\xffword"), nil
		},
		Notice:    func(host, text string) { tell("%s %s", host, text) },
		Connected: func(host string, took time.Duration) { tell("%s %v", host, took) },
	})
	var out bytes.Buffer
	_, err := c.Run(ctx, transport.Target{Name: "web1"}, &transport.Command{Stdout: &out})
	if !errors.Is(err, context.Canceled) || out.String() != "pass\xffword <nil> true" {
		t.Errorf("got %v, %q", err, out.String())
	}
	if got := strings.Join(told, "; "); got != "web1 stored; web1 1s; 1 Password: web1 2" {
		t.Errorf("the user was told %q", got)
	}
}

func TestAQuestionDoesNotHoldUpWhatFollows(t *testing.T) {
	withdrawn := make(chan struct{})
	c := dial(t, serve(t, Config{Transport: fake{run: func(ctx context.Context, _ transport.Target, c *transport.Command) (transport.Status, error) {
		var asking sync.WaitGroup
		defer asking.Wait()
		impatient, cancel := context.WithCancel(ctx)
		asking.Go(func() { _, _ = transport.CallerOf(ctx).Ask(impatient, transport.Question{}) }) // ends with impatient
		c.Place.Leave()
		_, err := c.Stdout.Write([]byte("x"))
		cancel()
		return transport.Status{}, err
	}}}))
	ctx := transport.WithCaller(t.Context(), &transport.Caller{Ask: func(ctx context.Context, _ transport.Question) (transport.Secret, error) {
		<-ctx.Done() // the user never answers
		close(withdrawn)
		return transport.Secret{}, ctx.Err()
	}})
	if _, err := c.Run(ctx, transport.Target{}, &transport.Command{Place: &places{}, Stdout: io.Discard}); err != nil {
		t.Error(err)
	}
	<-withdrawn
}

// What one user's process did not answer must not keep the agent from asking another.
func TestTheCallersOfTwoProcessesAreNotTakenForOne(t *testing.T) {
	var ids []string
	socket := serve(t, Config{Transport: fake{run: func(ctx context.Context, _ transport.Target, _ *transport.Command) (transport.Status, error) {
		ids = append(ids, transport.CallerOf(ctx).ID)
		return transport.Status{}, nil
	}}})
	a, b := dial(t, socket), dial(t, socket)
	for _, run := range []struct {
		c  *Client
		id string
	}{{a, "fleet"}, {b, "fleet"}, {a, "fleet"}, {a, "other"}, {a, ""}} {
		ctx := transport.WithCaller(t.Context(), &transport.Caller{ID: run.id})
		if _, err := run.c.Run(ctx, transport.Target{}, &transport.Command{}); err != nil {
			t.Fatal(err)
		}
	}
	if ids[0] == ids[1] || ids[0] != ids[2] || ids[0] == ids[3] || ids[4] == "" {
		t.Errorf("got %q", ids)
	}
}

type places struct{ left, entered int }

func (p *places) Leave()                      { p.left++ }
func (p *places) Enter(context.Context) error { p.entered++; return nil }

func TestAPlaceIsLeftAndTakenAgain(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: fake{run: func(ctx context.Context, _ transport.Target, c *transport.Command) (transport.Status, error) {
		for range 3 {
			c.Place.Leave()
			if err := c.Place.Enter(ctx); err != nil {
				return transport.Status{}, err
			}
		}
		return transport.Status{}, nil
	}}}))
	p := &places{}
	if _, err := c.Run(t.Context(), transport.Target{}, &transport.Command{Place: p}); err != nil || p.left != 3 || p.entered != 3 {
		t.Errorf("got %+v, %v", p, err)
	}
}

func TestWhoGivesUpIsToldWhatBecameOfTheCommand(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: fake{run: untilCanceled}}))
	why := errors.New("the user pressed Ctrl-C")
	ctx, cancel := context.WithCancelCause(t.Context())
	_, err := c.Run(ctx, transport.Target{Name: "a"}, &transport.Command{Started: func() { cancel(why) }})
	var e *transport.Error
	if !errors.Is(err, why) || !errors.As(err, &e) || e.Kind != transport.KindCanceled || !e.Sent || !e.Stopped || err.Error() != "a: run: the user pressed Ctrl-C" {
		t.Errorf("got %#v: %v", err, err)
	}
}

func TestAClientThatIsGoneCancelsWhatItRan(t *testing.T) {
	begun, ended := make(chan struct{}), make(chan error, 1)
	socket := serve(t, Config{Transport: fake{run: func(ctx context.Context, _ transport.Target, _ *transport.Command) (transport.Status, error) {
		close(begun)
		<-ctx.Done()
		ended <- context.Cause(ctx)
		return transport.Status{}, ctx.Err()
	}}})
	conn, err := net.Dial("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	r := request{op: opRun}
	_, err = conn.Write(appendFrame([]byte(upgradeRequest+"\r\n"), frameRequest, encode(nil, r.walk)))
	if err != nil {
		t.Fatal(err)
	}
	<-begun
	_ = conn.Close()
	if err := <-ended; !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}

// A dying agent takes one operation, says how far it came, and is gone.
func dyingAgent(t *testing.T, answer []byte) *Client {
	t.Helper()
	path := socketPath(t)
	ln := listenAt(t, path)
	served := make(chan struct{})
	go func() { // ends with ln
		defer close(served)
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			if _, err := conn.Read(make([]byte, 64<<10)); err == nil {
				_, _ = conn.Write(answer)
			}
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = ln.Close()
		<-served
	})
	return &Client{socket: path}
}

func TestAnAgentThatDiesLosesWhatItRan(t *testing.T) {
	for _, answer := range [][]byte{nil, []byte(upgradeAnswer), appendFrame([]byte(upgradeAnswer), frameStarted, nil), append([]byte(upgradeAnswer), byte(frameStdout), 0)} {
		c := dyingAgent(t, answer)
		c.Else = fake{run: func(context.Context, transport.Target, *transport.Command) (transport.Status, error) {
			t.Error("it is run a second time")
			return transport.Status{}, nil
		}}
		_, err := c.Run(t.Context(), transport.Target{Name: "a"}, &transport.Command{Script: "true"})
		var e *transport.Error
		if !errors.As(err, &e) || e.Kind != transport.KindLost || !e.Sent || e.Hint == "" || !errors.Is(err, errAgentEnded) {
			t.Errorf("%q: got %#v: %v", answer, err, err)
		}
	}
}

func TestWhatTheAgentDidNotTakeIsDoneElsewhere(t *testing.T) {
	gone := &Client{socket: socketPath(t)}
	draining := NewServer(Config{Transport: transport.Local{}})
	full := NewServer(Config{Transport: transport.Local{}, Operations: 1})
	full.running[&operation{}] = struct{}{}
	refused := func(s *Server) *Client {
		o := &operation{}
		if s == draining {
			s.draining = true
		}
		err := s.admit(o, true)
		return dyingAgent(t, fmt.Appendf(nil, "HTTP/1.1 503 Service Unavailable\r\n\r\n%v", err))
	}
	for name, c := range map[string]*Client{"gone": gone, "draining": refused(draining), "full": refused(full)} {
		_, err := c.Run(t.Context(), transport.Target{Name: "a"}, &transport.Command{Script: "true"})
		if transport.KindOf(err) != transport.KindUnreachable || !transport.SafeToRetry(err) {
			t.Errorf("%s: got %v", name, err)
		}
		var r *RefusedError
		if name != "gone" && !errors.As(err, &r) {
			t.Errorf("%s: got %#v", name, err)
		}
		ran := ""
		c.Else = fake{run: func(_ context.Context, _ transport.Target, c *transport.Command) (transport.Status, error) {
			b, err := io.ReadAll(c.Stdin)
			ran = string(b)
			return transport.Status{Code: 3}, err
		}}
		if st, err := c.Run(t.Context(), transport.Target{}, &transport.Command{Stdin: strings.NewReader("input")}); err != nil || st.Code != 3 || ran != "input" {
			t.Errorf("%s: got %v, %v, input %q", name, st, err, ran)
		}
	}
}

// Hosts share what their commands have in common.
func TestCommandsThatShareATerminalRunAtOneTime(t *testing.T) {
	c := dial(t, serve(t, Config{Transport: fake{run: func(context.Context, transport.Target, *transport.Command) (transport.Status, error) {
		return transport.Status{}, nil
	}}}))
	tty, become := &transport.TTY{Rows: 24, Cols: 80}, &transport.Become{User: "root"}
	var hosts sync.WaitGroup
	for range 8 {
		hosts.Go(func() {
			if _, err := c.Run(t.Context(), transport.Target{}, &transport.Command{TTY: tty, Become: become}); err != nil {
				t.Error(err)
			}
		})
	}
	hosts.Wait()
}
