package runner_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"fleet/event"
	"fleet/runner"
	"fleet/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fake is a transport whose commands are functions.
type fake struct {
	transport.Local // for what these tests do not use
	run             func(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error)
}

func (f *fake) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	return f.run(ctx, t, c)
}

// A recorder keeps the events of a run.
type recorder struct {
	mu     sync.Mutex
	events []event.Event
	output map[string]string // by host and stream
	steps  map[string]string // the same, by host and step
	told   func(e *event.Event)
}

func (r *recorder) Emit(e *event.Event) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.told != nil {
		r.told(e)
	}
	if e.Type == event.Output {
		if r.output == nil {
			r.output, r.steps = make(map[string]string), make(map[string]string)
		}
		r.steps[e.Host+" "+e.Step] += string(e.Data)
		r.output[e.Host+" "+string(e.Stream)] += string(e.Data)
		return
	}
	r.events = append(r.events, *e)
}

// ends returns the host_end event of every host; more than one is an error.
func (r *recorder) ends(t *testing.T) map[string]event.Event {
	t.Helper()
	ends := make(map[string]event.Event)
	for _, e := range r.events {
		if e.Type != event.HostEnd {
			continue
		}
		if _, twice := ends[e.Host]; twice {
			t.Errorf("%s ended twice", e.Host)
		}
		ends[e.Host] = e
	}
	return ends
}

func jobs(n int) []runner.Job {
	list := make([]runner.Job, n)
	for i := range list {
		name := fmt.Sprintf("h%02d", i+1)
		list[i] = runner.Job{Host: name, Target: transport.Target{Name: name}}
	}
	return list
}

// start runs f as every host's command.
func start(ctx context.Context, cfg runner.Config, hosts int, f func(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error)) (*event.Summary, *recorder) {
	r := new(recorder)
	cfg.Transport, cfg.Sink = &fake{run: f}, r
	return runner.Run(ctx, &cfg, jobs(hosts)), r
}

func TestEveryHostEndsWithExactlyOneOutcome(t *testing.T) {
	failures := map[string]error{
		"h02": &transport.Error{Op: "connect", Kind: transport.KindUnreachable, Err: errors.New("refused"), Hint: "try again"},
		"h03": &transport.Error{Op: "login", Kind: transport.KindAuth, Err: errors.New("no")},
		"h04": &transport.Error{Op: "host key", Kind: transport.KindHostKey, Err: errors.New("changed")},
		"h05": &transport.Error{Op: "run", Kind: transport.KindLost, Err: errors.New("gone"), Sent: true},
		"h06": &transport.Error{Op: "run", Kind: transport.KindLost, Err: errors.New("gone"), Stopped: true},
		"h07": &transport.Error{Op: "run", Kind: transport.KindTimeout, Err: errors.New("late"), Sent: true, Stopped: true},
		"h08": &transport.Error{Op: "run", Kind: transport.KindTimeout, Err: errors.New("late"), Sent: true},
		"h09": &transport.Error{Op: "run", Kind: transport.KindRefused, Err: errors.New("no")},
		"h10": errors.New("something else"),
	}
	want := map[string]event.Outcome{
		"h01": event.OK, "h02": event.Unreachable, "h03": event.Unreachable, "h04": event.Unreachable, "h05": event.Unknown,
		"h06": event.Unreachable, "h07": event.Timeout, "h08": event.Unknown, "h09": event.Failed, "h10": event.Failed, "h11": event.Failed,
	}
	summary, r := start(t.Context(), runner.Config{}, 11, func(_ context.Context, t transport.Target, _ *transport.Command) (transport.Status, error) {
		if t.Name == "h11" {
			return transport.Status{Code: 137, Signal: "KILL"}, nil
		}
		return transport.Status{}, failures[t.Name]
	})
	ends := r.ends(t)
	for host, outcome := range want {
		if ends[host].Outcome != outcome {
			t.Errorf("%s: got %q (%s), want %q", host, ends[host].Outcome, ends[host].Error, outcome)
		}
	}
	if e := ends["h11"]; e.Status != 137 || e.Signal != "KILL" {
		t.Errorf("h11: got status %d, signal %q", e.Status, e.Signal)
	}
	if e := ends["h02"]; e.Status != -1 || e.Error != "connect: refused" || e.Hint != "try again" || e.Kind != "unreachable" {
		t.Errorf("h02: got %+v", e)
	}
	if got := summary.ExitStatus(); got != 6 {
		t.Errorf("exit status %d, want 6", got)
	}
}

