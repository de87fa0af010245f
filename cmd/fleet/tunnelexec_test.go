package main

import (
	"slices"
	"testing"

	"fleet/internal/forward"
)

func TestVariablesOfTunnels(t *testing.T) {
	for _, tt := range []struct {
		about string
		docs  []tunnelDocument
		want  []string // nil: an error
	}{
		{"a host", []tunnelDocument{{Host: "db-1.example.net"}, {Name: "pg", Host: "db2"}}, []string{"db_1_example_net", "db2"}},
		{"several blocks", []tunnelDocument{{Name: "pg", Host: "db1"}, {Name: "web-ui", Host: "db1"}, {Name: "pg", Host: "db2"}}, []string{"pg_db1", "web_ui_db1", "db2"}},
		{"several flags", []tunnelDocument{{Host: "db1"}, {Host: "db1"}}, []string{"db1_1", "db1_2"}},
		{"names that become one", []tunnelDocument{{Host: "db-1"}, {Host: "db.1"}}, nil},
		{"a name that is another's", []tunnelDocument{{Host: "db1"}, {Host: "db1"}, {Host: "db1_2"}}, nil},
	} {
		got, err := variables(tt.docs)
		if !slices.Equal(got, tt.want) || (err == nil) != (tt.want != nil) {
			t.Errorf("%s: got %q, %v; want %q", tt.about, got, err, tt.want)
		}
	}
}

func TestAClientConnectsToOneAddress(t *testing.T) {
	for text, want := range map[string]string{
		"*:80": "127.0.0.1:80", "0.0.0.0:80": "127.0.0.1:80", "[::]:80": "[::1]:80",
		"127.0.0.1:80": "127.0.0.1:80", "192.0.2.1:80": "192.0.2.1:80", "/run/x.sock": "/run/x.sock",
	} {
		e, err := forward.ParseListen(text)
		if got := reachable(e).String(); err != nil || got != want {
			t.Errorf("%s: got %s, %v; want %s", text, got, err, want)
		}
	}
}

func TestSizesAreShort(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 999: "999 B", 1000: "1 kB", 1234567: "1.23 MB", 999_999: "1 MB", 45_600_000_000: "45.6 GB"} {
		if got := size(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}
