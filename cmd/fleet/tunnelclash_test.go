package main

import (
	"testing"

	"fleet/internal/forward"
	"fleet/inventory"
)

func TestAnAddressIsWantedOnce(t *testing.T) {
	rule := func(kind forward.Kind, spec string) forward.Rule {
		t.Helper()
		r, err := forward.Parse(kind, spec)
		if err != nil {
			t.Fatal(err)
		}
		return r
	}
	plan := func(name, host string, rules ...forward.Rule) tunnelPlan {
		return tunnelPlan{name: name, host: &inventory.Host{Name: host}, rules: rules}
	}
	back := rule(forward.Remote, "80:a:1")
	here := rule(forward.Local, "7001:a:1")
	for _, tt := range []struct {
		about string
		plans []tunnelPlan
		want  string // of the error; "": none
	}{
		{"each host has its own", []tunnelPlan{plan("", "db1", back), plan("", "db2", back)}, ""},
		{"free ports", []tunnelPlan{plan("", "db1", rule(forward.Dynamic, "0"), rule(forward.Dynamic, "0"))}, ""},
		{
			"one port of one host",
			[]tunnelPlan{plan("", "db1", back, rule(forward.Remote, "80:b:1"))},
			"127.0.0.1:80 of db1 is wanted twice: for db1 (" + back.String() + "), and for db1 (" + rule(forward.Remote, "80:b:1").String() + ")",
		},
		{
			"two blocks",
			[]tunnelPlan{plan("x", "db1", here), plan("y", "db2", here)},
			`127.0.0.1:7001 is wanted twice: for tunnel "x" (db1), and for tunnel "y" (db2)`,
		},
	} {
		got := ""
		if err := clash(tt.plans); err != nil {
			got = err.Error()
		}
		if got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.about, got, tt.want)
		}
	}
}
