package inventory

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"fleet/internal/lang"
	"fleet/transport"
)

// load loads one file and fails the test unless it is sound.
func load(t testing.TB, src string, change ...func(*Options)) *Inventory {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "a.fleet.hcl"), []byte(src), 0o600); err != nil {
		t.Fatal(err)
	}
	o := offline()
	o.Paths = []string{dir}
	for _, c := range change {
		c(&o)
	}
	inv, ds := Load(context.Background(), o)
	for _, d := range ds {
		t.Fatal(d)
	}
	return inv
}

func withFlags(f Flags) func(*Options) { return func(o *Options) { o.Flags = f } }

// withSSH makes text the user's ssh_config.
func withSSH(t testing.TB, text string) func(*Options) {
	file := filepath.Join(t.TempDir(), "config")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return func(o *Options) { o.SSH.User = file }
}

func lookup(t testing.TB, inv *Inventory, name string) *Host {
	t.Helper()
	h, ok := inv.Lookup(name)
	if !ok {
		t.Fatalf("no host %q", name)
	}
	return h
}

func target(t testing.TB, inv *Inventory, name string) transport.Target {
	t.Helper()
	tg, err := inv.Target(context.Background(), lookup(t, inv, name))
	if err != nil {
		t.Fatal(err)
	}
	return tg
}

const fleetHCL = `
connection {
  user            = "deploy"
  jump            = "bastion"
  connect_timeout = "20s"
  identity        = "keys/top"
}
host "bastion" {
  address = "203.0.113.7"
  connection { user = "jumper" }
}
group "web" {
  hosts  = ["web[01-03]"]
  vars   = { port = 8080, list = [1, "a", null, true, 1.5] }
  labels = { tier = "web", dc = "ams" }
}
group "db" {
  hosts = ["db[1-2]", "web01"]
  vars  = { port = 5432 }
  labels = { tier = "db" }
  connection { port = 2222 }
}
host "db1" {
  address = "10.0.3.10"
  labels  = { role = "primary", tier = null }
  connection {
    user = null
    jump = null
  }
}
`

func TestLaterLevelsWin(t *testing.T) {
	inv := load(t, fleetHCL)
	web1, db1, bastion := target(t, inv, "web01"), target(t, inv, "db1"), target(t, inv, "bastion")
	if web1.User != "deploy" || web1.Port != 2222 || web1.Link.ConnectTimeout != 20*time.Second {
		t.Errorf("web01: user %q port %d timeout %v", web1.User, web1.Port, web1.Link.ConnectTimeout)
	}
	if len(web1.Jump) != 1 || web1.Jump[0].Address != "203.0.113.7" || web1.Jump[0].User != "jumper" || web1.Jump[0].Port != 22 {
		t.Errorf("web01 goes over %+v", web1.Jump)
	}
	if db1.User != "me" || len(db1.Jump) != 0 || db1.Address != "10.0.3.10" {
		t.Errorf("null must take settings back: user %q jump %v address %q", db1.User, db1.Jump, db1.Address)
	}
	if len(bastion.Jump) != 0 {
		t.Errorf("a host inherits the jump that leads to itself: %v", bastion.Jump)
	}
	wantKey := filepath.Join(filepath.Dir(inv.base.settings[setIdentity].at.Filename), "keys/top")
	if !slices.Equal(web1.Login.Identities, []string{wantKey}) || !web1.Login.Explicit {
		t.Errorf("identities %v, want %q beside the inventory", web1.Login.Identities, wantKey)
	}
	h := lookup(t, inv, "web01")
	if got := inv.Vars(h, 0)["port"]; got != int64(5432) {
		t.Errorf("vars.port is %v, want that of the group defined last", got)
	}
	if diff := cmp.Diff([]any{int64(1), "a", nil, true, 1.5}, inv.Vars(h, 0)["list"]); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(map[string]string{"role": "primary"}, lookup(t, inv, "db1").Labels()); diff != "" {
		t.Errorf("a label of null is not there: %s", diff)
	}
	if got := h.Groups(); !slices.Equal(got, []string{"db", "web"}) {
		t.Errorf("groups %v", got)
	}
}

