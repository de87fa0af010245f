package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"fleet/event"
	"fleet/runner"
	"fleet/transport"
)

// serve answers every connection with a word, at an address that it returns.
func serve(t *testing.T, word string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	group.Go(func() { // ends with the listener
		for {
			nc, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = io.WriteString(nc, word)
			_ = nc.Close()
		}
	})
	t.Cleanup(func() {
		_ = l.Close()
		group.Wait()
	})
	return l.Addr().String()
}

// asks is a command that connects to $AT, and prints what it is told.
func asks(ctx context.Context, c *transport.Command) (transport.Status, error) {
	at, ok := strings.CutPrefix(c.Env[0], "AT=")
	if !ok {
		return transport.Status{}, errors.New("AT is not set")
	}
	nc, err := new(net.Dialer).DialContext(ctx, "tcp", at)
	if err != nil {
		_, _ = io.WriteString(c.Stdout, at)
		return transport.Status{Code: 7}, nil
	}
	defer func() { _ = nc.Close() }()
	if c.Stdout != nil {
		_, _ = io.WriteString(c.Stdout, at+" ")
		_, err = io.Copy(c.Stdout, nc)
	}
	return transport.Status{}, err
}

// said is what the step printed on the host.
func (p *play) said(host, step string) string { return p.steps[host+" "+step] }

// isOpen reports whether somebody listens at the address.
func isOpen(addr string) bool {
	nc, err := net.Dial("tcp", addr)
	if err != nil {
		return false
	}
	_ = nc.Close()
	return true
}

func TestATunnelIsOpenForTheRestOfTheTask(t *testing.T) {
	p := perform(t, fmt.Sprintf(`
task "t" {
  hosts = "h[01-03]"
  step "db" {
    tunnel { to = %q }
  }
  step "migrate" {
    local   = true
    env     = { AT = "127.0.0.1:${step.db.port}" }
    command = "ask"
  }
  step "break" { command = "break" }
  always {
    step "again" {
      local   = true
      env     = { AT = step.db.address }
      command = "ask"
    }
  }
}`, serve(t, "hello")), map[string]act{"ask": asks, "h02 break": exits(1)})
	want := []string{"h01 ok", "h02 failed: step break: exit status 1", "h03 ok"}
	if got := p.outcomes(t); !slices.Equal(got, want) {
		t.Fatalf("%q", got)
	}
	seen := map[string]bool{}
	for _, host := range []string{"h01", "h02", "h03"} {
		at, word, _ := strings.Cut(p.said(host, "migrate"), " ")
		if word != "hello" || p.said(host, "again") != at+" hello" {
			t.Errorf("%s: %q, and in always %q", host, p.said(host, "migrate"), p.said(host, "again"))
		}
		if isOpen(at) {
			t.Errorf("%s: %s is still open", host, at)
		}
		seen[at] = true
	}
	if len(seen) != 3 {
		t.Errorf("not each host has a tunnel of its own: %v", seen)
	}
	for _, e := range p.of(event.StepEnd) {
		if e.Step == "db" && (e.Changed || e.Outcome != event.OK || !seen[e.Listen] || !strings.HasPrefix(e.Target, "127.0.0.1:")) {
			t.Errorf("the tunnel: %+v", e)
		}
	}
}

func TestATunnelThatIsOpenedOnceIsForAllHosts(t *testing.T) {
	p := perform(t, fmt.Sprintf(`
task "t" {
  hosts = "h[01-03]"
  step "db" {
    once = true
    on   = "lb1"
    tunnel { to = %q }
  }
  step "use" {
    local   = true
    env     = { AT = step.db.address }
    command = "ask"
  }
  always {
    step "last" {
      once    = true
      local   = true
      env     = { AT = step.db.address }
      command = "ask"
    }
  }
}`, serve(t, "hello")), map[string]act{"ask": asks})
	at, word, _ := strings.Cut(p.said("h01", "use"), " ")
	for _, host := range []string{"h01", "h02", "h03"} {
		if word != "hello" || p.said(host, "use") != at+" hello" {
			t.Errorf("%s: %q", host, p.said(host, "use"))
		}
	}
	if last := p.said("h01", "last"); last != at+" hello" || isOpen(at) {
		t.Errorf("in the last step: %q; open afterwards: %v", last, isOpen(at))
	}
}

