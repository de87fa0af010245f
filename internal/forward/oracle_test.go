package forward

import (
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// An oracle is ssh(1), which prints with -G what it makes of its options.
type oracle struct{ path string }

func newOracle(t *testing.T) oracle {
	t.Helper()
	path, err := exec.LookPath("ssh")
	if err != nil {
		if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
			t.Fatal("ssh(1) is needed and was not found: install openssh-client")
		}
		t.Skip("ssh(1) was not found: install openssh-client to compare with it")
	}
	return oracle{path}
}

var options = map[Kind]string{Local: "-L", Remote: "-R", Dynamic: "-D"}

// ask returns the lines that ssh prints about forwards, sorted; false where it
// refuses.
func (o oracle) ask(kind Kind, specs ...string) ([]string, bool) {
	args := []string{"-G", "-F", "none"}
	for _, s := range specs {
		args = append(args, options[kind], s)
	}
	out, err := exec.Command(o.path, append(args, "--", "host")...).Output()
	if err != nil {
		return nil, false
	}
	var lines []string
	for line := range strings.Lines(string(out)) {
		// A local forward to a socket is printed as a dynamic one too.
		if strings.HasPrefix(line, kind.String()+"forward ") {
			line = strings.Replace(strings.TrimSuffix(line, "\n"), "forward []:", "forward [*]:", 1)
			lines = append(lines, strings.Replace(line, "forward [127.0.0.1]:", "forward ", 1))
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines), true
}

// line is a rule as ssh prints it, where no address, which to ssh is loopback
// unless something else makes it another, is 127.0.0.1.
func line(r Rule) string {
	end := func(e Endpoint) string {
		if e.IsUnix() {
			return e.Address
		}
		host := e.Host()
		if host == "" {
			host = "*"
		}
		return fmt.Sprintf("[%s]:%d", host, e.Port())
	}
	listen := end(r.Listen)
	if !r.Listen.IsUnix() {
		listen = strings.Replace(listen, "[127.0.0.1]:", "", 1)
	}
	switch r.Kind {
	case Dynamic:
		return "dynamicforward " + listen
	case Local:
		return "localforward " + listen + " " + end(r.To)
	case RemoteDynamic:
		return "remoteforward " + listen + " [socks]:0"
	default:
		return "remoteforward " + listen + " " + end(r.To)
	}
}

// generated are texts made of what forwards are made of, in and out of place.
func generated(r *rand.Rand, n int) []string {
	parts := []string{
		"80", "5432", "8080", "0", "1", "65535", "65536", "007", "db", "db.internal", "localhost", "127.0.0.1", "10.0.0.1", "[::1]", "[fe80::1]", "::1",
		"*", "", "/run/x.sock", "/run/y", "./z", "[/run/a:b]", `/run/a\:b`, "[::1", "[db]", "[80]", "x-y_z", "http",
	}
	// Most are of a shape that somebody could mean.
	shapes := [][]int{{0}, {1, 0}, {0, 2, 0}, {1, 0, 2, 0}, {3, 2, 0}, {0, 3}, {1, 0, 3}, {3, 3}, {3}, {4, 4}, {4, 4, 4}, {4, 4, 4, 4}, {4, 4, 4, 4, 4}, {0, 2, 0, 5}}
	kinds := [][]string{
		{"80", "5432", "1", "65535", "007", "[80]"},
		{"localhost", "127.0.0.1", "[::1]", "*", "", "10.0.0.1", "[db]"},
		{"db", "db.internal", "[::1]", "10.0.0.1", "x-y_z"},
		{"/run/x.sock", "/run/y", "[/run/a:b]", `/run/a\:b`},
		parts,
		{""},
	}
	var texts []string
	for range n {
		var fields []string
		for _, kind := range shapes[r.IntN(len(shapes))] {
			fields = append(fields, kinds[kind][r.IntN(len(kinds[kind]))])
		}
		texts = append(texts, strings.Join(fields, ":"))
	}
	return texts
}

// meant are the reasons for which something is refused that ssh takes, as doc.go
// says.
var meant = []string{
	"no host in the target", "its whole path", "is no host's name", `"http" is no port `, "a target, which the client", "is no IPv6 address",
}

func TestSSHReadsForwardsTheSame(t *testing.T) {
	o := newOracle(t)
	r := rand.New(rand.NewPCG(1, 2))
	for _, kind := range []Kind{Local, Remote, Dynamic} {
		var taken, lines []string
		for _, spec := range generated(r, 80) {
			if spec == "" {
				continue // ssh takes the next word of the line
			}
			rule, err := Parse(kind, spec)
			if err == nil && (kind == Remote || rule.Listen.IsUnix() || rule.Listen.Port() > 0) { // port 0 is ours alone
				taken, lines = append(taken, spec), append(lines, line(rule))
				continue
			}
			if err == nil || slices.ContainsFunc(meant, func(m string) bool { return strings.Contains(err.Error(), m) }) {
				continue
			}
			if said, ok := o.ask(kind, spec); ok && !strings.HasPrefix(said[0], "remoteforward [/") { // a path for a name
				t.Errorf("ssh %s %q is %q; here it is refused: %v", options[kind], spec, said, err)
			}
		}
		slices.Sort(lines)
		lines = slices.Compact(lines)
		if said, ok := o.ask(kind, taken...); !ok || !slices.Equal(said, lines) {
			for _, spec := range taken {
				rule, err := Parse(kind, spec)
				if err != nil {
					t.Fatal(err)
				}
				if said, ok := o.ask(kind, spec); !ok || len(said) != 1 || said[0] != line(rule) {
					t.Errorf("ssh %s %q is %q, %v; here it is %q", options[kind], spec, said, ok, line(rule))
				}
			}
			if !t.Failed() {
				t.Errorf("ssh %s of all is %q; want %q", options[kind], said, lines)
			}
		}
		if len(lines) < 8 {
			t.Errorf("%s: only %d forwards were compared", kind, len(lines))
		}
	}
}
