//go:build !windows

package tunnel_test

import (
	"fmt"
	"net"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"fleet/internal/forward"
	"fleet/pool/tunnel"
)

// redis starts a redis-server, which listens at a socket and at a port.
func redis(t *testing.T) (socket, tcp forward.Endpoint) {
	t.Helper()
	path := need(t, "redis-server", "redis-server")
	dir := t.TempDir()
	socket = forward.Unix(filepath.Join(dir, "redis.sock"))
	for range 10 {
		// It cannot choose a port by itself: another may take this one first.
		ln, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			t.Fatal(err)
		}
		tcp = forward.TCP("127.0.0.1", ln.Addr().(*net.TCPAddr).Port)
		if err := ln.Close(); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(path, "--bind", "127.0.0.1", "--port", fmt.Sprint(tcp.Port()), "--unixsocket", socket.Address,
			"--dir", dir, "--save", "", "--appendonly", "no", "--daemonize", "no", "--logfile", "")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan struct{})
		go func() { // ends with the process
			defer close(ended)
			_ = cmd.Wait()
		}()
		over := false
		eventually(t, "redis answers, or has ended", func() bool {
			select {
			case <-ended:
				over = true
				return true
			default:
			}
			nc, err := net.Dial("unix", socket.Address)
			if err == nil {
				_ = nc.Close()
			}
			return err == nil
		})
		if over {
			continue
		}
		t.Cleanup(func() {
			_ = cmd.Process.Kill()
			<-ended
		})
		return socket, tcp
	}
	t.Fatal("redis-server does not stay")
	return socket, tcp
}

func TestRedisIsReachedThroughALocalForward(t *testing.T) {
	socket, tcp := redis(t)
	cli := need(t, "redis-cli", "redis-tools")
	here := filepath.Join(t.TempDir(), "r")
	s := up(t, serveReal(t), tunnel.Wait,
		parse(t, forward.Local, "0", tcp.Address),
		parse(t, forward.Local, "[::1]", "0", tcp.Address),
		parse(t, forward.Local, "0", socket.Address),
		parse(t, forward.Local, here, tcp.Address),
		parse(t, forward.Local, here+"2", socket.Address),
	)
	value := strings.Repeat("value ", 1<<18) // 1.5 MB in one string
	for i := range s.Status() {
		at := listens(s, i)
		how := []string{"-h", at.Host(), "-p", fmt.Sprint(at.Port())}
		if at.IsUnix() {
			how = []string{"-s", at.Address}
		}
		ask := func(stdin string, words ...string) string {
			out, err := tool(t, []byte(stdin), cli, append(how, words...)...)
			if err != nil {
				t.Errorf("%s: redis-cli %v: %.200q, %v", at, words, out, err)
			}
			return strings.TrimSuffix(out, "\n")
		}
		key := fmt.Sprintf("key%d", i)
		if got := ask(value, "-x", "set", key); got != "OK" {
			t.Errorf("%s: set: %.200q", at, got)
		}
		if got := ask("", "get", key); got != value {
			t.Errorf("%s: get: %d bytes, want %d", at, len(got), len(value))
		}
		// Many requests on their way at a time, and a connection that stays open.
		if got := ask(strings.Repeat("incr n"+key+"\n", 2000), "--raw"); !strings.HasSuffix(got, "\n2000") {
			t.Errorf("%s: the last of 2000 answers: %q", at, got[max(0, len(got)-20):])
		}
		if st := s.Status()[i]; st.Total != 3 || st.Received < int64(len(value)) || st.Sent < int64(len(value)) || st.LastError != nil {
			t.Errorf("%s: %+v", at, st)
		}
	}
}

func TestManyRedisClientsShareATunnel(t *testing.T) {
	_, tcp := redis(t)
	bench := need(t, "redis-benchmark", "redis-tools")
	s := up(t, serveReal(t), tunnel.Wait, parse(t, forward.Local, "0", tcp.Address))
	out, err := tool(t, nil, bench, "-p", fmt.Sprint(listens(s, 0).Port()), "-c", "50", "-n", "2000", "-P", "4", "-q", "-t", "set,get")
	if err != nil || !strings.Contains(out, "GET") || strings.Contains(out, "Error") {
		t.Errorf("%.500q, %v", out, err)
	}
	eventually(t, "all are counted out", func() bool { return s.Status()[0].Open == 0 })
	if st := s.Status()[0]; st.Total < 100 || st.LastError != nil {
		t.Errorf("%+v", st)
	}
}
