package sshconfig

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// home is a home folder with a configuration, for tests that need "~".
type home struct{ dir string }

func newHome(t *testing.T, config string) home {
	t.Helper()
	h := home{dir: t.TempDir()}
	if err := os.MkdirAll(filepath.Join(h.dir, ".ssh", "conf.d"), 0o700); err != nil {
		t.Fatal(err)
	}
	h.write(t, "config", config)
	return h
}

func (h home) write(t *testing.T, name, text string) {
	t.Helper()
	writeFile(t, filepath.Join(h.dir, ".ssh", name), text)
}

func (h home) files() Files {
	return Files{Home: h.dir, LocalUser: "local", System: "none", Getenv: func(name string) string {
		return map[string]string{"SHELL": "/bin/sh", "SSH_AUTH_SOCK": "/run/agent", "KEYS": "/keys", "H": h.dir}[name]
	}}
}

func (h home) resolve(t *testing.T, q Query) (*Result, error) {
	t.Helper()
	c, err := Load(h.files())
	if err != nil {
		return nil, err
	}
	return c.Resolve(context.Background(), q)
}

func TestResolveExpandsTokensVariablesAndHome(t *testing.T) {
	h := newHome(t, `
IdentityFile ~/.ssh/%n-%h
IdentityFile none
IdentityFile ${KEYS}/%r@%h:%p
CertificateFile %d/%u-%%-cert.pub
UserKnownHostsFile ~/kh/%k ~/kh2
GlobalKnownHostsFile ~/g
IdentityAgent ~/agent-%r
ProxyCommand nc %h %p --user %r --from %n %%
HostName %h.example.com
User deploy
Port 2222
HostKeyAlias Cluster
`)
	r, err := h.resolve(t, Query{Host: "Web"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"hostname":             "web.example.com",
		"identityfile":         h.dir + "/.ssh/Web-web.example.com|/keys/deploy@web.example.com:2222",
		"certificatefile":      h.dir + "/local-%-cert.pub",
		"userknownhostsfile":   h.dir + "/kh/cluster|" + h.dir + "/kh2",
		"globalknownhostsfile": h.dir + "/g",
		"identityagent":        h.dir + "/agent-deploy",
		"ProxyCommand":         "nc web.example.com 2222 --user deploy --from Web %",
	}
	for name, value := range want {
		if got := strings.Join(r.Values(name), "|"); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
}

func TestBuiltInValuesHaveNoOrigin(t *testing.T) {
	h := newHome(t, "")
	r, err := h.resolve(t, Query{Host: "web"})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"user": "local", "port": "22", "hostname": "web", "stricthostkeychecking": "ask", "connecttimeout": "none",
		"identityagent": "/run/agent", "identityfile": h.dir + "/.ssh/id_rsa", "userknownhostsfile": h.dir + "/.ssh/known_hosts",
		"globalknownhostsfile": "/etc/ssh/ssh_known_hosts", "proxyjump": "", "ciphers": "", "nosuchkeyword": "",
	}
	for name, value := range want {
		if got := r.Value(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
		if got := r.Origin(name); got != "" {
			t.Errorf("the origin of %s is %q, want none", name, got)
		}
	}
}

func TestOriginNamesTheLine(t *testing.T) {
	h := newHome(t, "User a\nInclude conf.d/*\n\nProxyJump none\nIdentityFile /k\n")
	h.write(t, "conf.d/10.conf", "Host web\nport 5\nCiphers +aes128-cbc\n")
	q := Query{Host: "web", User: "flag", Options: []string{"Compression yes", "ConnectTimeout=none"}}
	r, err := h.resolve(t, q)
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]string{
		"user": "command line", "port": "~/.ssh/conf.d/10.conf:2", "compression": "-o", "ciphers": "~/.ssh/conf.d/10.conf:3",
		"proxyjump": "~/.ssh/config:4", "IdentityFile2": "~/.ssh/config:5", "connecttimeout": "", "hostname": "",
	}
	for name, origin := range want {
		if got := r.Origin(name); got != origin {
			t.Errorf("the origin of %s is %q, want %q", name, got, origin)
		}
	}
}

func TestIncludeFollowsTheHomeFolderAndItsBlock(t *testing.T) {
	h := newHome(t, `
Host web
  Include conf.d/*.conf ~/.ssh/extra ${H}/.ssh/variable nosuch*
  Port 5
Host *
  Port 6
  Include conf.d
`)
	h.write(t, "conf.d/20.conf", "User second\nHost other\nCompression yes\n")
	h.write(t, "conf.d/10.conf", "User first\n")
	h.write(t, "conf.d/.hidden.conf", "User hidden\n")
	h.write(t, "extra", "Host *\nBindAddress ::1\n")
	h.write(t, "variable", "LogLevel quiet\n")
	for host, want := range map[string]string{"web": "first 5 no ::1 QUIET", "other": "local 6 no  INFO"} {
		r, err := h.resolve(t, Query{Host: host})
		if err != nil {
			t.Fatal(err)
		}
		got := strings.Join([]string{r.Value("user"), r.Value("port"), r.Value("compression"), r.Value("bindaddress"), r.Value("loglevel")}, " ")
		if got != want {
			t.Errorf("%s: %s, want %s", host, got, want)
		}
	}
}

func TestNewerMatchCriteria(t *testing.T) {
	h := newHome(t, "Host web\nTag prod\nMatch tagged prod\nPort 5\nMatch tagged \"*\" localnetwork 0.0.0.0/0,::/0\nUser a\n"+
		"Match !localnetwork 192.0.2.1/32\nBindAddress ::1\nMatch exec 'test \"%h\" = web'\nCompression yes\n")
	r, err := h.resolve(t, Query{Host: "web"})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"port": "5", "bindaddress": "::1", "compression": "yes"} {
		if got := r.Value(name); got != want {
			t.Errorf("%s = %q, want %q", name, got, want)
		}
	}
}

