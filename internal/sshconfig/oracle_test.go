package sshconfig

import (
	"context"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// oracle asks ssh(1) what a configuration means.
type oracle struct {
	path     string
	defaults map[string][]string // of each algorithm keyword
	all      map[string][]string
}

func newOracle(t *testing.T) *oracle {
	t.Helper()
	path, err := exec.LookPath("ssh")
	if err != nil {
		if os.Getenv("FLEET_REQUIRE_SSHD") == "1" {
			t.Fatal("ssh(1) is needed and was not found: install openssh-client")
		}
		t.Skip("ssh(1) was not found: install openssh-client to compare with it")
	}
	o := &oracle{path: path, defaults: map[string][]string{}, all: map[string][]string{}}
	printed, err := o.ask("none", Query{Host: "h"})
	if err != nil {
		t.Fatal(err)
	}
	queries := map[string]string{
		"ciphers": "cipher", "macs": "mac", "kexalgorithms": "kex", "hostkeyalgorithms": "key-sig",
		"pubkeyacceptedalgorithms": "key-sig",
	}
	for name, query := range queries {
		out, err := exec.Command(path, "-Q", query).Output()
		if err != nil {
			t.Fatalf("ssh -Q %s: %v", query, err)
		}
		o.all[name] = strings.Fields(string(out))
		o.defaults[name] = strings.Split(printed[name][0], ",")
	}
	return o
}

// ask runs ssh -G and returns its lines by keyword.
func (o *oracle) ask(file string, q Query) (map[string][]string, error) {
	args := []string{"-G", "-F", file}
	for _, f := range [][2]string{{"-l", q.User}, {"-p", q.Port}, {"-J", q.Jump}} {
		if f[1] != "" {
			args = append(args, f[0], f[1])
		}
	}
	for _, option := range q.Options {
		args = append(args, "-o", option)
	}
	cmd := exec.Command(o.path, append(args, "--", q.Host)...)
	cmd.Env = append(os.Environ(), "SHELL=/bin/sh", "FLEET_TEST=set", "FLEET_EMPTY=")
	var message strings.Builder
	cmd.Stderr = &message
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("%w: %s", err, message.String())
	}
	printed := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), " ")
		printed[name] = append(printed[name], value)
	}
	return printed, nil
}

// answers are what we say, in the form ssh prints it.
func answers(c *Config, q Query) (map[string][]string, error) {
	w, err := c.walk(context.Background(), &q)
	if err != nil {
		return nil, err
	}
	raw := maps.Clone(w.set)
	r, err := w.result()
	if err != nil {
		return nil, err
	}
	got := make(map[string][]string)
	for _, name := range comparedKeywords() {
		got[name] = r.Values(name)
	}
	// ssh -G prints these before it expands them.
	for _, name := range []string{"identityfile", "certificatefile", "identityagent", "forwardagent", "proxycommand", "proxyjump"} {
		s, ok := raw[name]
		switch {
		case name == "identityfile" && !ok:
			got[name] = nil
			for _, path := range w.set[name].values {
				got[name] = append(got[name], strings.Replace(path, w.env.home, "~", 1))
			}
		case name == "identityagent" && ok && s.values[0] != "SSH_AUTH_SOCK" && s.values[0] != "$FLEET_TEST":
		case name == "forwardagent" && !ok:
		default:
			got[name] = s.values
		}
	}
	return got, nil
}

func comparedKeywords() []string {
	var names []string
	for _, k := range checkedKeywords() {
		switch k.name {
		case "host", "match", "include", "tag", "refuseconnection", "casignaturealgorithms":
		default:
			names = append(names, k.name)
		}
	}
	return names
}

// compare fails the test when ssh and we differ.
func (o *oracle) compare(t *testing.T, c *Config, loadErr error, file string, q Query) {
	t.Helper()
	want, wantErr := o.ask(file, q)
	var got map[string][]string
	gotErr := loadErr
	if loadErr == nil {
		got, gotErr = answers(c, q)
	}
	if (wantErr != nil) != (gotErr != nil) {
		t.Errorf("%+v: error %v, ssh has %v", q, gotErr, wantErr)
		return
	}
	if wantErr != nil {
		return
	}
	for _, name := range comparedKeywords() {
		g, w := o.normal(t, name, got[name], want[name])
		if len(want["proxyjump"]) > 0 { // newer versions count the jump host into %C
			g, w = hideHashes(g), hideHashes(w)
		}
		if !slices.Equal(g, w) {
			t.Errorf("%+v: %s (- ssh, + ours)\n%s", q, name, cmp.Diff(w, g))
		}
	}
}