func TestATunnelToAHostThatCannotBeReached(t *testing.T) {
	p := &play{connects: func(_ context.Context, t transport.Target) (transport.Link, error) {
		return nil, &transport.Error{Op: "connect", Host: t.Name, Kind: transport.KindUnreachable, Err: errors.New("connection refused"), Stopped: true}
	}}
	p.run(t.Context(), plan(t, `
task "own" {
  hosts = "h01"
  step "db" {
    tunnel { to = "localhost:1" }
  }
}
task "other" {
  hosts = "h02"
  step "db" {
    on = "lb1"
    tunnel { to = "localhost:1" }
  }
}`))
	want := []string{"h01 unreachable: step db: connect: connection refused", "h02 failed: step db on lb1: connect: connection refused"}
	if got := p.outcomes(t); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
}

func TestATunnelWhoseAddressIsTaken(t *testing.T) {
	addr := serve(t, "")
	p := perform(t, fmt.Sprintf(`
task "t" {
  hosts = "h01"
  step "db" {
    tunnel {
      to    = "localhost:1"
      local = %q
    }
  }
}`, addr), nil)
	if got := p.outcomes(t); len(got) != 1 || !strings.HasPrefix(got[0], fmt.Sprintf("h01 failed: step db: %q is in use", addr)) {
		t.Errorf("%q", got)
	}
}

func TestATunnelOfAnAttemptThatFailedIsClosed(t *testing.T) {
	socket := filepath.Join(t.TempDir(), "s")
	p := perform(t, fmt.Sprintf(`
task "t" {
  hosts = "h01"
  step "db" {
    failed        = self.address != null
    ignore_errors = true
    retry {
      attempts = 2
      delay    = "0s"
    }
    tunnel {
      to    = "localhost:1"
      local = %q
    }
  }
  step "use" {
    command = step.db.address == null ? "use nothing" : "use an address"
  }
}`, socket), map[string]act{"use nothing": func(context.Context, *transport.Command) (transport.Status, error) {
		if _, err := os.Lstat(socket); !errors.Is(err, fs.ErrNotExist) {
			return transport.Status{}, fmt.Errorf("it is still open: %w", err)
		}
		return transport.Status{}, nil
	}, "use an address": exits(1)})
	if got := p.outcomes(t); !slices.Equal(got, []string{"h01 ok"}) {
		t.Errorf("%q", got)
	}
	for _, e := range p.of(event.StepEnd) {
		if e.Step == "db" && (e.Error != "what it says in failed is true" || e.Attempt != 2 || e.Listen != "") {
			t.Errorf("%+v", e)
		}
	}
}

func TestPeopleAreToldWhyAConnectionThroughATunnelFailed(t *testing.T) {
	nobody := filepath.Join(t.TempDir(), "s")
	for _, once := range []bool{false, true} {
		p := perform(t, fmt.Sprintf(`
task "t" {
  hosts = "h01"
  step "db" {
    once = %t
    tunnel { to = %q }
  }
  step "one" {
    local   = true
    env     = { AT = step.db.address }
    command = "ask"
  }
  step "two" {
    local   = true
    env     = { AT = step.db.address }
    command = "ask"
  }
}`, once, nobody), map[string]act{"ask": asks})
		notes := p.of(event.Note)
		if len(notes) != 1 || notes[0].Host != "h01" || notes[0].Level != "warn" ||
			!strings.HasPrefix(notes[0].Message, "t: a connection through the tunnel of step db failed: ") ||
			!strings.Contains(notes[0].Message, "no such file") {
			t.Errorf("once = %t: %+v", once, notes)
		}
	}
}