func TestAChildGroupWinsOverItsParents(t *testing.T) {
	inv := load(t, `
group "web" {
  hosts = ["web1"]
  vars  = { from = "child" }
}
group "prod" {
  members   = "@web"
  protected = true
  vars      = { from = "parent", only = "parent" }
}
group "all" {
  members = "@prod"
  vars    = { from = "grandparent", top = 1 }
}
`)
	h := lookup(t, inv, "web1")
	want := map[string]any{"from": "child", "only": "parent", "top": int64(1)}
	if diff := cmp.Diff(want, inv.Vars(h, 0)); diff != "" {
		t.Error(diff)
	}
	if h.Protected() != "prod" {
		t.Errorf("protected by %q", h.Protected())
	}
}

func TestJumps(t *testing.T) {
	const common = `
host "edge" {
  address = "203.0.113.1"
}
host "core" {
  connection { jump = "edge" }
}
host "via-core" {
  connection { jump = "core" }
}
host "listed" {
  connection { jump = ["edge", "root@far.example.net:2200"] }
}
host "plain" {
  connection { jump = null }
}
`
	tests := []struct {
		name, top, ssh, host string
		flags                Flags
		want                 string // user@address:port of each hop
	}{
		{name: "of a jump", host: "via-core", want: "me@203.0.113.1:22 me@core:22"},
		{name: "a chain", host: "listed", want: "me@203.0.113.1:22 root@far.example.net:2200"},
		{name: "null", host: "plain", top: `jump = "edge"`, want: ""},
		{name: "null keeps ssh_config out", host: "plain", ssh: "Host plain\n ProxyJump edge\n", want: ""},
		{name: "of ssh_config", host: "edge", ssh: "Host edge\n ProxyJump bob@gw:77\nHost gw\n HostName 192.0.2.1\n", want: "bob@192.0.2.1:77"},
		{name: "before the first hop", host: "core", ssh: "Host edge\n ProxyJump gw\n", want: "me@gw:22 me@203.0.113.1:22"},
		{name: "that leads to itself", host: "edge", top: `jump = "edge"`, want: ""},
		{name: "that leads to itself in a chain", host: "core", top: `jump = ["edge", "core"]`, want: "me@203.0.113.1:22"},
		{name: "inherited loop", host: "edge", top: `jump = "core"`, want: ""},
		{name: "of the flag", host: "core", flags: Flags{Jump: "x@y:9,edge"}, want: "x@y:9 me@203.0.113.1:22"},
		{name: "none of the flag", host: "core", flags: Flags{Jump: "none"}, want: ""},
		{name: "of -o", host: "core", flags: Flags{SSH: []string{"ProxyJump=gw"}}, want: "me@gw:22"},
		{name: "flags are for the target", host: "core", flags: Flags{User: "u", Port: 99}, want: "me@203.0.113.1:22"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			src := common
			if tt.top != "" {
				src += "connection {\n" + tt.top + "\n}\n"
			}
			inv := load(t, src, withFlags(tt.flags), withSSH(t, tt.ssh))
			var got []string
			for _, hop := range target(t, inv, tt.host).Jump {
				if len(hop.Jump) > 0 {
					t.Errorf("hop %q has jumps of its own", hop.Name)
				}
				got = append(got, hop.User+"@"+hop.Addr())
			}
			if strings.Join(got, " ") != tt.want {
				t.Errorf("got %q, want %q", strings.Join(got, " "), tt.want)
			}
		})
	}
}

