package source

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
)

// shownAny writes values as name=value lines.
func shownAny(m map[string]Value) string {
	var lines []string
	for _, name := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, name+"="+showValue(m[name].Value))
	}
	return strings.Join(lines, "\n")
}

func showValue(v cty.Value) string {
	switch {
	case v.IsNull():
		return "null"
	case v.Type() == cty.String:
		return v.AsString()
	case v.Type() == cty.Number:
		return v.AsBigFloat().Text('g', 12)
	case v.Type() == cty.Bool:
		return fmt.Sprint(v.True())
	}
	var parts []string
	for it := v.ElementIterator(); it.Next(); {
		k, e := it.Element()
		if v.Type().IsObjectType() {
			parts = append(parts, k.AsString()+":"+showValue(e))
		} else {
			parts = append(parts, showValue(e))
		}
	}
	return "[" + strings.Join(parts, " ") + "]"
}

// wellFormed checks what package inventory relies on.
func wellFormed(t *testing.T, d *Data) {
	t.Helper()
	hosts, groups := map[string]bool{}, map[string]bool{}
	for _, h := range d.Hosts {
		if CheckHostName(h.Name) != "" || hosts[h.Name] {
			t.Errorf("host %q", h.Name)
		}
		hosts[h.Name] = true
		for label, v := range h.Labels {
			if !ValidLabelName(label) || v.Type() != cty.String {
				t.Errorf("label %q", label)
			}
		}
	}
	for _, g := range d.Groups {
		if !ValidGroupName(g.Name) || groups[g.Name] {
			t.Errorf("group %q", g.Name)
		}
		groups[g.Name] = true
		for _, name := range g.Hosts {
			if !hosts[name] {
				t.Errorf("group %q lists %q", g.Name, name)
			}
		}
		for _, child := range g.Children {
			if groups[child] {
				t.Errorf("%q comes before its parent %q", child, g.Name)
			}
		}
	}
	for _, p := range d.Problems {
		if p.Summary == "" || p.Detail == "" || strings.ContainsAny(p.Detail, "\x1b\x00") {
			t.Errorf("problem %+v", p)
		}
	}
}

func TestJSON(t *testing.T) {
	tests := []struct {
		name, text string
		options    TableOptions
		want       string
		problem    string
	}{
		{"objects", `[{"name": "a", "address": "10.0.0.1", "groups": ["g", "h"], "labels": {"dc": "ams", "n": 1}, "vars": {"x": 1}, "rack": null}]`, TableOptions{}, "a {address=10.0.0.1} {dc=ams n=1} {rack=null x=1}\n@g: a\n@h: a", ""},
		{"names", `["a", "b"]`, TableOptions{}, "a {} {} {}\nb {} {} {}", ""},
		{"by name", `{"a": {"address": "10.0.0.1"}, "b": {}}`, TableOptions{}, "a {address=10.0.0.1} {} {}\nb {} {} {}", ""},
		{"a name inside wins", `{"1": {"name": "a"}}`, TableOptions{}, "a {} {} {}", ""},
		{"other columns", `[{"fqdn": "a", "net": [{"ip": "10.0.0.1"}], "role": "web;app", "site": "ams", "n": true}]`, TableOptions{Name: "fqdn", Address: "net.0.ip", Groups: "role", Labels: []string{"site"}}, "a {address=10.0.0.1} {site=ams} {n=true net=[[ip:10.0.0.1]]}\n@app: a\n@web: a", ""},
		{"vars win", `[{"name": "a", "vars": {"x": 1}, "x": 2}]`, TableOptions{}, "a {} {} {x=1}", ""},
		{"a template is a text", `[{"name": "a", "x": "${var.y} {{ z }}"}]`, TableOptions{}, "a {} {} {x=${var.y} {{ z }}}", ""},
		{"a mark of the byte order", "\xef\xbb\xbf[\"a\"]", TableOptions{}, "a {} {} {}", ""},
		{"no list", `"a"`, TableOptions{}, "", "f:1: Invalid list of hosts: It must be a list"},
		{"no host", "[\n1]", TableOptions{}, "", "f:2: Invalid host: A host must be an object"},
		{"no name", "[\n\n{}]", TableOptions{}, "", `f:3: Invalid host: The host has no "name"`},
		{"an empty name", `[{"name": ""}]`, TableOptions{}, "", "it is empty"},
		{"a name that is no text", `[{"name": {}}]`, TableOptions{}, "", `"name" must be a text; it is an object`},
		{"twice", "[\"a\",\n\"a\"]", TableOptions{}, "a {} {} {}", `f:2: Duplicate host: "a" stands in the source twice, first at f:1`},
		{"an address that is none", `[{"name": "a", "address": []}]`, TableOptions{}, "a {} {} {}", `The address of "a" must be a text`},
		{"a group that is none", `[{"name": "a", "groups": ["-"]}]`, TableOptions{}, "a {} {} {}", `"-" is no name for a group`},
		{"a label that is none", `[{"name": "a", "labels": {"a b": 1}}]`, TableOptions{}, "a {} {} {}", `"a b" is no name for a label`},
		{"deep", strings.Repeat("[", 100), TableOptions{}, "", "nested more than 64 deep"},
		{"a large number", `[{"name": "a", "x": 1e999999999}]`, TableOptions{}, "", "the number 1e999999999 is too large"},
		{"more", `[] []`, TableOptions{}, "", "there is more after its end"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Path = "f"
			d := parseTable([]byte(tt.text), tt.options)
			if got := dump(d); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if got := said(d); !strings.Contains(got, tt.problem) || (got == "") != (tt.problem == "") {
				t.Errorf("%q, want %q", got, tt.problem)
			}
			wellFormed(t, d)
		})
	}
}

