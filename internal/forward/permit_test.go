package forward

import (
	"strings"
	"testing"
)

func permits(t *testing.T, texts ...string) Permits {
	t.Helper()
	var all Permits
	for _, text := range texts {
		p, err := ParsePermit(text)
		if err != nil {
			t.Fatal(err)
		}
		if p.String() != text {
			t.Errorf("%q became %q", text, p)
		}
		all = append(all, p)
	}
	return all
}

func TestPermits(t *testing.T) {
	for _, tt := range []struct {
		permit string
		host   string
		port   int
		want   bool
	}{
		{"10.0.0.0/8:*", "10.1.2.3", 1, true},
		{"10.0.0.0/8:*", "10.1.2.3", 65535, true},
		{"10.0.0.0/8:*", "11.1.2.3", 1, false},
		{"10.0.0.0/8:*", "::ffff:10.1.2.3", 1, true},
		{"10.0.0.0/8:*", "::ffff:0a01:0203", 1, true},
		{"10.0.0.0/8:*", "10.evil.example", 1, false},
		{"10.0.0.0/8:*", "10.1", 1, false}, // as inet_aton(3) would have it: a name here
		{"10.0.0.0/8:*", "167838211", 1, false},
		{"10.0.0.0/8:*", "", 1, false},
		{"10.9.9.9/8:*", "10.1.2.3", 1, true},
		{"[::ffff:10.0.0.0]/104:*", "10.1.2.3", 1, true},
		{"[fd00::]/8:443", "fd12::1", 443, true},
		{"[fd00::/8]:443", "fd12::1", 443, true},
		{"[fd00::/8]:443", "fe80::1", 443, false},
		{"[::]/0:443", "10.0.0.1", 443, false},
		{"0.0.0.0/0:443", "fd12::1", 443, false},
		{"[::1]:80", "::1", 80, true},
		{"[::1]:80", "0:0:0:0:0:0:0:1", 80, true},
		{"[::1]:80", "::1", 81, false},
		{"127.0.0.1:80", "127.0.0.1", 80, true},
		{"127.0.0.1:80", "localhost", 80, false},
		{"db*.internal:5432", "db1.internal", 5432, true},
		{"db*.internal:5432", "DB1.Internal.", 5432, true},
		{"db*.internal:5432", "db.internal", 5432, true},
		{"db*.internal:5432", "db1.internal.evil", 5432, false},
		{"db*.internal:5432", "xdb1.internal", 5432, false},
		{"db?.internal:5432", "db1.internal", 5432, true},
		{"db?.internal:5432", "db12.internal", 5432, false},
		{"10.0.*:80", "10.0.1.1", 80, true},
		{"10.0.*:80", "10.0.evil.example", 80, false}, // stands for what its owner wants
		{"10.0.*:80", "10.0.1.1.", 80, false},
		{"10.*.?:80", "10.x.1", 80, false},
		{"10*.internal:80", "10a.internal", 80, true},
		{"*:443", "anything", 443, true},
		{"*:443", "::1", 443, true},
		{"*:443", "anything", 80, false},
		{"host:8000-8100", "host", 8000, true},
		{"host:8000-8100", "host", 8100, true},
		{"host:8000-8100", "host", 7999, false},
		{"host:8000-8100", "host", 8101, false},
		{"*:*", "host", 0, false},
		{"*:*", "host", 65536, false},
		{"*:*", "host", -1, false},
	} {
		if got := permits(t, tt.permit).Allows(tt.host, tt.port); got != tt.want {
			t.Errorf("%s allows %q %d: %v", tt.permit, tt.host, tt.port, got)
		}
	}
	both := permits(t, "a:1", "b:2")
	if !both.Allows("a", 1) || !both.Allows("b", 2) || both.Allows("a", 2) {
		t.Error("two permits are not the one or the other")
	}
	if !Permits(nil).Allows("anything", 1) || (Permits{}).Allows("anything", 1) {
		t.Error("nil permits everything, an empty list nothing")
	}
}

func TestWhatIsNoPermit(t *testing.T) {
	for _, text := range []string{
		"", ":", "x", "10.0.0.0/8", ":80", "x:", "x:0", "x:0-9", "x:9-8", "x:1-", "x:-1", "x:65536", "x:http", "x:1-2-3",
		"::1:80", "[::1:80", "[::1]80:1", "[x]:80", "[db*]:80", "10.0.0.0/33:1", "10.0.0/8:1", "x/8:1", "a b:1", "a\n:1", "[fe80::1%x]:80",
		strings.Repeat("x", 300) + ":1",
	} {
		p, err := ParsePermit(text)
		if err == nil {
			t.Errorf("%q is taken as %+v", text, p)
			continue
		}
		if !strings.Contains(err.Error(), "; write HOST:PORT") || strings.ContainsAny(err.Error(), "\n\x00") {
			t.Errorf("%q: %q", text, err)
		}
	}
}

func FuzzPermit(f *testing.F) {
	f.Add("10.0.0.0/8:*", "10.1.2.3", 80)
	f.Add("db*.internal:5432", "db1.internal", 5432)
	f.Add("[fd00::/8]:1-9", "fd00::1", 9)
	f.Add("****************x:1", "aaaaaaaaaaaaaaaaaaaaaaaa", 1)
	f.Fuzz(func(t *testing.T, text, host string, port int) {
		p, err := ParsePermit(text)
		if err != nil {
			return
		}
		allowed := Permits{p}.Allows(host, port)
		if allowed && (port < 1 || port > maxPort) {
			t.Errorf("%q allows port %d", text, port)
		}
		if allowed != (Permits{p}).Allows(strings.ToUpper(strings.ToLower(host)), port) && isASCII(host) {
			t.Errorf("%q and %q: the case matters", text, host)
		}
	})
}

func isASCII(text string) bool {
	return strings.IndexFunc(text, func(r rune) bool { return r > 127 }) < 0
}
