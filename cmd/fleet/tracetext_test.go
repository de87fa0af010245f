package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"fleet/inventory"
	"fleet/pool"
	"fleet/transport"
)

// manyNames is a long list of algorithms.
func manyNames(n int) []string {
	var names []string
	for i := range n {
		names = append(names, fmt.Sprintf("diffie-hellman-group%d-sha256", i))
	}
	return names
}

func TestTraceFitsTheWidthOfTheTerminal(t *testing.T) {
	failure := &transport.Error{Op: "host key", Kind: transport.KindHostKey, Err: errors.New(strings.Repeat("a long story ", 20)), Hint: "do so"}
	list := manyNames(20)
	steps := []pool.Step{
		{Name: stepSettings},
		{Name: "tcp", Lines: []string{"connected from 127.0.0.1:50000 to 127.0.0.1:22"}},
		{Name: "algorithms", Algorithms: []pool.Algorithm{
			{Use: "key exchange", Client: list, Server: list[3:], Chosen: list[3]},
			{Use: "cipher to server", Client: list, Server: list, Chosen: list[0]},
			{Use: "cipher from server", Client: list, Server: list, Chosen: list[0]},
			{Use: "mac to server", Client: list, Server: nil},
			{Use: "mac from server", Client: list, Server: list, Chosen: pool.Implicit},
		}},
		{Name: "hostkey", Lines: []string{"ssh-ed25519 SHA256:7HoooohKNDFLZtzAxRit+ky4D8N4Ai3P4bXaXys87nA"}, Err: failure},
	}
	for _, width := range []int{80, 200} {
		var out bytes.Buffer
		v := newTraceText(newApp(env{stdout: &out, lookup: os.LookupEnv}), &transport.Target{Name: "web1", User: "anna", Address: "192.0.2.1", Port: 22})
		v.width = width
		for _, s := range steps {
			s.Host = "web1"
			v.step(&traceStep{Step: s, at: 1234567 * time.Microsecond, took: time.Second, settings: []inventory.Row{
				{Setting: "identity", Value: strings.Repeat("/home/anna/.ssh/id_ed25519, ", 4), Origin: "hosts.fleet.hcl:12"},
			}})
		}
		if err := v.end(failure); err != nil {
			t.Fatal(err)
		}
		text := out.String()
		for line := range strings.Lines(text) {
			if n := len(strings.TrimRight(line, "\n")); n > width {
				t.Errorf("width %d: %d bytes: %s", width, n, line)
			}
		}
		for _, want := range []string{
			"web1: anna at 192.0.2.1:22\n",
			"  1234.6  +1000.0  tcp        connected from",
			"key exchange: " + list[3] + "\n",
			", *" + list[3],
			"cipher: " + list[0] + "\n",
			"mac to server: none in common\n",
			"  server  nothing\n",
			"mac from server: part of the cipher\n",
			"failed: a long story",
			"\nhint: do so\n",
		} {
			if !strings.Contains(strings.ReplaceAll(text, "\n                              ", " "), want) {
				t.Errorf("width %d: no %q in\n%s", width, want, text)
			}
		}
		if strings.Contains(text, "cipher from server") || strings.Count(text, "a long story a") > 20 {
			t.Errorf("width %d: something is said twice in\n%s", width, text)
		}
	}
}