func TestErrorsNameTheLineAndTheCause(t *testing.T) {
	tests := []struct {
		name, config string
		query        Query
		want         []string
	}{
		{"unknown keyword", "User a\nIdentitFile b\n", Query{}, []string{`~/.ssh/config line 2`, `"identitfile"`, `did you mean "identityfile"?`}},
		{"far from any keyword", "qqqqqqqqqqqq b\n", Query{}, []string{`unknown keyword "qqqqqqqqqqqq"`}},
		{"bad value", "\nPort http2000\nPort x\n", Query{}, []string{`~/.ssh/config line 2: port: "http2000" is not a port`, "1 more"}},
		{"bad option", "", Query{Options: []string{"Usr=a"}}, []string{`-o "Usr=a"`, `did you mean "user"?`}},
		{"bad option value", "", Query{Options: []string{"BatchMode=maybe"}}, []string{`-o "BatchMode=maybe"`, `"maybe" is not one of yes, no`}},
		{"option without value", "", Query{Options: []string{"BatchMode"}}, []string{`-o "BatchMode"`, "missing"}},
		{"bad port", "", Query{Port: "70000"}, []string{`-p: "70000" is not a port`}},
		{"bad jump", "", Query{Jump: "a,,b"}, []string{`-J: "a,,b"`, "empty"}},
		{"bad token", "IdentityFile /k/%x\n", Query{}, []string{"~/.ssh/config line 1: identityfile", "unknown token %x"}},
		{"missing variable", "IdentityFile ${NOPE}/k\n", Query{}, []string{"line 1", "NOPE is not set"}},
		{"missing user", "IdentityFile ~nosuchuser/k\n", Query{}, []string{`no user "nosuchuser"`}},
		{"open quote", "User \"a\n", Query{}, []string{"line 1", "quote"}},
		{"unsafe host", "HostName $(id)\nProxyCommand nc %h\n", Query{}, []string{`"$(id)" is not safe`}},
		{"unsafe user", "User a;b\nMatch exec \"test %r\"\n", Query{}, []string{"line 2", `"a;b" is not safe`}},
		{"unsafe jump", "HostName a|b\nProxyJump x%h\n", Query{}, []string{`"a|b" is not safe`}},
		{"loop", "ProxyJump web\n", Query{}, []string{"line 1", "through itself"}},
		{"refused", "RefuseConnection gone since May\n", Query{}, []string{"line 1", "gone since May"}},
		{"include depth", "Include config\n", Query{}, []string{"~/.ssh/config line 1: includes are nested"}},
		{"include in include", "Include a\n", Query{}, []string{"~/.ssh/conf.d/b line 2", `"x" is not a port`}},
		{"match", "Match hosts a\n", Query{}, []string{"line 1", `unknown match criterion "hosts"`}},
		{"network", "Match localnetwork 10.0.0.0\n", Query{}, []string{"line 1", `"10.0.0.0" is not a network`}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			h := newHome(t, tt.config)
			h.write(t, "a", "Include conf.d/b\n")
			h.write(t, "conf.d/b", "\nPort x\n")
			tt.query.Host = "web"
			_, err := h.resolve(t, tt.query)
			if err == nil {
				t.Fatal("there is no error")
			}
			for _, part := range tt.want {
				if !strings.Contains(err.Error(), part) {
					t.Errorf("%q lacks %q", err, part)
				}
			}
		})
	}
}

