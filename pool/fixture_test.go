//go:build !windows

package pool_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"flag"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"go.uber.org/goleak"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/internal/sshd/sshdtest"
	"fleet/pool"
	"fleet/transport"
)

func TestMain(m *testing.M) {
	switch os.Getenv(helperEnv) {
	case "client":
		os.Exit(clientMain())
	case "splice":
		os.Exit(spliceMain())
	case "full":
		os.Exit(fullMain())
	}
	// Most tests wait for processes and do not compute.
	flag.Parse()
	if err := flag.Set("test.parallel", "24"); err != nil {
		panic(err)
	}
	goleak.VerifyTestMain(m)
}

// helperEnv makes the test binary be another program for a test.
const helperEnv = "FLEET_POOL_TEST_HELPER"

// serve starts an embedded server and returns the target for it.
func serve(t *testing.T, c sshd.Config) (*sshd.Server, transport.Target) {
	t.Helper()
	s, addr := sshdtest.Start(t, c)
	return s, targetAt(addr)
}

func listen(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

func targetAt(addr net.Addr) transport.Target {
	tcp := addr.(*net.TCPAddr)
	return transport.Target{
		Name: "host", Address: tcp.IP.String(), Port: tcp.Port, User: "user",
		HostKey: transport.HostKey{Policy: transport.HostKeyOff},
		Link:    transport.LinkOptions{ConnectTimeout: 30 * time.Second},
	}
}

// startSSHD starts a real sshd. The account that runs the test logs in without
// its own start-up files: they may do anything, and take long.
func startSSHD(t *testing.T, o opensshd.Options) (*opensshd.Server, transport.Target) {
	t.Helper()
	if o.Shell == "" && o.Password == "" && !o.NewUser {
		o.Config = append([]string{"SetEnv HOME=" + t.TempDir()}, o.Config...)
	}
	s := opensshd.Start(t, o)
	return s, realTarget(s)
}

// realTarget is the target for a real sshd.
func realTarget(s *opensshd.Server) transport.Target {
	return transport.Target{
		Name: "host", Address: s.Host, Port: s.Port, User: s.User,
		Login:   transport.Login{Identities: []string{s.Identity}, Explicit: true, IdentitiesOnly: true},
		HostKey: transport.HostKey{Files: []string{s.KnownHosts}},
		Link:    transport.LinkOptions{ConnectTimeout: 60 * time.Second},
	}
}

// sshdHasTerminals reports whether sshd can hand out terminals. It gives them to
// the user and the group "tty", which takes root where the system does not do
// so by itself.
func sshdHasTerminals(t *testing.T) bool {
	t.Helper()
	if os.Geteuid() == 0 {
		return true
	}
	control, tty, err := pty.Open()
	if err != nil {
		return false
	}
	defer control.Close()
	defer tty.Close()
	info, err := tty.Stat()
	if err != nil {
		t.Fatal(err)
	}
	want := strconv.Itoa(os.Getegid())
	if g, err := user.LookupGroup("tty"); err == nil {
		want = g.Gid
	}
	return itoa(int(info.Sys().(*syscall.Stat_t).Gid)) == want
}

// needRoot skips a test that makes users or changes what sudo allows.
func needRoot(t *testing.T) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can do this")
	}
}

// newPool returns a pool that ends with the test.
func newPool(t *testing.T, cfg pool.Config) *pool.Pool {
	t.Helper()
	p := pool.New(cfg)
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

// An outcome is what came of one command.
type outcome struct {
	status      transport.Status
	out, errOut string
	err         error
}

// run runs c and collects its output.
func run(ctx context.Context, p *pool.Pool, target transport.Target, c *transport.Command) outcome {
	var out, errOut bytes.Buffer
	c.Stdout, c.Stderr = &out, &errOut
	st, err := p.Run(ctx, target, c)
	return outcome{st, out.String(), errOut.String(), err}
}

// failedAs checks the kind of an error and that its text has all the words.
func failedAs(t *testing.T, err error, kind transport.Kind, words ...string) *transport.Error {
	t.Helper()
	var e *transport.Error
	if !errors.As(err, &e) {
		t.Fatalf("got %v, want a *transport.Error of kind %s", err, kind)
	}
	if e.Kind != kind {
		t.Errorf("got kind %s of %v, want %s", e.Kind, err, kind)
	}
	for _, w := range words {
		if !strings.Contains(e.Error(), w) {
			t.Errorf("%q does not say %q", e.Error(), w)
		}
	}
	return e
}

// eventually polls until ok, for what gives no event; it fails after limit.
func eventually(t *testing.T, limit time.Duration, what string, ok func() bool) {
	t.Helper()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(limit); !ok(); <-tick.C {
		if time.Now().After(deadline) {
			t.Errorf("after %s: not %s", limit, what)
			return
		}
	}
}

// patience is for what takes a moment, on a machine that may be busy.
const patience = 30 * time.Second

// A mark tells the processes of one command from all others: they have it in
// their environment, whoever runs them.
type mark string

const markName = "FLEET_POOL_TEST_MARK"

func newMark() mark { return mark(markName + "=" + rand.Text()) }

// alive lists the processes that have the mark, without zombies.
func (m mark) alive() []int {
	var pids []int
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		env, err := os.ReadFile(filepath.Join(dir, "environ"))
		if err != nil || !bytes.Contains(env, []byte(m)) {
			continue // a zombie's environment is empty
		}
		if pid, err := strconv.Atoi(filepath.Base(dir)); err == nil && pid != os.Getpid() {
			pids = append(pids, pid)
		}
	}
	return pids
}

// A watched writer tells when a text has appeared.
type watched struct {
	bytes.Buffer
	want string
	seen chan struct{}
	done bool
}

func watch(want string) *watched { return &watched{want: want, seen: make(chan struct{})} }

func (w *watched) Write(p []byte) (int, error) {
	n, err := w.Buffer.Write(p)
	if !w.done && strings.Contains(w.String(), w.want) {
		w.done = true
		close(w.seen)
	}
	return n, err
}