func TestRevokedHostKeysOfSSHConfigCount(t *testing.T) {
	for text, want := range map[string][]string{
		"RevokedHostKeys /etc/ssh/revoked\n":                       {"/etc/ssh/revoked"},
		"RevokedHostKeys none\nRevokedHostKeys /etc/ssh/revoked\n": nil,
		"": nil,
	} {
		tg := target(t, load(t, `host "a" {}`, withSSH(t, text)), "a")
		if !slices.Equal(tg.HostKey.Revoked, want) {
			t.Errorf("%q: %q", text, tg.HostKey.Revoked)
		}
	}
}

func TestEndlessProxyJumpEnds(t *testing.T) {
	for _, tt := range []struct{ name, config, want string }{
		{"two hosts", "Host a c\n ProxyJump b\nHost b\n ProxyJump c\n", "the way over the jump hosts comes back: b -> c -> b (ssh_config "},
		{"behind others", "Host a\n ProxyJump l1\nHost l1\n ProxyJump l2\nHost l2\n ProxyJump l3,x\nHost l3\n ProxyJump l2\n", "comes back: l2 -> l3 -> l2 (ssh_config "},
		{"through the host", "Host a\n ProxyJump b\nHost b\n ProxyJump a\n", "comes back: b -> a -> b (ssh_config "},
		{"ever new names", "Host *\n ProxyJump x%h\n", "has no end: xa -> xxa -> xxxa ...;"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			inv := load(t, `host "a" {}`, withSSH(t, tt.config))
			_, err := inv.Target(context.Background(), lookup(t, inv, "a"))
			if err == nil || !strings.HasPrefix(err.Error(), "the way over") || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestFlagsThenInventoryThenSSHConfig(t *testing.T) {
	const src = `
host "a" {
  connection {
    user            = "inv"
    port            = 1000
    identity        = "/keys/inv"
    connect_timeout = "1s"
    known_hosts     = "/kh/inv"
    host_key        = "accept-new"
    keepalive       = "7s"
    identities_only = true
  }
}
host "b" {}
`
	const ssh = `
Host a b
  User cfg
  Port 2000
  HostName %h.cfg.example.net
  IdentityFile /keys/cfg
  ConnectTimeout 2
  UserKnownHostsFile /kh/cfg
  StrictHostKeyChecking no
  ServerAliveInterval 0
  HostKeyAlias alias
  SetEnv A=1
  PasswordAuthentication no
  Ciphers aes256-ctr,aes128-ctr
  MACs +hmac-sha1
`
	type view struct {
		User, Addr, Identity, KnownHosts, Policy string
		Timeout, Keepalive                       time.Duration
		Only                                     bool
	}
	tests := []struct {
		name, host string
		flags      Flags
		want       view
	}{
		{
			"ssh_config", "b",
			Flags{},
			view{"cfg", "b.cfg.example.net:2000", "/keys/cfg", "/kh/cfg", "off", 2 * time.Second, -1, false},
		},
		{
			"inventory", "a",
			Flags{},
			view{"inv", "a.cfg.example.net:1000", "/keys/inv", "/kh/inv", "accept-new", time.Second, 7 * time.Second, true},
		},
		{
			"flags", "a",
			Flags{User: "flag", Port: 3000, Identities: []string{"/keys/flag"}, ConnectTimeout: 3 * time.Second},
			view{"flag", "a.cfg.example.net:3000", "/keys/flag", "/kh/inv", "accept-new", 3 * time.Second, 7 * time.Second, true},
		},
		{
			"options", "a",
			Flags{SSH: []string{
				"User=opt", "Port 4000", "ConnectTimeout=4", "UserKnownHostsFile=/kh/opt",
				"StrictHostKeyChecking=yes", "ServerAliveInterval=9", "IdentitiesOnly=no", "HostName=opt",
			}},
			view{"opt", "opt:4000", "/keys/inv", "/kh/opt", "strict", 4 * time.Second, 9 * time.Second, false},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			inv := load(t, src, withFlags(tt.flags), withSSH(t, ssh))
			tg := target(t, inv, tt.host)
			got := view{
				tg.User, tg.Addr(), strings.Join(tg.Login.Identities, ","), strings.Join(tg.HostKey.Files, ","),
				tg.HostKey.Policy.String(), tg.Link.ConnectTimeout, tg.Link.Keepalive, tg.Login.IdentitiesOnly,
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Error(diff)
			}
			if tg.HostKey.Alias != "alias" || !slices.Equal(tg.Env, []string{"A=1"}) ||
				!slices.Equal(tg.Login.Methods, []string{"publickey", "keyboard-interactive"}) ||
				!slices.Equal(tg.Link.Ciphers, []string{"aes256-ctr", "aes128-ctr"}) || tg.Link.MACs != nil {
				t.Errorf("what only ssh_config says: %+v", tg)
			}
		})
	}
}

func TestAlgorithmListsAreCompleted(t *testing.T) {
	inv := load(t, `host "a" {}`, withSSH(t, "MACs +old\n"), func(o *Options) {
		o.Algorithms = map[string]Algorithms{"macs": {Defaults: []string{"new"}, Supported: []string{"new", "old"}}}
	})
	if got := target(t, inv, "a").Link.MACs; !slices.Equal(got, []string{"new", "old"}) {
		t.Errorf("got %v", got)
	}
}

func TestAddressAndProxyCommandTakeTokens(t *testing.T) {
	inv := load(t, `
host "a" {
  address = "fe80::1%eth0"
  connection {
    user          = "u"
    port          = 2022
    proxy_command = "nc %h %p %r %%"
  }
}
`)
	tg := target(t, inv, "a")
	if tg.Address != "fe80::1%eth0" || tg.Proxy != "nc fe80::1%eth0 2022 u %" {
		t.Errorf("address %q proxy %q", tg.Address, tg.Proxy)
	}
}

func TestBecome(t *testing.T) {
	inv := load(t, `
variable "pw" {
  default   = "hunter2"
  sensitive = true
}
connection {
  become { password = var.pw }
}
host "a" {
  connection {
    become {
      method = "doas"
      user   = "app"
    }
  }
}
`)
	b := lookup(t, inv, "a").Become()
	if b == nil || b.Method != "doas" || b.User != "app" || b.Password.Reveal() != "hunter2" {
		t.Errorf("got %+v", b)
	}
	rows, err := inv.Explain(context.Background(), lookup(t, inv, "a"))
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if strings.Contains(r.Value, "hunter2") {
			t.Errorf("the password is shown: %+v", r)
		}
	}
	if lookup(t, load(t, `host "a" {}`), "a").Become() != nil {
		t.Error("become without a block")
	}
	if b := lookup(t, load(t, `
connection {
  become { method = "doas" }
}
host "a" {}`), "a").Become(); b == nil || b.Method != "doas" || b.User != "" {
		t.Errorf("a block that says how, and not who: %+v", b)
	}
	if b := lookup(t, load(t, `
connection {
  become { user = "app" }
}
host "a" {
  connection {
    become { user = null }
  }
}`), "a").Become(); b != nil {
		t.Errorf("null does not take it back: %+v", b)
	}
}

func TestSensitiveVarsAreMasked(t *testing.T) {
	inv := load(t, `
variable "pw" {
  default   = "hunter2"
  sensitive = true
}
host "a" {
  vars = { plain = 1, deep = { list = [var.pw, "x${var.pw}"] } }
}
`)
	want := map[string]any{"plain": int64(1), "deep": map[string]any{"list": []any{"(sensitive)", "(sensitive)"}}}
	if diff := cmp.Diff(want, inv.Vars(lookup(t, inv, "a"), 0)); diff != "" {
		t.Error(diff)
	}
}

func TestSeveralPathsAreOneProject(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	a := write("a/a.fleet.hcl", "variable \"d\" {}\ngroup \"g\" { hosts = [\"a.${var.d}\"] }\n")
	write("a/ignored.hcl", "nonsense {}")
	write("a/.hidden.fleet.hcl", "nonsense {}")
	write("a/fleet.vars.hcl", `d = "x"`)
	b := write("b/b.fleet.json", `{"group": {"g": {"hosts": "b.${var.d}"}}, "host": {"a.x": {"vars": {"n": 1}}}}`)
	o := offline()
	o.Paths = []string{filepath.Dir(a), b, a}
	inv, ds := Load(context.Background(), o)
	if len(ds) > 0 {
		t.Fatal(ds[0])
	}
	if got := hostNames(inv.Groups()); !slices.Equal(got, []string{"a.x", "b.x"}) {
		t.Errorf("hosts %v", got)
	}
}

func TestExampleIsSound(t *testing.T) {
	o := offline()
	o.Paths = []string{"../examples/quickstart"}
	inv, ds := Load(context.Background(), o)
	for _, d := range ds {
		t.Error(d)
	}
	if len(inv.Hosts()) != 7 {
		t.Errorf("%d hosts", len(inv.Hosts()))
	}
}

func TestExplain(t *testing.T) {
	t.Chdir(t.TempDir())
	if err := os.WriteFile("a.fleet.hcl", []byte(fleetHCL), 0o600); err != nil {
		t.Fatal(err)
	}
	o := offline()
	o.Paths = []string{"a.fleet.hcl"}
	o.Flags = Flags{Port: 2, Identities: []string{"/k"}, SSH: []string{"HostKeyAlias=x"}}
	inv, ds := Load(context.Background(), o)
	if len(ds) > 0 {
		t.Fatal(ds[0])
	}
	rows, err := inv.Explain(context.Background(), lookup(t, inv, "web01"))
	if err != nil {
		t.Fatal(err)
	}
	want := []Row{
		{"address", "web01", "default"},
		{"user", "deploy", "a.fleet.hcl:3"},
		{"port", "2", "-p flag"},
		{"jump", "bastion", "a.fleet.hcl:4"},
		{"identity", "/k", "--identity flag"},
		{"identities_only", "false", "default"},
		{"agent", "none", "default"},
		{"host_key", "strict", "default"},
		{"known_hosts", "/home/me/.ssh/known_hosts, /home/me/.ssh/known_hosts2", "default"},
		{"host_key_alias", "x", "-o flag"},
		{"connect_timeout", "20s", "a.fleet.hcl:5"},
		{"keepalive", "15s", "default"},
		{"legacy", "false", "default"},
		{"group", "web", "a.fleet.hcl:12"},
		{"group", "db", "a.fleet.hcl:17"},
		{"labels.dc", "ams", "a.fleet.hcl:15"},
		{"labels.tier", "db", "a.fleet.hcl:20"},
		{"vars.list", `[1,"a",null,true,1.5]`, "a.fleet.hcl:14"},
		{"vars.port", "5432", "a.fleet.hcl:19"},
	}
	if diff := cmp.Diff(want, rows); diff != "" {
		t.Error(diff)
	}
}

func TestTargetsAreTheSameEveryTime(t *testing.T) {
	inv := load(t, fleetHCL, withSSH(t, "Host *\n IdentityFile ~/.ssh/x\n SendEnv LC_*\n"))
	first := target(t, inv, "web01")
	if again := target(t, inv, "web01"); !reflect.DeepEqual(first, again) {
		t.Errorf("%+v, then %+v", first, again)
	}
}

func TestValuesOfVariables(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"a.fleet.hcl":     "variable \"x\" {}\nvariable \"l\" {\n type = list(string)\n default = []\n}\nhost \"a\" {\n vars = { x = var.x, l = var.l }\n}\n",
		"fleet.vars.hcl":  `x = "file"`,
		"a.auto.vars.hcl": `x = "auto a"`,
		"b.auto.vars.hcl": `x = "auto b"`,
		"more.hcl":        `x = "more"`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	more := lang.VarArg{File: filepath.Join(dir, "more.hcl")}
	tests := []struct {
		remove []string
		args   []lang.VarArg
		want   string
	}{
		{nil, []lang.VarArg{{Assign: "x=1"}, more}, "more"},
		{nil, []lang.VarArg{more, {Assign: "x=a=b"}}, "a=b"},
		{nil, nil, "auto b"},
		{[]string{"b.auto.vars.hcl"}, nil, "auto a"},
		{[]string{"a.auto.vars.hcl"}, nil, "file"},
		{[]string{"fleet.vars.hcl"}, nil, "env"},
	}
	for _, tt := range tests {
		for _, name := range tt.remove {
			if err := os.Remove(filepath.Join(dir, name)); err != nil {
				t.Fatal(err)
			}
		}
		o := offline()
		o.Paths = []string{dir}
		o.Inputs.Args = tt.args
		o.Inputs.LookupEnv = func(name string) (string, bool) {
			v, ok := map[string]string{"FLEET_VAR_x": "env", "FLEET_VAR_l": `["a", "b"]`}[name]
			return v, ok
		}
		inv, ds := Load(context.Background(), o)
		if len(ds) > 0 {
			t.Fatal(ds[0])
		}
		vars := inv.Vars(lookup(t, inv, "a"), 0)
		if vars["x"] != tt.want {
			t.Errorf("with %v: got %v, want %q", tt.args, vars["x"], tt.want)
		}
		if diff := cmp.Diff([]any{"a", "b"}, vars["l"]); diff != "" {
			t.Error(diff)
		}
	}
}

func TestLoadStopsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	o := offline()
	o.Paths = []string{"../examples/quickstart"}
	if _, ds := Load(ctx, o); !ds.HasErrors() {
		t.Error("no error")
	}
}

