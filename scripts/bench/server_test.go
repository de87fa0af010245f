package bench

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strconv"
	"sync"
	"testing"

	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"

	"fleet/internal/sshd"
)

// serverEnv makes this program be the server.
const serverEnv = "FLEET_BENCH_SERVER"

func TestMain(m *testing.M) {
	if job := os.Getenv(serverEnv); job != "" {
		if err := serverMain(job); err != nil {
			fmt.Fprintln(os.Stderr, "server:", err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

// A serverJob is what the server process is told.
type serverJob struct {
	Listeners     int
	AuthorizedKey string // base64 of its wire format
}

// A serverReady is what it answers when it listens.
type serverReady struct {
	Ports   []int
	HostKey string // as in known_hosts
}

// startServer starts the server process, which ends with the benchmark.
func startServer(tb testing.TB, job serverJob) serverReady {
	tb.Helper()
	text, err := json.Marshal(job)
	if err != nil {
		tb.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		tb.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), serverEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		tb.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() {
		_ = stdin.Close()
		if err := cmd.Wait(); err != nil {
			tb.Error("the server:", err)
		}
	})
	var ready serverReady
	if err := json.NewDecoder(stdout).Decode(&ready); err != nil {
		tb.Fatal("the server did not start:", err)
	}
	return ready
}

// serverMain is the server process. It ends with its stdin.
func serverMain(text string) error {
	var job serverJob
	if err := json.Unmarshal([]byte(text), &job); err != nil {
		return err
	}
	blob, err := base64.StdEncoding.DecodeString(job.AuthorizedKey)
	if err != nil {
		return err
	}
	key, err := ssh.ParsePublicKey(blob)
	if err != nil {
		return err
	}
	s, err := sshd.New(sshd.Config{AuthorizedKeys: []ssh.PublicKey{key}, Exec: newResponder().answer})
	if err != nil {
		return err
	}
	hostKey := s.HostKey()
	ready := serverReady{HostKey: hostKey.Type() + " " + base64.StdEncoding.EncodeToString(hostKey.Marshal())}
	var serving sync.WaitGroup
	failed := make([]error, job.Listeners)
	for i := range failed {
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return errors.Join(err, s.Close())
		}
		ready.Ports = append(ready.Ports, ln.Addr().(*net.TCPAddr).Port)
		serving.Go(func() { failed[i] = s.Serve(ln) })
	}
	err = json.NewEncoder(os.Stdout).Encode(ready)
	if err == nil {
		_, _ = bufio.NewReader(os.Stdin).ReadByte()
	}
	err = errors.Join(err, s.Close())
	serving.Wait()
	return errors.Join(append(failed, err)...)
}

// A responder answers commands. It understands two things of what it is asked
// to run: the nonce with which the command has to announce itself, and how much
// it is to print.
type responder struct{ nonce, print *regexp.Regexp }

func newResponder() *responder {
	return &responder{
		nonce: regexp.MustCompile(`echo (fleet-[0-9a-f]+) run`),
		print: regexp.MustCompile(`'print ([0-9]+)'`),
	}
}

// answer is every command: it announces itself, prints what it is told to, and
// is done.
func (r *responder) answer(_ context.Context, e *sshd.Exec) int {
	m := r.nonce.FindStringSubmatch(e.Command)
	if m == nil {
		return 127
	}
	if _, err := fmt.Fprintf(e.Stdout, "%s run 1 1\n", m[1]); err != nil {
		return 1
	}
	if m := r.print.FindStringSubmatch(e.Command); m != nil {
		n, err := strconv.ParseInt(m[1], 10, 64)
		if err != nil {
			return 2
		}
		if _, err := io.CopyBuffer(e.Stdout, io.LimitReader(lines{}, n), make([]byte, 64<<10)); err != nil {
			return 1
		}
	}
	return 0
}

// lines is an endless text.
type lines struct{}

func (lines) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = 'x'
	}
	for i := 99; i < len(p); i += 100 {
		p[i] = '\n'
	}
	return len(p), nil
}
