package main

import (
	"bytes"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"fleet/pool/tunnel"
)

// runtimeEnv is an environment with a folder for sockets of its own.
func runtimeEnv(t *testing.T) *env {
	t.Helper()
	dir, err := os.MkdirTemp("", "rt") // that of the test may be too long for sockets
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return &env{lookup: func(name string) (string, bool) { return dir, name == "XDG_RUNTIME_DIR" }}
}

func TestOpenTunnelsAreFoundAndDeadSocketsRemoved(t *testing.T) {
	e := runtimeEnv(t)
	a := newApp(*e)
	status := fakeTunnels(2, tunnel.StateReady, nil)
	s, err := newStatusServer(e, func() []tunnelState { return []tunnelState{a.describeOpen(&status[0]), a.describeOpen(&status[1])} }, nil)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := tunnelDir(e, false)
	if err != nil {
		t.Fatal(err)
	}
	dead := filepath.Join(dir, "1-dead.sock")
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: dead, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()

	list, silent, err := openTunnels(e)
	if err != nil || len(silent) > 0 || len(list) != 2 || list[1].Listen != "127.0.0.1:15433" || list[0].PID != os.Getpid() {
		t.Errorf("got %+v, %v", list, err)
	}
	if _, err := os.Lstat(dead); !os.IsNotExist(err) {
		t.Errorf("the dead socket is there: %v", err)
	}
	s.close()
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 0 {
		t.Errorf("the folder has %v, %v", entries, err)
	}
}

func TestAFolderThatOthersMayEnterIsNotUsed(t *testing.T) {
	e := runtimeEnv(t)
	dir := e.value("XDG_RUNTIME_DIR")
	if err := os.Mkdir(filepath.Join(dir, "fleet"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(filepath.Join(dir, "fleet"), 0o755); err != nil {
		t.Fatal(err)
	}
	if _, err := newStatusServer(e, nil, nil); err == nil || !strings.Contains(err.Error(), "others may enter it") {
		t.Errorf("got %v", err)
	}
	other := filepath.Join(dir, "elsewhere")
	if err := os.Mkdir(other, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(dir, "fleet")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(dir, "fleet")); err != nil {
		t.Fatal(err)
	}
	if _, err := newStatusServer(e, nil, nil); err == nil || !strings.Contains(err.Error(), "not a folder") {
		t.Errorf("got %v", err)
	}
}

func TestAProcessThatDoesNotAnswerIsNamed(t *testing.T) {
	t.Parallel()
	e := runtimeEnv(t)
	if list, silent, err := openTunnels(e); list != nil || silent != nil || err != nil {
		t.Errorf("without a folder: got %v, %v, %v", list, silent, err)
	}
	if _, err := os.Lstat(filepath.Join(e.value("XDG_RUNTIME_DIR"), "fleet")); !os.IsNotExist(err) {
		t.Errorf("a folder was made to look into it: %v", err)
	}
	dir, err := tunnelDir(e, true)
	if err != nil {
		t.Fatal(err)
	}
	mute, err := listenPrivately(filepath.Join(dir, "812-a.new"), filepath.Join(dir, "812-a.sock"))
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close() // nobody accepts meanwhile
	if info, err := os.Lstat(filepath.Join(dir, "812-a.sock")); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the socket: %v, %v", info, err)
	}
	if list, silent, err := openTunnels(e); list != nil || !slices.Equal(silent, []string{"812"}) || err != nil {
		t.Errorf("got %v, %v, %v", list, silent, err)
	}
}

func TestANarrowTableLeavesEmptyColumnsOut(t *testing.T) {
	list := []tunnelState{{tunnelDocument: tunnelDocument{Name: "pg", Host: "db1", Kind: "local", Listen: "127.0.0.1:1", Target: "localhost:5432", State: "closed"}}}
	for width, want := range map[int]string{
		100: "NAME  HOST  KIND   LISTEN       TARGET          STATE   CONNS  IN  OUT  RTT  LAST ERROR\n",
		60:  "NAME  HOST  KIND   LISTEN       TARGET          STATE\n",
	} {
		var b bytes.Buffer
		if err := writeStates(&b, list, width); err != nil {
			t.Fatal(err)
		}
		if first, _, _ := strings.Cut(b.String(), "\n"); first+"\n" != want {
			t.Errorf("at %d columns got %q, want %q", width, first, want)
		}
	}
}
