package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fleet/agent"
)

func TestTheLogOfTheAgentDoesNotGrowWithoutEnd(t *testing.T) {
	path := filepath.Join(t.TempDir(), "agent.log")
	l, err := openBoundedLog(path)
	if err != nil {
		t.Fatal(err)
	}
	line := append(bytes.Repeat([]byte("x"), 100_000), '\n')
	for range 30 {
		if _, err := l.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{path, path + ".1"} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() == 0 || info.Size() > logMax || info.Size()%int64(len(line)) != 0 {
			t.Errorf("%s has %d bytes", filepath.Base(name), info.Size())
		}
	}
}

func TestTheStatusOfTheAgentFitsATerminal(t *testing.T) {
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	ms := func(f float64) *float64 { return &f }
	s := &agent.Status{
		Version: "1.2.3", PID: 4_194_304, Socket: "/run/user/1000/fleet/agent.sock", Started: now.Add(-49 * time.Hour),
		Operations: 3, Clients: 2, Tunnels: 1, Draining: true,
	}
	add := func(c agent.Connection, ms *float64) {
		s.Connections = append(s.Connections, agent.ConnectionStatus{Connection: c, RoundTripMS: ms})
	}
	add(agent.Connection{
		Host: "web10.a.very.long.name.example.com", Address: "[2001:db8:1234:5678:9abc:def0:1234:5678]:22022", User: "deployment",
		Since: now.Add(-49 * time.Hour), Used: now.Add(-26 * time.Hour), Received: 123_456_789_012, Sent: 999_999,
	}, ms(1234.5))
	add(agent.Connection{Host: "web9", Address: "192.0.2.9:22", User: "ops", Since: now.Add(-90 * time.Second), Used: now, Sessions: 9, Sent: 12}, ms(0.4))
	add(agent.Connection{Host: "db1", Address: "db1:22", User: "ops", Since: now, Used: now, Private: true}, nil)
	var out strings.Builder
	if err := writeAgent(&out, s, now, 80); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(out.String()) {
		if n := len(strings.TrimRight(line, "\n")); n > 80 {
			t.Errorf("%d columns: %s", n, line)
		}
	}
	order := []string{"is ending", "\ndb1 ", "tunnel", "\nweb9 ", "0.4ms", "\nweb10.a"}
	rest := out.String()
	for _, want := range order {
		i := strings.Index(rest, want)
		if i < 0 {
			t.Fatalf("%q is not where it should be in:\n%s", want, out.String())
		}
		rest = rest[i:]
	}
}

func TestLoopbackAddress(t *testing.T) {
	for address, ok := range map[string]bool{
		"127.0.0.1:9464": true, "127.8.0.1:0": true, "[::1]:9464": true, "localhost:9464": true,
		"0.0.0.0:9464": false, ":9464": false, "[::]:9464": false, "192.0.2.1:9464": false, "127.0.0.1": false,
		"example.com:9464": false, "": false, "localhost.example.com:80": false,
	} {
		if err := loopbackAddress(address); (err == nil) != ok {
			t.Errorf("%q: %v", address, err)
		}
	}
}
