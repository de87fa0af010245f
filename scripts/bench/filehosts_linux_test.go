package bench

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// fileHosts are real servers on which all that logs in begins in a folder of its
// own, as on machines of their own.
type fileHosts struct {
	names   []string
	homes   []string
	servers []*realSSHD
	config  string // ssh_config of the clients
}

// startFileHosts starts n servers that are roundTrip away.
func startFileHosts(b *testing.B, n int, roundTrip time.Duration) *fileHosts {
	b.Helper()
	need(b, "scp")
	server := sftpServer(b)
	h := &fileHosts{}
	var config strings.Builder
	for i := range n {
		home := b.TempDir()
		s := startSSHD(b, "Subsystem sftp "+server, fmt.Sprintf(`ForceCommand cd %[1]s && export HOME=%[1]s && exec sh -c "$SSH_ORIGINAL_COMMAND"`, home))
		port := s.port
		if roundTrip > 0 {
			port = startFar(b, port, roundTrip)
		}
		name := fmt.Sprintf("bench%02d", i)
		config.WriteString(s.hostConfig(b, name, port))
		h.names, h.homes, h.servers = append(h.names, name), append(h.homes, home), append(h.servers, s)
	}
	h.config = h.servers[0].write(b, "ssh_config", config.String())
	return h
}

// sftpServer is where OpenSSH has its sftp server.
func sftpServer(b *testing.B) string {
	b.Helper()
	for _, path := range []string{"/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/libexec/sftp-server", "/usr/lib/ssh/sftp-server"} {
		if _, err := os.Stat(path); err == nil {
			return path
		}
	}
	b.Skip("no sftp-server was found: install OpenSSH's to compare with it")
	return ""
}

// fleet is a command of fleet on all hosts.
func (h *fileHosts) fleet(b *testing.B, command string, args ...string) *exec.Cmd {
	b.Helper()
	all := []string{command, "-q", "-F", h.config, "-w", strings.Join(h.names, ","), "--yes"}
	return h.servers[0].client(fleetBinary(b), append(all, args...)...)
}

// scp is a run of scp. It lasts until the one ssh it starts has ended.
func (h *fileHosts) scp(from, to string) *exec.Cmd {
	return h.servers[0].client("scp", "-q", "-F", h.config, from, to)
}

// rsync is a run of rsync over ssh.
func (h *fileHosts) rsync(from, to string) *exec.Cmd {
	return h.servers[0].client("rsync", "-a", "-e", "ssh -F "+h.config, from, to)
}

// clear empties the homes.
func (h *fileHosts) clear(b *testing.B) {
	b.Helper()
	for _, home := range h.homes {
		empty(b, home)
	}
}

func empty(b *testing.B, dir string) {
	b.Helper()
	list, err := os.ReadDir(dir)
	if err != nil {
		b.Fatal(err)
	}
	for _, e := range list {
		if err := os.RemoveAll(filepath.Join(dir, e.Name())); err != nil {
			b.Fatal(err)
		}
	}
}

// A cost is what clients took: the wall time until the last has ended, the
// processor time of all with what they started, and the most memory of one. To
// Linux a new program has taken as much memory as the one that started it, which
// is why this one keeps little.
type cost struct{ wall, cpu, peak float64 } // seconds, seconds, MB

// spend runs clients at the same time. All have to succeed.
func spend(b *testing.B, clients ...*exec.Cmd) cost {
	b.Helper()
	began := time.Now()
	for _, c := range clients {
		if err := c.Start(); err != nil {
			b.Fatal(err)
		}
	}
	var u cost
	var failed error
	for _, c := range clients {
		if err := c.Wait(); err != nil {
			failed = fmt.Errorf("%s: %w", strings.Join(c.Args, " "), err)
			continue
		}
		u.cpu += (c.ProcessState.UserTime() + c.ProcessState.SystemTime()).Seconds()
		if r, ok := c.ProcessState.SysUsage().(*syscall.Rusage); ok {
			u.peak = max(u.peak, float64(r.Maxrss)*1024/1e6)
		}
	}
	if failed != nil {
		b.Fatal(failed)
	}
	u.wall = time.Since(began).Seconds()
	return u
}

// noise writes a file that cannot be compressed.
func noise(b *testing.B, path string, size int64) {
	b.Helper()
	f, err := os.Create(path)
	if err == nil {
		_, err = io.CopyN(f, rand.NewChaCha8([32]byte{1}), size)
		err = errors.Join(err, f.Close())
	}
	if err != nil {
		b.Fatal(err)
	}
}

// same fails unless both files have the same content.
func same(b *testing.B, a, other string) {
	b.Helper()
	if out, err := exec.Command("cmp", a, other).CombinedOutput(); err != nil {
		b.Fatalf("%v: %s", err, out)
	}
}