func TestHostileGroupsEndInADiagnostic(t *testing.T) {
	chain := "group \"g0\" { hosts = [\"n1\"] }\n"
	for i := 1; i <= 200; i++ {
		chain = fmt.Sprintf("group \"g%d\" { members = \"@g%d\" }\n", i, i-1) + chain
	}
	tests := []struct{ name, src, want string }{
		{"too much work", "group \"a\" { hosts = [\"n[1-30000]\"] }\ngroup \"b\" { members = \"" + strings.Repeat("@a,", 1000) + "@a\" }\n", "Invalid members"},
		{"too deep", chain, "Invalid members"},
		{"too many hosts", "group \"a\" { hosts = [\"n[1-1000][1-1000][1-1000]\"] }\n", "Invalid host pattern"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "a.fleet.hcl")
			if err := os.WriteFile(file, []byte(tt.src), 0o600); err != nil {
				t.Fatal(err)
			}
			o := offline()
			o.Paths = []string{file}
			_, ds := Load(t.Context(), o)
			if len(ds) == 0 || ds[0].Summary != tt.want {
				t.Errorf("got %v, want %q", ds, tt.want)
			}
		})
	}
}

func TestFlagsAreChecked(t *testing.T) {
	for _, f := range []Flags{
		{User: "-oProxyCommand=x"},
		{User: "a;b"},
		{Jump: "-x"},
		{SSH: []string{"Prot=22"}},
		{SSH: []string{"Port=70000"}},
	} {
		inv := load(t, `host "a" {}`, withFlags(f))
		if tg, err := inv.Target(t.Context(), lookup(t, inv, "a")); err == nil {
			t.Errorf("%+v gives %+v", f, tg)
		}
	}
}

