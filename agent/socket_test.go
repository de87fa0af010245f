//go:build !windows

package agent

import (
	"bytes"
	"errors"
	"io"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fleet/internal/rundir"
)

func listenAt(t *testing.T, path string) net.Listener {
	t.Helper()
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return ln
}

func TestAnAgentLeavesTheSocketOfTheNextOneWhereItIs(t *testing.T) {
	path := filepath.Join(filepath.Dir(socketPath(t)), "new", "agent.sock")
	first := listenAt(t, path)
	if err := os.RemoveAll(filepath.Dir(path)); err != nil { // a logout does that
		t.Fatal(err)
	}
	listenAt(t, path)
	if err := first.Close(); err != nil {
		t.Error(err)
	}
	conn, err := dialSocket(t.Context(), path)
	if err != nil {
		t.Fatal("the second agent is not reached: ", err)
	}
	_ = conn.Close()
}

func TestTheSocketIsForItsUserAloneAndGoesWithItsListener(t *testing.T) {
	path := socketPath(t)
	path = filepath.Join(filepath.Dir(path), "new", "agent.sock")
	if err := checkSocket(path); !errors.Is(err, ErrNotRunning) {
		t.Errorf("before: got %v", err)
	}
	ln := listenAt(t, path)
	if err := checkSocket(path); err != nil {
		t.Error(err)
	}
	for name, want := range map[string]fs.FileMode{path: 0o600, path + ".lock": 0o600, filepath.Dir(path): 0o700} {
		if info, err := os.Lstat(name); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: got %v, %v, want %v", name, info, err, want)
		}
	}
	conn, err := dialSocket(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if c, err := ln.Accept(); err != nil {
		t.Error(err)
	} else if err := c.Close(); err != nil {
		t.Error(err)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Lstat(path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the socket is there: %v", err)
	}
	if _, err := dialSocket(t.Context(), path); !errors.Is(err, ErrNotRunning) {
		t.Errorf("after: got %v", err)
	}
}

func TestThereIsOneAgent(t *testing.T) {
	path := socketPath(t)
	ln := listenAt(t, path)
	if _, err := Listen(path); !errors.Is(err, ErrRunning) {
		t.Errorf("a second one: got %v", err)
	}
	// A program that cleans folders of temporary files takes the lock away.
	if err := os.Remove(path + ".lock"); err != nil {
		t.Fatal(err)
	}
	if _, err := Listen(path); !errors.Is(err, ErrRunning) {
		t.Errorf("without its lock: got %v", err)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	listenAt(t, path)
}

func TestASocketIsNotMadeWhereItWouldNotBeSafe(t *testing.T) {
	for _, test := range []struct {
		name string
		make func(path string) string // the path to use
		want string
	}{
		{"a path without a root", func(string) string { return "agent.sock" }, "must begin at the root"},
		{"a path of 104 bytes", func(path string) string {
			return path + strings.Repeat("x", 104-len(path))
		}, "a path of 104 bytes is too long"},
		{"a folder that others may enter", func(path string) string {
			_ = os.Chmod(filepath.Dir(path), 0o711)
			return path
		}, "others may enter it"},
		{"a link to a folder", func(path string) string {
			_ = os.Mkdir(filepath.Join(filepath.Dir(path), "real"), 0o700)
			_ = os.Symlink("real", filepath.Join(filepath.Dir(path), "link"))
			return filepath.Join(filepath.Dir(path), "link", "agent.sock")
		}, "it is not a folder"},
		{"a folder in one where everybody writes", func(path string) string {
			_ = os.Chmod(filepath.Dir(path), 0o777)
			return filepath.Join(filepath.Dir(path), "in", "agent.sock")
		}, "everybody may rename"},
		{"a file in its place", func(path string) string {
			_ = os.WriteFile(path, nil, 0o600)
			return path
		}, "is not a socket"},
		{"a link in place of its lock", func(path string) string {
			_ = os.Symlink("elsewhere", path+".lock")
			return path
		}, "lock:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := test.make(socketPath(t))
			ln, err := Listen(path)
			if err == nil {
				_ = ln.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if err := checkSocket(path); err == nil {
				t.Error("a client would use it")
			}
		})
	}
}

func TestTheLongestPathIsTaken(t *testing.T) {
	path := socketPath(t)
	listenAt(t, path+strings.Repeat("x", rundir.MaxPath-len(path)))
}

// childMode, in the environment, makes the test's program another process.
const childMode = "FLEET_AGENT_TEST"

// TestAnotherProcess is what child runs.
func TestAnotherProcess(t *testing.T) {
	path := os.Getenv("FLEET_AGENT_TEST_SOCKET")
	switch os.Getenv(childMode) {
	case "agent": // until it is killed
		if _, err := Listen(path); err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("ready\n")
		_, _ = io.Copy(io.Discard, os.Stdin)
	case "client": // tells what it is told
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "GET /v1/status HTTP/1.1\r\nHost: agent\r\n\r\n")
		_, _ = io.Copy(os.Stdout, conn)
		_ = conn.Close()
	case "trap": // tells what a client says
		ln, err := net.Listen("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		_, _ = os.Stdout.WriteString("ready\n")
		conn, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.Copy(os.Stdout, conn)
		_, _ = os.Stdout.WriteString("end\n")
	case "passed":
		ln, err := FromSystemd(func(name string) string {
			if name == "LISTEN_PID" {
				return strconv.Itoa(os.Getpid())
			}
			return os.Getenv(name)
		})
		if err != nil || ln == nil {
			t.Fatalf("got %v, %v", ln, err)
		}
		conn, err := ln.Accept()
		if err != nil {
			t.Fatal(err)
		}
		_, _ = io.WriteString(conn, "served\n")
		_ = conn.Close()
		if err := ln.Close(); err != nil {
			t.Error(err)
		}
		_, _ = os.Stdout.WriteString("closed\n")
	}
}

// child prepares this program as another process.
func child(t *testing.T, mode, path string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAnotherProcess$", "-test.timeout=60s")
	cmd.Env = append(os.Environ(), childMode+"="+mode, "FLEET_AGENT_TEST_SOCKET="+path)
	cmd.Dir = "/"
	return cmd
}

// asNobody lets cmd run as another user, who may not reach the program where it is.
func asNobody(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	program, err := os.ReadFile(cmd.Path)
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Dir(socketPath(t))
	cmd.Path = filepath.Join(dir, "child")
	if err := errors.Join(os.Chmod(dir, 0o755), os.WriteFile(cmd.Path, program, 0o600), os.Chmod(cmd.Path, 0o755)); err != nil {
		t.Fatal(err)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
}

// start runs cmd until it says that it is ready; the rest of its output is read
// from the result.
func start(t *testing.T, cmd *exec.Cmd) io.Reader {
	t.Helper()
	if _, err := cmd.StdinPipe(); err != nil { // it ends with the test
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	ready := make([]byte, len("ready\n"))
	if _, err := io.ReadFull(out, ready); err != nil || string(ready) != "ready\n" {
		rest, _ := io.ReadAll(out)
		t.Fatalf("got %q, %v", append(ready, rest...), err)
	}
	return out
}

func TestWhatAKilledAgentLeavesBehindIsNoHindrance(t *testing.T) {
	path := socketPath(t)
	cmd := child(t, "agent", path)
	start(t, cmd)
	if _, err := Listen(path); !errors.Is(err, ErrRunning) {
		t.Errorf("while it lives: got %v", err)
	}
	if err := cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait()
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("it cleaned up: %v", err)
	}
	if _, err := dialSocket(t.Context(), path); !errors.Is(err, ErrNotRunning) {
		t.Errorf("a client: got %v", err)
	}
	listenAt(t, path)
}

func TestAnotherUserIsTurnedAway(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	path := socketPath(t)
	ln := listenAt(t, path)
	// As if folder and socket had been opened to all.
	if err := errors.Join(os.Chmod(filepath.Dir(path), 0o755), os.Chmod(path, 0o666)); err != nil {
		t.Fatal(err)
	}
	accepted := make(chan error, 1)
	go func() { // ends with ln
		_, err := ln.Accept()
		accepted <- err
	}()
	cmd := child(t, "client", path)
	asNobody(t, cmd)
	out, err := cmd.CombinedOutput()
	if err != nil || !bytes.HasPrefix(out, []byte("HTTP/1.1 403 ")) || !bytes.Contains(out, []byte(strangerText)) {
		t.Errorf("got %q, %v", out, err)
	}
	if err := ln.Close(); err != nil {
		t.Error(err)
	}
	if err := <-accepted; !errors.Is(err, net.ErrClosed) {
		t.Errorf("it was let in: %v", err)
	}
}

func TestNothingIsSaidToAnotherUsersProgram(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can be another user")
	}
	path := socketPath(t)
	if err := os.Chown(filepath.Dir(path), 65534, 65534); err != nil {
		t.Fatal(err)
	}
	cmd := child(t, "trap", path)
	asNobody(t, cmd)
	out := start(t, cmd)
	if err := checkSocket(path); err == nil || !strings.Contains(err.Error(), "belongs to another user") {
		t.Errorf("its folder: got %v", err)
	}
	if err := os.Chown(filepath.Dir(path), 0, 0); err != nil {
		t.Fatal(err)
	}
	if err := checkSocket(path); !errors.Is(err, errForeign) {
		t.Errorf("its socket: got %v", err)
	}
	if err := os.Chown(path, 0, 0); err != nil {
		t.Fatal(err)
	}
	if _, err := dialSocket(t.Context(), path); !errors.Is(err, errForeign) {
		t.Errorf("its process: got %v", err)
	}
	said := make([]byte, len("end\n"))
	if _, err := io.ReadFull(out, said); err != nil || string(said) != "end\n" {
		t.Errorf("it was told %q, %v", said, err)
	}
}

func TestTheSocketOfSystemdIsServedAndLeft(t *testing.T) {
	path := socketPath(t)
	ln, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	file, err := ln.File()
	if err != nil {
		t.Fatal(err)
	}
	cmd := child(t, "passed", path)
	cmd.Env = append(cmd.Env, "LISTEN_FDS=1")
	cmd.ExtraFiles = []*os.File{file}
	var out bytes.Buffer
	cmd.Stdout = &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = file.Close()
	conn, err := net.Dial("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(time.Minute)) // where the child fails, nobody accepts
	if got, err := io.ReadAll(conn); err != nil || string(got) != "served\n" {
		t.Errorf("got %q, %v", got, err)
	}
	if err := cmd.Wait(); err != nil || !strings.Contains(out.String(), "closed\n") {
		t.Errorf("got %q, %v", out.String(), err)
	}
	if _, err := os.Lstat(path); err != nil {
		t.Errorf("systemd's socket was removed: %v", err)
	}
	if _, err := Listen(path); !errors.Is(err, ErrRunning) { // systemd listens, and starts the agent
		t.Errorf("got %v", err)
	}
}

func TestWhatWasPassedToAnotherProcessIsLeftAlone(t *testing.T) {
	mine := strconv.Itoa(os.Getpid())
	for _, test := range []struct{ pid, fds, want string }{
		{"", "", ""},
		{"1", "1", ""},
		{mine, "0", ""},
		{mine, "2", "2 sockets were passed"},
		{mine, "many", "not a number"},
	} {
		ln, err := FromSystemd(func(name string) string {
			return map[string]string{"LISTEN_PID": test.pid, "LISTEN_FDS": test.fds}[name]
		})
		if ln != nil || (err == nil) != (test.want == "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%+v: got %v, %v", test, ln, err)
		}
	}
}
