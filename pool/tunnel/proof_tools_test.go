//go:build !windows

package tunnel_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"fleet/internal/forward"
	"fleet/pool/tunnel"
)

// need is the path of a tool that a test drives.
func need(t *testing.T, tool, pkg string) string {
	t.Helper()
	path, err := exec.LookPath(tool)
	if err != nil {
		if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
			t.Fatalf("%s is needed and was not found: install %s", tool, pkg)
		}
		t.Skipf("%s was not found: install %s to test with it", tool, pkg)
	}
	return path
}

// tool runs a program to its end and returns all that it printed.
func tool(t *testing.T, stdin []byte, path string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdin = bytes.NewReader(stdin)
	cmd.WaitDelay = time.Second
	// No proxy of the machine's, nobody's settings.
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + t.TempDir(), "no_proxy=none"}
	out, err := cmd.CombinedOutput()
	return string(out), err
}

// curl runs curl, quietly unless it fails.
func curl(t *testing.T, stdin []byte, args ...string) (string, error) {
	t.Helper()
	path := need(t, "curl", "curl")
	return tool(t, stdin, path, append([]string{"-q", "-sS", "--max-time", fmt.Sprint(int(patience.Seconds()))}, args...)...)
}

// sum is the answer of the web server to a body.
func sum(body []byte) string { return fmt.Sprintf("%x of %d bytes", sha256.Sum256(body), len(body)) }

// website serves at network and addr: with / a greeting, with /big many bytes,
// and of whatever is sent to it the sum.
func website(t *testing.T, network, addr string) forward.Endpoint {
	t.Helper()
	ln, err := net.Listen(network, addr)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "hello") })
	mux.HandleFunc("GET /big", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(big()) })
	mux.HandleFunc("POST /", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		_, _ = io.WriteString(w, sum(body))
	})
	s := &http.Server{Handler: mux, ReadHeaderTimeout: patience}
	served := make(chan struct{})
	go func() { // ends with the listener
		defer close(served)
		_ = s.Serve(ln)
	}()
	t.Cleanup(func() {
		_ = s.Close()
		<-served
	})
	if a, ok := ln.Addr().(*net.TCPAddr); ok {
		return forward.TCP(a.IP.String(), a.Port)
	}
	return forward.Unix(addr)
}

// big is more than any window or buffer on the way holds.
func big() []byte { return bytes.Repeat([]byte("0123456789abcdef"), 3<<16) }

// url is where a website is found, and how curl gets there.
func url(e forward.Endpoint) (string, []string) {
	if e.IsUnix() {
		return "http://socket", []string{"--unix-socket", e.Address}
	}
	return "http://" + e.Address, nil
}

// browse visits all of a website, straight or, with more arguments, through
// something.
func browse(t *testing.T, e forward.Endpoint, args ...string) {
	t.Helper()
	base, more := url(e)
	args = append(more, args...)
	if out, err := curl(t, nil, append(args, base+"/")...); err != nil || out != "hello" {
		t.Errorf("%v %s: %q, %v", args, base, out, err)
	}
	if out, err := curl(t, nil, append(args, base+"/big")...); err != nil || out != string(big()) {
		t.Errorf("%v %s: %d bytes, %.200q, %v; want %d", args, base, len(out), out, err, len(big()))
	}
	if out, err := curl(t, big(), append(args, "--data-binary", "@-", base+"/")...); err != nil || out != sum(big()) {
		t.Errorf("%v %s: %.200q, %v; want %s", args, base, out, err, sum(big()))
	}
}

// listens is where forward i of a set listens.
func listens(s *tunnel.Set, i int) forward.Endpoint { return s.Status()[i].Listen }

// parse is a rule in the syntax of ssh, whose parts are strung together.
func parse(t *testing.T, kind forward.Kind, parts ...string) forward.Rule {
	t.Helper()
	r, err := forward.Parse(kind, strings.Join(parts, ":"))
	if err != nil {
		t.Fatal(err)
	}
	return r
}