func TestWhoSaysHowHostKeysAreChecked(t *testing.T) {
	words := map[string]transport.HostKeyPolicy{
		"yes": transport.HostKeyStrict, "ask": transport.HostKeyStrict, "accept-new": transport.HostKeyAcceptNew,
		"no": transport.HostKeyOff, "off": transport.HostKeyOff, "OFF": transport.HostKeyOff, "true": transport.HostKeyStrict,
	}
	for word, want := range words {
		line := "StrictHostKeyChecking " + word + "\n"
		if got := target(t, load(t, `host "h" {}`, withSSH(t, line)), "h").HostKey.Policy; got != want {
			t.Errorf("ssh_config %s: %v", word, got)
		}
		flag := withFlags(Flags{SSH: []string{"StrictHostKeyChecking=" + word}})
		for _, policy := range []string{"strict", "accept-new", "off"} {
			src := fmt.Sprintf("connection {\n  host_key = %q\n}\nhost \"h\" {}\n", policy)
			if got := target(t, load(t, src, flag, withSSH(t, "StrictHostKeyChecking accept-new\n")), "h").HostKey.Policy; got != want {
				t.Errorf("-o %s over the inventory's %q: %v", word, policy, got)
			}
			if got := target(t, load(t, src, withSSH(t, line)), "h").HostKey.Policy.String(); got != policy {
				t.Errorf("the inventory's %q over %s of ssh_config: %v", policy, word, got)
			}
		}
	}
}

