package forward

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestForwardsAreReadAsSSHDoes(t *testing.T) {
	for _, tt := range []struct {
		kind         Kind
		spec, listen string
		to           string
	}{
		{Local, "5432:db:80", "127.0.0.1:5432", "db:80"},
		{Local, "0:db:80", "127.0.0.1:0", "db:80"},
		{Local, ":80:db:1", "*:80", "db:1"},
		{Local, "*:80:db:1", "*:80", "db:1"},
		{Local, "[::1]:80:[fe80::1]:90", "[::1]:80", "[fe80::1]:90"},
		{Local, "[fe80::1%eth0]:80:db:90", "[fe80::1%eth0]:80", "db:90"},
		{Local, "localhost:80:db:90", "localhost:80", "db:90"},
		{Local, "/run/x.sock:db:80", "/run/x.sock", "db:80"},
		{Local, "./x.sock:db:80", "./x.sock", "db:80"},
		{Local, "80:/run/y.sock", "127.0.0.1:80", "/run/y.sock"},
		{Local, "[::]:80:/run/y.sock", "[::]:80", "/run/y.sock"},
		{Local, "/a:/b", "/a", "/b"},
		{Local, "[/a:b]:x:80", "/a:b", "x:80"},
		{Local, `/a\:b:x:80`, "/a:b", "x:80"},
		{Local, "080:db:01", "127.0.0.1:80", "db:1"},
		{Local, "80:db:1:", "127.0.0.1:80", "db:1"},
		{Local, "  80:db:1", "127.0.0.1:80", "db:1"},
		{Remote, "80:db:90", "127.0.0.1:80", "db:90"},
		{Remote, "0:db:90", "127.0.0.1:0", "db:90"},
		{Remote, "*:0:db:90", "*:0", "db:90"},
		{Remote, "/run/x:./y", "/run/x", "./y"},
		{Remote, "80", "127.0.0.1:80", ""},
		{Remote, "[::1]:80", "[::1]:80", ""},
		{Remote, "/run/x", "/run/x", ""},
		{Dynamic, "1080", "127.0.0.1:1080", ""},
		{Dynamic, "0", "127.0.0.1:0", ""},
		{Dynamic, ":1080", "*:1080", ""},
		{Dynamic, "[::1]:1080", "[::1]:1080", ""},
		{Dynamic, "./x", "./x", ""},
	} {
		rule, err := Parse(tt.kind, tt.spec)
		if err != nil {
			t.Errorf("%s %q: %v", tt.kind, tt.spec, err)
			continue
		}
		if rule.Listen.String() != tt.listen || rule.To.String() != tt.to {
			t.Errorf("%s %q: listens on %s, to %s; want %s, %s", tt.kind, tt.spec, rule.Listen, rule.To, tt.listen, tt.to)
		}
		want := tt.kind
		if want == Remote && tt.to == "" {
			want = RemoteDynamic
		}
		if rule.Kind != want || rule.Permit != nil {
			t.Errorf("%s %q: %+v", tt.kind, tt.spec, rule)
		}
	}
}

