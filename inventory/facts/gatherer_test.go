package facts_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"fleet/inventory/facts"
	"fleet/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A fleet answers as its hosts do; of the seam only Run is used.
type fleet struct {
	transport.Transport
	answer func(ctx context.Context, host string, c *transport.Command) error

	asked atomic.Int64
	mu    sync.Mutex
	now   int // at work; guarded by mu
	most  int // of now; guarded by mu
}

func (f *fleet) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	f.asked.Add(1)
	f.count(+1)
	defer f.count(-1)
	c.Started()
	return transport.Status{}, f.answer(ctx, t.Name, c)
}

func (f *fleet) count(n int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.now += n
	f.most = max(f.most, f.now)
}

func targets(n int) []transport.Target {
	out := make([]transport.Target, n)
	for i := range out {
		out[i].Name = fmt.Sprintf("web%d", i+1)
	}
	return out
}

// says is a host that prints text.
func says(text string) func(context.Context, string, *transport.Command) error {
	return func(_ context.Context, _ string, c *transport.Command) error {
		_, err := io.WriteString(c.Stdout, text)
		return err
	}
}

// hangs is a host that answers nothing until it is stopped.
func hangs(ctx context.Context, host string, _ *transport.Command) error {
	<-ctx.Done()
	err := context.Cause(ctx)
	return &transport.Error{Op: "run", Host: host, Kind: transport.KindOf(err), Err: err}
}

func TestEachHostIsAskedOnce(t *testing.T) {
	f := &fleet{answer: says("os=Linux\n")}
	g := facts.New(facts.Config{Transport: f})
	for range 3 {
		found, failed := g.Gather(t.Context(), append(targets(5), targets(5)...))
		if len(found) != 5 || len(failed) != 0 {
			t.Fatalf("found %d, failed %v", len(found), failed)
		}
		if os := found["web3"].GetAttr("os").AsString(); os != "linux" {
			t.Errorf("os is %q", os)
		}
	}
	if n := f.asked.Load(); n != 5 {
		t.Errorf("asked %d times", n)
	}
}

func TestAHostThatFailsStopsNoOther(t *testing.T) {
	down := &transport.Error{Op: "dial", Host: "web2", Kind: transport.KindUnreachable, Err: errors.New("no route")}
	f := &fleet{answer: func(ctx context.Context, host string, c *transport.Command) error {
		if host == "web2" {
			return down
		}
		return says("cpus=4\n")(ctx, host, c)
	}}
	g := facts.New(facts.Config{Transport: f})
	for range 2 {
		found, failed := g.Gather(t.Context(), targets(3))
		if len(found) != 2 || len(failed) != 1 || !errors.Is(failed["web2"], down) {
			t.Errorf("found %v, failed %v", found, failed)
		}
	}
	if n := f.asked.Load(); n != 3 {
		t.Errorf("asked %d times", n)
	}
}

func TestTheFanoutBoundsWhoIsAskedAtOneTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fleet{answer: func(context.Context, string, *transport.Command) error {
			time.Sleep(time.Second)
			return nil
		}}
		began := time.Now()
		facts.New(facts.Config{Transport: f, Fanout: 4}).Gather(t.Context(), targets(20))
		if took := time.Since(began); f.most != 4 || took != 5*time.Second {
			t.Errorf("%d at one time, %s", f.most, took)
		}
	})
}

func TestAHostThatDoesNotAnswerIsGivenUpInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		_, err := facts.New(facts.Config{Transport: &fleet{answer: hangs}}).Host(t.Context(), transport.Target{Name: "web1"})
		if transport.KindOf(err) != transport.KindTimeout || !strings.Contains(err.Error(), "no facts within 10s") {
			t.Errorf("the error is %v", err)
		}
		if took := time.Since(began); took != 10*time.Second {
			t.Errorf("it took %s", took)
		}
	})
}

func TestAHostThatPrintsWithoutEndIsStopped(t *testing.T) {
	f := &fleet{answer: func(_ context.Context, _ string, c *transport.Command) error {
		line := "os=Linux\n" + strings.Repeat("x", 4000) + "\n"
		for {
			if _, err := io.WriteString(c.Stdout, line); err != nil {
				return &transport.Error{Op: "run", Kind: transport.KindInternal, Err: err}
			}
		}
	}}
	v, err := facts.New(facts.Config{Transport: f}).Host(t.Context(), transport.Target{Name: "web1"})
	if err != nil {
		t.Fatal(err)
	}
	if !v.GetAttr("cpus").IsNull() || v.GetAttr("os").AsString() != "linux" {
		t.Errorf("the facts are %#v", v)
	}
}

// A caller who gives up decides for itself only.
func TestOthersAskAgainWhenTheAskerGaveUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var calls atomic.Int64
		f := &fleet{answer: func(ctx context.Context, host string, c *transport.Command) error {
			if calls.Add(1) == 1 {
				return hangs(ctx, host, c)
			}
			return says("os=Linux\n")(ctx, host, c)
		}}
		g := facts.New(facts.Config{Transport: f})
		target := transport.Target{Name: "web1"}
		ctx, cancel := context.WithCancel(t.Context())
		var impatient, patient error
		var group sync.WaitGroup
		group.Go(func() { _, impatient = g.Host(ctx, target) })
		synctest.Wait()
		group.Go(func() { _, patient = g.Host(t.Context(), target) })
		synctest.Wait()
		cancel()
		group.Wait()
		if transport.KindOf(impatient) != transport.KindCanceled || patient != nil {
			t.Errorf("the one got %v, the other %v", impatient, patient)
		}
		if n := calls.Load(); n != 2 {
			t.Errorf("asked %d times", n)
		}
	})
}

func TestARealShellAnswers(t *testing.T) {
	v, err := facts.New(facts.Config{Transport: transport.Local{}}).Host(t.Context(), transport.Target{Name: "here"})
	if err != nil {
		t.Fatal(err)
	}
	if v.GetAttr("kernel").IsNull() {
		t.Errorf("the facts are %#v", v)
	}
}