// normal brings ours and ssh's values into one form.
func (o *oracle) normal(t *testing.T, name string, got, want []string) (g, w []string) {
	t.Helper()
	if all, ok := o.all[name]; ok {
		spec := ""
		if len(got) > 0 {
			spec = got[0]
		}
		return Algorithms(spec, o.defaults[name], all), strings.Split(want[0], ",")
	}
	switch name {
	case "userknownhostsfile", "globalknownhostsfile":
		return strings.Fields(strings.Join(got, " ")), strings.Fields(want[0])
	case "identityfile":
		want = slices.DeleteFunc(slices.Clone(want), func(s string) bool { return s == "~/.ssh/id_xmss" })
		fallthrough
	case "hostname", "user", "proxycommand", "remotecommand", "setenv", "sendenv":
		return slices.DeleteFunc(slices.Clone(got), func(s string) bool { return s == "none" && name != "identityfile" }), want
	}
	want = slices.Clone(want)
	for i, v := range want {
		switch v {
		case "true":
			want[i] = "yes"
		case "false":
			want[i] = "no"
		case "SILENT": // Debian's word for QUIET
			want[i] = "QUIET"
		}
	}
	if name == "identityagent" && len(want) == 0 && len(got) == 1 {
		got = nil // ours names the agent of the environment
	}
	if name == "proxyjump" && slices.Equal(got, []string{"none"}) {
		got = nil
	}
	if name == "updatehostkeys" && slices.Equal(got, []string{"ask"}) {
		got = want // ssh turns it off where it could not ask
	}
	if name == "serveraliveinterval" && slices.Equal(want, []string{"300"}) && slices.Equal(got, []string{"0"}) {
		got = want // Debian sets it for BatchMode
	}
	return got, want
}

func hideHashes(list []string) []string {
	hash := regexp.MustCompile(`[0-9a-f]{40}`)
	hidden := make([]string, len(list))
	for i, s := range list {
		hidden[i] = hash.ReplaceAllString(s, "(hash)")
	}
	return hidden
}

func testFiles(user string) Files {
	return Files{User: user, Getenv: func(name string) string {
		switch name {
		case "SHELL":
			return "/bin/sh"
		case "FLEET_TEST":
			return "set"
		default:
			return os.Getenv(name)
		}
	}}
}

func TestResolveAgreesWithSSHOnGeneratedFiles(t *testing.T) {
	o := newOracle(t)
	const files, hostsPerFile = 160, 3
	for seed := range uint64(files) {
		t.Run(fmt.Sprintf("seed%d", seed), func(t *testing.T) {
			t.Parallel()
			g := newGenerator(seed, t.TempDir())
			path, text := g.files()
			c, err := Load(testFiles(path))
			for range hostsPerFile {
				o.compare(t, c, err, path, g.query())
			}
			if t.Failed() {
				t.Logf("%s", text)
			}
		})
	}
}

func TestResolveAgreesWithSSHOnWrittenCases(t *testing.T) {
	o := newOracle(t)
	for i, text := range writtenCases() {
		t.Run(fmt.Sprint(i), func(t *testing.T) {
			t.Parallel()
			path := filepath.Join(t.TempDir(), "config")
			writeFile(t, path, text)
			c, err := Load(testFiles(path))
			for _, host := range []string{"web1", "WEB1"} {
				o.compare(t, c, err, path, Query{Host: host})
			}
			if t.Failed() {
				t.Logf("%s", text)
			}
		})
	}
}

func TestResolveAgreesWithSSHOnTheCommandLine(t *testing.T) {
	o := newOracle(t)
	path := filepath.Join(t.TempDir(), "config")
	writeFile(t, path, "User filed\nPort 33\nProxyCommand nc %h %p\nIdentityFile /k/filed\nMatch user flagged\nConnectTimeout 3\n"+
		"Match final host web1\nIgnoreUnknown qu*\nquux yes\n")
	c, err := Load(testFiles(path))
	for _, q := range []Query{
		{Host: "web1", User: "flagged", Port: "44", Jump: "u@[::1]:5,b"},
		{Host: "web1", Jump: "none"},
		{Host: "web1", Jump: "a b"},
		{Host: "web1", Port: "0"},
		{Host: "web1", Port: "ssh"},
		{Host: "web1", User: "a;b"},
		{Host: "web1", User: "-a"},
		{Host: "web1", User: "a$b"},
		{Host: "web1", User: `DOM\a`},
		{Host: "web1", User: `a\`},
		{Host: "web1;x"},
		{Host: "$(x)"},
		{Host: "other"},
		{Host: "web1", Options: []string{"IgnoreUnknown=qu*"}},
		{Host: "web1", Options: []string{"User=opted", "user=later", "Port 55", " Compression = yes"}},
		{Host: "web1", Options: []string{"IgnoreUnknown=qu*,foo", "foo=bar", "IdentityFile=/k/a", "IdentityFile=/k/b"}},
		{Host: "web1", Options: []string{"foo=bar"}},
		{Host: "web1", Options: []string{"Host=bar"}},
		{Host: "web1", Options: []string{"Include=bar"}},
		{Host: "web1", Options: []string{"Match=all"}},
		{Host: "web1", Options: []string{"User"}},
		{Host: "web1", Options: []string{"User="}},
		{Host: "web1", Options: []string{"ProxyJump=j", "IgnoreUnknown=qu*"}},
		{Host: "web1", Options: []string{"ProxyCommand=none", "IgnoreUnknown=qu*"}},
	} {
		t.Run(fmt.Sprint(q), func(t *testing.T) { o.compare(t, c, err, path, q) })
	}
}

func writeFile(t *testing.T, path, text string) {
	t.Helper()
	if err := writeText(path, text); err != nil {
		t.Fatal(err)
	}
}

func writeText(path, text string) error { return os.WriteFile(path, []byte(text), 0o600) }
