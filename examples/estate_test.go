//go:build unix

package examples_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"fleet/internal/lab"
	"fleet/internal/opensshd"
)

// The environments of the estate, with their hosts as "fleet hosts" lists them.
func environments() map[string][]string {
	return map[string][]string{
		"dev":     {"bastion", "billing1", "db1", "web1"},
		"staging": {"bastion", "billing1", "db1", "web1", "web2"},
		"prod":    {"bastion", "billing1", "billing2", "db1", "db2", "web1", "web2", "web3", "web4"},
	}
}

// full is the name of a host of an environment.
func full(env, host string) string {
	if host == "bastion" {
		return host
	}
	return host + "." + env + ".example.net"
}

func valuesOf(env string) []string { return []string{"--var-file", "envs/" + env + ".vars.hcl"} }

func TestEstateIsValidInEveryEnvironment(t *testing.T) {
	t.Parallel()
	p := copyExample(t, "estate")
	for env, hosts := range environments() {
		t.Run(env, func(t *testing.T) {
			values := valuesOf(env)
			if got, want := p.must(t, append([]string{"validate"}, values...)...), fmt.Sprintf("Valid: %d hosts in 7 groups.\n", len(hosts)); got != want {
				t.Errorf("validate says %q, want %q", got, want)
			}
			var want []string
			for _, h := range hosts {
				want = append(want, full(env, h))
			}
			if got := strings.Fields(p.must(t, append([]string{"hosts"}, values...)...)); !slices.Equal(got, want) {
				t.Errorf("hosts are %q, want %q", got, want)
			}
		})
	}
	if got := p.must(t, "fmt", "--check", "--recursive", "."); got != "" {
		t.Errorf("not in their one form: %s", got)
	}
	status, _, stderr := p.fleet(t, "hosts", "-e", "env=production")
	if status != 1 || !strings.Contains(stderr, "env must be dev, staging or prod.") {
		t.Errorf("an unknown environment: exit status %d\n%s", status, stderr)
	}
}

func TestEstateSaysWhereItsValuesComeFrom(t *testing.T) {
	t.Parallel()
	p := copyExample(t, "estate")
	tests := []struct {
		host string
		want []string // "name value origin"
	}{
		{"web2.prod.example.net", []string{
			"address 10.3.1.2 sh cloud.sh prod:7", "user deploy main.fleet.hcl", "jump bastion main.fleet.hcl",
			"labels.env prod groups.fleet.hcl", "protected estate groups.fleet.hcl",
			"vars.leader false groups.fleet.hcl", "vars.peers web[1,3-4].prod.example.net groups.fleet.hcl",
			"vars.url http://10.3.1.2:80/health groups.fleet.hcl", "vars.workers 16 groups.fleet.hcl",
		}},
		{"db1.prod.example.net", []string{"become.user postgres groups.fleet.hcl", "become.password (sensitive) groups.fleet.hcl"}},
		{"billing1.prod.example.net", []string{
			"address 10.3.3.1 legacy/prod.ini:3", "user billing legacy/prod.ini", "vars.heap_mb 2048 legacy/group_vars/java.yml:1",
		}},
	}
	for _, tt := range tests {
		out := p.must(t, append([]string{"hosts", "show", "--explain", "-F", "none", tt.host}, valuesOf("prod")...)...)
		plain := strings.Join(strings.Fields(out), " ")
		for _, want := range tt.want {
			if !strings.Contains(plain, want) {
				t.Errorf("%s: %q is missing in\n%s", tt.host, want, out)
			}
		}
	}
}

// addresses are the addresses in the files of the estate, which nobody has.
var addresses = regexp.MustCompile(`\b(10|203)\.\d+\.\d+\.\d+\b`)

// place moves the hosts of an environment to where they are served: on loopback,
// with a port for each, which ssh_config tells, as it does for people.
func (p *project) place(t *testing.T, env, common string, port func(i int) (number int, key string)) {
	t.Helper()
	p.rewrite(t, func(text string) string {
		return addresses.ReplaceAllString(text, netip.AddrFrom4([4]byte{127, 0, 0, 1}).String())
	})
	var config, known strings.Builder
	for i, h := range environments()[env] {
		number, key := port(i)
		fmt.Fprintf(&config, "Host %s\n  Port %d\n", full(env, h), number)
		if key != "" {
			fmt.Fprintf(&known, "[127.0.0.1]:%d %s\n", number, key)
		}
	}
	file := p.write(t, "known_hosts", known.String())
	p.write(t, "ssh_config", common+config.String()+"Host *\n  UserKnownHostsFile "+file+"\n")
}

// run is "fleet run" on hosts that were placed.
func (p *project) run(t *testing.T, env string, args ...string) (status int, stdout, stderr string) {
	t.Helper()
	return p.fleet(t, append(append([]string{"run", "-F", "ssh_config"}, valuesOf(env)...), args...)...)
}

