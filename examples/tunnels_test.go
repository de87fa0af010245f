//go:build unix

package examples_test

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
)

// The page on tunnels works as it is written: its files, and its commands, each of
// which prints at least the lines that are shown. Those that stay open are ended
// by Ctrl-C. Its ports are others, which are free.
func TestThePageOnTunnelsWorks(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("FLEET_REQUIRE_SSHD") != "" {
			t.Fatal("curl is missing; make test installs it")
		}
		t.Skip("curl is missing")
	}
	web := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintln(w, "It works.") }))
	t.Cleanup(web.Close)
	_, port, _ := net.SplitHostPort(web.Listener.Addr().String())
	file, err := os.ReadFile("../docs/tunnels.md")
	if err != nil {
		t.Fatal(err)
	}
	base := freePorts(t, 10)
	ports := []string{"8080", port}
	for i := range 10 {
		ports = append(ports, strconv.Itoa(15432+i), strconv.Itoa(base+i))
	}
	text := strings.NewReplacer(ports...).Replace(string(file))

	p := &project{dir: t.TempDir(), home: t.TempDir()}
	runtime := t.TempDir()
	if err := os.Chmod(runtime, 0o700); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.must(t, "lab", "down", "--dir", "lab") })
	for _, block := range blocks(text, "hcl") {
		first, _, _ := strings.Cut(block, "\n")
		p.write(t, strings.TrimPrefix(first, "# "), block)
	}
	tried := 0
	for _, block := range blocks(text, "console") {
		for _, shown := range strings.Split("\n"+block, "\n$ ")[1:] {
			command, want, _ := strings.Cut(shown, "\n")
			got := p.untilCtrlC(t, "XDG_RUNTIME_DIR="+runtime+" "+command)
			if missing := difference(want, got); len(missing) > 0 {
				t.Errorf("%s\nprints\n%s\nand not\n%s", command, got, strings.Join(missing, "\n"))
			}
			tried++
		}
	}
	if tried < 10 {
		t.Errorf("the page shows %d commands", tried)
	}
}

// freePorts is the first of n ports in a row on which nobody listens. They are below
// those that the system hands out, or a connection of another test might take one
// before it is used.
func freePorts(t *testing.T, n int) int {
	t.Helper()
	for range 100 {
		base, all := 10_000+rand.IntN(20_000), []net.Listener(nil)
		for i := range n {
			if l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", base+i)); err == nil {
				all = append(all, l)
			}
		}
		for _, l := range all {
			l.Close()
		}
		if len(all) == n {
			return base
		}
	}
	t.Fatalf("there are no %d free ports in a row", n)
	return 0
}

// A ctrlC is what a command prints. Where it says that Ctrl-C ends it, that is
// what it gets.
type ctrlC struct {
	mu      sync.Mutex
	text    bytes.Buffer // guarded by mu
	pressed bool         // guarded by mu
	process func() *os.Process
}

// Write implements io.Writer.
func (c *ctrlC) Write(b []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.text.Write(b)
	if !c.pressed && strings.Contains(c.text.String(), "Ctrl-C closes") {
		c.pressed = true
		_ = c.process().Signal(syscall.SIGINT)
	}
	return len(b), nil
}

// untilCtrlC returns all that a line of a page shows to who types it, with Ctrl-C
// where it asks for it.
func (p *project) untilCtrlC(t *testing.T, line string) string {
	t.Helper()
	cmd := exec.Command("sh", "-c", "exec env "+line)
	cmd.Dir = p.dir
	cmd.Env = []string{
		"PATH=" + filepath.Dir(program) + ":" + os.Getenv("PATH"), "HOME=" + p.home, "LC_ALL=C", "FLEET_AGENT=off", "FLEET_INVENTORY=lab:.",
	}
	out := &ctrlC{process: func() *os.Process { return cmd.Process }}
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cmd.Stdout, cmd.Stderr = w, w
	err = cmd.Start()
	w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(line, "lab up") { // which leaves a process behind
		_, _ = io.Copy(out, r)
	}
	_ = cmd.Wait() // that a command fails is part of the story
	return out.text.String()
}
