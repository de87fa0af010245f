package inventory

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"fleet/internal/forward"
	"fleet/internal/lang"
)

const tunnelHCL = `
variable "port" { default = 5432 }
group "db" {
  hosts = ["db[1-3]"]
  vars  = { pg = 5000 + host.index, cores = host.facts.cpus }
}
host "edge" {}
tunnel "postgres" {
  hosts   = "@db"
  local   = 15432 + host.index
  to      = "localhost:${var.port}"
  on_down = "refuse"
}
tunnel "socks" {
  hosts   = "edge"
  dynamic = "[::1]:1080"
  permit  = ["10.0.0.0/8:*"]
}
tunnel "webhook" {
  hosts   = ["edge", "db1"]
  remote  = "*:8443"
  to      = "~/app.sock"
  gateway = true
}
tunnel "back" {
  hosts  = "edge"
  remote = 0
}
tunnel "sockets" {
  hosts = "@db"
  local = "./run/${host.name}.sock"
  to    = "/run/postgresql/.s.PGSQL.${host.vars.pg}"
}
`

// rules writes down what Bind returns.
func rules(list []Forward) string {
	var out []string
	for _, f := range list {
		out = append(out, f.Host.Name+": "+f.Rule.String())
	}
	return strings.Join(out, "\n")
}

func TestATunnelIsMadeForEachHost(t *testing.T) {
	home := t.TempDir()
	t.Setenv("HOME", home)
	inv := load(t, tunnelHCL)
	dir, err := filepath.Abs(filepath.Dir(inv.Tunnels()[0].at.Filename))
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"postgres": "db1: local 127.0.0.1:15432 to localhost:5432\ndb2: local 127.0.0.1:15433 to localhost:5432\ndb3: local 127.0.0.1:15434 to localhost:5432",
		"socks":    "edge: dynamic [::1]:1080",
		"webhook":  "db1: remote *:8443 to " + home + "/app.sock\nedge: remote *:8443 to " + home + "/app.sock",
		"back":     "edge: remote dynamic 127.0.0.1:0",
		"sockets": "db1: local " + dir + "/run/db1.sock to /run/postgresql/.s.PGSQL.5000\n" +
			"db2: local " + dir + "/run/db2.sock to /run/postgresql/.s.PGSQL.5001\n" +
			"db3: local " + dir + "/run/db3.sock to /run/postgresql/.s.PGSQL.5002",
	} {
		tunnel, err := inv.Tunnel(name)
		if err != nil {
			t.Fatal(err)
		}
		list, ds := tunnel.Bind(nil)
		if len(ds) > 0 {
			t.Fatalf("%s: %v", name, ds.Err())
		}
		if got := rules(list); got != want {
			t.Errorf("%s:\n%s\nwant\n%s", name, got, want)
		}
	}
	if ds := inv.CheckTunnels(); len(ds) > 0 {
		t.Error(ds.Err())
	}
}

func TestATunnelSaysHowItIsMeant(t *testing.T) {
	inv := load(t, tunnelHCL)
	postgres, webhook := inv.Tunnels()[0], inv.Tunnels()[2]
	if postgres.Kind != forward.Local || postgres.OnDown != "refuse" || postgres.Gateway || postgres.Hosts != "@db" || !strings.HasSuffix(postgres.Place, ":8") {
		t.Errorf("postgres: %+v", postgres)
	}
	if webhook.Kind != forward.Remote || webhook.OnDown != "wait" || !webhook.Gateway || webhook.Hosts != "edge,db1" {
		t.Errorf("webhook: %+v", webhook)
	}
	list, _ := inv.Tunnels()[1].Bind(nil)
	if p := list[0].Rule.Permit; !p.Allows("10.1.2.3", 80) || p.Allows("192.0.2.1", 80) {
		t.Errorf("permit %v", p)
	}
}

func TestAPortDoesNotDependOnWhichHostsAreOpened(t *testing.T) {
	inv := load(t, tunnelHCL)
	list, ds := inv.Tunnels()[0].Bind([]*Host{lookup(t, inv, "db3"), lookup(t, inv, "edge")})
	if len(ds) > 0 || rules(list) != "db3: local 127.0.0.1:15434 to localhost:5432" {
		t.Errorf("%s %v", rules(list), ds)
	}
}

func TestATunnelThatIsNotThere(t *testing.T) {
	inv := load(t, tunnelHCL)
	if _, err := inv.Tunnel("postgers"); err == nil || !strings.Contains(err.Error(), `did you mean "postgres"?`) {
		t.Errorf("%v", err)
	}
	if _, err := load(t, ``).Tunnel("x"); err == nil || !strings.Contains(err.Error(), "hint: a tunnel is a block") {
		t.Errorf("%v", err)
	}
}

