package sshconfig

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// generator writes configuration files, the same ones for the same seed.
type generator struct {
	*rand.Rand
	dir      string
	included int
}

func newGenerator(seed uint64, dir string) *generator {
	return &generator{Rand: rand.New(rand.NewPCG(seed, 2)), dir: dir}
}

func (g *generator) pick(list ...string) string { return list[g.IntN(len(list))] }

// files writes a configuration and what it includes, and returns the path and
// all the text.
func (g *generator) files() (path, text string) {
	path = filepath.Join(g.dir, "config")
	text = g.file(path, 0)
	return path, text
}

func (g *generator) file(path string, depth int) string {
	var b strings.Builder
	for range g.IntN(8) {
		b.WriteString(g.line(depth))
	}
	for range g.IntN(7) {
		b.WriteString(g.head())
		for range g.IntN(9) {
			b.WriteString(g.line(depth))
		}
	}
	text := b.String()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		panic(err)
	}
	return fmt.Sprintf("--- %s\n%s", path, text)
}

func (g *generator) head() string {
	if g.IntN(3) > 0 {
		var patterns []string
		for range 1 + g.IntN(3) {
			patterns = append(patterns, g.pick("", "", "", "!")+g.pattern())
		}
		return "Host " + strings.Join(patterns, " ") + g.pick("", "", " # comment", "  ") + "\n"
	}
	var criteria []string
	if g.IntN(4) == 0 {
		criteria = append(criteria, g.pick("final", "!final", "canonical", "!canonical"))
	}
	for range 1 + g.IntN(2) {
		criteria = append(criteria, g.pick("", "", "", "!")+g.criterion())
	}
	if g.IntN(8) == 0 {
		criteria = []string{g.pick("all", "final all", "canonical all", "!all", "host web1 all", "all host web1", "host", "nonsense x", "final")}
	}
	return g.pick("Match ", "match ", "MATCH\t") + strings.Join(criteria, " ") + g.pick("", "", " # comment") + "\n"
}

func (g *generator) criterion() string {
	list := g.pattern()
	for range g.IntN(3) {
		list += "," + g.pick("", "!") + g.pattern()
	}
	switch g.IntN(6) {
	case 0:
		return "host " + list
	case 1:
		return "originalhost " + g.pick(list, `"`+list+`"`)
	case 2:
		return "user " + g.pick("root", "alice", "a*,b*", "*,!alice", "bob")
	case 3:
		return "localuser " + g.pick("root", "nobody", "*")
	case 4:
		return `exec "test ` + g.pick("%h", "%n", "%k", "%r", "%p", "%%x", "%u") + " = " + g.pick("web1", "WEB1", "alice", "22", "2222", "real-web1") + `"`
	default:
		return g.pick("host=", "originalhost =") + list
	}
}

func (g *generator) pattern() string {
	return g.pick("*", "web*", "web1", "web?", "*.example.com", "db", "db.example.com", "WEB1", "10.0.0.*", "real-*", "nope", "*1", "w*b*1", "??", "alpha")
}

func (g *generator) host() string {
	return g.pick("web1", "web2", "WEB1", "db", "db.example.com", "10.0.0.1", "alpha", "10.1", "::0001", "web11")
}

// line is one setting, in one of the spellings ssh takes.
func (g *generator) line(depth int) string {
	switch g.IntN(24) {
	case 0:
		return g.pick("\n", "  \n", "# a comment\n", "\t# it's \"quoted\n", "\r\n")
	case 1:
		if depth < 2 {
			return g.include(depth)
		}
	case 2:
		if g.IntN(16) == 0 {
			return g.pick("NoSuchKeyword x\n", "Port x\n", "User\n", "User a b\n", "User \"a\n", "ConnectTimeout 5q\n",
				"BatchMode maybe\n", "SendEnv A=B\n", "SetEnv A\n", "UserKnownHostsFile none /x\n", "ProxyJump a,,b\n",
				"LogLevel LOUD\n", "Host \"\"\n", "AddKeysToAgent yes 5\n", "Compression true\n")
		}
	}
	name, value := g.setting()
	name = g.pick(name, strings.ToLower(name), strings.ToUpper(name))
	return g.pick("", "", "  ", "\t") + name + g.pick(" ", " ", "=", " = ", "\t") + value + g.pick("", "", "", " ", "\t", "\r") + "\n"
}

