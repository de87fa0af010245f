package lab

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"os/user"
	"path/filepath"
	"sync"
	"syscall"

	"golang.org/x/crypto/ssh"

	"fleet/internal/sshd"
)

// A Host is one host of a lab.
type Host struct {
	Name    string   `json:"name"`
	Address string   `json:"address"`
	Port    int      `json:"port"`
	Groups  []string `json:"groups"`
	Faults  []string `json:"faults,omitempty"` // as in Options, without the hosts
}

// A host is a Host with what serves it.
type host struct {
	Host
	faults     sshd.Faults
	faulty     bool      // more than a limit
	refuse     bool      // nobody listens
	strangeKey bool      // presents another key than known_hosts has
	key        *sshd.Key // what known_hosts has
	server     *sshd.Server
}

func (h *host) note(name, value string, given bool) {
	if given {
		name += ":" + value
	}
	h.Faults = append(h.Faults, name)
}

// A Lab is a set of hosts served by this process. Its fields are not to be
// changed.
type Lab struct {
	Dir        string // the folder
	Inventory  string // the inventory file
	KnownHosts string // the known_hosts file
	Identity   string // the file of the key that may log in
	User       string // the login name
	Hosts      []Host

	hosts    []*host
	children *sshd.Children
	lock     *os.File
	log      *os.File
	logger   *slog.Logger
	reserved []func() // give back the ports of hosts that refuse
	wg       sync.WaitGroup
	registry string
	created  bool
	closing  sync.Once
	closed   error
}

// Up serves a lab until Close. ctx bounds the bringing up only.
func Up(ctx context.Context, o Options) (*Lab, error) {
	created, err := makeDir(&o)
	if err != nil {
		return nil, err
	}
	l, err := up(ctx, o, created, false)
	if err != nil && created {
		_ = os.Remove(o.Dir) // empty, or another's by now
	}
	return l, err
}

// up serves a lab in a folder that exists. When it fails, it leaves nothing of
// its own there.
func up(ctx context.Context, o Options, created, background bool) (_ *Lab, err error) {
	hosts, err := o.plan()
	if err != nil {
		return nil, err
	}
	l := &Lab{
		Dir:        o.Dir,
		Inventory:  filepath.Join(o.Dir, inventoryFile),
		KnownHosts: filepath.Join(o.Dir, knownHostsFile),
		Identity:   filepath.Join(o.Dir, identityFile),
		User:       loginName(),
		hosts:      hosts,
		children:   sshd.NewChildren(),
		registry:   o.Registry,
		created:    created,
	}
	if l.lock, err = takeLock(o.Dir); err != nil {
		return nil, err // another lab was faster: the files are not ours
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, l.Close())
		}
	}()
	if err := l.serve(ctx, o); err != nil {
		return nil, err
	}
	for _, h := range hosts {
		l.Hosts = append(l.Hosts, h.Host)
	}
	if err := l.writeFiles(background); err != nil {
		return nil, err
	}
	if err := register(o.Registry, o.Dir); err != nil {
		return nil, err
	}
	l.logger.Info("lab is up", "hosts", len(hosts), "dir", o.Dir)
	return l, nil
}

// serve starts every host.
func (l *Lab) serve(ctx context.Context, o Options) error {
	login, err := sshd.NewKey()
	if err != nil {
		return err
	}
	if err := l.writeIdentity(login); err != nil {
		return err
	}
	if l.log, err = os.OpenFile(filepath.Join(l.Dir, logFile), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err != nil {
		return err
	}
	l.logger = slog.New(slog.NewTextHandler(l.log, nil))
	assignGroups(l.hosts)
	if err := assignKeys(l.hosts); err != nil {
		return err
	}
	listeners, err := l.listen(ctx, o.Addresses)
	if err != nil {
		return err
	}
	for i, h := range l.hosts {
		if h.refuse {
			continue
		}
		if err := l.serveHost(h, listeners[i], login.PublicKey()); err != nil {
			closeAll(listeners[i:])
			return err
		}
	}
	return ctx.Err()
}

func (l *Lab) serveHost(h *host, listener net.Listener, login ssh.PublicKey) error {
	if h.strangeKey {
		key, err := sshd.NewKey()
		if err != nil {
			return err
		}
		h.faults.HostKey = key
	}
	server, err := sshd.New(sshd.Config{
		HostKeys:       []ssh.Signer{h.key},
		AuthorizedKeys: []ssh.PublicKey{login},
		Home:           filepath.Join(l.Dir, hostsDir, h.Name),
		MakeHome:       true, // 10,000 folders take seconds; most are never used
		HostName:       h.Name,
		Env:            []string{"PATH=" + filepath.Join(l.Dir, binDir) + ":/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		Children:       l.children,
		Faults:         h.faults,
		Logger:         l.logger.With("host", h.Name),
	})
	if err != nil {
		return err
	}
	h.server = server
	l.wg.Go(func() { // ends with server.Close
		if err := server.Serve(listener); err != nil {
			l.logger.Error("host failed", "host", h.Name, "error", err)
		}
	})
	return nil
}

// assignKeys gives each host a key of its own; large labs share one, which
// spares the time.
func assignKeys(hosts []*host) error {
	const each = 100
	for i, h := range hosts {
		if i > 0 && len(hosts) > each {
			h.key = hosts[0].key
			continue
		}
		key, err := sshd.NewKey()
		if err != nil {
			return err
		}
		h.key = key
	}
	return nil
}

// Server is what serves the host of that name, to change its faults or to look
// at its counts; nil where there is none.
func (l *Lab) Server(name string) *sshd.Server {
	for _, h := range l.hosts {
		if h.Name == name {
			return h.server
		}
	}
	return nil
}

// Close ends the hosts and every process that was started on them, verifies
// that none is left, and removes the lab's files; its folder too where the lab
// made it and nothing else is in it. When a process is left, the files stay. A second call returns what
// the first one did.
func (l *Lab) Close() error {
	l.closing.Do(func() { l.closed = l.close() })
	return l.closed
}

func (l *Lab) close() error {
	var errs []error
	for _, h := range l.hosts {
		if h.server != nil {
			errs = append(errs, h.server.Close())
		}
	}
	l.wg.Wait()
	for _, release := range l.reserved {
		release()
	}
	errs = append(errs, l.children.Kill())
	err := errors.Join(errs...)
	if l.log != nil {
		if err != nil {
			l.logger.Error("lab did not end cleanly", "error", err)
		}
		_ = l.log.Close()
	}
	if err == nil {
		err = l.tidy()
	}
	// The lock goes last: who waits for it finds everything done.
	_ = l.lock.Close()
	return err
}

// tidy removes what tells of the lab. Where somebody has removed the folder, what
// is there now may be another lab's.
func (l *Lab) tidy() error {
	if l.hasFolder() {
		return errors.Join(unregister(l.registry, l.Dir), removeFiles(l.Dir, l.created))
	}
	if _, err := os.Lstat(filepath.Join(l.Dir, infoFile)); errors.Is(err, fs.ErrNotExist) {
		return unregister(l.registry, l.Dir)
	}
	return nil
}

// hasFolder reports whether the lock file in the folder still is that of l.
func (l *Lab) hasFolder() bool {
	there, err := os.Lstat(filepath.Join(l.Dir, lockFile))
	if err != nil {
		return !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR)
	}
	ours, err := l.lock.Stat()
	return err != nil || os.SameFile(there, ours)
}

// loginName is the account's own name: whoami on a host says the same.
func loginName() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "lab"
}
