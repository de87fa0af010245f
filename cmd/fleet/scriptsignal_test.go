//go:build unix

package main

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

// signalPatience bounds what "signal" runs.
const signalPatience = 40 * time.Second

// newMark is a time to sleep that nobody else sleeps: $MARK of a script.
func newMark() string { return "7000." + strconv.FormatUint(rand.Uint64(), 10) }

// signalCommand is the command "signal" of scripts.
func signalCommand(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 4 {
		ts.Fatalf("usage: signal STATUS TEXT SIGNAL[,SIGNAL] COMMAND...")
	}
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	path, err := exec.LookPath(args[3])
	ts.Check(err)
	ctx, cancel := context.WithTimeout(context.Background(), signalPatience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args[4:]...)
	cmd.Dir, cmd.Env = ts.MkAbs("."), scriptEnv(ts)
	out := watch(args[1])
	cmd.Stdout, cmd.Stderr = io.MultiWriter(out, ts.Stdout()), io.MultiWriter(out, ts.Stderr())
	ts.Check(cmd.Start())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
	}()
	if file, ok := strings.CutPrefix(args[1], "@"); ok {
		go out.await(ts.MkAbs(file), ended)
	}
	select {
	case <-out.seen:
	case <-ended:
		ts.Fatalf("it ended before it said %q: %s", args[1], out)
	}
	for i, name := range strings.Split(args[2], ",") {
		if i > 0 {
			<-time.After(2 * echo) // the pace of a person: closer together they are one
		}
		ts.Check(cmd.Process.Signal(signals()[name]))
	}
	<-ended
	if got := cmd.ProcessState.ExitCode(); got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

func signals() map[string]os.Signal {
	return map[string]os.Signal{
		"INT": syscall.SIGINT, "TERM": syscall.SIGTERM, "HUP": syscall.SIGHUP, "KILL": syscall.SIGKILL,
		"QUIT": syscall.SIGQUIT,
	}
}

// A watched output tells when a text was written.
type watched struct {
	text string
	seen chan struct{}

	mu  sync.Mutex
	buf bytes.Buffer
}

func watch(text string) *watched { return &watched{text: text, seen: make(chan struct{})} }

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := strings.Contains(w.buf.String(), w.text)
	w.buf.Write(p)
	if !before && strings.Contains(w.buf.String(), w.text) {
		close(w.seen)
	}
	return len(p), nil
}

// await takes a file that is not empty for the text, until ended is closed.
func (w *watched) await(file string, ended <-chan struct{}) {
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ended:
			return
		case <-tick.C:
			if info, err := os.Stat(file); err == nil && info.Size() > 0 {
				_, _ = w.Write([]byte(w.text))
				return
			}
		}
	}
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// goneCommand is the command "gone" of scripts.
func goneCommand(ts *testscript.TestScript, neg bool, args []string) {
	within := time.Duration(0)
	if len(args) == 1 {
		var err error
		within, err = time.ParseDuration(args[0])
		ts.Check(err)
	}
	mark := ts.Getenv("MARK")
	if neg {
		eventually(ts, "somebody sleeps", func() bool { return len(sleepers(mark)) > 0 })
		return
	}
	if left := waitGone(mark, within); len(left) > 0 {
		ts.Fatalf("processes are left: %v", left)
	}
}

// eventually waits until what holds.
func eventually(t interface{ Fatalf(string, ...any) }, what string, holds func() bool) {
	deadline := time.Now().Add(patience)
	for !holds() {
		if time.Now().After(deadline) {
			t.Fatalf("still not: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// waitGone waits until nobody sleeps for mark, and returns who does after that.
func waitGone(mark string, within time.Duration) []int {
	deadline := time.Now().Add(within)
	for {
		left := sleepers(mark)
		if len(left) == 0 || time.Now().After(deadline) {
			return left
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// sleepers are the processes "sleep mark" of this machine. It knows of them
// where there is /proc.
func sleepers(mark string) []int {
	files, _ := filepath.Glob("/proc/[0-9]*/cmdline")
	var found []int
	for _, file := range files {
		line, err := os.ReadFile(file)
		if err != nil || string(line) != "sleep\x00"+mark+"\x00" {
			continue
		}
		pid, _ := strconv.Atoi(filepath.Base(filepath.Dir(file)))
		found = append(found, pid)
	}
	return found
}