func TestEventsOfAHostAreInOrderAndOutputIsItsOwn(t *testing.T) {
	_, r := start(t.Context(), runner.Config{Title: "do it"}, 3, func(_ context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
		fmt.Fprintf(c.Stdout, "out %s\n", t.Name)
		fmt.Fprintf(c.Stderr, "err %s\n", t.Name)
		return transport.Status{}, nil
	})
	if first, last := r.events[0], r.events[len(r.events)-1]; first.Type != event.RunStart || len(first.Hosts) != 3 || first.Command != "do it" || last.Type != event.RunEnd {
		t.Errorf("the run is told from %+v to %+v", first, last)
	}
	order := make(map[string][]event.Type)
	for _, e := range r.events {
		if e.Host != "" {
			order[e.Host] = append(order[e.Host], e.Type)
		}
	}
	for host, types := range order {
		if !slices.Equal(types, []event.Type{event.HostStart, event.HostEnd}) {
			t.Errorf("%s: %v", host, types)
		}
		if out, errs := r.output[host+" stdout"], r.output[host+" stderr"]; out != "out "+host+"\n" || errs != "err "+host+"\n" {
			t.Errorf("%s printed %q and %q", host, out, errs)
		}
	}
}

func TestNoMoreThanFanoutHostsAreAtWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var mu sync.Mutex
		working, most := 0, 0
		start(t.Context(), runner.Config{Fanout: 3}, 10, func(context.Context, transport.Target, *transport.Command) (transport.Status, error) {
			mu.Lock()
			working++
			most = max(most, working)
			mu.Unlock()
			<-time.After(time.Second)
			mu.Lock()
			working--
			mu.Unlock()
			return transport.Status{}, nil
		})
		if most != 3 {
			t.Errorf("%d hosts were at work at one time, want 3", most)
		}
	})
}

func TestSilentHostsHoldUpNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, r := start(t.Context(), runner.Config{Fanout: 2}, 6, func(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
			if t.Name < "h04" { // does not answer for 10 s; the third one then does
				c.Place.Leave()
				<-time.After(10 * time.Second)
				if t.Name == "h03" {
					return transport.Status{}, c.Place.Enter(ctx)
				}
				return transport.Status{}, &transport.Error{Op: "connect", Kind: transport.KindUnreachable, Err: errors.New("silent")}
			}
			<-time.After(time.Second)
			return transport.Status{}, nil
		})
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("the run took %s; the silent hosts alone take 10s", took)
		}
		if n := len(r.ends(t)); n != 6 {
			t.Errorf("%d of 6 hosts ended", n)
		}
	})
}

func TestOneHostAtATimeIsOneAfterAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var order []string
		began := time.Now()
		start(t.Context(), runner.Config{Fanout: 1}, 3, func(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
			c.Place.Leave() // it is silent for a while
			<-time.After(2 * time.Second)
			order = append(order, t.Name)
			return transport.Status{}, c.Place.Enter(ctx)
		})
		if !slices.IsSorted(order) || len(order) != 3 || time.Since(began) != 6*time.Second {
			t.Errorf("%q in %s", order, time.Since(began))
		}
	})
}

func TestAStopStartsNoFurtherHost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(1500*time.Millisecond, func() { cancel(&runner.Stop{Why: event.Interrupted}) })
		summary, r := start(ctx, runner.Config{Fanout: 2}, 7, func(ctx context.Context, _ transport.Target, _ *transport.Command) (transport.Status, error) {
			select {
			case <-time.After(time.Second):
				return transport.Status{}, nil
			case <-ctx.Done():
				return transport.Status{}, &transport.Error{Op: "run", Kind: transport.KindCanceled, Err: context.Cause(ctx), Sent: true, Stopped: true}
			}
		})
		want := map[event.Outcome]int{event.OK: 2, event.Stopped: 2, event.NotAttempted: 3}
		for o, n := range want {
			if summary.Counts[o] != n {
				t.Errorf("%d hosts %s, want %d", summary.Counts[o], o, n)
			}
		}
		if len(r.ends(t)) != 7 || summary.ExitStatus() != 130 {
			t.Errorf("%d hosts ended, exit status %d", len(r.ends(t)), summary.ExitStatus())
		}
	})
}

