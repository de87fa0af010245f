package hostkey

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

// generate makes files of all forms. Small alphabets make matches likely.
type generator struct {
	*rand.Rand
	t    *testing.T
	keys []ssh.PublicKey
}

func (g *generator) host() string {
	return string([]byte{'a' + byte(g.IntN(3)), '0' + byte(g.IntN(3))})
}

func (g *generator) name() string {
	switch g.IntN(6) {
	case 0:
		return fmt.Sprintf("[%s]:%d", g.host(), 2222+g.IntN(2))
	default:
		return g.host()
	}
}

func (g *generator) names(negate bool) string {
	var names []string
	for range 1 + g.IntN(3) {
		n := g.name()
		switch g.IntN(5) {
		case 0:
			n = strings.Replace(n, string('a'+rune(g.IntN(3))), "?", 1)
		case 1:
			n = n[:1] + "*"
			if n[0] == '[' {
				n = "[*]:2222"
			}
		}
		if negate && g.IntN(4) == 0 {
			n = "!" + n
		}
		names = append(names, n)
	}
	return strings.Join(names, ",")
}

func (g *generator) line() string {
	key := text(g.keys[g.IntN(len(g.keys))])
	switch g.IntN(8) {
	case 0:
		return hashed(g.t, g.name()) + " " + key
	case 1:
		return "@cert-authority " + g.names(true) + " " + key
	case 2:
		return "@revoked " + g.names(true) + " " + key
	case 3:
		return "# a comment"
	case 4:
		return " \t" + g.names(true) + "\t" + key + "  root@host"
	default:
		return g.names(true) + " " + key
	}
}

func newGenerator(t *testing.T) *generator {
	g := &generator{Rand: rand.New(rand.NewPCG(1, 2)), t: t}
	for range 4 {
		g.keys = append(g.keys, ed25519Key(t))
	}
	g.keys = append(g.keys, ecdsaKey(t))
	return g
}

// TestAgainstSSHKeygen asks ssh-keygen -F which lines speak about a host.
func TestAgainstSSHKeygen(t *testing.T) {
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
			t.Fatal("ssh-keygen is missing: install openssh-client")
		}
		t.Skip("ssh-keygen is missing: install openssh-client")
	}
	g := newGenerator(t)
	for range 25 {
		var lines []string
		for range 3 + g.IntN(12) {
			lines = append(lines, g.line())
		}
		path := write(t, lines...)
		x := newIndex(path, readFile(t, path), func(w string) { t.Error(w) })
		for range 4 {
			name := g.name()
			var got []int
			for _, e := range x.match(name) {
				got = append(got, e.line)
			}
			if want := keygenFind(t, keygen, path, name); !slices.Equal(got, want) {
				t.Errorf("%s: got lines %v, ssh-keygen %v, of\n%s", name, got, want, strings.Join(lines, "\n"))
			}
		}
	}
}

func keygenFind(t *testing.T, keygen, path, name string) []int {
	t.Helper()
	out, err := exec.Command(keygen, "-F", name, "-f", path).Output()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatal(err)
	}
	var lines []int
	for l := range strings.Lines(string(out)) {
		if _, after, ok := strings.Cut(l, " found: line "); ok && l[0] == '#' {
			n, err := strconv.Atoi(strings.Fields(after)[0])
			if err != nil {
				t.Fatalf("ssh-keygen said %q", l)
			}
			lines = append(lines, n)
		}
	}
	return lines
}

// TestAgainstKnownhosts compares decisions with those of x/crypto, in what it
// does as ssh does: port 22, where its patterns mean the same.
func TestAgainstKnownhosts(t *testing.T) {
	g := newGenerator(t)
	remote := &net.TCPAddr{IP: net.IPv4(192, 0, 2, 1), Port: 22}
	for range 200 {
		var lines []string
		for range 1 + g.IntN(6) {
			key := text(g.keys[g.IntN(len(g.keys))])
			names := g.names(true)
			if g.IntN(4) == 0 {
				names = hashed(t, g.host())
			}
			lines = append(lines, names+" "+key)
		}
		if g.IntN(3) == 0 {
			lines = append(lines, "@revoked * "+text(g.keys[0]))
		}
		path := write(t, lines...)
		oracle, err := knownhosts.New(path)
		if err != nil {
			t.Fatal(err)
		}
		var s Store
		for range 4 {
			addr, key := g.host()+":22", g.keys[g.IntN(len(g.keys))]
			want := "line"
			err := oracle(addr, remote, key)
			if e, ok := errors.AsType[*knownhosts.KeyError](err); ok {
				want = map[bool]string{true: "unknown", false: "changed"}[len(e.Want) == 0]
			} else if _, ok := errors.AsType[*knownhosts.RevokedError](err); ok {
				want = "revoked"
			} else if err != nil {
				t.Fatal(err)
			}
			how, err := s.Lookup(files(path), addr).Verify(key)
			if got, _, _ := strings.Cut(outcome(how, err), " "); got != want {
				t.Errorf("%s: got %s, knownhosts %s, of\n%s", addr, got, want, strings.Join(lines, "\n"))
			}
		}
	}
}
