package bench

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// realName is the host of realSSHD in its ssh_config.
const realName = "bench"

// A realSSHD is OpenSSH's server, a process for each connection. What is measured
// connects to it by an ssh_config.
type realSSHD struct {
	port   int
	dir    string
	config string // of sshd

	mu      sync.Mutex
	running map[*exec.Cmd]bool // guarded by mu
	closed  bool               // guarded by mu
}

// startSSHD starts a server, with more lines in its config, that ends with the
// benchmark.
func startSSHD(b *testing.B, more ...string) *realSSHD {
	b.Helper()
	sshd := need(b, "sshd")
	need(b, "ssh")
	s := &realSSHD{dir: b.TempDir(), running: map[*exec.Cmd]bool{}}
	hostKey := s.mkdir(b, "host")
	_, public := newIdentity(b, hostKey)
	s.write(b, "known_hosts", fmt.Sprintf("%s %s %s\n", realName, public.Type(), base64.StdEncoding.EncodeToString(public.Marshal())))
	_, public = newIdentity(b, s.dir)
	s.write(b, "authorized_keys", fmt.Sprintf("%s %s\n", public.Type(), base64.StdEncoding.EncodeToString(public.Marshal())))
	s.config = s.write(b, "sshd_config", strings.Join(append([]string{
		"HostKey " + filepath.Join(hostKey, "id_ed25519"),
		"AuthorizedKeysFile " + filepath.Join(s.dir, "authorized_keys"),
		"StrictModes no", "UsePAM no", "LogLevel ERROR", "PidFile none", "PermitRootLogin yes",
		// What the shell of whoever measures does as it starts belongs to no figure.
		"SetEnv HOME=" + s.mkdir(b, "home"),
	}, append(more, "")...), "\n"))
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	s.port = ln.Addr().(*net.TCPAddr).Port
	var serving sync.WaitGroup
	serving.Go(func() { // ends with the listener
		for {
			nc, err := ln.Accept()
			if err != nil {
				return
			}
			serving.Go(func() { s.serve(b, sshd, nc.(*net.TCPConn)) })
		}
	})
	b.Cleanup(func() {
		_ = ln.Close()
		s.end()
		serving.Wait()
	})
	return s
}

func need(b *testing.B, tool string) string {
	b.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		b.Skipf("%s was not found: install OpenSSH to compare with it", tool)
	}
	return path
}

// serve is one connection: sshd has the socket itself, so that nothing is between
// it and the client. It may open as many files as the system allows.
func (s *realSSHD) serve(b *testing.B, sshd string, nc *net.TCPConn) {
	defer nc.Close()
	f, err := nc.File()
	if err != nil {
		b.Error(err)
		return
	}
	defer f.Close()
	cmd := exec.Command("sh", "-c", `ulimit -n "$(ulimit -Hn)"; exec "$@"`, "sh", sshd, "-i", "-f", s.config, "-E", filepath.Join(s.dir, "sshd.log"))
	cmd.Stdin, cmd.Stdout = f, f
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return
	}
	if err = cmd.Start(); err == nil {
		s.running[cmd] = true
	}
	s.mu.Unlock()
	if err != nil {
		b.Error(err)
		return
	}
	_ = nc.Close()
	_ = cmd.Wait() // its status says how the client left
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.running, cmd)
}

// end ends connections that their clients left open.
func (s *realSSHD) end() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	for cmd := range s.running {
		_ = cmd.Process.Kill()
	}
}

// clientConfig writes the ssh_config of the clients, which connect at port.
func (s *realSSHD) clientConfig(b *testing.B, port int, more ...string) string {
	b.Helper()
	return s.write(b, fmt.Sprintf("ssh_config.%d", port), s.hostConfig(b, realName, port, more...))
}

// hostConfig is the part of an ssh_config about the server, which is called name
// there.
func (s *realSSHD) hostConfig(b *testing.B, name string, port int, more ...string) string {
	b.Helper()
	me, err := user.Current()
	if err != nil {
		b.Fatal(err)
	}
	return strings.Join(append([]string{
		"Host " + name, "HostName 127.0.0.1", "HostKeyAlias " + realName, fmt.Sprint("Port ", port), "User " + me.Username,
		"IdentityFile " + filepath.Join(s.dir, "id_ed25519"), "IdentitiesOnly yes", "IdentityAgent none",
		"UserKnownHostsFile " + filepath.Join(s.dir, "known_hosts"), "GlobalKnownHostsFile none",
		"StrictHostKeyChecking yes", "BatchMode yes", "LogLevel ERROR", "KexAlgorithms curve25519-sha256",
	}, append(more, "")...), "\n")
}

// cipher is what a client chooses for what it receives.
func (s *realSSHD) cipher(b *testing.B, config string, ssh bool) string {
	b.Helper()
	if ssh {
		out, _ := exec.Command("ssh", "-v", "-F", config, realName, "true").CombinedOutput()
		_, after, _ := strings.Cut(string(out), "server->client cipher: ")
		name, _, _ := strings.Cut(after, " ")
		return name
	}
	out, err := s.client(fleetBinary(b), "trace", "-F", config, "--format", "json", realName).Output()
	if err != nil {
		b.Fatal("fleet trace: ", err)
	}
	var steps []struct {
		Algorithms []struct{ Use, Chosen string }
	}
	if err := json.Unmarshal(out, &steps); err != nil {
		b.Fatal(err)
	}
	for _, step := range steps {
		for _, a := range step.Algorithms {
			if a.Use == "cipher from server" {
				return a.Chosen
			}
		}
	}
	return ""
}

// client is a command with no settings of the user's.
func (s *realSSHD) client(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Dir = s.dir
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + s.dir, "XDG_RUNTIME_DIR=" + s.dir, "XDG_STATE_HOME=" + s.dir, "XDG_CACHE_HOME=" + s.dir}
	cmd.Stderr = os.Stderr
	return cmd
}

func (s *realSSHD) mkdir(b *testing.B, name string) string {
	b.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.Mkdir(path, 0o700); err != nil {
		b.Fatal(err)
	}
	return path
}

func (s *realSSHD) write(b *testing.B, name, text string) string {
	b.Helper()
	path := filepath.Join(s.dir, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		b.Fatal(err)
	}
	return path
}
