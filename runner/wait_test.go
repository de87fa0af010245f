//go:build !windows

package runner

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"fleet/event"
	"fleet/tasks"
	"fleet/transport"
)

// waits carries out a wait on a machine.
func waits(ctx context.Context, m *machine, w tasks.Wait) error {
	if w.Timeout == 0 {
		w.Timeout = time.Minute
	}
	if w.Delay == 0 {
		w.Delay = 5 * time.Millisecond
	}
	_, err := perform(ctx, m, &tasks.Step{Name: "x"}, &tasks.Call{Action: &w}, nil, nil)
	return err
}

// closedPort is an address that is taken, so that nobody else gets it, and at which
// nobody listens.
func closedPort(t *testing.T) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	return net.JoinHostPort("127.0.0.1", strconv.Itoa(name.(*syscall.SockaddrInet4).Port))
}

// A stubborn host lets nobody connect onward.
type stubborn struct{ transport.Local }

func (stubborn) Dial(context.Context, transport.Target, string, string) (net.Conn, error) {
	return nil, &transport.Error{Op: "dial", Kind: transport.KindRefused, Err: transport.ErrNoForwarding, Stopped: true}
}

// withAndWithoutForwarding runs test on both.
func withAndWithoutForwarding(t *testing.T, test func(*testing.T, *machine)) {
	for name, tr := range map[string]transport.Transport{"forwarding": transport.Local{}, "shell": stubborn{}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := exec.LookPath("curl"); name == "shell" && err != nil {
				if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
					t.Fatalf("FLEET_REQUIRE_SSHD is set, and %v", err)
				}
				t.Skip(err)
			}
			m := here()
			m.transport = tr
			test(t, m)
		})
	}
}

func TestAWaitEndsWhenThePortIsOpen(t *testing.T) {
	t.Parallel()
	withAndWithoutForwarding(t, func(t *testing.T, m *machine) {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		defer ln.Close()
		if err := waits(t.Context(), m, tasks.Wait{Address: ln.Addr().String()}); err != nil {
			t.Error(err)
		}
	})
}

func TestAWaitThatIsInVainSaysWhatItSawLast(t *testing.T) {
	t.Parallel()
	broken := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/loop" {
			http.Redirect(w, r, "/loop", http.StatusFound)
			return
		}
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	t.Cleanup(broken.Close)
	closed := closedPort(t)
	_, port, _ := net.SplitHostPort(closed)
	tests := []struct {
		name  string
		wait  tasks.Wait
		words []string // lower case
	}{
		{"port", tasks.Wait{Address: closed}, []string{"waited 1s for port " + port + ": ", "refused"}},
		{"path", tasks.Wait{Path: "/no/such"}, []string{"waited 1s for /no/such: it does not exist"}},
		{"http, closed", tasks.Wait{URL: "http://" + closed + "/"}, []string{"waited 1s for http://" + closed + "/: "}},
		{"http, broken", tasks.Wait{URL: broken.URL}, []string{"503"}},
		{"http, in a circle", tasks.Wait{URL: broken.URL + "/loop"}, []string{"10", "redirects"}},
	}
	withAndWithoutForwarding(t, func(t *testing.T, m *machine) {
		for _, tt := range tests {
			tt.wait.Timeout = time.Second
			err := waits(t.Context(), m, tt.wait)
			var te *transport.Error
			if !errors.As(err, &te) || te.Kind != transport.KindTimeout || result(transport.Status{}, err).Outcome != event.Timeout {
				t.Errorf("%s: got %v", tt.name, err)
				continue
			}
			for _, w := range tt.words {
				if !strings.Contains(strings.ToLower(te.Err.Error()), w) {
					t.Errorf("%s: %q does not say %q", tt.name, te.Err, w)
				}
			}
		}
	})
}

func TestAWaitGoesOnUntilItIsSo(t *testing.T) {
	t.Parallel()
	withAndWithoutForwarding(t, func(t *testing.T, m *machine) {
		var asked atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			switch {
			case r.URL.Path == "/there":
				_, _ = w.Write(make([]byte, 1<<20))
			case asked.Add(1) < 3:
				w.WriteHeader(http.StatusNotFound)
			default:
				http.Redirect(w, r, "/there", http.StatusMovedPermanently)
			}
		}))
		defer server.Close()
		if err := waits(t.Context(), m, tasks.Wait{URL: server.URL + `/?a="b"&c=$HOME'`}); err != nil || asked.Load() != 3 {
			t.Errorf("http: got %v after %d", err, asked.Load())
		}
		file := filepath.Join(t.TempDir(), "it's there")
		done := make(chan error, 1)
		go func() { done <- waits(t.Context(), m, tasks.Wait{Path: file}) }()
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := <-done; err != nil {
			t.Errorf("path: got %v", err)
		}
	})
}

