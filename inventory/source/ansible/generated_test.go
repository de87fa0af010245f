package ansible

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// files are those of an inventory: path -> text. The inventory is "hosts".
type files map[string]string

// A maker makes up an inventory in which few names meet often.
type maker struct {
	*rapid.T
	files files
}

func (m maker) one(label string, of ...string) string { return rapid.SampledFrom(of).Draw(m.T, label) }

func (m maker) chance(n int) bool { return rapid.IntRange(0, n-1).Draw(m.T, "chance") == 0 }

func (m maker) name() string { return m.one("variable", "x", "y", "z", "ansible_user") }

func (m maker) host() string {
	return m.one("host", "a1", "a2", "b1", "b[1:3]", "a[01:10:4]", "a1:22", "b[2:3]:2022", "c[a:c].d", "d[1:2][x:y]", "192.0.2.[1:2]", "E_1")
}

func (m maker) groups() []string {
	// A child stands after its parents, so that there are no loops.
	return []string{"all", "ungrouped", "g3", "g1", "zoo", "g2", "ant"}
}

func (m maker) iniValue() string {
	return m.one("value", "1", "two", "'q # u'", `"d q"`, "True", "no", "[1,'a',]", "{'k':[2.50]}", "(1,)", "0x1F", "010", "a=b", "", "None", "x#y", `\\n`, "1_0", "-3", "5e1")
}

func (m maker) yamlValue() string {
	return m.one("value", "1", "two", "'q # u'", `"d\tq"`, "True", "no", "[1, 'a', ]", "{k: [2.50]}", "0x1F", "010", "a=b", "", "~", "x#y", "1_0", "-3", "5e1", "5.0e+1", "1:30", ".5", "!unsafe 3", "!!str 4", "!!int \"5\"", "2001-12-14")
}

func (m maker) ini() string {
	var b strings.Builder
	groups := m.groups()
	for range rapid.IntRange(0, 2).Draw(m.T, "bare hosts") {
		fmt.Fprintln(&b, m.host())
	}
	for i, g := range groups {
		fmt.Fprintf(&b, "[%s]\n", g)
		for range rapid.IntRange(0, 3).Draw(m.T, "hosts") {
			b.WriteString(m.host())
			for range rapid.IntRange(0, 2).Draw(m.T, "host variables") {
				value := m.iniValue()
				if strings.ContainsAny(value, " '\"") && m.chance(2) {
					value = "\"" + strings.ReplaceAll(value, "\"", `\"`) + "\""
				}
				if strings.Count(value, "'") == 2 && strings.Contains(value, " ") {
					value = "1"
				}
				fmt.Fprintf(&b, " %s=%s", m.name(), value)
			}
			b.WriteString(m.one("end", "\n", " # note\n", "\t\n"))
		}
		if m.chance(2) {
			fmt.Fprintf(&b, "[%s:vars]\n", g)
			for range rapid.IntRange(0, 3).Draw(m.T, "group variables") {
				fmt.Fprintf(&b, "%s%s=%s%s\n", m.one("indent", "", " "), m.name(), m.one("blank", "", " "), m.iniValue())
			}
			if i > 1 && m.chance(4) {
				fmt.Fprintf(&b, "ansible_group_priority=%s\n", m.one("priority", "0", "5", "10"))
			}
		}
		if i != 1 && m.chance(2) {
			fmt.Fprintf(&b, "[%s:children]\n", g)
			for _, child := range groups[max(i+1, 2):] {
				if m.chance(3) {
					fmt.Fprintln(&b, child)
				}
			}
		}
	}
	return b.String()
}

func (m maker) yaml() string {
	var b strings.Builder
	b.WriteString("---\n")
	m.yamlGroups(&b, "", 0)
	return b.String()
}

