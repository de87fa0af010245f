package ansible

import (
	"os"
	"testing"

	"fleet/inventory/source"
)

// checkData states what holds of every inventory, however broken.
func checkData(t *testing.T, d *source.Data) {
	t.Helper()
	bad := false
	for _, p := range d.Problems {
		bad = bad || !p.Warning
		if p.At.File == "" || p.Summary == "" || p.Detail == "" {
			t.Errorf("a problem without a place or a text: %+v", p)
		}
	}
	hosts := map[string]bool{}
	for _, h := range d.Hosts {
		if problem := source.CheckHostName(h.Name); problem != "" || hosts[h.Name] {
			t.Errorf("host %q is there twice, or is none: %s", h.Name, problem)
		}
		hosts[h.Name] = true
	}
	if bad {
		return
	}
	listed := map[string]bool{}
	seen := map[string]bool{}
	for i := len(d.Groups) - 1; i >= 0; i-- { // children first
		g := d.Groups[i]
		if seen[g.Name] || !source.ValidGroupName(g.Name) || g.Name == "all" {
			t.Errorf("group %q is there twice, or is none", g.Name)
		}
		for _, c := range g.Children {
			if !seen[c] {
				t.Errorf("%q does not stand before its child %q", g.Name, c)
			}
		}
		seen[g.Name] = true
		for _, h := range g.Hosts {
			if !hosts[h] {
				t.Errorf("%q is no host", h)
			}
			listed[h] = true
		}
	}
	for h := range hosts {
		if !listed[h] {
			t.Errorf("host %q is in no group, not even in ungrouped", h)
		}
	}
}

// fuzzFile loads what a fuzzer makes of a file.
func fuzzFile(f *testing.F, name string) {
	f.Fuzz(func(t *testing.T, text []byte) {
		l := newLoader(t.Context())
		l.content(name, text, false)
		checkData(t, l.data())
	})
}

func addFile(f *testing.F, path string) {
	f.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
}

func FuzzINI(f *testing.F) {
	addFile(f, "testdata/ini/hosts")
	for _, s := range []string{
		"a:22 x='1 2' # c\n[b:children]\nc\n[c]\nd[01:03]e[a:c]\n[c:vars]\nansible_group_priority=3\n",
		"[a:children]\nb\n[b:children]\na\n", "[ungrouped]\nx\n[y]\nx\n", "[2001:db8::[1:3]]:22\n2001:db8::1\n", "a[1:2][3:4\n[x\n]\n", "\ufeff[a]\rb\u2028c\n",
	} {
		f.Add([]byte(s))
	}
	fuzzFile(f, "hosts.inventory")
}

func FuzzYAML(f *testing.F) {
	addFile(f, "testdata/yaml/inventory.yml")
	for _, s := range []string{
		"a: &a\n  children:\n    b: *a\n", "all: {vars: {<<: [{x: 1}, {y: 0x_}], x: 1:60}}\n", "? [a]\n: b\n", "all:\n  hosts:\n    x[1:2]: {y: !vault z}\n", "!!map {}\n", "a: !unsafe {hosts: x}\n", "--- 1\n--- 2\n",
		`{"all": {"hosts": {"a": {"x": [1, 2.5e3, null, true, {"__ansible_vault": "y"}]}}}}`, "a: {hosts: &h {x: *h}}\n", "a: {<<: *b}\n", "%YAML 9.9\n---\n",
	} {
		f.Add([]byte(s))
	}
	fuzzFile(f, "hosts.yml")
}

// A file without an extension may be either, and may change its looks.
func FuzzEitherFormat(f *testing.F) {
	for _, s := range []string{"---\nall:\n", "a\nb\n", "a:\n", "{}", "x: y\n[a]\n", "#!x", "$ANSIBLE_VAULT", "null", "- a\n"} {
		f.Add([]byte(s))
	}
	fuzzFile(f, "hosts")
}

func FuzzPattern(f *testing.F) {
	for _, s := range []string{"a", "a:22", "a[1:3]", "a[01:10:3]b[a:f]:2222", "[2001:db8::1]:22", "[::[1:9]]:22", "a[", "]", "a[b]", "[1:3]:4", "a[1:1000000000][1:1000000000]", "a[:3]"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		const most = 1000
		name, _ := newAddresses().split(s)
		list, tail, count, err := spans(name, most)
		if err != nil {
			return
		}
		n := 0
		expand(list, tail, "", func(string) { n++ })
		if n != count || n > most {
			t.Errorf("%q stands for %d names, and %d were made", s, count, n)
		}
	})
}
