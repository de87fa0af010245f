package inventory

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"fleet/internal/nodeset"
)

const selectHCL = `
group "web" {
  hosts  = ["web[01-12]"]
  labels = { tier = "web", dc = "ams" }
}
group "db" {
  hosts  = ["db[1-3]"]
  labels = { tier = "db" }
}
group "prod" { members = "@web,@db!web12" }
group "empty" {}
host "lone" {}
`

func names(hosts []*Host) string {
	out := make([]string, len(hosts))
	for i, h := range hosts {
		out[i] = h.Name
	}
	return nodeset.Fold(out)
}

func TestSelect(t *testing.T) {
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("# ours\nweb01 web02,web03  # three\n\n@db!db3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	inv := load(t, selectHCL)
	tests := []struct {
		name string
		o    SelectOptions
		want string
	}{
		{"a range and an exclusion", SelectOptions{Hosts: []string{"web[01-04]!web02"}}, "web[01,03-04]"},
		{"a group of groups", SelectOptions{Hosts: []string{"@prod"}}, "db[1-3],web[01-11]"},
		{"several flags", SelectOptions{Hosts: []string{"web01", "web02"}, Groups: []string{"db"}, Exclude: []string{"db2", "web01"}}, "db[1,3],web02"},
		{"all but", SelectOptions{All: true, Exclude: []string{"@web"}}, "db[1-3],lone"},
		{"a glob", SelectOptions{Hosts: []string{"web0*"}}, "web[01-09]"},
		{"a regular expression", SelectOptions{Hosts: []string{"/[13]$/"}}, "db[1,3],web[01,03,11]"},
		{"a label", SelectOptions{Hosts: []string{"tier=db"}}, "db[1-3]"},
		{"not a label", SelectOptions{Hosts: []string{"dc!=ams"}}, "db[1-3],lone"},
		{"a glob of groups", SelectOptions{Groups: []string{"*b"}}, "db[1-3],web[01-12]"},
		{"a limit", SelectOptions{All: true, Limit: []string{"@web", "web[01-02],db1"}}, "web[01-02]"},
		{"a list", SelectOptions{Hosts: []string{"^" + list}}, "db[1-2],web[01-03]"},
		{"standard input", SelectOptions{Hosts: []string{"-"}, Stdin: strings.NewReader("web01\n")}, "web01"},
		{"an excluded list", SelectOptions{Hosts: []string{"@web"}, Exclude: []string{"^" + list, "web[04-11]"}}, "web12"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			hosts, err := inv.Select(tt.o)
			if err != nil {
				t.Fatal(err)
			}
			if got := names(hosts); got != tt.want {
				t.Errorf("got %s, want %s", got, tt.want)
			}
			if !slices.IsSortedFunc(hosts, func(a, b *Host) int { return nodeset.Compare(a.Name, b.Name) }) {
				t.Error("not in natural order")
			}
		})
	}
}

