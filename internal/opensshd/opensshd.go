package opensshd

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// Options say what sshd is to be like. The zero value is a stock one.
type Options struct {
	// Config are lines of sshd_config. They win over the harness's own; from
	// a Match line on they come last, as they have to. LogLevel stays at INFO
	// or above.
	Config []string
	// Addresses are listened to besides 127.0.0.1, on the same port. sshd takes
	// 16 in all.
	Addresses []string
	// Shell is the login shell, by name or path. It takes root, which makes a
	// user for it.
	Shell string
	// Password is that of the user to log in as, and turns the password method
	// on. It takes root, which makes a user for it.
	Password string
	// NewUser makes root log in as an ordinary user. Others are ordinary
	// already.
	NewUser bool
	// HostKeys are the types of the host keys. Default "ed25519".
	HostKeys []string
	// AuthorizedKeys are lines of authorized_keys besides that of Identity.
	AuthorizedKeys []string
}

// A Server is one running sshd.
type Server struct {
	Addr string // Host and Port, for net.Dial
	Host string // 127.0.0.1
	Port int
	User string // who can log in

	Identity   string // file of a private key that may log in
	PublicKey  string // its public line
	HostKey    string // public line of the first host key: type and base64
	KnownHosts string // file with all host keys
	Dir        string // the server's folder; configuration, log and keys are in it
	Home       string // home folder of User

	log  string
	made bool // User was made for the test
	cmd  *exec.Cmd
	// exited is closed when the listening process has been waited for.
	exited chan struct{}
}

// patience bounds the start and the end of a server.
const patience = 20 * time.Second

// Start starts sshd for the rest of the test. Where that is impossible it
// skips the test, or fails it with FLEET_REQUIRE_SSHD=1.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	tools, err := find()
	if err == nil && needsUser(o) && os.Geteuid() != 0 {
		err = errors.New("only root can make a user with its own shell or password")
	}
	if err == nil && o.Shell != "" {
		if o.Shell, err = exec.LookPath(o.Shell); err != nil {
			err = fmt.Errorf("the shell is not installed: %w", err)
		}
	}
	switch {
	case err != nil && required():
		t.Fatalf("FLEET_REQUIRE_SSHD is set, and %v", err)
	case err != nil:
		t.Skipf("needs a real sshd: %v", err)
	}
	s := &Server{Host: "127.0.0.1", Dir: makeDir(t)}
	s.log = filepath.Join(s.Dir, "sshd.log")
	s.makeUser(t, hire(t, s.Dir), o)
	s.makeKeys(t, tools, o)
	s.start(t, tools, o)
	return s
}

func needsUser(o Options) bool { return o.Shell != "" || o.Password != "" }

// makeDir makes a folder that other users can read: sshd reads authorized_keys
// with the rights of the one who logs in, and the test's own are closed.
func makeDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "opensshd")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	return dir
}

// makeUser decides who logs in.
func (s *Server) makeUser(t testing.TB, j *janitor, o Options) {
	t.Helper()
	if os.Geteuid() == 0 && (needsUser(o) || o.NewUser) {
		s.Home = filepath.Join(s.Dir, "home")
		s.User, s.made = addUser(t, j, s.Home, o), true
		return
	}
	u, err := user.Current()
	if err != nil {
		t.Fatal(err)
	}
	s.User, s.Home = u.Username, u.HomeDir
}

// start tries ports until sshd has bound one of them: between finding a free
// port and binding it, somebody else may take it.
func (s *Server) start(t testing.TB, tools tools, o Options) {
	t.Helper()
	if os.Geteuid() == 0 {
		// Its privilege separation folder, which a service manager would make.
		if err := os.MkdirAll("/run/sshd", 0o755); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for {
		port, err := freePort()
		if err != nil {
			t.Fatal(err)
		}
		s.Port = port
		s.Addr = net.JoinHostPort(s.Host, strconv.Itoa(port))
		err = s.try(ctx, t, tools, o)
		if err == nil {
			break
		}
		s.stop()
		if ctx.Err() != nil || !strings.Contains(s.Log(), "Bind to port") {
			t.Fatalf("%v; its log:\n%s", err, s.Log())
		}
	}
	t.Cleanup(func() {
		if left := s.stop(); len(left) > 0 {
			t.Errorf("processes of sshd are left: %v", left)
		}
		if t.Failed() {
			t.Logf("log of sshd on port %d:\n%s", s.Port, s.Log())
		}
	})
}

// try starts sshd and waits until it says that it listens to every address. A
// connection would tell less: it might be answered by whoever took the port.
func (s *Server) try(ctx context.Context, t testing.TB, tools tools, o Options) error {
	t.Helper()
	config := s.writeConfig(t, tools, o)
	log, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	defer log.Close()
	cmd := exec.Command(tools.sshd, "-D", "-e", "-f", config)
	cmd.Stderr = log
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=" + os.Getenv("PATH")}
	inOwnGroup(cmd)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	s.cmd, s.exited = cmd, exited
	go func() {
		defer close(exited)
		_ = cmd.Wait() // it is killed in the end: the log says what was wrong before
	}()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !s.listens(o) {
		select {
		case <-tick.C:
		case <-exited:
			return errors.New("sshd ended at once")
		case <-ctx.Done():
			return fmt.Errorf("sshd does not listen: %w", ctx.Err())
		}
		if strings.Contains(s.Log(), "Bind to port") {
			return errors.New("an address of sshd is taken")
		}
	}
	return nil
}

// listens reports whether sshd has bound all its addresses: it says so one by
// one.
func (s *Server) listens(o Options) bool {
	log := s.Log()
	for _, addr := range append([]string{s.Host}, o.Addresses...) {
		if !strings.Contains(log, fmt.Sprintf("Server listening on %s port %d.", addr, s.Port)) {
			return false
		}
	}
	return true
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// Log is what sshd has logged so far.
func (s *Server) Log() string {
	b, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// SSHArgs are the arguments for ssh(1) to reach the server as User, up to and
// with the destination.
func (s *Server) SSHArgs() []string {
	return []string{
		"-F", "none", "-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-o", "StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile=" + s.KnownHosts, "-i", s.Identity,
		"-p", strconv.Itoa(s.Port), s.User + "@" + s.Host,
	}
}
