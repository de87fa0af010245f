//go:build !windows

package transfer

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"fleet/internal/opensshd"
	"fleet/internal/sshd"
	"fleet/internal/sshd/sshdtest"
	"fleet/pool"
	"fleet/transport"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// A testHost is a host to move files to and from. Its disk is this machine's.
type testHost struct {
	Host
	name string
	dir  string // a folder on it for the test, empty, which Host's user may write to
	root string // what the test has to put before a path of the host: not empty in a chroot
}

// open opens the host for the rest of the test.
func (h *testHost) open(t testing.TB) *Remote {
	t.Helper()
	r, err := Open(t.Context(), &h.Host)
	if err != nil {
		t.Fatalf("%s: %v", h.name, err)
	}
	t.Cleanup(func() {
		if err := r.Close(); err != nil {
			t.Error(err)
		}
	})
	return r
}

// path is that of a file in dir, as the host sees it; local is how the test does.
func (h *testHost) path(name string) string  { return h.dir + "/" + name }
func (h *testHost) local(name string) string { return h.root + h.dir + "/" + name }

// linkTo is where a link leads that was made by the host. The embedded server makes
// it absolute.
func (h *testHost) linkTo(link string) string {
	if rest, ok := strings.CutPrefix(link, h.dir+"/"); ok && h.name == "embedded" {
		return rest
	}
	return link
}

// mainHosts starts the three that differ most: sftp, commands alone, and sudo.
var mainHosts = []func(testing.TB) *testHost{embeddedHost, commandHost, sudoHost}

// allHosts starts one of every sort.
var allHosts = []func(testing.TB) *testHost{
	embeddedHost, commandHost, busyboxHost, bareHost, sshdHost, fileOnlyHost, chrootHost, dropbearHost, dropbearCommandHost,
	sudoHost, sudoCommandHost, localHost,
}

// forHosts runs test on each of hosts, in parallel.
func forHosts(t *testing.T, hosts []func(testing.TB) *testHost, test func(*testing.T, *testHost)) {
	for _, start := range hosts {
		name := runtime.FuncForPC(reflect.ValueOf(start).Pointer()).Name()
		t.Run(strings.TrimSuffix(name[strings.LastIndexByte(name, '.')+1:], "Host"), func(t *testing.T) {
			t.Parallel()
			h := start(t)
			test(t, h)
		})
	}
}

// embeddedHost is the embedded server: sftp and commands.
func embeddedHost(t testing.TB) *testHost { return embedded(t, "embedded", sshd.Config{}) }

// commandHost is the embedded server without sftp.
func commandHost(t testing.TB) *testHost {
	return embedded(t, "embedded without sftp", sshd.Config{NoSFTP: true})
}

// embedded starts an embedded server. Its relative paths begin in dir.
func embedded(t testing.TB, name string, c sshd.Config) *testHost {
	t.Helper()
	_, h := embeddedServer(t, name, c)
	return h
}

func embeddedServer(t testing.TB, name string, c sshd.Config) (*sshd.Server, *testHost) {
	t.Helper()
	if c.Home == "" {
		c.Home = t.TempDir()
	}
	s, addr := sshdtest.Start(t, c)
	target := transport.Target{
		Name: "host", Address: addr.IP.String(), Port: addr.Port, User: "user",
		HostKey: transport.HostKey{Policy: transport.HostKeyOff},
		Link:    transport.LinkOptions{ConnectTimeout: 30 * time.Second},
	}
	return s, &testHost{name: name, dir: c.Home, Host: Host{Transport: newPool(t), Target: target}}
}

// sshdHost is a real sshd, with an ordinary user where the test may make one.
func sshdHost(t testing.TB) *testHost {
	t.Helper()
	return realHost(t, "sshd", opensshd.Options{NewUser: true})
}

// fileOnlyHost is a real sshd that gives sftp and nothing else.
func fileOnlyHost(t testing.TB) *testHost {
	t.Helper()
	return realHost(t, "sshd with sftp alone", opensshd.Options{NewUser: true, Config: []string{"ForceCommand internal-sftp"}})
}

// chrootHost is a real sshd that locks its user into a folder.
func chrootHost(t testing.TB) *testHost {
	t.Helper()
	needRoot(t)
	// sshd wants a chroot that nobody but root can replace, so not below /tmp.
	root, err := os.MkdirTemp("/run", "fleet-transfer-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(root); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(root, 0o755); err != nil {
		t.Fatal(err)
	}
	h := realHost(t, "sshd with a chroot", opensshd.Options{NewUser: true, Config: []string{
		"ForceCommand internal-sftp -d /inside", "ChrootDirectory " + root,
	}})
	inside := filepath.Join(root, "inside")
	if err := os.Mkdir(inside, 0o755); err != nil {
		t.Fatal(err)
	}
	chownTo(t, inside, h.Target.User)
	h.dir, h.root = "/inside", root
	return h
}