func TestWhatMatchesNothingIsAnError(t *testing.T) {
	inv := load(t, selectHCL)
	tests := []struct {
		o    SelectOptions
		want string
	}{
		{SelectOptions{}, "no hosts are chosen"},
		{SelectOptions{Hosts: []string{"wbe01"}}, `no host "wbe01" in the inventory; did you mean "web01"?`},
		{SelectOptions{Hosts: []string{"web[11-13]"}}, `no host "web13"`},
		{SelectOptions{Hosts: []string{"@wbe"}}, `did you mean "@web"?`},
		{SelectOptions{Hosts: []string{"web"}}, "it is a group: @web"},
		{SelectOptions{Groups: []string{"web01"}}, "it is a host: web01"},
		{SelectOptions{Groups: []string{"all"}}, "all hosts are -a"},
		{SelectOptions{Groups: []string{"empty"}}, `the group "empty" has no hosts`},
		{SelectOptions{Hosts: []string{"zz*"}}, `no host matches "zz*"`},
		{SelectOptions{Hosts: []string{"/zz/"}}, "no host matches /zz/"},
		{SelectOptions{Hosts: []string{"teir=web"}}, `no host has a label "teir"; did you mean "tier"?`},
		{SelectOptions{Hosts: []string{"tier=mail"}}, "no host has the label tier=mail"},
		{SelectOptions{All: true, Exclude: []string{"wbe01"}}, `no host "wbe01"`},
		{SelectOptions{All: true, Limit: []string{"@wbe"}}, `no group "wbe"`},
		{SelectOptions{Hosts: []string{"web01!web02!web01"}}, "leaves no hosts"},
		{SelectOptions{Hosts: []string{"web01"}, Exclude: []string{"web01"}}, "no hosts are left"},
		{SelectOptions{Hosts: []string{"^/nowhere/list"}}, `host list "/nowhere/list": no such file`},
		{SelectOptions{Hosts: []string{"-"}, Stdin: strings.NewReader("web01\nweb99\n")}, `host list "standard input" line 2: no host "web99"`},
		{SelectOptions{Hosts: []string{"-"}, Stdin: strings.NewReader("# nothing\n")}, "names no hosts"},
		{SelectOptions{All: true, Pick: "0"}, "--pick takes"},
		{SelectOptions{All: true, Pick: "101%"}, "--pick takes"},
		{SelectOptions{Hosts: []string{"(web01"}}, "column 1"},
	}
	for _, tt := range tests {
		_, err := inv.Select(tt.o)
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want %s", tt.o, err, tt.want)
		}
	}
}

func TestPickKeepsTheOrder(t *testing.T) {
	inv := load(t, selectHCL)
	seed := uint64(7)
	for text, want := range map[string]int{"3": 3, "10%": 2, "100%": 16, "99": 16, "1%": 1} {
		a, err := inv.Select(SelectOptions{All: true, Pick: text, Seed: &seed})
		if err != nil {
			t.Fatal(err)
		}
		b, _ := inv.Select(SelectOptions{All: true, Pick: text, Seed: &seed})
		if len(a) != want || !slices.Equal(a, b) {
			t.Errorf("%s: %s, then %s", text, names(a), names(b))
		}
		if !slices.IsSortedFunc(a, func(x, y *Host) int { return nodeset.Compare(x.Name, y.Name) }) {
			t.Errorf("%s: not in natural order", text)
		}
	}
}

func TestWithoutAnInventoryEveryNameIsAHost(t *testing.T) {
	o := offline()
	withSSH(t, "Host n1\n HostName 192.0.2.1\n User u\n")(&o)
	inv, ds := Load(t.Context(), o)
	if len(ds) > 0 {
		t.Fatal(ds[0])
	}
	hosts, err := inv.Select(SelectOptions{Hosts: []string{"n[1-3]!n2", "::1"}})
	if err != nil {
		t.Fatal(err)
	}
	if names(hosts) != nodeset.Fold([]string{"n1", "n3", "::1"}) {
		t.Errorf("got %s", names(hosts))
	}
	if tg := target(t, inv, "n1"); tg.Address != "192.0.2.1" || tg.User != "u" || tg.Port != 22 {
		t.Errorf("n1 is %+v", tg)
	}
	for _, bad := range []SelectOptions{
		{All: true},
		{Groups: []string{"web"}},
		{Hosts: []string{"n*"}},
		{Hosts: []string{"a=b"}},
		{Hosts: []string{"-oProxyCommand=x"}},
	} {
		if hosts, err := inv.Select(bad); err == nil {
			t.Errorf("%+v selects %s", bad, names(hosts))
		}
	}
}