func TestLoadChoosesFiles(t *testing.T) {
	h := newHome(t, "User fromuser\n")
	h.write(t, "named", "User fromnamed\n")
	h.write(t, "system", "User fromsystem\nPort 7\n")
	path := func(name string) string { return filepath.Join(h.dir, ".ssh", name) }
	tests := []struct{ name, user, system, want string }{
		{"both", "", path("system"), "fromuser 7"},
		{"named file alone", path("named"), "", "fromnamed 22"},
		{"named files", path("named"), path("system"), "fromnamed 7"},
		{"none", "none", "", "local 22"},
		{"system missing", "", path("missing"), "fromuser 22"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := h.files()
			f.User, f.System = tt.user, tt.system
			c, err := Load(f)
			if err != nil {
				t.Fatal(err)
			}
			r, err := c.Resolve(t.Context(), Query{Host: "web"})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Value("user") + " " + r.Value("port"); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
		})
	}
	f := h.files()
	f.User = path("missing")
	if _, err := Load(f); !errors.Is(err, os.ErrNotExist) && (err == nil || !strings.Contains(err.Error(), "missing")) {
		t.Errorf("a named file that is missing: %v", err)
	}
}

func TestHostsAreLiteralNames(t *testing.T) {
	h := newHome(t, "Host web db* !bad\nInclude conf.d/*\nHost db.lan web\n")
	h.write(t, "conf.d/a", "Host alpha\nMatch host nope\nHost ?eta\n")
	c, err := Load(h.files())
	if err != nil {
		t.Fatal(err)
	}
	want := []HostName{{"alpha", "~/.ssh/conf.d/a", 1}, {"db.lan", "~/.ssh/config", 3}, {"web", "~/.ssh/config", 1}}
	if got := c.Hosts(); !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
}

func TestMatchExecRunsOncePerText(t *testing.T) {
	h := newHome(t, "Match exec \"echo %r >>$HOME_LOG; sleep 0; test %r = a\"\nPort 5\n")
	log := filepath.Join(h.dir, "log")
	t.Setenv("HOME_LOG", log)
	c, err := Load(h.files())
	if err != nil {
		t.Fatal(err)
	}
	var group sync.WaitGroup
	for range 8 {
		for user, want := range map[string]string{"a": "5", "b": "22"} {
			group.Go(func() {
				r, err := c.Resolve(t.Context(), Query{Host: "web", User: user})
				if err != nil {
					t.Error(err)
				} else if got := r.Value("port"); got != want {
					t.Errorf("user %s: port %s, want %s", user, got, want)
				}
			})
		}
	}
	group.Wait()
	text, err := os.ReadFile(log)
	if lines := strings.Fields(string(text)); err != nil || len(lines) != 2 {
		t.Errorf("the commands ran %d times: %q %v", len(lines), lines, err)
	}
}

func TestIncludeBoundsTheNumberOfFiles(t *testing.T) {
	h := newHome(t, strings.Repeat("Include conf.d/*\n", 100))
	for i := range 50 {
		h.write(t, "conf.d/"+string(rune('A'+i)), "")
	}
	if _, err := Load(h.files()); err == nil || !strings.Contains(err.Error(), "files are included") {
		t.Errorf("error %v", err)
	}
}

func TestCheckNeedsNoHost(t *testing.T) {
	if err := Check(Query{User: "a", Options: []string{"User=b", "Port 5"}}); err != nil {
		t.Error(err)
	}
	if err := Check(Query{Options: []string{"Prot=5"}}); err == nil || !strings.Contains(err.Error(), `did you mean "port"?`) {
		t.Errorf("error %v", err)
	}
}

func TestParseJump(t *testing.T) {
	hops, err := ParseJump("a,u@b:22,ssh://v%20w@[::1]:2222/,x@y@c")
	want := []Hop{{Host: "a"}, {Host: "b", User: "u", Port: "22"}, {Host: "::1", User: "v w", Port: "2222"}, {Host: "c", User: "x@y"}}
	if err != nil || !slices.Equal(hops, want) {
		t.Errorf("got %+v, %v", hops, err)
	}
}

func TestOptionNamesTheKeyword(t *testing.T) {
	tests := []struct {
		arg, keyword string
		args         []string
	}{
		{"User=a", "user", []string{"a"}},
		{" batchMode = yes", "batchmode", []string{"yes"}},
		{"ChallengeResponseAuthentication no", "kbdinteractiveauthentication", []string{"no"}},
		{"SetEnv A=1 \"B=2 3\"", "setenv", []string{"A=1", "B=2 3"}},
		{"Nosuch=x", "nosuch", []string{"x"}},
		{"User", "user", nil},
		{"=", "", nil},
		{"", "", nil},
	}
	for _, tt := range tests {
		if keyword, args := Option(tt.arg); keyword != tt.keyword || !slices.Equal(args, tt.args) {
			t.Errorf("%q: %q %q", tt.arg, keyword, args)
		}
	}
}