func TestATunnelThatTakesTooLong(t *testing.T) {
	p := &play{connects: func(ctx context.Context, _ transport.Target) (transport.Link, error) {
		<-ctx.Done()
		return nil, &transport.Error{Op: "connect", Kind: transport.KindCanceled, Err: context.Cause(ctx), Stopped: true}
	}}
	p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h01"
  step "db" {
    timeout = "20ms"
    tunnel { to = "localhost:1" }
  }
}`))
	if got := p.outcomes(t); len(got) != 1 || !strings.HasPrefix(got[0], "h01 timeout: step db: timed out after 20ms") {
		t.Errorf("%q", got)
	}
}

func TestATunnelIsOpenForTheAlwaysStepsOfAStoppedRun(t *testing.T) {
	ctx, cancel := context.WithCancelCause(t.Context())
	defer cancel(nil)
	p := &play{acts: map[string]act{
		"ask": asks,
		"stop": func(ctx context.Context, _ *transport.Command) (transport.Status, error) {
			cancel(&runner.Stop{Why: event.Interrupted})
			<-ctx.Done()
			return transport.Status{}, &transport.Error{Op: "run", Kind: transport.KindCanceled, Err: context.Cause(ctx), Sent: true, Stopped: true}
		},
	}}
	p.run(ctx, plan(t, fmt.Sprintf(`
task "t" {
  hosts = "h01"
  step "db" {
    tunnel { to = %q }
  }
  step "stop" { command = "stop" }
  always {
    step "again" {
      local   = true
      env     = { AT = step.db.address }
      command = "ask"
    }
  }
}`, serve(t, "hello"))))
	at, word, _ := strings.Cut(p.said("h01", "again"), " ")
	if word != "hello" || isOpen(at) {
		t.Errorf("%q, open afterwards: %v; %q", p.said("h01", "again"), isOpen(at), p.outcomes(t))
	}
}

func TestATunnelIsOpenedAgainWhenARunIsResumed(t *testing.T) {
	c := newChain(t)
	source := fmt.Sprintf(`
task "t" {
  hosts = "h01"
  step "first" { command = "first" }
  step "db" {
    tunnel { to = %q }
  }
  step "use" {
    local   = true
    env     = { AT = step.db.address }
    command = "ask"
  }
  step "fails" { command = "fails" }
  always {
    step "clean" { command = "clean" }
  }
}`, serve(t, "hello"))
	one := c.next(t, source, map[string]act{"ask": asks, "fails": exits(1)}, nil)
	if !strings.HasSuffix(one.said("h01", "use"), " hello") {
		t.Fatalf("%q", one.outcomes(t))
	}
	two := c.next(t, source, map[string]act{"ask": asks, "fails": exits(0)}, nil)
	want := []string{"first skipped", "db ok", "use@local skipped", "fails ok", "always.clean ok"}
	if got := two.story("h01"); !slices.Equal(got, want) {
		t.Errorf("%q", got)
	}
	three := c.next(t, source, map[string]act{"ask": asks}, nil)
	want = []string{"first skipped", "db ok", "use@local skipped", "fails skipped", "always.clean skipped"}
	if got := three.story("h01"); !slices.Equal(got, want) {
		t.Errorf("opening a tunnel counts as work: %q", got)
	}
}

func TestPeopleAreToldOfATunnelThatIsAway(t *testing.T) {
	links := make(chan transport.Link, 8)
	back := make(chan struct{})
	rec := make(chan event.Event, 64)
	first := true
	p := &play{connects: func(ctx context.Context, t transport.Target) (transport.Link, error) {
		if !first {
			select {
			case <-back:
			case <-ctx.Done():
				return nil, context.Cause(ctx)
			}
		}
		first = false
		link, err := transport.Local{}.Connect(ctx, t)
		links <- link
		return link, err
	}}
	p.acts = map[string]act{"cut": func(context.Context, *transport.Command) (transport.Status, error) {
		_ = (<-links).Close()
		<-rec
		close(back)
		<-rec
		return transport.Status{}, nil
	}}
	p.told = func(e *event.Event) {
		if e.Type == event.Note {
			rec <- *e
		}
	}
	p.run(t.Context(), plan(t, `
task "t" {
  hosts = "h01"
  step "db" {
    tunnel { to = "localhost:1" }
  }
  step "cut" { command = "cut" }
}`))
	notes := p.of(event.Note)
	if len(notes) != 2 || notes[0].Host != "h01" || notes[0].Level != "warn" || !strings.HasPrefix(notes[0].Message, "t: the tunnel of step db is down, and tried again") ||
		!strings.HasPrefix(notes[1].Message, "t: the tunnel of step db is ready again after ") {
		t.Errorf("%+v", notes)
	}
}