// dropbearHost is dropbear, which runs the sftp server of OpenSSH where it is there.
func dropbearHost(t testing.TB) *testHost {
	t.Helper()
	needRoot(t)
	needTool(t, "dropbear", "dropbearkey")
	s, h := realServer(t, "dropbear", opensshd.Options{NewUser: true})
	startDropbear(t, s, h)
	return h
}

// dropbearCommandHost is dropbear where there is no sftp server.
func dropbearCommandHost(t testing.TB) *testHost {
	t.Helper()
	h := dropbearHost(t)
	h.name, h.Transport = "dropbear without sftp", noSFTP{h.Transport}
	return h
}

// noSFTP refuses it as a server does.
type noSFTP struct{ transport.Transport }

func (noSFTP) Open(context.Context, transport.Target, string) (io.ReadWriteCloser, error) {
	return nil, &transport.Error{Op: "open", Kind: transport.KindRefused, Err: errors.New("the server has no subsystem \"sftp\"")}
}

// sudoHost is a real sshd whose user becomes root, by an sftp server and a password.
func sudoHost(t testing.TB) *testHost {
	t.Helper()
	h := sudo(t, "sudo", opensshd.SudoRule{UsePTY: true})
	h.Become.Password = transport.NewSecret(sudoPassword)
	return h
}

// sudoCommandHost is the same where no sftp server is found.
func sudoCommandHost(t testing.TB) *testHost {
	t.Helper()
	h := sudo(t, "sudo without sftp", opensshd.SudoRule{NoPassword: true})
	h.Transport = noServer{h.Transport}
	return h
}

// noServer keeps Open from looking for an sftp server to run.
type noServer struct{ transport.Transport }

func (n noServer) Run(ctx context.Context, t transport.Target, c *transport.Command) (transport.Status, error) {
	if slices.Equal(c.Args, []string{"server"}) {
		c.Args = []string{"plain"}
	}
	return n.Transport.Run(ctx, t, c)
}

const sudoPassword = "it's a \\ secret!"

func sudo(t testing.TB, name string, rule opensshd.SudoRule) *testHost {
	t.Helper()
	needRoot(t)
	s, h := realServer(t, name, opensshd.Options{Password: sudoPassword})
	s.AllowSudo(t, rule)
	h.Become = &transport.Become{}
	h.dir = filepath.Join(t.TempDir(), "closed")
	if err := os.Mkdir(h.dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return h
}

// localHost is this machine, without a network.
func localHost(t testing.TB) *testHost {
	t.Helper()
	return &testHost{name: "local", dir: t.TempDir(), Host: Host{Transport: transport.Local{}, Target: transport.Target{Name: "local"}}}
}

func realHost(t testing.TB, name string, o opensshd.Options) *testHost {
	t.Helper()
	_, h := realServer(t, name, o)
	return h
}

func realServer(t testing.TB, name string, o opensshd.Options) (*opensshd.Server, *testHost) {
	t.Helper()
	s := opensshd.Start(t, o)
	dir := s.Home
	if os.Geteuid() != 0 {
		dir = t.TempDir()
	}
	return s, &testHost{name: name, dir: dir, Host: Host{Transport: newPool(t), Target: transport.Target{
		Name: "host", Address: s.Host, Port: s.Port, User: s.User,
		Login:   transport.Login{Identities: []string{s.Identity}, Explicit: true, IdentitiesOnly: true},
		HostKey: transport.HostKey{Files: []string{s.KnownHosts}},
		Link:    transport.LinkOptions{ConnectTimeout: 60 * time.Second},
	}}}
}

// newPool returns a pool that ends with the test.
func newPool(t testing.TB) *pool.Pool {
	t.Helper()
	p := pool.New(pool.Config{Linger: -1})
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func chownTo(t testing.TB, path, name string) {
	t.Helper()
	u, err := user.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	uid, _ := strconv.Atoi(u.Uid)
	gid, _ := strconv.Atoi(u.Gid)
	if err := os.Chown(path, uid, gid); err != nil {
		t.Fatal(err)
	}
}

// needRoot skips a test that makes users or changes what sudo allows.
func needRoot(t testing.TB) {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("only root can do this")
	}
}

// needTool skips the test, or fails it where everything has to be there.
func needTool(t testing.TB, names ...string) {
	t.Helper()
	for _, name := range names {
		if _, err := exec.LookPath(name); err != nil {
			if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
				t.Fatalf("FLEET_REQUIRE_SSHD is set, and %v", err)
			}
			t.Skip(err)
		}
	}
}