func (g *generator) include(depth int) string {
	g.included++
	path := filepath.Join(g.dir, fmt.Sprintf("inc%d.conf", g.included))
	text := g.file(path, depth+1)
	quoted := strings.ReplaceAll(strings.TrimSpace(text), "\n", "\n#   ")
	pattern := g.pick(path, `"`+path+`"`, filepath.Join(g.dir, fmt.Sprintf("inc%d*", g.included)), path+" "+filepath.Join(g.dir, "missing*"))
	return "Include " + pattern + "\n#   " + quoted + "\n"
}

// setting returns a keyword and a value that ssh takes.
func (g *generator) setting() (name, value string) {
	flag := func() string { return g.pick("yes", "no", "yes", "no", "true", "False", "YES") }
	number := func() string { return fmt.Sprint(1 + g.IntN(9)) }
	span := func() string { return g.pick("5", "10s", "1m30", "2M", "none", "1h5m", `"7"`) }
	quoted := func(s string) string { return g.pick(s, s, `"`+s+`"`, s+" # comment") }
	path := func() string {
		return g.pick("/k/", "/k/%%/", "~/", "/${FLEET_TEST}/", "%d/", "/x\\ y/") + g.pick("a", "b", "%h", "%n-%r", "%p%u", "%k", "%i", "%L%l")
	}
	file := func() string {
		return g.pick("/k/", "/k/%%/", "~/", "/${FLEET_TEST}/", "%d/") + g.pick("a", "b", "%h", "%n-%r", "%p%u", "%k", "%i", "%C", "%L%l")
	}
	jumpUser, jumpPort := g.pick("", "", "u@"), g.pick("", "", ":2222")
	settings := [][2]string{
		{"HostName", g.pick("real-%h", "real.example.com", "10.9.8.7", "REAL-%h", "%h.example.com", "a%%b", "%h")},
		{"HostName", g.pick("real-%h", "127.1", "fe80::00aa")},
		{"User", quoted(g.pick("alice", "bob", "root", "%r"))},
		{"User", g.pick(`a"li"ce`, `'bob'`, `al\ ice`, `DOM\bob`)},
		{"Port", quoted(g.pick("2222", "22", "65535", "ssh"))},
		{g.pick("IdentityFile", "IdentityFile2"), quoted(path())},
		{"IdentityFile", g.pick("none", "/k/a", "/k/b", "~/.ssh/id_rsa")},
		{"CertificateFile", quoted(path())},
		{"IdentitiesOnly", flag()},
		{"IdentityAgent", g.pick("none", "SSH_AUTH_SOCK", "/run/agent", "~/agent", "%d/agent-%r", "$FLEET_TEST", "${FLEET_TEST}/x")},
		{"ProxyJump", g.pick("none", "bastion", "a,b", "u@a:22,v@b:2222", "[::1]:22", "10.0.0.9", "ssh://u@a:22", "a, ") + g.pick("", "")},
		{"ProxyJump", jumpUser + "j%%h" + jumpPort},
		{"ProxyCommand", g.pick("none", "nc %h %p", "ssh -W '[%h]:%p' gw # kept", "=nc %n", "nc -X 5 %r")},
		{"UserKnownHostsFile", g.pick(file(), file()+" "+file(), "none", "~/.ssh/known_hosts")},
		{"GlobalKnownHostsFile", g.pick("/etc/a", "/etc/a /etc/b", "none")},
		{"HostKeyAlias", g.pick("Alias", "alias.%h")},
		{"StrictHostKeyChecking", g.pick(flag(), "ask", "accept-new", "off", "ASK")},
		{"HashKnownHosts", flag()},
		{"ConnectTimeout", span()},
		{g.pick("ServerAliveInterval", "ServerAliveInterval"), g.pick("5", "10s", "1m30", "2M", "none")},
		{"ServerAliveCountMax", number()},
		{"Ciphers", g.list("aes128-ctr", "aes256-ctr", "aes*-gcm@openssh.com", "chacha20-poly1305@openssh.com", "3des-cbc")},
		{"MACs", g.list("hmac-sha2-256", "hmac-sha2-512", "umac-*", "hmac-sha1", "umac-64@openssh.com")},
		{"KexAlgorithms", g.list("curve25519-sha256", "ecdh-sha2-nistp*", "diffie-hellman-group14-sha1", "curve25519-sha256@libssh.org")},
		{"HostKeyAlgorithms", g.list("ssh-ed25519", "rsa-sha2-*", "ssh-rsa", "ecdsa-sha2-nistp256")},
		{g.pick("PubkeyAcceptedAlgorithms", "PubkeyAcceptedKeyTypes"), g.list("ssh-ed25519", "rsa-sha2-512", "ssh-*", "ssh-rsa")},
		{"PreferredAuthentications", g.pick("publickey", "publickey,password", "password")},
		{"PubkeyAuthentication", g.pick(flag(), "unbound", "host-bound")},
		{"PasswordAuthentication", flag()},
		{g.pick("KbdInteractiveAuthentication", "ChallengeResponseAuthentication"), flag()},
		{"BatchMode", flag()},
		{"AddressFamily", g.pick("any", "inet", "INET6")},
		{"BindAddress", g.pick("127.0.0.1", "::1")},
		{"SetEnv", g.pick("A=1", "A=1 B=2 A=3", `"C=x y" D=`, "E='q # r'")},
		{"SendEnv", g.pick("LANG LC_*", "A B AB", "-A*", "-LC_?", "C")},
		{"ForwardAgent", flag()},
		{"Compression", g.pick("yes", "no", "NO")},
		{"RequestTTY", g.pick(flag(), "force", "auto")},
		{"RemoteCommand", g.pick("none", "echo %h %n %p", "uname -a # kept", "echo %r %% %C")},
		{"LogLevel", g.pick("QUIET", "info", "DEBUG", "debug1", "DEBUG3", "Verbose")},
		{"ConnectionAttempts", number()},
		{"NumberOfPasswordPrompts", number()},
		{g.pick("TCPKeepAlive", "KeepAlive"), flag()},
		{"UpdateHostKeys", g.pick(flag(), "ask")},
		{"VerifyHostKeyDNS", g.pick("yes", "no", "ask")},
		{"AddKeysToAgent", g.pick(flag(), "ask", "confirm", "confirm 5m", "90", "0", "1h")},
		{"IgnoreUnknown", g.pick("nosuch*", "*keyword", "other")},
		{"ControlMaster", "auto"},
		{"ControlPath", "~/cm-%C"},
		{"LocalForward", "8080 localhost:80"},
		{"DynamicForward", "1080"},
		{"ForwardX11", flag()},
		{"VisualHostKey", flag()},
		{"GSSAPIAuthentication", flag()},
		{"Protocol", "2"},
		{"UseRoaming", "no"},
		{"RekeyLimit", "1G 1h"},
		{"CanonicalDomains", "example.com example.org"},
	}
	s := settings[g.IntN(len(settings))]
	return s[0], s[1]
}

// list is an algorithm list. Outside lists of key types, ssh takes wildcards
// only to take away.
func (g *generator) list(names ...string) string {
	modifier := g.pick("", "+", "-", "^")
	keys := strings.Contains(names[0], "ssh-")
	var list []string
	for range 1 + g.IntN(2) {
		name := g.pick(names...)
		if strings.Contains(name, "*") && modifier != "-" && !keys {
			name = names[0]
		}
		list = append(list, name)
	}
	return modifier + strings.Join(list, ",")
}

func (g *generator) query() Query {
	q := Query{Host: g.host()}
	if g.IntN(5) == 0 {
		q.User = g.pick("alice", "carol")
	}
	if g.IntN(6) == 0 {
		q.Port = g.pick("2022", "22")
	}
	if g.IntN(8) == 0 {
		q.Jump = g.pick("hop", "u@hop:44,hop2")
	}
	for g.IntN(4) == 0 {
		name, value := g.setting()
		if q.Jump != "" && strings.HasPrefix(name, "Proxy") {
			continue // ssh refuses both
		}
		q.Options = append(q.Options, name+g.pick("=", " ")+value)
	}
	return q
}
