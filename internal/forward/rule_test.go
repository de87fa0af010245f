package forward

import (
	"strings"
	"testing"
)

func TestARuleForManyHosts(t *testing.T) {
	for _, tt := range []struct {
		kind         Kind
		spec         string
		index, count int
		want         string
	}{
		{Local, "15432:db:5432", 0, 1, "local 127.0.0.1:15432 to db:5432"},
		{Local, "15432:db:5432", 7, 9, "local 127.0.0.1:15439 to db:5432"},
		{Local, "[::1]:15432:db:5432", 7, 9, "local [::1]:15439 to db:5432"},
		{Local, "*:15432:db:5432", 1, 9, "local *:15433 to db:5432"},
		{Local, "0:db:5432", 7, 9, "local 127.0.0.1:0 to db:5432"},
		{Local, "65534:db:5432", 1, 2, "local 127.0.0.1:65535 to db:5432"},
		{Local, "/run/{host}.sock:db:5432", 7, 9, "local /run/web1.sock to db:5432"},
		{Local, "/run/{host}/{host}:/{host}", 0, 1, "local /run/web1/web1 to /{host}"},
		{Local, "/run/x.sock:db:5432", 0, 1, "local /run/x.sock to db:5432"},
		{Dynamic, "1080", 2, 3, "dynamic 127.0.0.1:1082"},
		{Remote, "8443:localhost:3000", 7, 9, "remote 127.0.0.1:8443 to localhost:3000"},
		{Remote, "8443:./{host}.sock", 7, 9, "remote 127.0.0.1:8443 to ./web1.sock"},
		{Remote, "8443:./one.sock", 7, 9, "remote 127.0.0.1:8443 to ./one.sock"},
		{Remote, "/run/{host}:./one.sock", 7, 9, "remote /run/{host} to ./one.sock"},
		{Remote, "1080", 2, 3, "remote dynamic 127.0.0.1:1080"},
	} {
		rule, err := Parse(tt.kind, tt.spec)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rule.ForHost("web1", tt.index, tt.count); err != nil || got.String() != tt.want {
			t.Errorf("%s for host %d of %d: %q, %v; want %q", rule, tt.index, tt.count, got, err, tt.want)
		}
	}
}

func TestHostsThatCannotShareARule(t *testing.T) {
	for _, tt := range []struct{ spec, name, want string }{
		{"65534:db:5432", "web1", `port 65536 for host "web1", number 3 of 9, is over 65535`},
		{"/run/x.sock:db:5432", "web1", `"/run/x.sock": 9 hosts cannot share a socket; write {host} in its path`},
		{"/run/{host}.sock:db:5432", strings.Repeat("x", 100), "at most 107 bytes"},
	} {
		rule, err := Parse(Local, tt.spec)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := rule.ForHost(tt.name, 2, 9); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, %v; want %q", rule, got, err, tt.want)
		}
	}
}

func TestAHostsNameLeadsToNoOtherFolder(t *testing.T) {
	rule, err := Parse(Local, "/run/{host}:db:5432")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"../../etc/x", "..", "a/b", ""} {
		got, err := rule.ForHost(name, 0, 1)
		if err != nil {
			t.Errorf("%q: %v", name, err)
		}
		if rest := strings.TrimPrefix(got.Listen.Address, "/run/"); strings.Contains(rest, "/") || rest == ".." {
			t.Errorf("%q leads to %s", name, got.Listen)
		}
	}
}

func TestEndpoints(t *testing.T) {
	for _, tt := range []struct {
		e        Endpoint
		text     string
		host     string
		port     int
		loopback bool
	}{
		{TCP("127.0.0.1", 80), "127.0.0.1:80", "127.0.0.1", 80, true},
		{TCP("127.9.9.9", 80), "127.9.9.9:80", "127.9.9.9", 80, true},
		{TCP("::1", 80), "[::1]:80", "::1", 80, true},
		{TCP("[::1]", 80), "[::1]:80", "::1", 80, true},
		{TCP("::ffff:127.0.0.1", 80), "[::ffff:127.0.0.1]:80", "::ffff:127.0.0.1", 80, true},
		{TCP("LocalHost", 80), "LocalHost:80", "LocalHost", 80, true},
		{TCP("", 80), "*:80", "", 80, false},
		{TCP("*", 80), "*:80", "", 80, false},
		{TCP("0.0.0.0", 80), "0.0.0.0:80", "0.0.0.0", 80, false},
		{TCP("::", 80), "[::]:80", "::", 80, false},
		{TCP("10.0.0.1", 80), "10.0.0.1:80", "10.0.0.1", 80, false},
		{TCP("localhost.evil", 80), "localhost.evil:80", "localhost.evil", 80, false},
		{Unix("/run/x:80"), "/run/x:80", "", 0, true},
		{Endpoint{}, "", "", 0, false},
	} {
		if tt.e.String() != tt.text || tt.e.Host() != tt.host || tt.e.Port() != tt.port || tt.e.IsLoopback() != tt.loopback {
			t.Errorf("%+v: %q, %q, %d, loopback %v", tt.e, tt.e, tt.e.Host(), tt.e.Port(), tt.e.IsLoopback())
		}
		if moved := tt.e.WithPort(90); moved.Network == "tcp" && (moved.Port() != 90 || moved.Host() != tt.host) || moved.Network != "tcp" && moved != tt.e {
			t.Errorf("%+v at port 90 is %+v", tt.e, moved)
		}
	}
}
