//go:build !windows

package tunnel_test

import (
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"fleet/internal/forward"
	"fleet/pool/tunnel"
)

func TestCurlBrowsesThroughADynamicForward(t *testing.T) {
	site := website(t, "tcp", "127.0.0.1:0")
	named := site // as the host knows it by name
	named.Address = fmt.Sprintf("localhost:%d", site.Port())
	s := up(t, serveReal(t), tunnel.Wait, parse(t, forward.Dynamic, "0"))
	proxy := listens(s, 0).Address
	for _, way := range []string{"--socks5-hostname", "--socks4a"} {
		browse(t, named, way, proxy)
	}
	for _, way := range []string{"--socks5-hostname", "--socks4a", "--socks5", "--socks4"} {
		browse(t, site, way, proxy)
	}
}

func TestCurlBrowsesIPv6AndFromASocketThroughADynamicForward(t *testing.T) {
	site := website(t, "tcp", "[::1]:0")
	path := filepath.Join(t.TempDir(), "s")
	s := up(t, serveReal(t), tunnel.Wait, parse(t, forward.Dynamic, "[::1]", "0"), parse(t, forward.Dynamic, path))
	browse(t, site, "--socks5-hostname", listens(s, 0).Address)
	browse(t, site, "--socks5", listens(s, 0).Address)
	browse(t, site, "--socks5-hostname", "localhost"+path)
}

// TestCurlBrowsesFromTheHost: the SOCKS server listens on the host, and its
// targets are as seen from here.
func TestCurlBrowsesFromTheHost(t *testing.T) {
	site := website(t, "tcp", "127.0.0.1:0")
	s := up(t, serveReal(t), tunnel.Wait, parse(t, forward.Remote, "0"))
	for _, way := range []string{"--socks5-hostname", "--socks4a", "--socks5", "--socks4"} {
		browse(t, site, way, listens(s, 0).Address)
	}
}

func TestCurlIsToldWhyThereIsNoConnection(t *testing.T) {
	site := website(t, "tcp", "127.0.0.1:0")
	gone := tcpService(t, echo)
	deaf := gone.endpoint()
	if err := gone.Close(); err != nil {
		t.Fatal(err)
	}
	var permit forward.Permits
	for _, text := range []string{fmt.Sprintf("127.0.0.0/8:%d", deaf.Port()), fmt.Sprintf("nowhere.invalid:%d", site.Port())} {
		p, err := forward.ParsePermit(text)
		if err != nil {
			t.Fatal(err)
		}
		permit = append(permit, p)
	}
	target := serveReal(t)
	for _, kind := range []forward.Kind{forward.Dynamic, forward.Remote} {
		rule := parse(t, kind, "0")
		rule.Permit = permit
		s := up(t, target, tunnel.Wait, rule)
		proxy := listens(s, 0).Address
		for _, tt := range []struct{ url, says, last string }{
			{"http://" + deaf.Address, "(5)", "refused"},
			{"http://" + site.Address, "(2)", "not permitted"},
			{fmt.Sprintf("http://nowhere.invalid:%d", site.Port()), "(4)", ""},
		} {
			out, err := curl(t, nil, "--socks5-hostname", proxy, tt.url)
			if err == nil || !strings.Contains(out, tt.says) {
				t.Errorf("%s, %s: %q, %v; want %s", rule.Kind, tt.url, out, err, tt.says)
			}
			eventually(t, fmt.Sprintf("the last error of a %s forward %q", rule.Kind, tt.last), func() bool {
				last := s.Status()[0].LastError
				return last != nil && strings.Contains(strings.ToLower(last.Error()), tt.last)
			})
			if out, err := curl(t, nil, "--socks4a", proxy, tt.url); err == nil || !strings.Contains(out, "(91)") {
				t.Errorf("%s, %s by SOCKS4a: %q, %v; want (91)", rule.Kind, tt.url, out, err)
			}
		}
	}
}

// TestCurlIsToldThatThisIsSOCKS: a browser set up for another kind of proxy says
// what is wrong.
func TestCurlIsToldThatThisIsSOCKS(t *testing.T) {
	s := up(t, serveReal(t), tunnel.Wait, parse(t, forward.Dynamic, "0"))
	out, err := curl(t, nil, "--proxy", "http://"+listens(s, 0).Address, "http://127.0.0.1:1/")
	if err != nil || !strings.Contains(out, "This is a SOCKS proxy") {
		t.Errorf("%q, %v", out, err)
	}
}

// TestClientsThatDoNotSpeakHoldUpNobody: connections on which nothing, half a
// request or nonsense comes are there while others browse.
func TestClientsThatDoNotSpeakHoldUpNobody(t *testing.T) {
	site := website(t, "tcp", "127.0.0.1:0")
	s := up(t, serveReal(t), tunnel.Wait, parse(t, forward.Dynamic, "0"), parse(t, forward.Remote, "0"))
	for i := range s.Status() {
		for range 40 {
			for _, words := range []string{"", "\x05", "\x05\x01\x00\x05\x01\x00\x03\xff", "\x04\x01\x00\x50\x00\x00\x00\x01me", "\x16\x03\x01", "\x05\x01\x00\x05\x01\x00\x03\x04a\x00\nb\x00\x50"} {
				nc := connectTo(t, s, i)
				if _, err := nc.Write([]byte(words)); err != nil {
					t.Error(err)
				}
			}
		}
		browse(t, site, "--socks5-hostname", listens(s, i).Address)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
}

// TestBytesBehindARequestArrive: a client may send before it is answered.
func TestBytesBehindARequestArrive(t *testing.T) {
	service := tcpService(t, echo)
	s := up(t, serveReal(t), tunnel.Wait, parse(t, forward.Dynamic, "0"), parse(t, forward.Remote, "0"))
	port := service.endpoint().Port()
	for i := range s.Status() {
		for _, tt := range []struct{ request, granted string }{
			{"\x05\x01\x00\x05\x01\x00\x03\x09localhost" + string([]byte{byte(port >> 8), byte(port)}), "\x05\x00\x05\x00\x00"},
			{"\x04\x01" + string([]byte{byte(port >> 8), byte(port)}) + "\x7f\x00\x00\x01me\x00", "\x00\x5a"},
		} {
			nc := connectTo(t, s, i)
			_ = nc.SetDeadline(time.Now().Add(patience))
			if _, err := io.WriteString(nc, tt.request+"early"); err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(nc, " and late"); err != nil {
				t.Fatal(err)
			}
			if err := nc.(*net.TCPConn).CloseWrite(); err != nil {
				t.Fatal(err)
			}
			got, err := io.ReadAll(nc)
			if err != nil || !strings.HasPrefix(string(got), tt.granted) || !strings.HasSuffix(string(got), "early and late") {
				t.Errorf("%s: %q, %v", s.Status()[i].Rule, got, err)
			}
		}
	}
}