func TestAWaitEndsAtOnceWhenTheRunIsStopped(t *testing.T) {
	t.Parallel()
	withAndWithoutForwarding(t, func(t *testing.T, m *machine) {
		for _, w := range []tasks.Wait{
			{Address: closedPort(t), Delay: time.Hour},
			{Path: "/no/such", Delay: time.Hour},
			{URL: "http://" + closedPort(t), Delay: time.Hour},
		} {
			w.Timeout = 2 * time.Hour
			ctx, cancel := context.WithCancelCause(t.Context())
			done := make(chan error, 1)
			go func() { done <- waits(ctx, m, w) }()
			cancel(&Stop{event.Interrupted})
			err := <-done
			if got := result(transport.Status{}, err); got.Outcome != event.Stopped && got.Outcome != event.NotAttempted {
				t.Errorf("got %v, %v", got.Outcome, err)
			}
		}
	})
}

func TestTheTimeoutOfAStepCountsForAWaitToo(t *testing.T) {
	t.Parallel()
	s := &tasks.Step{Name: "x", Timeout: 300 * time.Millisecond, IdleTimeout: time.Millisecond}
	w := &tasks.Wait{Path: "/no/such", Timeout: time.Hour, Delay: time.Second}
	_, err := perform(t.Context(), here(), s, &tasks.Call{Action: w}, nil, nil)
	if transport.KindOf(err) != transport.KindTimeout || !strings.Contains(err.Error(), "timed out after 300ms for /no/such: it does not exist") {
		t.Errorf("got %v", err)
	}
}

// A host that cannot be reached is that, and not a wait in vain; one that goes away
// while it is waited for may come back.
func TestAWaitKnowsUnreachableHosts(t *testing.T) {
	t.Parallel()
	for _, w := range []tasks.Wait{{Address: "localhost:1"}, {Path: "/"}, {URL: "http://localhost:1"}} {
		m := here()
		m.transport = &comesBack{}
		if err := waits(t.Context(), m, w); transport.KindOf(err) != transport.KindUnreachable {
			t.Errorf("%v: got %v", w, err)
		}
	}
	m := here()
	m.transport = &comesBack{answers: true}
	if err := waits(t.Context(), m, tasks.Wait{Address: "localhost:1"}); err != nil {
		t.Errorf("got %v", err)
	}
}

// comesBack is a host that is gone from the second time on, or from the first one,
// and is there again at the fourth.
type comesBack struct {
	transport.Local
	answers bool
	n       int
}

func (c *comesBack) Run(context.Context, transport.Target, *transport.Command) (transport.Status, error) {
	return transport.Status{}, c.next()
}

func (c *comesBack) Dial(context.Context, transport.Target, string, string) (net.Conn, error) {
	err := c.next()
	if err != nil {
		return nil, err
	}
	a, b := net.Pipe()
	return a, b.Close()
}

func (c *comesBack) next() error {
	c.n++
	switch {
	case c.n == 4:
		return nil
	case c.n == 1 && c.answers:
		return &transport.Error{Op: "dial", Kind: transport.KindRefused, Err: errors.New("closed")}
	default:
		return &transport.Error{Op: "connect", Kind: transport.KindUnreachable, Err: errors.New("no route")}
	}
}

func TestAProbeTakesTheToolThatTheHostHas(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	with := func(tool string) error {
		dir := t.TempDir()
		program, err := exec.LookPath(tool)
		if tool == "python3" { // it may be a script that looks for the real one
			out, _ := exec.Command(tool, "-c", "import sys; print(sys.executable)").Output()
			program = strings.TrimSpace(string(out))
		}
		if err == nil {
			if err := os.Symlink(program, filepath.Join(dir, tool)); err != nil {
				t.Fatal(err)
			}
		}
		m := &machine{name: "m", transport: stubborn{}, target: transport.Target{Env: []string{"PATH=" + dir}}}
		return waits(t.Context(), m, tasks.Wait{Address: ln.Addr().String(), Timeout: 20 * time.Second})
	}
	for _, tool := range []string{"bash", "nc", "python3", "busybox"} {
		if _, err := exec.LookPath(tool); err != nil {
			continue // the others are enough
		}
		if err := with(tool); err != nil {
			t.Errorf("%s: %v", tool, err)
		}
	}
	if err := with("no-such-tool"); err == nil || !strings.Contains(err.Error(), "no tool to look by itself: bash, nc, python3, busybox") {
		t.Errorf("got %v", err)
	}
}
