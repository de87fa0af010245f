package inventory

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
)

const lateHCL = `
group "web" {
  hosts  = ["web[1-3]"]
  labels = { dc = "ams" }
  vars = {
    port = 8000 + host.index
    fqdn = "${host.name}.${host.labels.dc}.example.net"
    base = 10
    twice = host.vars.base * 2
    where = join(",", host.groups)
    cpus = host.facts.cpus
  }
}
host "web2" { address = "10.0.0.2" }
`

func TestVarsAreMadeForEachHost(t *testing.T) {
	inv := load(t, lateHCL)
	want := map[string]any{
		"port": int64(8001), "fqdn": "web2.ams.example.net", "base": int64(10), "twice": int64(20),
		"where": "web", "cpus": "(known after connecting)",
	}
	if diff := cmp.Diff(want, inv.Vars(lookup(t, inv, "web2"), 1)); diff != "" {
		t.Error(diff)
	}
	if ds := inv.Check(inv.Hosts()); len(ds) > 0 {
		t.Errorf("%v", ds)
	}
	facts := cty.ObjectVal(map[string]cty.Value{"cpus": cty.NumberIntVal(4)})
	v, ds := inv.Value(lookup(t, inv, "web2"), 0, facts)
	if len(ds) > 0 {
		t.Fatal(ds)
	}
	if got := v.GetAttr("vars").GetAttr("cpus"); !got.RawEquals(cty.NumberIntVal(4)) {
		t.Errorf("with its facts known, cpus is %#v", got)
	}
	if got := v.GetAttr("address"); got.AsString() != "10.0.0.2" {
		t.Errorf("address %#v", got)
	}
}

func TestAMistakeInWhatIsMadeForEachHostIsToldOnceForAll(t *testing.T) {
	inv := load(t, `
group "web" {
  hosts = ["web[1-30]"]
  vars  = { dc = host.labels.dc }
}
host "web7" { labels = { dc = "ams" } }
`)
	ds := inv.Check(inv.Hosts())
	if len(ds) != 1 || !strings.Contains(ds[0].Detail, "web[1-6,8-30]") {
		t.Errorf("%+v", ds)
	}
}

func TestExpressionsCanAskForOtherHosts(t *testing.T) {
	inv := load(t, `
group "web" {
  hosts = ["web[1-3]"]
  vars = {
    peers   = [for n in hosts("@web") : n if n != host.name]
    all     = fold(hosts("*"))
    primary = host("db1").address
    dc      = host("db1").labels.dc
  }
}
host "db1" {
  address = "10.0.0.9"
  labels  = { dc = "ams" }
}
`)
	if ds := inv.Check(inv.Hosts()); len(ds) > 0 {
		t.Fatal(ds)
	}
	want := map[string]any{"peers": []any{"web1", "web3"}, "all": "db1,web[1-3]", "primary": "10.0.0.9", "dc": "ams"}
	if diff := cmp.Diff(want, inv.Vars(lookup(t, inv, "web2"), 0)); diff != "" {
		t.Error(diff)
	}
}

func TestWhatIsMadeForManyHostsMayNotCostTooMuch(t *testing.T) {
	inv := load(t, `
group "web" {
  hosts = ["web[1-9000]"]
  vars  = { slow = [for i in range(150) : "${host.name}-${i}"] }
}
`)
	if ds := inv.Check(inv.Hosts()[:10]); len(ds) > 0 {
		t.Errorf("for ten hosts: %+v", ds)
	}
	if ds := inv.Check(inv.Hosts()); len(ds) != 1 || ds[0].Summary != "Evaluation too expensive" || ds[0].Range.Start.Line != 4 {
		t.Errorf("%+v", ds)
	}
}

func TestLateVariablesAreMadeAfterThoseTheyReferTo(t *testing.T) {
	inv := load(t, `
group "web" {
  hosts = ["web1"]
  vars = {
    a = "${host.vars.c}!"
    b = "${host.name}-x"
    c = upper(host.vars.b)
  }
}
`)
	want := map[string]any{"a": "WEB1-X!", "b": "web1-x", "c": "WEB1-X"}
	if ds := inv.Check(inv.Hosts()); len(ds) > 0 {
		t.Error(ds)
	}
	if diff := cmp.Diff(want, inv.Vars(lookup(t, inv, "web1"), 0)); diff != "" {
		t.Error(diff)
	}
	inv = load(t, `
host "web1" {
  vars = {
    a = "${host.name}${host.vars.b}"
    b = host.vars.a
  }
}
`)
	if ds := inv.Check(inv.Hosts()); len(ds) == 0 || ds[0].Summary != "Cycle among variables" {
		t.Errorf("%+v", ds)
	}
}