func TestAHostThatWasStillConnectingCountsAsNotAttempted(t *testing.T) {
	_, r := start(t.Context(), runner.Config{}, 1, func(context.Context, transport.Target, *transport.Command) (transport.Status, error) {
		return transport.Status{}, &transport.Error{Op: "connect", Kind: transport.KindCanceled, Err: errors.New("interrupted"), Stopped: true}
	})
	if e := r.ends(t)["h01"]; e.Outcome != event.NotAttempted {
		t.Errorf("got %q, want not_attempted", e.Outcome)
	}
}

func TestTheDeadlineEndsTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		summary, _ := start(t.Context(), runner.Config{Deadline: 2 * time.Second}, 2, untilDone)
		if summary.ExitStatus() != 124 || summary.Why != event.Deadline {
			t.Errorf("got %+v with exit status %d, want 124", summary, summary.ExitStatus())
		}
	})
}

func TestASignalAfterTheDeadlineCountsMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithCancelCause(t.Context())
		summary, _ := start(ctx, runner.Config{Deadline: 2 * time.Second}, 1, func(ctx context.Context, tt transport.Target, c *transport.Command) (transport.Status, error) {
			status, err := untilDone(ctx, tt, c)
			<-time.After(time.Second) // the grace, in which the user loses patience
			stop(&runner.Stop{Why: event.Terminated})
			return status, err
		})
		if summary.ExitStatus() != 143 {
			t.Errorf("exit status %d, want 143", summary.ExitStatus())
		}
	})
}

// untilDone is a command that lasts until it is stopped.
func untilDone(ctx context.Context, _ transport.Target, c *transport.Command) (transport.Status, error) {
	c.Started()
	<-ctx.Done()
	return transport.Status{}, &transport.Error{Op: "run", Kind: transport.KindOf(context.Cause(ctx)), Err: context.Cause(ctx), Sent: true, Stopped: true}
}

func TestTheCommandTimeoutCountsFromTheStartOfTheCommand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, r := start(t.Context(), runner.Config{CommandTimeout: 3 * time.Second}, 1, func(ctx context.Context, tt transport.Target, c *transport.Command) (transport.Status, error) {
			<-time.After(5 * time.Second) // connecting
			return untilDone(ctx, tt, c)
		})
		if took := time.Since(began); took != 8*time.Second {
			t.Errorf("it ended after %s, want 5s to connect and 3s to run", took)
		}
		if e := r.ends(t)["h01"]; e.Outcome != event.Timeout || e.Error != "timed out after 3s" {
			t.Errorf("got %q, %q", e.Outcome, e.Error)
		}
	})
}

func TestTheIdleTimeoutCountsFromTheLastOutput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, r := start(t.Context(), runner.Config{IdleTimeout: 3 * time.Second}, 1, func(ctx context.Context, tt transport.Target, c *transport.Command) (transport.Status, error) {
			c.Started()
			for range 4 {
				<-time.After(2 * time.Second)
				fmt.Fprintln(c.Stderr, "still here")
			}
			return untilDone(ctx, tt, c)
		})
		if took := time.Since(began); took != 11*time.Second {
			t.Errorf("it ended after %s, want 8s with output and 3s without", took)
		}
		if e := r.ends(t)["h01"]; e.Outcome != event.Timeout || e.Error != "printed nothing for 3s" {
			t.Errorf("got %q, %q", e.Outcome, e.Error)
		}
	})
}

func TestAStopThatCouldNotBeVerifiedIsNotCalledStopped(t *testing.T) {
	_, r := start(t.Context(), runner.Config{}, 1, func(context.Context, transport.Target, *transport.Command) (transport.Status, error) {
		return transport.Status{}, &transport.Error{Op: "run", Kind: transport.KindCanceled, Err: errors.New("interrupted"), Sent: true}
	})
	if e := r.ends(t)["h01"]; e.Outcome != event.Unknown || e.Error != "interrupted; it could not be verified that the command has ended" {
		t.Errorf("got %q, %q", e.Outcome, e.Error)
	}
}

func TestEachHostGetsItsOwnStdin(t *testing.T) {
	cfg := runner.Config{Stdin: func(host string) io.Reader { return io.LimitReader(endless(host), 3) }}
	_, r := start(t.Context(), cfg, 2, func(_ context.Context, _ transport.Target, c *transport.Command) (transport.Status, error) {
		_, err := io.Copy(c.Stdout, c.Stdin)
		return transport.Status{}, err
	})
	if r.output["h01 stdout"] != "h01" || r.output["h02 stdout"] != "h02" {
		t.Errorf("got %q", r.output)
	}
}

// endless says its own name again and again.
type endless string

func (e endless) Read(p []byte) (int, error) { return copy(p, e), nil }
