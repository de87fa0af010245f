//go:build unix

package lab

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

func TestHostsAreDistinct(t *testing.T) {
	l := startUp(t, Options{N: 3})
	if st, err := os.Stat(l.Dir); err != nil || st.Mode().Perm() != 0o700 {
		t.Errorf("got folder %v, %v", st, err)
	}
	keys := make(map[string]bool)
	for _, h := range l.Hosts {
		c, err := connect(h, l.User, l.Identity, l.KnownHosts)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = c.Close() }()
		if got := run(t, c, "hostname"); got != h.Name+"\n" {
			t.Errorf("hostname says %q on %s", got, h.Name)
		}
		if got := run(t, c, "pwd"); got != filepath.Join(l.Dir, "hosts", h.Name)+"\n" {
			t.Errorf("home of %s is %q", h.Name, got)
		}
		want := regexp.MustCompile(`^ \d\d:\d\d:\d\d up \d+ days, [ \d]\d:\d\d,  0 users,  load average: 0.\d\d, 0.\d\d, 0.\d\d\n$`)
		if got := run(t, c, "uptime"); !want.MatchString(got) {
			t.Errorf("uptime says %q", got)
		}
		keys[string(l.Server(h.Name).HostKey().Marshal())] = true
	}
	if len(keys) != 3 {
		t.Errorf("got %d host keys for 3 hosts", len(keys))
	}
}

func TestAddresses(t *testing.T) {
	if runtime.GOOS != "linux" {
		if err := (Options{Addresses: true}).Check(); err == nil {
			t.Error("accepted where there are no addresses")
		}
		return
	}
	l := startUp(t, Options{N: 2, Addresses: true, Faults: []string{"refuse=lab02"}})
	a, b := l.Hosts[0], l.Hosts[1]
	if a.Port != b.Port || a.Address == b.Address || !strings.HasPrefix(b.Address, "127.") {
		t.Errorf("got %v and %v", a, b)
	}
	c, err := connect(a, l.User, l.Identity, l.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := connect(b, l.User, l.Identity, l.KnownHosts); !errors.Is(err, syscall.ECONNREFUSED) {
		t.Errorf("got %v, want a refused connection", err)
	}
}

func TestFaultyHosts(t *testing.T) {
	l := startUp(t, Options{N: 4, Faults: []string{"refuse=1 hostkey=2 login=3", "max-sessions=1"}})
	for i, want := range []string{"connection refused", "key mismatch", "unable to authenticate"} {
		_, err := connect(l.Hosts[i], l.User, l.Identity, l.KnownHosts)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", l.Hosts[i].Name, err, want)
		}
	}
	c, err := connect(l.Hosts[3], l.User, l.Identity, l.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if _, err := c.NewSession(); err != nil {
		t.Error(err)
	}
	if _, err := c.NewSession(); err == nil {
		t.Error("a second session, with max-sessions=1")
	}
}

func TestTheRefusedPortStaysTaken(t *testing.T) {
	l := startUp(t, Options{N: 1, Faults: []string{"refuse=lab01"}})
	nc, err := net.Listen("tcp", net.JoinHostPort(l.Hosts[0].Address, strconv.Itoa(l.Hosts[0].Port)))
	if err == nil {
		_ = nc.Close()
		t.Error("somebody else can have the port")
	}
}

func TestInventoryFile(t *testing.T) {
	l := startUp(t, Options{N: 12, Faults: []string{"mute=lab02", "slow=lab02:1s max-startups=lab03"}})
	b, err := os.ReadFile(l.Inventory)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`hosts  = ["lab[01-07]"]` + "\n" + `  labels = { tier = "web" }`,
		`hosts  = ["lab[08-10]"]` + "\n" + `  labels = { tier = "db" }`,
		`hosts  = ["lab[11-12]"]` + "\n" + `  labels = { tier = "lb" }`,
		`hosts  = ["lab[01-11/2]"]` + "\n" + `  labels = { site = "ams" }`,
		`hosts  = ["lab[02-12/2]"]` + "\n" + `  labels = { site = "fra" }`,
		"group \"faulty\" {\n  hosts  = [\"lab[02]\"]\n",
		"# max-startups\nhost \"lab03\" {\n",
		"# mute, slow:1s\nhost \"lab02\" {\n",
		"connection { port = " + strconv.Itoa(l.Hosts[11].Port) + " }",
	} {
		if !strings.Contains(string(b), want) {
			t.Errorf("no %q in\n%s", want, b)
		}
	}
}

func TestQuote(t *testing.T) {
	if got, want := quote(`a"b\c${d}%{e}`), `"a\"b\\c$${d}%%{e}"`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestFolders(t *testing.T) {
	t.Run("removed", func(t *testing.T) {
		l := startUp(t, Options{N: 1})
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(l.Dir); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the folder is left: %v", err)
		}
	})
	t.Run("kept", func(t *testing.T) {
		dir := t.TempDir()
		mine := filepath.Join(dir, "mine.txt")
		if err := os.WriteFile(mine, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		l := startUp(t, Options{N: 1, Dir: dir})
		if err := l.Close(); err != nil {
			t.Error(err)
		}
		left, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil || len(left) != 1 || left[0] != mine {
			t.Errorf("left %q, %v; want only %q", left, err, mine)
		}
	})
	t.Run("taken", func(t *testing.T) {
		l := startUp(t, Options{N: 1})
		if _, err := Up(t.Context(), Options{N: 1, Dir: l.Dir}); err == nil || !strings.Contains(err.Error(), "lab down") {
			t.Errorf("got %v, want a hint", err)
		}
		if i, err := Status(l.Dir); err != nil || !i.Running {
			t.Errorf("the first lab suffered: %v, %v", i, err)
		}
	})
}

func TestManyHosts(t *testing.T) {
	l := startUp(t, Options{N: 500})
	c, err := connect(l.Hosts[499], l.User, l.Identity, l.KnownHosts)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.Close() }()
	if got := run(t, c, "hostname"); got != "lab500\n" {
		t.Errorf("got %q", got)
	}
}