func TestFilesThatMayBeMissing(t *testing.T) {
	const src = "host \"named\" {\n  connection {\n    identity = [\"/k/named\"]\n  }\n}\nhost \"h\" {}\n"
	config := withSSH(t, "IdentityFile /k/config\n")
	plain, flagged := load(t, src, config), load(t, src, config, withFlags(Flags{Identities: []string{"/k/flag"}, Jump: "j"}))
	for name, tt := range map[string]struct {
		login    transport.Login
		file     string
		optional bool
	}{
		"ssh_config":  {target(t, plain, "h").Login, "/k/config", true},
		"inventory":   {target(t, plain, "named").Login, "/k/named", false},
		"flag":        {target(t, flagged, "h").Login, "/k/flag", false},
		"flag's jump": {target(t, flagged, "h").Jump[0].Login, "/k/flag", false},
	} {
		if l := tt.login; !l.Explicit || l.Optional != tt.optional || !slices.Equal(l.Identities, []string{tt.file}) {
			t.Errorf("%s: %+v", name, l)
		}
	}
	if l := target(t, load(t, src), "h").Login; l.Explicit || l.Optional {
		t.Errorf("built in: %+v", l)
	}
}

func TestBatchModeAsksNobodyOnTheWholeWay(t *testing.T) {
	const src = "host \"j\" {}\nhost \"h\" {\n  connection {\n    jump = [\"j\"]\n  }\n}\n"
	for name, tt := range map[string]struct {
		change func(*Options)
		h, j   bool
	}{
		"-o":         {withFlags(Flags{SSH: []string{" batchMode = yes", "BatchMode=no"}}), true, true},
		"-o no":      {withFlags(Flags{SSH: []string{"BatchMode=no"}}), false, false},
		"ssh_config": {withSSH(t, "Host h\nBatchMode yes\n"), true, true},
		"its jump's": {withSSH(t, "Host j\nBatchMode yes\n"), false, true},
	} {
		inv := load(t, src, tt.change)
		h := target(t, inv, "h")
		if h.Login.Batch != tt.h || h.Jump[0].Login.Batch != tt.j {
			t.Errorf("%s: host %t, jump %t", name, h.Login.Batch, h.Jump[0].Login.Batch)
		}
		if flags := inv.options.Flags; flags.Batch() != (name == "-o") {
			t.Errorf("%s: the flags say %t", name, flags.Batch())
		}
	}
}

func TestOptionsThatHaveNoEffectHere(t *testing.T) {
	flags := Flags{SSH: []string{
		"User=a", "ForwardAgent=yes", "forwardx11 no", "LocalForward 80 h:80", "ProxyJump=j", "RemoteCommand=none", "ControlMaster=auto",
		"RequestTTY=auto", "RequestTTY=force", "SessionType=default", "PermitLocalCommand yes", "TCPKeepAlive=no",
	}}
	if got := flags.Idle(); !slices.Equal(got, []string{"ForwardAgent=yes", "LocalForward 80 h:80", "RequestTTY=force", "PermitLocalCommand yes"}) {
		t.Errorf("got %q", got)
	}
}
