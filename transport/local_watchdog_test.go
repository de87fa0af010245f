//go:build !windows

package transport_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"fleet/transport"
)

// victimJob, in the environment, makes this binary a process that carries out one
// of the jobs until it is killed.
const victimJob = "TRANSPORT_TEST_VICTIM"

// victimJobs are commands that hold the pipe $1 open until the last process of
// them has ended.
func victimJobs() map[string]*transport.Command {
	const hold = "exec 9>\"$1\"; "
	return map[string]*transport.Command{
		"a command":        {Script: hold + "echo ready; sleep 600"},
		"with children":    {Script: hold + "sleep 600 & sleep 600 & echo ready; wait"},
		"that is stubborn": {Script: hold + "trap '' TERM; echo ready; sleep 600; sleep 600", Grace: time.Second},
		"that is private":  {Script: hold + "echo ready; sleep 600", Private: true},
		"that has input":   {Script: hold + "echo ready; cat", Stdin: endless{}},
		"of an interpreter": {
			Script: hold + "trap '' TERM; echo ready; sleep 600; sleep 600", Interpreter: []string{"/bin/sh"}, Grace: time.Second,
		},
	}
}

// endless is input that does not come.
type endless struct{}

func (endless) Read([]byte) (int, error) { select {} }

func TestMain(m *testing.M) {
	if job := os.Getenv(victimJob); job != "" {
		c := victimJobs()[job]
		c.Args, c.Stdout = os.Args[1:], os.Stdout
		_, err := transport.Local{}.Run(context.Background(), transport.Target{Name: "here"}, c)
		fmt.Println("it ended:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func TestALocalCommandEndsWhenFleetIsKilled(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for job := range victimJobs() {
		t.Run(job, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			pipe := filepath.Join(dir, "pipe")
			if err := syscall.Mkfifo(pipe, 0o600); err != nil {
				t.Fatal(err)
			}
			held, err := os.OpenFile(pipe, os.O_RDWR, 0)
			if err != nil {
				t.Fatal(err)
			}
			victim := exec.Command(exe, pipe)
			victim.Env = append(os.Environ(), victimJob+"="+job, "TMPDIR="+dir)
			out, err := victim.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := victim.Start(); err != nil {
				t.Fatal(err)
			}
			if line, err := bufio.NewReader(out).ReadString('\n'); line != "ready\n" {
				t.Fatalf("got %q, %v", line, err)
			}
			if err := victim.Process.Signal(syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			_ = victim.Wait()
			reader, err := os.Open(pipe)
			if err != nil {
				t.Fatal(err)
			}
			defer reader.Close()
			if err := held.Close(); err != nil {
				t.Fatal(err)
			}
			if err := reader.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
				t.Fatal(err)
			}
			if _, err := io.ReadAll(reader); err != nil { // the end comes with the last process
				t.Errorf("it goes on: %v", err)
			}
			scripts := filepath.Join(dir, "fleet-script-*")
			tick := time.NewTicker(20 * time.Millisecond)
			defer tick.Stop()
			for deadline := time.Now().Add(time.Minute); ; <-tick.C {
				left, _ := filepath.Glob(scripts)
				if len(left) == 0 {
					break
				}
				if time.Now().After(deadline) {
					t.Fatalf("left %v", left)
				}
			}
		})
	}
}

// What a command leaves behind is not fleet's when it has ended by itself.
func TestALocalCommandThatEndsLeavesItsBackgroundAlone(t *testing.T) {
	for _, private := range []bool{false, true} {
		_, out, _ := local(t, &transport.Command{Script: "sleep 600 >/dev/null 2>&1 3>&- & echo $!", Private: private})
		pid, err := strconv.Atoi(strings.TrimSpace(out))
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Kill(pid, 0); err != nil {
			t.Errorf("private %t: it was ended: %v", private, err)
		}
		_ = syscall.Kill(pid, syscall.SIGKILL)
	}
}