func TestMistakesAreExplained(t *testing.T) {
	long := strings.Repeat("x", 300)
	for _, tt := range []struct {
		kind       Kind
		spec, want string
	}{
		{Local, "5432:db", `"5432:db": no port of the target; write [ADDRESS:]PORT:HOST:HOSTPORT`},
		{Local, "5432", `no port of the target; write`},
		{Local, "", "no port of the target"},
		{Local, "80:db:", "no port of the target"},
		{Local, "80::90", "no host in the target"},
		{Local, "80:db:0", "0 is no port of the target"},
		{Local, "80:db:http", `"http" is no port of the target`},
		{Local, "http:db:80", `"http" is no port to listen on`},
		{Local, "65536:db:80", `"65536" is no port to listen on: the highest is 65535`},
		{Local, "80:db:65536", `"65536" is no port of the target: the highest is 65535`},
		{Local, "-1:db:80", "no port to listen on"},
		{Local, "+1:db:80", "no port to listen on"},
		{Local, "x.sock:db:80", `a socket's path has a slash in it: "./x.sock"`},
		{Local, "/tmp/{hots}.sock:db:80", `"{hots}" in the socket's path is not known; {host} is the host's name`},
		{Local, "/tmp/{host}/{name}:db:80", `"{name}" in the socket's path is not known`},
		{Local, "~else/x:db:80", `only "~/" is known`},
		{Local, "80:~/x", "its whole path"},
		{Local, "@/x:db:80", `does not start with "@"`},
		{Remote, "80:@/x", `does not start with "@"`},
		{Local, "99999999999999999999:db:80", "the highest is 65535"},
		{Local, "80:::1:90", "an IPv6 address needs square brackets"},
		{Local, "a:b:c:d:e", "too many colons"},
		{Local, "[::1:80:db:90", "a bracket that is not closed"},
		{Local, "[::1]80:db:90", "something behind a bracket"},
		{Local, "80:[db:x]:90", `"db:x" is no IPv6 address`},
		{Local, `80:db:90\`, "a backslash at the end"},
		{Local, "80:d b:90", "is no host's name"},
		{Local, "80:d\x00b:90", "is no host's name"},
		{Local, "80:db\n:90", "is no host's name"},
		{Local, "80:" + long + ":90", "at most 255 bytes"},
		{Local, "80:/" + long, "at most 107 bytes"},
		{Local, "80:run/x", "its whole path"},
		{Local, "80:/run/", "ends in a slash"},
		{Local, "80:/run/x\x1b", "cannot be printed"},
		{Local, "80:/x:90", `"/x" is no host's name`},
		{Local, "/x:80", "no port of the target"},
		{Remote, "5432:db", `"db" is no port to listen on; write [ADDRESS:]PORT:HOST:HOSTPORT, or [ADDRESS:]PORT for SOCKS`},
		{Remote, "x/y:db:80", "its whole path"},
		{Remote, "/x:80", "no port of the target"},
		{Dynamic, "80:db:90", "a target, which the client"},
		{Dynamic, "80:/x", "a target, which the client"},
		{Dynamic, "::1:80", "a target, which the client"},
		{0, "80:db:90", "an unknown kind"},
	} {
		rule, err := Parse(tt.kind, tt.spec)
		if err == nil {
			t.Errorf("%s %q: taken as %v", tt.kind, tt.spec, rule)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s %q: %q, want %q in it", tt.kind, tt.spec, err, tt.want)
		}
		if len(err.Error()) > 600 || strings.ContainsAny(err.Error(), "\x00\n\x1b") {
			t.Errorf("%q cannot be shown", err)
		}
	}
}

func TestTheHomeFolderIsThatOfThisMachine(t *testing.T) {
	t.Setenv("HOME", "/home/me")
	t.Setenv("USERPROFILE", "/home/me")
	for _, tt := range []struct {
		kind       Kind
		spec, want string
	}{
		{Local, "~/{host}.sock:db:80", "local /home/me/{host}.sock to db:80"},
		{Remote, "80:~/x", "remote 127.0.0.1:80 to /home/me/x"},
		{Dynamic, "~/x", "dynamic /home/me/x"},
		{Local, "./~/x:db:80", "local ./~/x to db:80"},
	} {
		if rule, err := Parse(tt.kind, tt.spec); err != nil || filepath.ToSlash(rule.String()) != tt.want {
			t.Errorf("%q is %v, %v; want %s", tt.spec, rule, err, tt.want)
		}
	}
	if rule, err := Parse(Local, "~/"+strings.Repeat("x", 100)+":db:80"); err == nil {
		t.Errorf("%v is too long", rule)
	}
}

func TestTheEndsOfATunnelBlock(t *testing.T) {
	for _, tt := range []struct{ text, want string }{
		{"15432", "127.0.0.1:15432"},
		{"0", "127.0.0.1:0"},
		{"127.0.0.1:0", "127.0.0.1:0"},
		{"[::1]:1080", "[::1]:1080"},
		{"*:80", "*:80"},
		{":80", "*:80"},
		{"~/x", "~/x"}, // of which machine, the caller knows
		{"/run/x.sock", "/run/x.sock"},
		{"./x.sock", "./x.sock"},
		{"run/{host}.sock", "run/{host}.sock"},
	} {
		if got, err := ParseListen(tt.text); err != nil || got.String() != tt.want {
			t.Errorf("ParseListen(%q) = %v, %v; want %s", tt.text, got, err, tt.want)
		}
	}
	for _, tt := range []struct{ text, want string }{
		{"localhost:5432", "localhost:5432"},
		{"[::1]:80", "[::1]:80"},
		{"/run/x.sock", "/run/x.sock"},
	} {
		if got, err := ParseTarget(tt.text); err != nil || got.String() != tt.want {
			t.Errorf("ParseTarget(%q) = %v, %v; want %s", tt.text, got, err, tt.want)
		}
	}
	for _, text := range []string{"", "x", "::1:80", "a:b:c", "1:2:3", "x.sock", "[::1]", "65536", "d b:80", "/x:80"} {
		if got, err := ParseListen(text); err == nil || !strings.Contains(err.Error(), "; write PORT") {
			t.Errorf("ParseListen(%q) = %v, %v", text, got, err)
		}
	}
	for _, text := range []string{"", "x", "5432", "localhost:", "localhost:0", ":80", "*:80", "::1:80", "[::1]"} {
		if got, err := ParseTarget(text); err == nil || !strings.Contains(err.Error(), "; write HOST:PORT") {
			t.Errorf("ParseTarget(%q) = %v, %v", text, got, err)
		}
	}
}

// FuzzParse: what is taken has ends that can be used, and is read the same again
// from its own text.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{"5432:db:80", "[::1]:80:[fe80::1]:90", "/a:/b", `[/a:b]:x\:y:80`, "*:0:a:1", "0", "80:a:80:", "{host}/x:y:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		for _, kind := range []Kind{Local, Remote, Dynamic} {
			rule, err := Parse(kind, spec)
			if err != nil {
				if strings.ContainsAny(err.Error(), "\x00\n\x1b") || len(err.Error()) > 2000 {
					t.Errorf("%s %q: %q", kind, spec, err)
				}
				continue
			}
			if rule.Kind.IsDynamic() != rule.To.IsZero() || rule.Listen.IsZero() {
				t.Fatalf("%s %q: %+v", kind, spec, rule)
			}
			again, err := Parse(kind, write(rule))
			if err != nil || again.Listen != rule.Listen || again.To != rule.To || again.Kind != rule.Kind {
				t.Errorf("%s %q is %v, written %q that is %v, %v", kind, spec, rule, write(rule), again, err)
			}
			if !rule.Listen.IsUnix() {
				if one, err := ParseListen(rule.Listen.String()); err != nil || one != rule.Listen {
					t.Errorf("%q: listening on %v is %v, %v", spec, rule.Listen, one, err)
				}
			}
		}
		if e, err := ParseTarget(spec); err == nil && !e.IsUnix() && (e.Port() == 0 || CheckHost(e.Host()) != nil) {
			t.Errorf("%q is %v", spec, e)
		}
	})
}

// write is a rule in the syntax of ssh.
func write(r Rule) string {
	one := func(e Endpoint) string {
		if e.IsUnix() && !strings.Contains(e.Address, "]") {
			return "[" + e.Address + "]"
		} else if e.IsUnix() {
			return strings.NewReplacer(`\`, `\\`, ":", `\:`, "[", `\[`).Replace(e.Address)
		}
		return e.String()
	}
	if r.To.IsZero() {
		return one(r.Listen)
	}
	return one(r.Listen) + ":" + one(r.To)
}
