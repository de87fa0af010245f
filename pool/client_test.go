//go:build !windows

package pool_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"fleet/pool"
	"fleet/transport"
)

func itoa(n int) string { return strconv.Itoa(n) }

// A clientJob is what a client process does: a pool in a process of its own,
// which can be killed.
type clientJob struct {
	Address, User, Identity, KnownHosts string
	Port                                int
	Script                              string
	Stdin, TTY                          bool
	Interpreter, Env                    []string
	BecomeUser, Password                string // become root where empty; a Secret does not travel
	Become, AcceptNew                   bool
}

const jobEnv = "FLEET_POOL_TEST_JOB"

// startClient runs job in a process and returns when it has printed its first
// line.
func startClient(t *testing.T, job clientJob) *exec.Cmd {
	t.Helper()
	text, err := json.Marshal(job)
	if err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), helperEnv+"=client", jobEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe() // stays open: the input has no end
	if err != nil {
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
		_ = stdin.Close()
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Errorf("the client printed nothing: %v", err)
	}
	return cmd
}

func (j *clientJob) target() transport.Target {
	policy := transport.HostKeyStrict
	if j.AcceptNew {
		policy = transport.HostKeyAcceptNew
	}
	return transport.Target{
		Name: "host", Address: j.Address, Port: j.Port, User: j.User,
		Login:   transport.Login{Identities: []string{j.Identity}, Explicit: true, IdentitiesOnly: true},
		HostKey: transport.HostKey{Files: []string{j.KnownHosts}, Policy: policy},
		Link:    transport.LinkOptions{ConnectTimeout: time.Minute},
	}
}

// clientMain is the client process.
func clientMain() int {
	var job clientJob
	if err := json.Unmarshal([]byte(os.Getenv(jobEnv)), &job); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	c := &transport.Command{Script: job.Script, Interpreter: job.Interpreter, Env: job.Env, Stdout: os.Stdout, Stderr: os.Stderr, Grace: time.Second}
	if job.Stdin {
		c.Stdin = os.Stdin
	}
	if job.TTY {
		c.TTY = &transport.TTY{}
	}
	if job.Become {
		c.Become = &transport.Become{User: job.BecomeUser, Password: transport.NewSecret(job.Password)}
	}
	p := pool.New(pool.Config{})
	defer p.Close()
	if _, err := p.Run(context.Background(), job.target(), c); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// spliceMain is a ProxyCommand: it connects its stdin and stdout to the address
// that the environment names.
func spliceMain() int {
	nc, err := net.Dial("tcp", os.Getenv(jobEnv))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	var both sync.WaitGroup
	both.Go(func() {
		_, _ = io.Copy(nc, os.Stdin)
		_ = nc.(*net.TCPConn).CloseWrite()
	})
	both.Go(func() {
		_, _ = io.Copy(os.Stdout, nc)
		_ = os.Stdout.Close()
	})
	both.Wait()
	return 0
}

// spliceCommand is the ProxyCommand that leads to addr.
func spliceCommand(t *testing.T, addr string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Join([]string{helperEnv + "=splice", jobEnv + "=" + addr, pool.Quote(self)}, " ")
}