func (m maker) yamlGroups(b *strings.Builder, indent string, from int) {
	groups := m.groups()
	for i := from; i < len(groups); i++ {
		if indent != "" && (groups[i] == "ungrouped" || !m.chance(3)) {
			continue
		}
		fmt.Fprintf(b, "%s%s:\n", indent, groups[i])
		in := indent + "  "
		if m.chance(2) {
			fmt.Fprintf(b, "%shosts:\n", in)
			said := map[string]bool{}
			for range rapid.IntRange(0, 3).Draw(m.T, "hosts") {
				h := m.host()
				if said[h] {
					continue
				}
				said[h] = true
				fmt.Fprintf(b, "%s  %q:\n", in, h)
				m.yamlVars(b, in+"    ")
			}
		}
		if m.chance(2) {
			fmt.Fprintf(b, "%svars:\n", in)
			m.yamlVars(b, in+"  ")
			if m.chance(4) {
				fmt.Fprintf(b, "%s  ansible_group_priority: %s\n", in, m.one("priority", "0", "5", "'10'"))
			}
		}
		if groups[i] != "ungrouped" && m.chance(2) {
			fmt.Fprintf(b, "%schildren:\n", in)
			m.yamlGroups(b, in+"  ", max(i+1, 2))
		}
	}
}

func (m maker) yamlVars(b *strings.Builder, indent string) {
	said := map[string]bool{}
	for range rapid.IntRange(0, 3).Draw(m.T, "variables") {
		if name := m.name(); !said[name] {
			said[name] = true
			fmt.Fprintf(b, "%s%s: %s\n", indent, name, m.yamlValue())
		}
	}
}

func makeInventory(t *rapid.T) files {
	m := maker{T: t, files: files{}}
	switch m.one("format", "ini", "yaml", "folder") {
	case "ini":
		m.files["hosts"] = m.ini()
	case "yaml":
		m.files["hosts"] = m.yaml()
	case "folder":
		m.files["hosts/1"], m.files["hosts/2.yml"] = m.ini(), m.yaml()
	}
	base := ""
	if m.files["hosts"] == "" {
		base = "hosts/"
	}
	for _, g := range m.groups() {
		if m.chance(3) {
			var b strings.Builder
			m.yamlVars(&b, "")
			m.files[base+"group_vars/"+g+m.one("extension", "", ".yml", ".yaml", "/1", "/2.yml")] = b.String()
		}
	}
	for _, h := range []string{"a1", "a2", "b1", "c"} {
		if m.chance(4) {
			var b strings.Builder
			m.yamlVars(&b, "")
			m.files[base+"host_vars/"+h+m.one("extension", "", ".yml", "/x.yaml")] = b.String()
		}
	}
	return m.files
}

func TestGeneratedInventoriesAreWhatAnsibleMakesOfThem(t *testing.T) {
	gen := rapid.Custom(makeInventory)
	dir := t.TempDir()
	var paths []string
	var all []files
	for seed := range 60 {
		f := gen.Example(seed)
		base := filepath.Join(dir, fmt.Sprint(seed))
		for name, text := range f {
			full := filepath.Join(base, filepath.FromSlash(name))
			if err := os.MkdirAll(filepath.Dir(full), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(full, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		paths, all = append(paths, filepath.Join(base, "hosts")), append(all, f)
	}
	hosts := 0
	for i, answer := range python(t, viewScript, paths) {
		d := Load(t.Context(), Options{Path: paths[i]})
		for _, p := range d.Problems {
			if !p.Warning {
				t.Errorf("%s:%d: %s: %s\n%s", p.At.File, p.At.Line, p.Summary, p.Detail, all[i]["hosts"])
			}
		}
		want := viewOfList(t, answer)
		hosts += len(want.Vars)
		if diff := cmp.Diff(want, viewOf(d)); diff != "" {
			t.Fatalf("Ansible and Load differ (-ansible +fleet):\n%s\n%v", diff, all[i])
		}
	}
	if hosts < 300 {
		t.Errorf("the inventories have %d hosts, too few to tell anything", hosts)
	}
}