func TestWithoutAnInventoryNamesThatNarrowNothingAreRefused(t *testing.T) {
	inv, ds := Load(t.Context(), offline())
	if len(ds) > 0 {
		t.Fatal(ds[0])
	}
	list := filepath.Join(t.TempDir(), "list")
	if err := os.WriteFile(list, []byte("m1\nm2\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	chosen := []string{"n[1-3]"}
	for _, tt := range []struct {
		o    SelectOptions
		want string // hosts, or the error
	}{
		{SelectOptions{Hosts: chosen, Exclude: []string{"m1"}}, `-x: "m1" is none of the selected hosts`},
		{SelectOptions{Hosts: chosen, Exclude: []string{"n1,m1"}}, `-x: "m1" is none of the selected hosts`},
		{SelectOptions{Hosts: chosen, Exclude: []string{"m[1-3]"}}, `-x: "m[1-3]" is none of the selected hosts`},
		{SelectOptions{Hosts: []string{"web01", "web02"}, Exclude: []string{"wbe01"}}, `; did you mean "web01"?`},
		{SelectOptions{Hosts: chosen, Limit: []string{"n1,m1"}}, `--limit: "m1" is none of the selected hosts`},
		{SelectOptions{Hosts: chosen, Exclude: []string{"n[3-9]"}}, "n[1-2]"},
		{SelectOptions{Hosts: chosen, Exclude: []string{"n1", "n1"}, Limit: []string{"n[1-2]"}}, "n2"},
		{SelectOptions{Hosts: chosen, Exclude: []string{"n1"}, Limit: []string{"n1,n[2-9]"}}, "n[2-3]"},
		{SelectOptions{Hosts: chosen, Exclude: []string{"^" + list}}, "n[1-3]"},
	} {
		hosts, err := inv.Select(tt.o)
		switch {
		case err != nil && !strings.Contains(err.Error(), tt.want):
			t.Errorf("%+v: %v, want %s", tt.o, err, tt.want)
		case err == nil && names(hosts) != tt.want:
			t.Errorf("%+v: %s, want %s", tt.o, names(hosts), tt.want)
		}
	}
}

func TestUseByManyGoroutines(t *testing.T) {
	inv := load(t, fleetHCL)
	o := offline()
	open, _ := Load(t.Context(), o)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for _, i := range []*Inventory{inv, open} {
				hosts, err := i.Select(SelectOptions{Hosts: []string{"web[01-03]"}})
				if err != nil {
					t.Error(err)
					return
				}
				for _, h := range hosts {
					if _, err := i.Explain(t.Context(), h); err != nil {
						t.Error(err)
					}
					i.Vars(h, 0)
				}
			}
		})
	}
	wg.Wait()
}

// large is an inventory of 50 groups of 200 hosts; the first have a block of their own.
func large(blocks int) string {
	var b strings.Builder
	b.WriteString("connection { user = \"deploy\" }\n")
	for g := range 50 {
		fmt.Fprintf(&b, "group \"g%d\" {\n  hosts  = [\"n%02d-[0001-0200].example.net\"]\n  vars   = { port = %d }\n  labels = { tier = \"t%d\" }\n}\n", g, g, 8000+g, g%5)
	}
	for i := range blocks {
		fmt.Fprintf(&b, "host \"n%02d-%04d.example.net\" {\n  address = \"10.0.%d.%d\"\n}\n", i%50, i/50+1, i%50, i/50+1)
	}
	return b.String()
}

func BenchmarkLoadAndSelect(b *testing.B) {
	for _, blocks := range []int{0, 10_000} {
		src := large(blocks)
		b.Run(fmt.Sprintf("10000 hosts %d blocks", blocks), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				inv := load(b, src)
				if _, err := inv.Select(SelectOptions{Hosts: []string{"@g*!@g7&tier=t1"}}); err != nil {
					b.Fatal(err)
				}
				hosts, err := inv.Select(SelectOptions{All: true})
				if err != nil || len(hosts) != 10_000 {
					b.Fatal(len(hosts), err)
				}
			}
		})
	}
}

func BenchmarkTarget(b *testing.B) {
	inv := load(b, large(10_000))
	hosts := inv.Hosts()
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if _, err := inv.Target(b.Context(), hosts[i%len(hosts)]); err != nil {
			b.Fatal(err)
		}
		i++
	}
}