func TestEstateRunsThroughItsBastion(t *testing.T) {
	t.Parallel()
	const env = "prod"
	p := copyExample(t, "estate")
	hosts := environments()[env]
	l, err := lab.Up(t.Context(), lab.Options{N: len(hosts), Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	// What is known of the lab's keys stands in its own file.
	p.place(t, env, fmt.Sprintf("IdentityFile %s\nIdentitiesOnly yes\nUserKnownHostsFile %s\n", l.Identity, l.KnownHosts),
		func(i int) (int, string) { return l.Hosts[i].Port, "" })
	name := func(host string) string { return l.Hosts[slices.Index(hosts, host)].Name } // in the lab

	tests := []struct {
		name string
		args []string
		want []string // hosts
	}{
		{"a label", []string{"-w", "tier=web"}, []string{"web1", "web2", "web3", "web4"}},
		{"a group of the cloud and one of Ansible", []string{"-w", "(@web&*[1-2].*),@java"}, []string{"billing1", "billing2", "web1", "web2"}},
		{"a group without some", []string{"-g", "billing", "-x", "billing2*"}, []string{"billing1"}},
	}
	for _, tt := range tests {
		status, stdout, stderr := p.run(t, env, append(tt.args, "--yes", "--", `echo "$FLEET_LAB_HOST"`)...)
		var want []string
		for _, h := range tt.want {
			want = append(want, full(env, h)+": "+name(h))
		}
		got := strings.Split(strings.TrimSuffix(stdout, "\n"), "\n")
		slices.Sort(got)
		if status != 0 || !slices.Equal(got, want) {
			t.Errorf("%s: exit status %d, got %q, want %q\n%s", tt.name, status, got, want, stderr)
		}
	}
	if n := l.Server(name("bastion")).Stats().Accepted; n != int64(len(tests)) {
		t.Errorf("the bastion saw %d connections, want one for each of %d runs", n, len(tests))
	}
	status, _, stderr := p.run(t, env, "-g", "web", "--", "true")
	if status == 0 || !strings.Contains(stderr, "estate") {
		t.Errorf("a protected group without a terminal to ask on: exit status %d\n%s", status, stderr)
	}
	if n := l.Server(name("bastion")).Stats().Accepted; n != int64(len(tests)) {
		t.Error("hosts of a protected group were contacted without asking")
	}
}

// encrypted is what "age -r RECIPIENT -a" makes of a text.
func encrypted(t *testing.T, identityFile, text string) string {
	t.Helper()
	f, err := os.Open(identityFile)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	identities, err := age.ParseIdentities(f)
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	a := armor.NewWriter(&out)
	w, err := age.Encrypt(a, identities[0].(*age.X25519Identity).Recipient())
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintln(w, text)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := a.Close(); err != nil {
		t.Fatal(err)
	}
	return out.String()
}

// The password of sudo comes out of the encrypted file, and is told to a real sudo.
func TestEstateBecomesAnotherUserWithItsSecret(t *testing.T) {
	t.Parallel()
	const env, password = "dev", "it's a \\ secret of the test"
	s := opensshd.Start(t, opensshd.Options{Password: password})
	s.AllowSudo(t, opensshd.SudoRule{UsePTY: true})
	p := copyExample(t, "estate")
	// One sshd is all of the hosts, and has one user.
	p.place(t, env, fmt.Sprintf("IdentityFile %s\nIdentitiesOnly yes\n", s.Identity), func(int) (int, string) { return s.Port, s.HostKey })
	p.rewrite(t, strings.NewReplacer(`"deploy"`, fmt.Sprintf("%q", s.User), `"postgres"`, `"nobody"`).Replace)
	p.write(t, "secrets/dev.age", encrypted(t, filepath.Join(p.dir, "secrets", "example-key.txt"), password))

	tests := []struct {
		name string
		args []string
		want string
	}{
		{"as the inventory says", []string{"-g", "db"}, "nobody\n"},
		{"as the command line says", []string{"-s", "-g", "db"}, "root\n"},
		{"as who logs in", []string{"-g", "web"}, s.User + "\n"},
	}
	for _, tt := range tests {
		if status, stdout, stderr := p.run(t, env, append(tt.args, "-N", "--", "id -un")...); status != 0 || stdout != tt.want {
			t.Errorf("%s: exit status %d, %q, want %q\n%s", tt.name, status, stdout, tt.want, stderr)
		}
	}
	// A host that tells it is not shown.
	leak := "for i in 1 2; do echo '" + strings.ReplaceAll(password, "'", `'\''`) + "' >&$i; done"
	for _, format := range []string{"text", "json", "jsonl"} {
		status, stdout, stderr := p.run(t, env, "-g", "db", "--format", format, "--", leak)
		if status != 0 || strings.Contains(stdout+stderr, "of the test") {
			t.Errorf("%s: exit status %d, and the password is shown:\n%s%s", format, status, stdout, stderr)
		}
	}
}
