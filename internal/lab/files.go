package lab

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"fleet/internal/sshd"
)

// The files of a lab, in its folder.
const (
	inventoryFile  = "inventory.fleet.hcl"
	knownHostsFile = "known_hosts"
	identityFile   = "id_ed25519"
	infoFile       = "lab.json"
	lockFile       = "lab.lock"
	logFile        = "lab.log"
	binDir         = "bin"
	hostsDir       = "hosts"
)

// files are all of them, in the order of removal: what proves that a folder is
// a lab goes last.
func files() []string {
	return []string{hostsDir, binDir, inventoryFile, knownHostsFile, identityFile, identityFile + ".pub", logFile, lockFile, infoFile}
}

// An info is lab.json.
type info struct {
	PID        int       `json:"pid"`
	Background bool      `json:"background"` // Down may end the process
	Created    bool      `json:"created"`    // the folder is the lab's own
	Started    time.Time `json:"started"`
	Mark       string    `json:"mark"` // of the processes on the hosts
	Registry   string    `json:"registry,omitempty"`
	Hosts      []Host    `json:"hosts"`
}

func readInfo(dir string) (*info, error) {
	b, err := os.ReadFile(filepath.Join(dir, infoFile))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Stat(dir); errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("there is no folder %q; a lab whose folder is removed ends by itself", dir)
		}
		return nil, fmt.Errorf("there is no lab in %q", dir)
	}
	if err != nil {
		return nil, err
	}
	var i info
	if err := json.Unmarshal(b, &i); err != nil {
		return nil, fmt.Errorf("read %q: %w", filepath.Join(dir, infoFile), err)
	}
	return &i, nil
}

// makeDir makes the folder, or takes one that holds no lab, and tells which.
func makeDir(o *Options) (created bool, err error) {
	if err := o.Check(); err != nil {
		return false, err
	}
	if o.Dir == "" {
		o.Dir, err = os.MkdirTemp("", "fleet-lab-")
		return true, err
	}
	if o.Dir, err = filepath.Abs(o.Dir); err != nil {
		return false, err
	}
	if err := os.Mkdir(o.Dir, 0o700); err == nil {
		return true, nil
	} else if !errors.Is(err, fs.ErrExist) {
		return false, fmt.Errorf("make the folder of the lab: %w", err)
	}
	for _, name := range files() {
		switch _, err := os.Lstat(filepath.Join(o.Dir, name)); {
		case errors.Is(err, fs.ErrNotExist):
		case err != nil:
			return false, err
		default:
			return false, fmt.Errorf("there is %q in %q already (hint: fleet lab down --dir DIR ends a lab, and cleans up after one)", name, o.Dir)
		}
	}
	return false, nil
}

// removeFiles removes what a lab wrote, and the folder where the lab made it
// and nobody has put anything else there.
func removeFiles(dir string, created bool) error {
	var errs []error
	for _, name := range files() {
		errs = append(errs, os.RemoveAll(filepath.Join(dir, name)))
	}
	if rest, err := os.ReadDir(dir); created && err == nil && len(rest) == 0 {
		errs = append(errs, os.Remove(dir))
	}
	return errors.Join(errs...)
}

func (l *Lab) writeIdentity(key *sshd.Key) error {
	private, err := key.PEM()
	if err != nil {
		return err
	}
	if err := os.WriteFile(l.Identity, private, 0o600); err != nil {
		return err
	}
	return os.WriteFile(l.Identity+".pub", []byte(key.Line()+" fleet-lab\n"), 0o600)
}

// writeFiles writes what describes the hosts, lab.json last.
func (l *Lab) writeFiles(background bool) error {
	var known strings.Builder
	for _, h := range l.hosts {
		fmt.Fprintf(&known, "[%s]:%d %s\n", h.Address, h.Port, h.key.Line())
	}
	b, err := json.MarshalIndent(info{
		PID:        os.Getpid(),
		Background: background,
		Created:    l.created,
		Started:    time.Now().UTC().Truncate(time.Second),
		Mark:       l.children.Mark(),
		Registry:   l.registry,
		Hosts:      l.Hosts,
	}, "", "  ")
	if err != nil {
		return err
	}
	if err := os.Mkdir(filepath.Join(l.Dir, binDir), 0o700); err != nil {
		return err
	}
	for _, f := range []struct {
		name, text string
		mode       fs.FileMode
	}{
		{filepath.Join(binDir, "hostname"), hostnameScript, 0o700},
		{filepath.Join(binDir, "uptime"), uptimeScript, 0o700},
		{knownHostsFile, known.String(), 0o600},
		{inventoryFile, l.inventory(), 0o600},
		{infoFile, string(b) + "\n", 0o600},
	} {
		if err := os.WriteFile(filepath.Join(l.Dir, f.name), []byte(f.text), f.mode); err != nil {
			return err
		}
	}
	return nil
}

const hostnameScript = `#!/bin/sh
# The host of the lab that this command runs on.
echo "$FLEET_LAB_HOST"
`

// uptimeScript makes the hosts differ: what the machine itself says would be
// the same on all of them.
const uptimeScript = `#!/bin/sh
# How long this host of the lab would have been up, were it a real one.
n=${FLEET_LAB_HOST#lab}
n=$(expr "$n" + 0)
printf ' %s up %d days, %2d:%02d,  0 users,  load average: 0.%02d, 0.%02d, 0.%02d\n' \
	"$(date +%H:%M:%S)" $((n % 90 + 1)) $((n * 7 % 24)) $((n * 13 % 60)) \
	$((n * 17 % 100)) $((n * 11 % 100)) $((n * 5 % 100))
`
