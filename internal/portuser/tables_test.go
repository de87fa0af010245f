package portuser

import (
	"encoding/binary"
	"net/netip"
	"testing"
)

func TestParseTCP(t *testing.T) {
	if binary.NativeEndian.Uint16([]byte{1, 0}) != 1 {
		return // the lines below are of a little-endian machine
	}
	for _, tt := range []struct {
		line string
		want string // "" where the line is none of a listener
		user int
	}{
		{"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode", "", 0},
		{"   0: 0100007F:1538 00000000:0000 0A 00000000:00000000 00:00000000 00000000   112        0 31415 1 0000000000000000 100 0 0 10 0", "127.0.0.1:5432", 112},
		{"   1: 00000000:0016 00000000:0000 0A 00000000:00000000 00:00000000 00000000     0        0 31415 1 0000000000000000 100 0 0 10 0", "0.0.0.0:22", 0},
		{"   2: 0100007F:1538 0100007F:D431 01 00000000:00000000 00:00000000 00000000   112        0 31415 1 0000000000000000 100 0 0 10 0", "", 0},
		{"   3: 00000000000000000000000001000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 31415 1", "[::1]:80", 0},
		{"   4: 0000000000000000FFFF00000100007F:0050 00000000000000000000000000000000:0000 0A 00000000:00000000 00:00000000 00000000 0 0 31415 1", "127.0.0.1:80", 0},
		{"   5: 01007F:0050 00000000:0000 0A 0 0 0 0 0 0 0", "", 0},
	} {
		got, ok := parseTCP(tt.line)
		if tt.want == "" {
			if ok {
				t.Errorf("%q: a listener at %s", tt.line, got.address)
			}
			continue
		}
		if !ok || got.address != netip.MustParseAddrPort(tt.want) || got.user != tt.user || got.inode != 31415 {
			t.Errorf("%q: %v, %v; want %s", tt.line, got, ok, tt.want)
		}
	}
}

func TestConnectionsEndTheListeners(t *testing.T) {
	for state, want := range map[string]bool{"0A": false, "03": false, "01": true, "06": true} {
		line := "   2: 0100007F:1538 0100007F:D431 " + state + " 00000000:00000000 00:00000000 00000000   112        0 31415"
		if got := connected(line); got != want {
			t.Errorf("a line with state %s is of a connection: %v", state, got)
		}
	}
}

func TestParseUnix(t *testing.T) {
	for _, tt := range []struct{ line, path string }{
		{"Num       RefCount Protocol Flags    Type St Inode Path\n", ""},
		{"0000000000000000: 00000002 00000000 00010000 0001 01 31415 /run/x y.sock\n", "/run/x y.sock"},
		{"0000000000000000: 00000003 00000000 00000000 0001 03 31415 /run/x.sock\n", ""},
		{"0000000000000000: 00000002 00000000 00010000 0001 01 31415\n", ""},
	} {
		inode, path, ok := parseUnix(tt.line)
		if ok != (tt.path != "") || ok && (path != tt.path || inode != 31415) {
			t.Errorf("%q: %d, %q, %v", tt.line, inode, path, ok)
		}
	}
}

func TestTheMostLikelyListenerIsTheOneNamed(t *testing.T) {
	all, loop, other := netip.IPv4Unspecified(), netip.MustParseAddr("127.0.0.1"), netip.MustParseAddr("10.0.0.1")
	for _, tt := range []struct {
		bound, wanted netip.Addr
		want          int
	}{
		{loop, loop, 3},
		{all, loop, 1},
		{other, loop, 0},
		{other, all, 2},
		{other, netip.Addr{}, 2},
		{netip.IPv6Unspecified(), loop, 1},
	} {
		if got := inTheWay(tt.bound, tt.wanted); got != tt.want {
			t.Errorf("%s in the way of %s: %d, want %d", tt.bound, tt.wanted, got, tt.want)
		}
	}
}

func FuzzTables(f *testing.F) {
	f.Add("   0: 0100007F:1538 00000000:0000 0A 0:0 00:0 0 112 0 31415")
	f.Add("0: 2 0 00010000 0001 01 31415 /run/x.sock")
	f.Fuzz(func(t *testing.T, line string) {
		if s, ok := parseTCP(line); ok && !s.address.Addr().IsValid() {
			t.Errorf("%q: no address", line)
		}
		if _, path, ok := parseUnix(line); ok && path == "" {
			t.Errorf("%q: no path", line)
		}
		for _, r := range printable(line) {
			if r < ' ' {
				t.Errorf("%q printed as it is", line)
			}
		}
	})
}