func TestMistakesInWhatATunnelIsMadeOfPerHost(t *testing.T) {
	for name, test := range map[string]struct{ src, summary, detail string }{
		"one port for all":  {`local = 15432`, "Conflicting addresses", `The tunnel "x" would listen on 127.0.0.1:15432 for db[1-3] at once. Give each host a port of its own, as in 15432 + host.index, or 0 for any that is free.`},
		"one port for two":  {`local = 15432 + max(host.index, 1)`, "Conflicting addresses", "127.0.0.1:15433 for db[1-2] at once"},
		"one socket":        {`local = "/tmp/x.sock"`, "Conflicting addresses", "with ${host.name} in the path"},
		"no port":           {`local = 65534 + host.index`, "Invalid value", `local is 65536; it must be a port from 0 to 65535, "address:port", or the path of a socket. This is so for db3.`},
		"half a port":       {`local = 15432 + host.index / 2`, "Invalid value", "local is 15432.5; it must be"},
		"nothing":           {`local = host.index == 2 ? null : 15432 + host.index`, "Invalid value", "This is so for db3."},
		"facts":             {`local = 15432 + host.facts.cpus`, "Value not known", "local is made from facts of the host, which are known after connecting only."},
		"facts of a var":    {`local = 15432 + host.vars.cores`, "Value not known", "This is so for db[1-3]."},
		"sensitive":         {`local = 15432 + host.vars.pin`, "Sensitive value not allowed", "local is shown"},
		"a secret in a var": {`local = 15432 + host.vars.hidden`, "Sensitive value not allowed", "local is shown"},
		"no such label":     {`local = 15432 + host.labels.n`, "Missing map element", "db[1-3]"},
	} {
		t.Run(name, func(t *testing.T) {
			inv := load(t, `
secret "pin" { env = "PIN" }
group "db" {
  hosts = ["db[1-3]"]
  vars  = { cores = host.facts.cpus, pin = sensitive(1), hidden = secret.pin }
}
tunnel "x" {
  hosts = "@db"
  to    = "localhost:1"
  `+test.src+`
}`)
			wantDiagnostic(t, inv.CheckTunnels(), test.summary, test.detail)
		})
	}
}

func TestTheHostsOfATunnelAreLookedForWhenItIsOpened(t *testing.T) {
	inv := load(t, `
group "db" { hosts = ["db1"] }
tunnel "x" {
  hosts = "@bd"
  local = 0
  to    = "localhost:1"
}`)
	wantDiagnostic(t, inv.CheckTunnels(), "Invalid hosts", `No group "bd" in the inventory; did you mean "@db"?`)
}

func TestATargetForEachHostIsMeasuredByPermit(t *testing.T) {
	inv := load(t, `
group "db" { hosts = ["db1", "db2"] }
tunnel "x" {
  hosts  = "@db"
  remote = 80
  to     = "${host.name}:80"
  permit = ["db1:80"]
}`)
	wantDiagnostic(t, inv.CheckTunnels(), "Target not permitted", `The tunnel "x" leads to db2:80, which its own permit leaves out. This is so for db2.`)
}

func TestTunnelsThatCannotBeOpenAtOneTimeAreToldOf(t *testing.T) {
	tunnels := func(x, y string) string {
		const form = `
tunnel %q {
  hosts = %s
  to    = "localhost:1"
}`
		return `group "db" { hosts = ["db1", "db2"] }` + fmt.Sprintf(form, "x", x) + fmt.Sprintf(form, "y", y)
	}
	for name, test := range map[string]struct{ x, y, detail string }{
		"here":       {"\"db1\"\n local = 26500", "\"@db\"\n local = 26499 + host.index", `a.fleet.hcl:2 would: only one of them`},
		"on a host":  {"\"@db\"\n remote = 80", "\"@db\"\n remote = 80", `The tunnel "y" would listen on 127.0.0.1:80 of db1, as "x" at `},
		"two hosts":  {"\"db1\"\n remote = 80", "\"db2\"\n remote = 80", ""},
		"any port":   {"\"@db\"\n local = 0", "\"@db\"\n local = 0", ""},
		"both sides": {"\"db1\"\n local = 80", "\"db1\"\n remote = 80", ""},
	} {
		t.Run(name, func(t *testing.T) {
			ds := load(t, tunnels(test.x, test.y)).CheckTunnels()
			if test.detail == "" {
				if len(ds) > 0 {
					t.Errorf("%v", ds)
				}
				return
			}
			wantDiagnostic(t, ds, "Conflicting addresses", test.detail)
			if ds.HasErrors() {
				t.Errorf("it is an error")
			}
		})
	}
}

func TestTunnelsThatAreTooExpensive(t *testing.T) {
	inv := load(t, `
group "db" { hosts = ["db[1-3000]"] }
tunnel "x" {
  hosts = "@db"
  local = 0 * length(join("", [for i in range(300) : "${host.name}${i}"]))
  to    = "localhost:1"
}`)
	wantDiagnostic(t, inv.CheckTunnels(), "Evaluation too expensive", `tunnel "x"`)
}

// wantDiagnostic fails unless there is exactly one diagnostic, which says that.
func wantDiagnostic(t *testing.T, ds lang.Diagnostics, summary, detail string) {
	t.Helper()
	if len(ds) != 1 {
		t.Fatalf("%d diagnostics: %v", len(ds), ds.Err())
	}
	if !strings.HasPrefix(ds[0].Summary, summary) || !strings.Contains(ds[0].Detail, detail) {
		t.Errorf("%s: %s\nwant\n%s: %s", ds[0].Summary, ds[0].Detail, summary, detail)
	}
}
