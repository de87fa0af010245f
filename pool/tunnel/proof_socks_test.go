//go:build !windows

package tunnel_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

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