func TestCSV(t *testing.T) {
	tests := []struct {
		name, text string
		options    TableOptions
		want       string
		problem    string
	}{
		{"simple", "name,address,groups,dc,n\na,10.0.0.1,g;h,ams,1\nb,,,,\n", TableOptions{Labels: []string{"dc"}}, "a {address=10.0.0.1} {dc=ams} {n=1}\nb {} {} {n=}\n@g: a\n@h: a", ""},
		{"from Windows", "\xef\xbb\xbfname, x\r\na, 1\r\n\r\n", TableOptions{}, "a {} {} {x=1}", ""},
		{"quotes", "name,x\na,\"1, \"\"2\"\"\n3\"\nb,4\n", TableOptions{}, "a {} {} {x=1, \"2\" 3}\nb {} {} {x=4}", ""},
		{"other columns", "host,ip\na,10.0.0.1\n", TableOptions{Name: "host", Address: "ip"}, "a {address=10.0.0.1} {} {}", ""},
		{"only the header", "name\n", TableOptions{}, "", ""},
		{"empty", "", TableOptions{}, "", "its first line must name the columns"},
		{"no name", "host,ip\na,b\n", TableOptions{}, "", `f:1: Missing column: There is no column "name". The columns are host, ip.`},
		{"a column that was asked for", "name\na\n", TableOptions{Address: "ip", Labels: []string{"dc"}}, "", `There is no column "ip"`},
		{"twice the same column", "name,x,x\n", TableOptions{}, "", `"x" is empty or there twice`},
		{"ragged", "name,x\na\nb,1\nc,1,2\n", TableOptions{}, "b {} {} {x=1}", "f:2: Invalid CSV: The line has not as many columns as the first line, which has 2."},
		{"ragged later", "name,x\nb,1\nc,1,2\n", TableOptions{}, "b {} {} {x=1}", "f:3: Invalid CSV"},
		{"an open quote", "name,x\na,1\nb,\"\n\n", TableOptions{}, "a {} {} {x=1}", "f:3: Invalid CSV: The line cannot be used"},
		{"twice the same host", "name\na\nb\na\n", TableOptions{}, "a {} {} {}\nb {} {} {}", `f:4: Duplicate host: "a" stands in the source twice, first at f:2`},
		{"no UTF-8", "name\na\n\xff\n", TableOptions{}, "", "f:3: Invalid CSV: The file cannot be used: it is not UTF-8"},
		{"UTF-16", "\xff\xfen\x00a\x00", TableOptions{}, "", "Save it as UTF-8"},
		{"too many columns", "name\na" + strings.Repeat(",", 20000), TableOptions{}, "", "f:2: Invalid CSV: The file cannot be used: a line has more than 10000 columns"},
		{"an empty name", "name,x\n,1\n", TableOptions{}, "", "f:2: Invalid host name"},
		{"a label that is none", "name,a b\nx,1\n", TableOptions{Labels: []string{"a b"}}, "x {} {} {}", "is no name for a label"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.options.Path = "f"
			d := parseCSV([]byte(tt.text), tt.options)
			if got := dump(d); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if got := said(d); !strings.Contains(got, tt.problem) || (got == "") != (tt.problem == "") {
				t.Errorf("%q, want %q", got, tt.problem)
			}
			wellFormed(t, d)
		})
	}
}

func TestManyProblemsAreCutShort(t *testing.T) {
	d := parseTable([]byte("["+strings.Repeat("1,", 999)+"1]"), TableOptions{})
	if n := len(d.Problems); n != maxReported+1 || !strings.Contains(d.Problems[n-1].Detail, "there are more") {
		t.Error(said(d))
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := t.TempDir()
	large := filepath.Join(dir, "large")
	write(t, large, "")
	must(t, os.Truncate(large, 1<<30)) // a hole
	for _, tt := range []struct{ path, want string }{
		{filepath.Join(dir, "missing"), "no such file"},
		{dir, "no regular file"},
		{large, "larger than 64 MiB"},
	} {
		for _, d := range []*Data{
			JSON(t.Context(), TableOptions{Path: tt.path}), CSV(t.Context(), TableOptions{Path: tt.path}),
			Terraform(t.Context(), TerraformOptions{Path: tt.path}),
		} {
			if got := said(d); !strings.Contains(got, tt.want) || !strings.Contains(got, tt.path) {
				t.Errorf("%s, want %q", got, tt.want)
			}
		}
	}
}

func FuzzTable(f *testing.F) {
	f.Add([]byte(`[{"name": "a", "address": "10.0.0.1", "groups": ["g"], "labels": {"dc": "ams"}, "vars": {"x": [1, null]}}]`))
	f.Add([]byte("name,address,groups,dc\na,10.0.0.1,g h,\"x\"\n"))
	f.Add([]byte("{\"a\": {}}"))
	f.Fuzz(func(t *testing.T, text []byte) {
		o := TableOptions{Labels: []string{"dc"}}
		wellFormed(t, parseTable(text, o))
		wellFormed(t, parseCSV(text, o))
	})
}
