package sshconfig

import (
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// env is what is known about this machine and its user.
type env struct {
	home, user, uid string
	host            string // this machine's name, with the domain where it has one
	lookup          func(string) (string, bool)
	addresses       func() []netip.Addr // of this machine, without loopback
}

func newEnv(f *Files) (*env, error) {
	e := &env{home: f.Home, user: f.LocalUser, uid: strconv.Itoa(os.Getuid()), lookup: os.LookupEnv}
	if f.Getenv != nil {
		e.lookup = func(name string) (string, bool) {
			v := f.Getenv(name)
			return v, v != ""
		}
	}
	if e.home == "" || e.user == "" {
		u, err := user.Current()
		if err != nil {
			return nil, fmt.Errorf("find the local user: %w", err)
		}
		if e.home == "" {
			e.home = u.HomeDir
		}
		if e.user == "" {
			e.user = u.Username[strings.LastIndexByte(u.Username, '\\')+1:]
		}
	}
	var err error
	if e.host, err = os.Hostname(); err != nil {
		return nil, fmt.Errorf("find the name of this machine: %w", err)
	}
	e.addresses = sync.OnceValue(localAddresses)
	return e, nil
}

// localAddresses is empty where the system does not tell.
func localAddresses() []netip.Addr {
	var list []netip.Addr
	addrs, _ := net.InterfaceAddrs()
	for _, a := range addrs {
		n, ok := a.(*net.IPNet)
		if !ok {
			continue
		}
		if ip, ok := netip.AddrFromSlice(n.IP); ok && !ip.IsLoopback() {
			list = append(list, ip.Unmap())
		}
	}
	return list
}

// display shortens a path for people.
func (e *env) display(path string) string {
	if rest, ok := strings.CutPrefix(path, e.home+string(filepath.Separator)); ok && e.home != "" {
		return "~/" + filepath.ToSlash(rest)
	}
	return path
}

// tilde replaces a leading ~ or ~user.
func (e *env) tilde(path string) (string, error) {
	rest, ok := strings.CutPrefix(path, "~")
	if !ok {
		return path, nil
	}
	name, rest, _ := strings.Cut(rest, "/")
	home := e.home
	if name != "" {
		u, err := user.Lookup(name)
		if err != nil {
			return "", fmt.Errorf("%q: there is no user %q", path, name)
		}
		home = u.HomeDir
	}
	return strings.TrimSuffix(home, "/") + "/" + strings.TrimLeft(rest, "/"), nil
}
